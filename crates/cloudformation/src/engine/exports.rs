//! Exports of stacks and who imports them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A value that a stack exports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    pub name: String,
    pub value: String,
    pub stack_id: String,
}

/// All exports of an account and region.
#[derive(Default)]
pub(crate) struct Exports(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    values: BTreeMap<String, Export>,
    /// Names of the exports that each stack imports, by stack name.
    imports: BTreeMap<String, BTreeSet<String>>,
}

impl Exports {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn value(&self, name: &str) -> Option<String> {
        self.lock().values.get(name).map(|export| export.value.clone())
    }

    pub(crate) fn list(&self) -> Vec<Export> {
        self.lock().values.values().cloned().collect()
    }

    /// The names of the stacks that import a value; `None` where there is no such export.
    pub(crate) fn importers(&self, name: &str) -> Option<Vec<String>> {
        let inner = self.lock();
        inner.values.contains_key(name).then(|| importers(&inner, name))
    }

    pub(crate) fn imports_of(&self, stack_name: &str) -> BTreeSet<String> {
        self.lock().imports.get(stack_name).cloned().unwrap_or_default()
    }

    pub(crate) fn set_imports(&self, stack_name: &str, names: BTreeSet<String>) {
        let mut inner = self.lock();
        if names.is_empty() {
            inner.imports.remove(stack_name);
        } else {
            inner.imports.insert(stack_name.to_owned(), names);
        }
    }

    pub(crate) fn add_import(&self, stack_name: &str, name: &str) {
        self.lock().imports.entry(stack_name.to_owned()).or_default().insert(name.to_owned());
    }

    /// Puts the exports of a stack in the place of those that it had. Nothing changes where one of them belongs to another stack, or where one
    /// that goes away or changes is imported.
    pub(crate) fn replace(&self, stack_id: &str, exports: &BTreeMap<String, String>) -> Result<(), String> {
        let mut inner = self.lock();
        for (name, value) in exports {
            match inner.values.get(name) {
                Some(known) if known.stack_id != stack_id => {
                    let owner = known.stack_id.split('/').nth(1).unwrap_or(&known.stack_id);
                    return Err(format!("Export with name {name} is already exported by stack {owner}"));
                }
                Some(known) if known.value != *value => refuse_used(&inner, name, "updated")?,
                _ => {}
            }
        }
        let gone = inner
            .values
            .values()
            .filter(|known| known.stack_id == stack_id && !exports.contains_key(&known.name));
        for known in gone {
            refuse_used(&inner, &known.name, "deleted")?;
        }
        inner.values.retain(|_, known| known.stack_id != stack_id);
        for (name, value) in exports {
            let export = Export { name: name.clone(), value: value.clone(), stack_id: stack_id.to_owned() };
            inner.values.insert(name.clone(), export);
        }
        Ok(())
    }
}

fn importers(inner: &Inner, name: &str) -> Vec<String> {
    inner.imports.iter().filter(|(_, names)| names.contains(name)).map(|(stack, _)| stack.clone()).collect()
}

fn refuse_used(inner: &Inner, name: &str, what: &str) -> Result<(), String> {
    let importers = importers(inner, name);
    if importers.is_empty() {
        return Ok(());
    }
    Err(format!("Export {name} cannot be {what} as it is in use by {}", importers.join(" and ")))
}
