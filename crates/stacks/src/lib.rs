//! Deploys and deletes stacks: schedule, poll, recover, sweep.
