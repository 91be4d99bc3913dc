use std::collections::HashMap;

use super::{Text, Value};

/// Above this many entries a lookup goes through an index; below, comparing the few keys is faster.
const INDEXED_FROM: usize = 16;

/// An insertion-ordered map from text to values.
#[derive(Debug, Default)]
pub(crate) struct Dict<'a> {
    entries: Vec<(Text<'a>, Value<'a>)>,
    index: HashMap<Box<str>, usize>,
}

impl<'a> Dict<'a> {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, (Text<'a>, Value<'a>)> {
        self.entries.iter()
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.position(key).map(|at| &self.entries[at].1)
    }

    /// Sets `key`, keeping its place if it was there, and gives the value that it had.
    pub(crate) fn insert(&mut self, key: Text<'a>, value: Value<'a>) -> Option<Value<'a>> {
        if let Some(at) = self.position(&key) {
            return Some(std::mem::replace(&mut self.entries[at].1, value));
        }
        self.entries.push((key, value));
        if self.entries.len() == INDEXED_FROM {
            self.reindex();
        } else if self.entries.len() > INDEXED_FROM {
            let at = self.entries.len() - 1;
            self.index.insert((*self.entries[at].0).into(), at);
        }
        None
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Value<'a>> {
        let at = self.position(key)?;
        let (_, value) = self.entries.remove(at);
        self.reindex();
        Some(value)
    }

    pub(crate) fn take(&mut self) -> Vec<(Text<'a>, Value<'a>)> {
        self.index.clear();
        std::mem::take(&mut self.entries)
    }

    fn position(&self, key: &str) -> Option<usize> {
        if self.entries.len() < INDEXED_FROM {
            self.entries.iter().position(|(name, _)| **name == *key)
        } else {
            self.index.get(key).copied()
        }
    }

    fn reindex(&mut self) {
        self.index.clear();
        if self.entries.len() >= INDEXED_FROM {
            self.index =
                self.entries.iter().enumerate().map(|(at, (name, _))| ((**name).into(), at)).collect();
        }
    }
}
