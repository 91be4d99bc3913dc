use std::cell::Cell;
use std::rc::Rc;

use crate::value::Value;

/// `$foreach`: how far a loop is.
#[derive(Debug)]
pub(crate) struct Loop {
    count: Cell<usize>,
    has_next: Cell<bool>,
    parent: Option<Rc<Loop>>,
}

impl Loop {
    pub(crate) const fn new(parent: Option<Rc<Self>>) -> Self {
        Self { count: Cell::new(0), has_next: Cell::new(false), parent }
    }

    /// Goes to iteration `count`, from 1.
    pub(crate) fn advance(&self, count: usize, has_next: bool) {
        self.count.set(count);
        self.has_next.set(has_next);
    }

    pub(crate) fn property<'a>(&self, name: &str) -> Value<'a> {
        match name {
            "count" => Value::count(self.count.get()),
            "index" => Value::count(self.count.get().saturating_sub(1)),
            "hasNext" => Value::Bool(self.has_next.get()),
            "first" => Value::Bool(self.count.get() == 1),
            "last" => Value::Bool(!self.has_next.get()),
            "parent" => self.parent.clone().map_or(Value::Null, Value::Loop),
            "topmost" => self.topmost(),
            _ => Value::Null,
        }
    }

    /// `$foreach.hasNext()`, `$foreach.getCount()` and the like.
    pub(crate) fn method<'a>(&self, name: &str) -> Value<'a> {
        match name {
            "hasNext" => self.property("hasNext"),
            "isFirst" | "getFirst" => self.property("first"),
            "isLast" | "getLast" => self.property("last"),
            "getCount" => self.property("count"),
            "getIndex" => self.property("index"),
            "getParent" => self.property("parent"),
            "getTopmost" => self.topmost(),
            _ => Value::Null,
        }
    }

    fn topmost<'a>(&self) -> Value<'a> {
        let Some(mut top) = self.parent.as_ref() else {
            // The loop itself is the topmost one; a copy says the same of this iteration.
            let top = Self::new(None);
            top.advance(self.count.get(), self.has_next.get());
            return Value::Loop(Rc::new(top));
        };
        while let Some(parent) = &top.parent {
            top = parent;
        }
        Value::Loop(Rc::clone(top))
    }
}
