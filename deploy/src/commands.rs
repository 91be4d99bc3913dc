//! One module a command.

pub mod bench;
pub mod check;
pub mod completions;
pub mod cost;
pub mod down;
pub mod events;
pub mod list;
pub mod local;
pub mod logs;
pub mod redeploy;
pub mod report;
pub mod run;
pub mod seed;
pub mod show;
pub mod status;
pub mod token;
pub mod up;

mod table;
