//! Variables: those of the template and, within macros, parameters by name.

use crate::syntax::{Block, Expression};
use crate::value::Value;

/// What a macro's parameter stands for; it is evaluated where the macro was called, each time it is used.
#[derive(Debug, Clone, Copy)]
pub(super) enum Argument<'a> {
    Expression(&'a Expression),
    Body(&'a Block),
    Missing,
}

#[derive(Debug)]
struct Frame<'a> {
    arguments: Vec<(u32, Argument<'a>)>,
    /// Parameters that the macro set.
    locals: Vec<(u32, Value<'a>)>,
    /// The frame of the caller: 0 is the template itself.
    caller: usize,
}

#[derive(Debug)]
pub(super) struct Scopes<'a> {
    variables: Vec<Value<'a>>,
    frames: Vec<Frame<'a>>,
    current: usize,
}

/// What a variable is bound to.
pub(super) enum Binding<'a> {
    Value(Value<'a>),
    /// A macro's argument and the frame to evaluate it in.
    Argument(Argument<'a>, usize),
}

impl<'a> Scopes<'a> {
    pub(super) fn new(variables: usize) -> Self {
        Self { variables: vec![Value::Null; variables], frames: Vec::new(), current: 0 }
    }

    pub(super) const fn depth(&self) -> usize {
        self.frames.len()
    }

    /// Enters a macro; the result is to be handed to [`Scopes::leave`].
    pub(super) fn enter(&mut self, arguments: Vec<(u32, Argument<'a>)>) -> usize {
        let caller = self.current;
        self.frames.push(Frame { arguments, locals: Vec::new(), caller });
        self.current = self.frames.len();
        caller
    }

    pub(super) fn leave(&mut self, caller: usize) {
        self.frames.pop();
        self.current = caller;
    }

    /// Makes `frame` the current one and gives the one that was.
    pub(super) const fn switch(&mut self, frame: usize) -> usize {
        std::mem::replace(&mut self.current, frame)
    }

    pub(super) fn get(&self, variable: u32) -> Binding<'a> {
        let mut at = self.current;
        while at > 0 {
            let frame = &self.frames[at - 1];
            if let Some((_, value)) = frame.locals.iter().find(|(name, _)| *name == variable) {
                return Binding::Value(value.clone());
            }
            if let Some((_, argument)) = frame.arguments.iter().find(|(name, _)| *name == variable) {
                return Binding::Argument(*argument, frame.caller);
            }
            at = frame.caller;
        }
        Binding::Value(self.variables[variable as usize].clone())
    }

    /// Sets `variable`: a macro's own parameter in the macro, any other in the template.
    pub(super) fn set(&mut self, variable: u32, value: Value<'a>) {
        let mut at = self.current;
        while at > 0 {
            let frame = &mut self.frames[at - 1];
            if let Some((_, local)) = frame.locals.iter_mut().find(|(name, _)| *name == variable) {
                *local = value;
                return;
            }
            if frame.arguments.iter().any(|(name, _)| *name == variable) {
                frame.locals.push((variable, value));
                return;
            }
            at = frame.caller;
        }
        self.variables[variable as usize] = value;
    }
}
