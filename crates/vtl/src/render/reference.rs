//! What references give, how they print and what setting one changes.

use super::scope::{Argument, Binding};
use super::{Failure, Flow, Renderer, Sink};
use crate::RenderError;
use crate::methods;
use crate::object::Object;
use crate::syntax::{Expression, Reference, Set, Step};
use crate::template::Undefined;
use crate::value::Value;

impl<'a> Renderer<'a> {
    /// The value of a reference; null if it is undefined.
    pub(super) fn reference(&mut self, reference: &'a Reference) -> Result<Value<'a>, RenderError> {
        let value = self.variable(reference.variable)?;
        self.walk(value, reference, &reference.steps)
    }

    fn variable(&mut self, variable: u32) -> Result<Value<'a>, RenderError> {
        match self.scopes.get(variable) {
            Binding::Value(value) => Ok(value),
            Binding::Argument(Argument::Missing, _) => Ok(Value::Null),
            Binding::Argument(Argument::Body(body), _) => Ok(Value::Block(body)),
            Binding::Argument(Argument::Expression(expression), frame) => {
                self.budget.enter()?;
                let inner = self.scopes.switch(frame);
                let value = self.value(expression);
                self.scopes.switch(inner);
                self.budget.leave();
                value
            }
        }
    }

    fn walk(
        &mut self,
        mut value: Value<'a>,
        reference: &'a Reference,
        steps: &'a [Step],
    ) -> Result<Value<'a>, RenderError> {
        for step in steps {
            if value.is_null() {
                break;
            }
            value = match step {
                Step::Property(name) => methods::property(self, &value, name),
                Step::Method { name, arguments } => {
                    let arguments = arguments
                        .iter()
                        .map(|argument| self.value(argument))
                        .collect::<Result<Vec<_>, _>>()?;
                    methods::call(self, &value, name, &arguments)
                        .map_err(|failure| located(failure, reference, name))?
                }
                Step::Index(index) => {
                    let index = self.value(index)?;
                    methods::index(self, &value, &index)
                        .map_err(|failure| located(failure, reference, "get"))?
                }
            };
        }
        Ok(value)
    }

    /// Prints a reference, with its escapes: after an odd number of backslashes a defined reference prints its source
    /// without the last of them; an undefined one prints what stands in the template.
    /// <https://velocity.apache.org/engine/1.7/user-guide.html#escaping-valid-vtl-references>
    pub(super) fn print_reference(
        &mut self,
        reference: &'a Reference,
        out: &mut Sink,
    ) -> Result<Flow, RenderError> {
        let value = self.reference(reference)?;
        let half = reference.escapes / 2;
        if reference.escapes % 2 == 1 {
            let kept = if value.is_null() { half + 1 } else { half };
            backslashes(kept, out)?;
            out.push_str(&reference.source)?;
            return Ok(Flow::Next);
        }
        if !value.is_null() {
            if !matches!(value, Value::Block(_)) {
                backslashes(half, out)?;
            }
            return self.print(&value, out);
        }
        if self.undefined == Undefined::Empty {
            backslashes(half, out)?;
            return Ok(Flow::Next);
        }
        backslashes(reference.escapes, out)?;
        if !reference.quiet {
            let source = self.argument_source(reference).unwrap_or(&reference.source);
            out.push_str(source)?;
        }
        Ok(Flow::Next)
    }

    /// What an undefined parameter of a macro prints: the reference that the caller gave for it.
    fn argument_source(&self, reference: &'a Reference) -> Option<&'a str> {
        if !reference.steps.is_empty() || reference.source.starts_with("${") {
            return None;
        }
        match self.scopes.get(reference.variable) {
            Binding::Argument(Argument::Expression(Expression::Reference(given)), _) => Some(&given.source),
            _ => None,
        }
    }

    /// Does `#set`. A null value changes nothing, as in Velocity 1.7.
    pub(super) fn set(&mut self, set: &'a Set) -> Result<(), RenderError> {
        let value = self.value(&set.value)?;
        if value.is_null() {
            return Ok(());
        }
        let target = &set.target;
        let Some((last, path)) = target.steps.split_last() else {
            self.scopes.set(target.variable, value);
            return Ok(());
        };
        let root = self.variable(target.variable)?;
        let holder = self.walk(root, target, path)?;
        match last {
            Step::Property(name) => methods::set_property(self, &holder, name, value),
            Step::Index(index) => {
                let index = self.value(index)?;
                methods::set_index(self, &holder, &index, value)
            }
            Step::Method { name, .. } => {
                Err(Failure::Exception(format!("the result of {name}() cannot be set")))
            }
        }
        .map_err(|failure| located(failure, target, "set"))
    }

    /// The map behind one of API Gateway's objects, for methods that a map has.
    pub(crate) fn materialized(&self, object: Object) -> Value<'a> {
        object.materialize(self.request)
    }
}

fn located(failure: Failure, reference: &Reference, call: &str) -> RenderError {
    match failure {
        Failure::Error(error) => error,
        Failure::Exception(reason) => RenderError::Call {
            line: reference.position.line,
            column: reference.position.column,
            call: call.to_owned(),
            reason,
        },
    }
}

fn backslashes(count: usize, out: &mut Sink) -> Result<(), RenderError> {
    (0..count).try_for_each(|_| out.push_str("\\"))
}
