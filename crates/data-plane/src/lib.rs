//! What serves requests in the embedded cloud, as plain values: functions, tasks, load balancers and REST APIs.
//!
//! Nothing here knows CloudFormation or an AWS wire protocol. A caller describes what should run (`…Spec`,
//! [`rest_api::ApiDefinition`]), gets a handle, and stops it; everything listens on 127.0.0.1 only.
//!
//! | module | noun |
//! |---|---|
//! | [`launcher`] | starts child processes that cannot outlive the cloud and keep to their limits |
//! | [`function`] | a Lambda function: a pool of environments behind the Runtime API |
//! | [`task`] | container tasks as processes, and services that keep a number of them running |
//! | [`balancer`] | target groups with health checks, listeners with rules |
//! | [`host`] | a virtual machine whose user data is followed by processes |
//! | [`address`] | a public address, which leads to one machine or another |
//! | [`runner`] | an App Runner service: instances on demand behind a port |
//! | [`rest_api`] | API Gateway REST APIs: methods, validation, mapping, integrations |
//! | [`static_files`] | a site of plain files from an nginx configuration |
//! | [`server`] | the HTTP server that balancers and REST APIs share |
//! | [`tls`] | certificates, and which of them a client is shown |

pub mod address;
pub mod balancer;
pub mod body;
pub mod function;
pub mod host;
pub mod launcher;
mod log_sink;
mod mutex;
mod nginx_conf;
mod process;
pub mod rest_api;
pub mod runner;
pub mod server;
pub mod static_files;
pub mod task;
pub mod tls;

pub use log_sink::{DiscardLogs, LogSink};
