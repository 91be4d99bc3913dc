//! SigV4-signed HTTP to AWS services that are called too seldom to carry their SDK.
