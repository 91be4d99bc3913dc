//! JSON as it was read: one flat list of nodes, so that reading a payload takes few allocations. A container becomes a
//! list or map of its own when a template does more with it than look into it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::{Dict, Text, Value};

/// Objects with fewer members than this are searched in place.
const SEARCHED_BELOW: u32 = 16;

#[derive(Debug)]
pub(crate) struct Document<'a> {
    nodes: Vec<Node<'a>>,
    /// Containers that are lists or maps of their own by now.
    promoted: RefCell<HashMap<u32, Value<'a>>>,
}

/// A value, followed by what it contains.
#[derive(Debug)]
struct Node<'a> {
    /// The name of a member; empty for an element.
    name: Text<'a>,
    leaf: Leaf<'a>,
}

#[derive(Debug)]
enum Leaf<'a> {
    Scalar(Value<'a>),
    /// `end` is the index after the last node within; `plain` says that the names are few and differ.
    Object {
        end: u32,
        plain: bool,
    },
    Array {
        end: u32,
    },
}

impl<'a> Document<'a> {
    pub(crate) fn is_object(&self, at: u32) -> bool {
        matches!(self.nodes[at as usize].leaf, Leaf::Object { .. })
    }

    /// The value of the node `at`.
    pub(crate) fn value(self: &Rc<Self>, at: u32) -> Value<'a> {
        match &self.nodes[at as usize].leaf {
            Leaf::Scalar(value) => value.clone(),
            _ => self.promoted(at).unwrap_or_else(|| Value::Json(Rc::clone(self), at)),
        }
    }

    /// The list or map that the node `at` became, if it did.
    pub(crate) fn promoted(&self, at: u32) -> Option<Value<'a>> {
        let promoted = self.promoted.borrow();
        if promoted.is_empty() { None } else { promoted.get(&at).cloned() }
    }

    /// Whether the node `at` can be used in place.
    pub(crate) fn is_in_place(&self, at: u32) -> bool {
        let plain = !matches!(self.nodes[at as usize].leaf, Leaf::Object { plain: false, .. });
        plain && self.promoted(at).is_none()
    }

    /// The names and indexes of what the node `at` contains.
    pub(crate) fn children(&self, at: u32) -> impl Iterator<Item = (&Text<'a>, u32)> {
        let end = self.end(at);
        let mut next = at + 1;
        std::iter::from_fn(move || {
            let child = next;
            (child < end).then(|| {
                next = self.end(child);
                (&self.nodes[child as usize].name, child)
            })
        })
    }

    /// The member `name` of an object that is in place.
    pub(crate) fn member(self: &Rc<Self>, at: u32, name: &str) -> Option<Value<'a>> {
        self.children(at).find(|(found, _)| ***found == *name).map(|(_, child)| self.value(child))
    }

    /// The list or map that the node `at` is from now on.
    pub(crate) fn promote(self: &Rc<Self>, at: u32) -> Value<'a> {
        if let Some(promoted) = self.promoted(at) {
            return promoted;
        }
        let container = if self.is_object(at) {
            let members = self.children(at).map(|(name, child)| (name.clone(), self.value(child)));
            Value::map(Dict::from_entries(members.collect()))
        } else {
            Value::json_list(self.children(at).map(|(_, child)| self.value(child)).collect())
        };
        self.promoted.borrow_mut().insert(at, container.clone());
        container
    }

    /// Forgets the promoted containers, which refer to this document in turn.
    pub(crate) fn release(&self) {
        let promoted = self.promoted.take();
        drop(promoted);
    }

    fn end(&self, at: u32) -> u32 {
        match &self.nodes[at as usize].leaf {
            Leaf::Scalar(_) => at + 1,
            Leaf::Object { end, .. } | Leaf::Array { end } => *end,
        }
    }
}

/// Makes a document, node by node.
pub(super) struct Builder<'a> {
    nodes: Vec<Node<'a>>,
}

impl<'a> Builder<'a> {
    /// A builder for about as many nodes as `source` may have.
    pub(super) fn for_source(source: &str) -> Self {
        Self { nodes: Vec::with_capacity((source.len() / 10).min(1 << 16) + 1) }
    }

    pub(super) fn scalar(&mut self, name: Text<'a>, value: Value<'a>) {
        self.nodes.push(Node { name, leaf: Leaf::Scalar(value) });
    }

    /// Opens a container, which [`Builder::close_object`] or [`Builder::close_array`] closes.
    pub(super) fn open(&mut self, name: Text<'a>) -> usize {
        self.nodes.push(Node { name, leaf: Leaf::Array { end: 0 } });
        self.nodes.len() - 1
    }

    pub(super) fn is_empty_since(&self, opened: usize) -> bool {
        self.nodes.len() == opened + 1
    }

    pub(super) fn close_array(&mut self, opened: usize) {
        self.nodes[opened].leaf = Leaf::Array { end: index(self.nodes.len()) };
    }

    pub(super) fn close_object(&mut self, opened: usize, members: u32) {
        let plain = members < SEARCHED_BELOW && self.names_differ(opened);
        self.nodes[opened].leaf = Leaf::Object { end: index(self.nodes.len()), plain };
    }

    fn names_differ(&self, opened: usize) -> bool {
        let mut names: [&str; SEARCHED_BELOW as usize] = [""; SEARCHED_BELOW as usize];
        let mut count = 0;
        let mut at = opened + 1;
        while let Some(node) = self.nodes.get(at) {
            let name: &str = &node.name;
            if names[..count].contains(&name) {
                return false;
            }
            names[count] = name;
            count += 1;
            at = match &node.leaf {
                Leaf::Scalar(_) => at + 1,
                Leaf::Object { end, .. } | Leaf::Array { end } => *end as usize,
            };
        }
        true
    }

    /// The value of the first node.
    pub(super) fn finish(self) -> Value<'a> {
        Rc::new(Document { nodes: self.nodes, promoted: RefCell::default() }).value(0)
    }
}

/// Payloads are far smaller than 4 GiB; should one have more nodes, the indexes saturate and it reads as cut off.
fn index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
