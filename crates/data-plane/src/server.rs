//! The HTTP server that balancers and REST APIs share.
