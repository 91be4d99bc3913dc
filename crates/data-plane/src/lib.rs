//! What serves requests in the embedded cloud: functions, tasks, load balancers and REST APIs.
