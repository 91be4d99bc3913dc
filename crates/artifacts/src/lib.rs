//! Lambda zips and container images, built without Docker, and their uploads.
