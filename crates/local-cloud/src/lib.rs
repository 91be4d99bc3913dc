//! An embedded AWS: wire protocols, services and resource types on loopback.
