//! The work that every variant of a workload does.
