//! `#if`, `#foreach` and macro calls.

use std::rc::Rc;

use super::scope::{Argument, Binding};
use super::{Flow, Renderer, Sink};
use crate::object::Loop;
use crate::syntax::{Call, Expression, Foreach, If, well_known};
use crate::value::Value;
use crate::{MAX_FOREACH_ITERATIONS, RenderError};

/// How deep macros may call each other: Velocity's `velocimacro.max.depth`.
const MAX_MACRO_DEPTH: usize = 20;

impl<'a> Renderer<'a> {
    pub(super) fn if_directive(&mut self, node: &'a If, out: &mut Sink) -> Result<Flow, RenderError> {
        for (condition, block) in &node.branches {
            if self.condition(condition)? {
                return self.block(block, out);
            }
        }
        self.block(&node.otherwise, out)
    }

    /// Goes through a list, the values of a map, or a range; anything else has no elements. The variable and
    /// `$velocityCount` have their former values afterwards.
    /// <https://velocity.apache.org/engine/1.7/user-guide.html#loops>
    pub(super) fn foreach(&mut self, node: &'a Foreach, out: &mut Sink) -> Result<Flow, RenderError> {
        let items = self.elements(&node.items)?;
        if items.is_empty() {
            return Ok(Flow::Next);
        }
        let before = [node.variable, well_known::FOREACH, well_known::VELOCITY_COUNT]
            .map(|variable| (variable, self.scopes.get(variable)));
        let parent = match &before[1].1 {
            Binding::Value(Value::Loop(parent)) => Some(Rc::clone(parent)),
            _ => None,
        };
        let state = Rc::new(Loop::new(parent));
        self.scopes.set(well_known::FOREACH, Value::Loop(Rc::clone(&state)));
        let flow = self.iterations(node, items, &state, out);
        for (variable, binding) in before {
            if let Binding::Value(value) = binding {
                self.scopes.set(variable, value);
            }
        }
        flow
    }

    fn iterations(
        &mut self,
        node: &'a Foreach,
        items: Vec<Value<'a>>,
        state: &Loop,
        out: &mut Sink,
    ) -> Result<Flow, RenderError> {
        let total = items.len();
        for (at, item) in items.into_iter().enumerate() {
            if at >= MAX_FOREACH_ITERATIONS {
                return Err(RenderError::LimitExceeded {
                    what: "number of #foreach iterations",
                    limit: MAX_FOREACH_ITERATIONS,
                });
            }
            state.advance(at + 1, at + 1 < total);
            self.scopes.set(node.variable, item);
            self.scopes.set(well_known::VELOCITY_COUNT, Value::count(at + 1));
            match self.block(&node.block, out)? {
                Flow::Next => {}
                Flow::Break => break,
                Flow::Stop => return Ok(Flow::Stop),
            }
        }
        Ok(Flow::Next)
    }

    fn elements(&mut self, items: &'a Expression) -> Result<Vec<Value<'a>>, RenderError> {
        let value = match self.value(items)? {
            Value::Object(object) => self.materialized(object),
            Value::Json(document, at) if document.is_in_place(at) => {
                let elements: Vec<_> =
                    document.children(at).map(|(_, child)| document.value(child)).collect();
                self.charge_values(elements.len())?;
                return Ok(elements);
            }
            value => value.promote(),
        };
        let elements: Vec<Value<'a>> = match value {
            Value::List(list) => list.items.borrow().clone(),
            Value::Map(map) => map.entries.borrow().iter().map(|(_, value)| value.clone()).collect(),
            _ => Vec::new(),
        };
        self.charge_values(elements.len())?;
        Ok(elements)
    }

    /// Calls a macro; without such a macro, the call is text.
    /// <https://velocity.apache.org/engine/1.7/user-guide.html#velocimacros>
    pub(super) fn call(&mut self, call: &'a Call, out: &mut Sink) -> Result<Flow, RenderError> {
        let Some(definition) = self.tree.macros.get(&call.name) else {
            out.push_str(&call.source)?;
            return Ok(Flow::Next);
        };
        if self.scopes.depth() >= MAX_MACRO_DEPTH {
            return Err(RenderError::LimitExceeded { what: "depth of macro calls", limit: MAX_MACRO_DEPTH });
        }
        let mut arguments: Vec<_> = definition
            .parameters
            .iter()
            .enumerate()
            .map(|(at, variable)| {
                let given = call.arguments.get(at);
                (*variable, given.map_or(Argument::Missing, Argument::Expression))
            })
            .collect();
        if let Some(body) = &call.body {
            arguments.push((well_known::BODY_CONTENT, Argument::Body(body)));
        }
        let caller = self.scopes.enter(arguments);
        let flow = self.block(&definition.block, out);
        self.scopes.leave(caller);
        Ok(if flow? == Flow::Stop { Flow::Stop } else { Flow::Next })
    }
}
