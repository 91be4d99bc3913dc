use std::collections::HashMap;

use super::{Text, Value};

/// From this many entries on a lookup goes through an index; below, comparing the few keys is faster.
const INDEXED_FROM: usize = 16;

/// An insertion-ordered map from text to values.
#[derive(Debug, Default)]
pub(crate) struct Dict<'a> {
    entries: Vec<(Text<'a>, Value<'a>)>,
    /// Where each key is, from [`INDEXED_FROM`] entries on.
    index: Option<HashMap<Box<str>, usize>>,
}

impl<'a> Dict<'a> {
    /// The map of `entries`; of several with one key, the last value counts, in the first place.
    pub(crate) fn from_entries(entries: Vec<(Text<'a>, Value<'a>)>) -> Self {
        let repeats = |at: usize| entries[..at].iter().any(|(name, _)| **name == *entries[at].0);
        if entries.len() < INDEXED_FROM && !(1..entries.len()).any(repeats) {
            return Self { entries, index: None };
        }
        let mut dict = Self::default();
        for (key, value) in entries {
            dict.insert(key, value);
        }
        dict
    }

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
        if let Some(index) = &mut self.index {
            index.insert((*key).into(), self.entries.len());
        }
        self.entries.push((key, value));
        if self.entries.len() == INDEXED_FROM {
            self.reindex();
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
        self.index = None;
        std::mem::take(&mut self.entries)
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => self.entries.iter().position(|(name, _)| **name == *key),
        }
    }

    fn reindex(&mut self) {
        self.index = (self.entries.len() >= INDEXED_FROM).then(|| {
            let places = self.entries.iter().enumerate().map(|(at, (name, _))| ((**name).into(), at));
            places.collect()
        });
    }
}
