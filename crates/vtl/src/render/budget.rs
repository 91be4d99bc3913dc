use crate::RenderError;

/// Blocks and calls nested deeper than this, macros included, are an error rather than a stack overflow.
const MAX_DEPTH: usize = 100;
/// A template that renders more nodes than this for one request is stopped.
const MAX_STEPS: usize = 5_000_000;
/// The memory that one rendering may ask for, freed or not.
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// What one rendering has used so far.
#[derive(Debug, Default)]
pub(super) struct Budget {
    depth: usize,
    steps: usize,
    bytes: usize,
}

impl Budget {
    pub(super) fn enter(&mut self) -> Result<(), RenderError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(RenderError::LimitExceeded {
                what: "nesting of directives and macros",
                limit: MAX_DEPTH,
            });
        }
        Ok(())
    }

    pub(super) const fn leave(&mut self) {
        self.depth -= 1;
    }

    pub(super) fn step(&mut self) -> Result<(), RenderError> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(RenderError::LimitExceeded { what: "number of rendered nodes", limit: MAX_STEPS });
        }
        Ok(())
    }

    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), RenderError> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MAX_BYTES {
            return Err(RenderError::LimitExceeded {
                what: "memory of one rendering in bytes",
                limit: MAX_BYTES,
            });
        }
        Ok(())
    }
}
