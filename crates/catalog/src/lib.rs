//! The variants and foundation stacks, read from their templates.
