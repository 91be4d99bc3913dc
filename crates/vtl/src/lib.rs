//! API Gateway mapping templates: the Velocity Template Language with $input, $util and $context.
