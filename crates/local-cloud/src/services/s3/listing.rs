//! Lists of objects and versions, with prefix, delimiter and pages.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::S3Error;
use super::bucket::Bucket;
use super::object::{Object, ObjectVersion};
use crate::wire::{ApiError, Node, WireRequest, iso_millis};

const MAX_KEYS: usize = 1000;
const KEY: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b'/').remove(b'~');

/// What the caller asks of a list.
struct Query {
    prefix: String,
    delimiter: String,
    max: usize,
    encode: bool,
}

impl Query {
    fn of(request: &WireRequest) -> Result<Self, S3Error> {
        let text = |name: &str| request.query_param(name).unwrap_or_default();
        let max = match request.query_param("max-keys").filter(|text| !text.is_empty()) {
            None => MAX_KEYS,
            Some(text) => text.parse::<usize>().map(|max| max.min(MAX_KEYS)).map_err(|_| {
                S3Error::invalid(
                    "InvalidArgument",
                    "Provided max-keys not an integer or within integer range",
                )
            })?,
        };
        Ok(Self {
            prefix: text("prefix"),
            delimiter: text("delimiter"),
            max,
            encode: text("encoding-type") == "url",
        })
    }

    fn key(&self, key: &str) -> Node {
        if self.encode { utf8_percent_encode(key, KEY).to_string().into() } else { key.into() }
    }

    /// The common prefix that a key falls under.
    fn group_of(&self, key: &str) -> Option<String> {
        if self.delimiter.is_empty() {
            return None;
        }
        let rest = &key[self.prefix.len()..];
        let end = rest.find(&self.delimiter)? + self.delimiter.len();
        Some(key[..self.prefix.len() + end].to_owned())
    }

    fn head(&self, bucket: &Bucket) -> Vec<(&'static str, Node)> {
        let mut members = vec![
            ("Name", bucket.name.as_str().into()),
            ("Prefix", self.key(&self.prefix)),
            ("MaxKeys", self.max.into()),
        ];
        if !self.delimiter.is_empty() {
            members.push(("Delimiter", self.key(&self.delimiter)));
        }
        if self.encode {
            members.push(("EncodingType", "url".into()));
        }
        members
    }
}

/// One line of a list: an item, or a prefix that stands for many.
enum Line<T> {
    Item(String, T),
    Group(String),
}

/// A page of lines and, where there are more, the last key or prefix on it.
struct Page<T> {
    lines: Vec<Line<T>>,
    next: Option<String>,
}

/// Cuts a page out of sorted items: those after `after`, grouped by the delimiter.
fn page<T>(query: &Query, items: Vec<(String, T)>, after: &str) -> Page<T> {
    let mut lines: Vec<Line<T>> = Vec::new();
    let mut last = String::new();
    for (key, item) in items {
        let group = query.group_of(&key);
        let position = group.as_deref().unwrap_or(&key);
        // A group that was on the page before is over, though keys of it come after its name.
        let seen = position <= after || group.as_deref() == Some(last.as_str());
        if !after.is_empty() && position <= after || group.is_some() && seen {
            continue;
        }
        if lines.len() == query.max {
            let next = (query.max > 0).then_some(last);
            return Page { lines, next };
        }
        position.clone_into(&mut last);
        lines.push(match group {
            Some(group) => Line::Group(group),
            None => Line::Item(key, item),
        });
    }
    Page { lines, next: None }
}

fn current_objects(bucket: &Bucket, prefix: &str) -> Vec<(String, (ObjectVersion, std::sync::Arc<Object>))> {
    let all = bucket.versions(prefix).into_iter();
    all.filter_map(|(key, versions)| {
        let newest = versions.last()?.clone();
        let object = newest.object.clone()?;
        Some((key, (newest, object)))
    })
    .collect()
}

fn content_node(
    query: &Query,
    key: &str,
    version: &ObjectVersion,
    object: &Object,
    owner: Option<&str>,
) -> Node {
    let mut members = vec![
        ("Key", query.key(key)),
        ("LastModified", iso_millis(version.modified_at).into()),
        ("ETag", format!("\"{}\"", object.etag).into()),
    ];
    if let Some(checksum) = &object.checksum {
        members.push(("ChecksumAlgorithm", checksum.algorithm.element()["Checksum".len()..].into()));
    }
    members.push(("Size", Node::Number(i64::try_from(object.size()).unwrap_or(i64::MAX))));
    members.extend(owner.map(|owner| ("Owner", owner_node(owner))));
    members.push(("StorageClass", "STANDARD".into()));
    Node::Struct(members)
}

/// How many entries the caller wants: 1,000 at most, as many as that where it does not say.
pub(super) fn most(request: &WireRequest, name: &str) -> Result<usize, S3Error> {
    let Some(text) = request.query_param(name) else { return Ok(1000) };
    match text.parse::<usize>() {
        Ok(most @ 1..) => Ok(most.min(1000)),
        _ => Err(S3Error::invalid("InvalidArgument", "The number of entries must be an integer from 1")),
    }
}

pub(super) fn owner_node(account: &str) -> Node {
    Node::Struct(vec![("ID", account.into()), ("DisplayName", account.into())])
}

fn prefix_node(query: &Query, group: &str) -> (&'static str, Node) {
    ("CommonPrefixes", Node::Struct(vec![("Prefix", query.key(group))]))
}

/// `ListObjectsV2` and, without `list-type=2`, `ListObjects`.
pub(super) fn objects(bucket: &Bucket, request: &WireRequest, account: &str) -> Result<Node, ApiError> {
    let query = Query::of(request)?;
    let second = request.query_param("list-type").as_deref() == Some("2");
    let text = |name: &str| request.query_param(name).unwrap_or_default();
    let token = text("continuation-token");
    let after = match (second, token.is_empty()) {
        (true, false) => {
            hex::decode(&token).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| {
                S3Error::invalid("InvalidArgument", "The continuation token provided is incorrect")
            })?
        }
        (true, true) => text("start-after"),
        (false, _) => text("marker"),
    };
    let page = page(&query, current_objects(bucket, &query.prefix), &after);
    let mut members = query.head(bucket);
    members.push(("IsTruncated", page.next.is_some().into()));
    if second {
        members.push(("KeyCount", page.lines.len().into()));
        if !token.is_empty() {
            members.push(("ContinuationToken", token.into()));
        }
        let start_after = text("start-after");
        if !start_after.is_empty() {
            members.push(("StartAfter", query.key(&start_after)));
        }
        members.extend(page.next.map(|last| ("NextContinuationToken", hex::encode(last).into())));
    } else {
        members.push(("Marker", query.key(&after)));
        members.extend(page.next.map(|last| ("NextMarker", query.key(&last))));
    }
    let with_owner = !second || text("fetch-owner") == "true";
    let owner = with_owner.then_some(account);
    members.extend(page.lines.iter().map(|line| match line {
        Line::Item(key, (version, object)) => ("Contents", content_node(&query, key, version, object, owner)),
        Line::Group(group) => prefix_node(&query, group),
    }));
    Ok(Node::Struct(members))
}

/// `ListObjectVersions`.
pub(super) fn versions(bucket: &Bucket, request: &WireRequest, account: &str) -> Result<Node, ApiError> {
    let query = Query::of(request)?;
    let key_marker = request.query_param("key-marker").unwrap_or_default();
    let version_marker = request.query_param("version-id-marker").unwrap_or_default();
    // Positions are key and a counter from the newest version on, so that pages may end within a key.
    let mut items = Vec::new();
    for (key, versions) in bucket.versions(&query.prefix) {
        let newest = versions.len().saturating_sub(1);
        let mut passed = key.as_str() > key_marker.as_str() || key_marker.is_empty();
        for (index, version) in versions.into_iter().enumerate().rev() {
            if passed {
                items.push((key.clone(), (version, index == newest)));
            } else if key == key_marker && version.id == version_marker {
                passed = true;
            }
        }
    }
    let more = items.len() > query.max;
    items.truncate(query.max);
    let next = items.last().filter(|_| more).map(|(key, (version, _))| (key.clone(), version.id.clone()));
    let mut members = query.head(bucket);
    members.push(("KeyMarker", query.key(&key_marker)));
    members.push(("VersionIdMarker", version_marker.into()));
    members.push(("IsTruncated", more.into()));
    if let Some((key, version)) = next {
        members.push(("NextKeyMarker", query.key(&key)));
        members.push(("NextVersionIdMarker", version.into()));
    }
    let mut last_group = String::new();
    for (key, (version, latest)) in &items {
        if let Some(group) = query.group_of(key) {
            if group != last_group {
                members.push(prefix_node(&query, &group));
                last_group = group;
            }
            continue;
        }
        let mut node = match &version.object {
            Some(object) => content_node(&query, key, version, object, Some(account)),
            None => Node::Struct(vec![
                ("Key", query.key(key)),
                ("LastModified", iso_millis(version.modified_at).into()),
                ("Owner", owner_node(account)),
            ]),
        };
        node = node.with("VersionId", version.id.as_str()).with("IsLatest", *latest);
        members.push((if version.object.is_some() { "Version" } else { "DeleteMarker" }, node));
    }
    Ok(Node::Struct(members))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(keys: &[&str], delimiter: &str, max: usize, after: &str) -> (Vec<String>, Option<String>) {
        let query = Query { prefix: String::new(), delimiter: delimiter.into(), max, encode: false };
        let items = keys.iter().map(|key| ((*key).to_owned(), ())).collect();
        let page = page(&query, items, after);
        let names = page.lines.into_iter().map(|line| match line {
            Line::Item(name, ()) | Line::Group(name) => name,
        });
        (names.collect(), page.next)
    }

    #[test]
    fn pages_count_groups_once() {
        let keys = ["a", "b/1", "b/2", "c", "d/1"];
        assert_eq!(lines(&keys, "/", 10, "").0, ["a", "b/", "c", "d/"]);
        let (first, next) = lines(&keys, "/", 2, "");
        assert_eq!((first, next.as_deref()), (vec!["a".to_owned(), "b/".to_owned()], Some("b/")));
        let (second, next) = lines(&keys, "/", 2, "b/");
        assert_eq!((second, next), (vec!["c".to_owned(), "d/".to_owned()], None));
        assert_eq!(lines(&keys, "", 10, "b/1").0, ["b/2", "c", "d/1"]);
        assert_eq!(lines(&keys, "", 0, "").0.len(), 0);
    }
}
