//! Rendering a parsed template for one request.

mod arithmetic;
mod budget;
mod directive;
mod evaluate;
mod reference;
mod scope;
mod sink;

use std::cell::OnceCell;

use crate::object::Object;
use crate::pattern::Patterns;
use crate::syntax::{Block, Node, Tree, well_known};
use crate::template::{Rendered, Undefined};
use crate::value::{Text, Value, print, read_json, to_text};
use crate::{Overrides, RenderError, Request};

use budget::Budget;
use scope::Scopes;
pub(crate) use sink::Sink;

/// Why a method call failed: as a Java exception, which lacks the place, or by a limit.
pub(crate) enum Failure {
    Exception(String),
    Error(RenderError),
}

impl From<RenderError> for Failure {
    fn from(error: RenderError) -> Self {
        Self::Error(error)
    }
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self::Exception(reason)
    }
}

/// How rendering goes on after a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    /// `#break`: leave the loop, macro or definition.
    Break,
    /// `#stop`: leave the template.
    Stop,
}

pub(crate) struct Renderer<'a> {
    tree: &'a Tree,
    pub(crate) patterns: &'a Patterns,
    pub(crate) request: &'a Request<'a>,
    undefined: Undefined,
    scopes: Scopes<'a>,
    pub(crate) overrides: Overrides,
    body: OnceCell<Value<'a>>,
    budget: Budget,
    /// What was read from JSON, to be released in the end.
    documents: Vec<Value<'a>>,
    /// Containers that were changed, which may therefore contain themselves.
    changed: Vec<Value<'a>>,
}

impl<'a> Renderer<'a> {
    pub(crate) fn new(
        tree: &'a Tree,
        patterns: &'a Patterns,
        request: &'a Request<'a>,
        undefined: Undefined,
    ) -> Self {
        let mut scopes = Scopes::new(tree.variables);
        for (variable, object) in [
            (well_known::INPUT, Object::Input),
            (well_known::UTIL, Object::Util),
            (well_known::CONTEXT, Object::Context),
            (well_known::STAGE_VARIABLES, Object::StageVariables),
        ] {
            scopes.set(variable, Value::Object(object));
        }
        Self {
            tree,
            patterns,
            request,
            undefined,
            scopes,
            overrides: Overrides::default(),
            body: OnceCell::new(),
            budget: Budget::default(),
            documents: Vec::new(),
            changed: Vec::new(),
        }
    }

    pub(crate) fn render(mut self) -> Result<Rendered, RenderError> {
        let mut out = Sink::with_capacity(self.request.body.len().min(1 << 16) + 256);
        let result = self.block(&self.tree.block, &mut out);
        // Emptying what was changed breaks cycles and keeps the release of deep structures flat.
        for value in std::mem::take(&mut self.changed) {
            match value {
                Value::List(list) => list.items.take().clear(),
                Value::Map(map) => {
                    let entries = map.entries.borrow_mut().take();
                    drop(entries);
                }
                _ => {}
            }
        }
        for document in std::mem::take(&mut self.documents) {
            if let Value::Json(document, _) = document {
                document.release();
            }
        }
        result?;
        Ok(Rendered { body: out.into_string(), overrides: self.overrides })
    }

    fn block(&mut self, block: &'a Block, out: &mut Sink) -> Result<Flow, RenderError> {
        self.budget.enter()?;
        for node in block {
            let flow = self.node(node, out)?;
            if flow != Flow::Next {
                self.budget.leave();
                return Ok(flow);
            }
        }
        self.budget.leave();
        Ok(Flow::Next)
    }

    fn node(&mut self, node: &'a Node, out: &mut Sink) -> Result<Flow, RenderError> {
        self.budget.step()?;
        match node {
            Node::Text(text) => {
                out.push_str(text)?;
                Ok(Flow::Next)
            }
            Node::Reference(reference) => self.print_reference(reference, out),
            Node::Set(set) => {
                self.set(set)?;
                Ok(Flow::Next)
            }
            Node::If(node) => self.if_directive(node, out),
            Node::Foreach(node) => self.foreach(node, out),
            Node::Define { variable, block } => {
                self.scopes.set(*variable, Value::Block(block));
                Ok(Flow::Next)
            }
            Node::Call(call) => self.call(call, out),
            Node::Break => Ok(Flow::Break),
            Node::Stop => Ok(Flow::Stop),
        }
    }

    /// The payload as JSON, read at the first use; an empty payload counts as `{}`.
    pub(crate) fn body(&mut self) -> Result<Value<'a>, RenderError> {
        if let Some(body) = self.body.get() {
            return Ok(body.clone());
        }
        let body = read_json(self.body_text(), Text::Borrowed)
            .map_err(|reason| RenderError::BodyIsNotJson { reason })?;
        self.documents.push(body.clone());
        Ok(self.body.get_or_init(|| body).clone())
    }

    /// The payload as text; API Gateway puts `{}` for an empty one.
    pub(crate) fn body_text(&self) -> &'a str {
        if self.request.body.is_empty() { "{}" } else { self.request.body }
    }

    /// How `value` prints.
    pub(crate) fn text(&mut self, value: &Value<'a>) -> Result<Text<'a>, RenderError> {
        match value {
            Value::Block(_) => {
                let mut out = Sink::default();
                self.print(value, &mut out)?;
                self.owned(out.into_string())
            }
            Value::Object(object) => to_text(&object.materialize(self.request)),
            _ => to_text(value),
        }
    }

    fn print(&mut self, value: &Value<'a>, out: &mut Sink) -> Result<Flow, RenderError> {
        match value {
            Value::Block(block) => match self.block(block, out)? {
                Flow::Stop => return Ok(Flow::Stop),
                Flow::Next | Flow::Break => {}
            },
            Value::Object(object) => print(&object.materialize(self.request), out)?,
            _ => print(value, out)?,
        }
        Ok(Flow::Next)
    }

    /// Text made during rendering, counted against what one request may use.
    pub(crate) fn owned(&mut self, text: String) -> Result<Text<'a>, RenderError> {
        self.budget.charge(text.len())?;
        Ok(text.into())
    }

    /// Remembers a document, to release it in the end.
    pub(crate) fn note_document(&mut self, document: &Value<'a>) {
        self.documents.push(document.clone());
    }

    /// Counts the creation of `values` values.
    pub(crate) fn charge_values(&mut self, values: usize) -> Result<(), RenderError> {
        self.budget.charge(values.saturating_mul(size_of::<Value<'_>>()))
    }

    /// Remembers a container that a value was put into.
    pub(crate) fn note_change(&mut self, container: Value<'a>) -> Result<(), RenderError> {
        self.charge_values(2)?;
        self.changed.push(container);
        Ok(())
    }
}
