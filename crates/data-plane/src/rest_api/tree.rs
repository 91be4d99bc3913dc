use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

/// Paths of resources, for finding the most specific one that a request's path fits.
#[derive(Debug, Default)]
pub(super) struct Tree {
    resource: Option<usize>,
    literal: BTreeMap<String, Tree>,
    /// `{name}`.
    variable: Option<(String, Box<Tree>)>,
    /// `{name+}`.
    greedy: Option<(String, usize)>,
}

/// A path parameter: its name, and its value as it stands in the URL.
pub(super) type RawParameter<'a> = (&'a str, &'a str);

impl Tree {
    /// Adds the resource with index `resource` at `path`, which begins with `/`.
    pub(super) fn insert(&mut self, path: &str, resource: usize) -> Result<(), String> {
        let mut node = self;
        let mut parts = path.trim_start_matches('/').split('/').filter(|part| !part.is_empty()).peekable();
        while let Some(part) = parts.next() {
            match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                None => node = node.literal.entry(part.to_owned()).or_default(),
                Some(name) => match name.strip_suffix('+') {
                    Some(name) if parts.peek().is_none() => {
                        node.greedy = Some((name.to_owned(), resource));
                        return Ok(());
                    }
                    Some(_) => return Err(format!("{{{name}}} can only be the last part of a path")),
                    None => {
                        let (present, next) =
                            node.variable.get_or_insert_with(|| (name.to_owned(), Box::default()));
                        if present != name {
                            return Err(format!("{{{name}}} stands where {{{present}}} stands already"));
                        }
                        node = next;
                    }
                },
            }
        }
        node.resource = Some(resource);
        Ok(())
    }

    /// The resource for `path` and its path parameters: literal parts go before variables, variables before the rest.
    pub(super) fn find<'a>(&'a self, path: &'a str) -> Option<(usize, Vec<RawParameter<'a>>)> {
        let mut parameters = Vec::new();
        let rest = path.strip_prefix('/').unwrap_or(path);
        let found = self.descend((!rest.is_empty()).then_some(rest), &mut parameters)?;
        parameters.reverse();
        Some((found, parameters))
    }

    fn descend<'a>(&'a self, rest: Option<&'a str>, found: &mut Vec<RawParameter<'a>>) -> Option<usize> {
        let Some(rest) = rest else { return self.resource };
        let (part, after) = match rest.split_once('/') {
            Some((part, after)) => (part, Some(after)),
            None => (rest, None),
        };
        if let Some(next) = self.literal.get(part)
            && let Some(resource) = next.descend(after, found)
        {
            return Some(resource);
        }
        if !part.is_empty()
            && let Some((name, next)) = &self.variable
            && let Some(resource) = next.descend(after, found)
        {
            found.push((name, part));
            return Some(resource);
        }
        let (name, resource) = self.greedy.as_ref()?;
        found.push((name, rest));
        Some(*resource)
    }
}

/// Undoes percent-encoding; bytes that are not UTF-8 become replacement characters.
pub(super) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_resource_is_found() {
        let mut tree = Tree::default();
        let paths = ["/", "/a", "/a/{id}", "/a/{id}/b", "/a/x", "/{proxy+}", "/{any}/c"];
        for (index, path) in paths.iter().enumerate() {
            tree.insert(path, index).unwrap();
        }
        for (path, resource, parameters) in [
            ("/", 0, vec![]),
            ("/a", 1, vec![]),
            ("/a/1", 2, vec![("id", "1")]),
            ("/a/x", 4, vec![]),
            ("/a/1/b", 3, vec![("id", "1")]),
            ("/a/x/b", 3, vec![("id", "x")]),
            ("/a/1/c", 5, vec![("proxy", "a/1/c")]),
            ("/z/c", 6, vec![("any", "z")]),
            ("/z/d/e%20f", 5, vec![("proxy", "z/d/e%20f")]),
            ("/a/", 5, vec![("proxy", "a/")]),
        ] {
            assert_eq!(tree.find(path), Some((resource, parameters)), "{path}");
        }
        let mut small = Tree::default();
        small.insert("/a/{id}", 0).unwrap();
        assert_eq!(small.find("/a"), None);
        assert_eq!(small.find("/a/"), None);
        assert!(small.insert("/a/{other}/x", 1).is_err());
        assert!(small.insert("/{proxy+}/x", 1).is_err());
    }
}
