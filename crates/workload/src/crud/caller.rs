//! Who asks, and what they may do.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::CrudError;

/// The most bytes of a subject: it is part of every key of the table, and travels in a header.
const LONGEST_SUBJECT: usize = 255;

/// A right that a token gives; tokens of one issuer open items and, where a variant asks for one, turkeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// `items:read`
    Read,
    /// `items:write`
    Write,
    /// `turkeys:read`
    Turkeys,
}

impl Scope {
    /// All scopes.
    pub const ALL: &'static [Scope] = &[Scope::Read, Scope::Write, Scope::Turkeys];

    /// The name, as a token's `scope` has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Scope::Read => "items:read",
            Scope::Write => "items:write",
            Scope::Turkeys => "turkeys:read",
        }
    }

    /// The scope that a method needs on items, whether or not the method is served.
    #[must_use]
    pub fn of_method(method: &str) -> Scope {
        if matches!(method, "GET" | "HEAD") { Scope::Read } else { Scope::Write }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A scope that nobody has.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("there is no scope \"{name}\": the scopes are items:read, items:write and turkeys:read")]
pub struct UnknownScope {
    /// The name that was asked for.
    pub name: String,
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Scope::ALL.iter().copied().find(|scope| scope.name() == name);
        found.ok_or_else(|| UnknownScope { name: name.to_owned() })
    }
}

/// A subject that cannot travel in a header or stand in a key.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the subject {subject:?} must be 1 to 255 visible ASCII characters, such as alice or user-17")]
pub struct InvalidSubject {
    /// The subject.
    pub subject: String,
}

/// The subject of a valid token, with its scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    subject: String,
    scopes: Vec<Scope>,
}

impl Caller {
    /// A caller. Scopes are names with spaces between them, as OAuth has them; unknown ones give no rights here.
    /// <https://datatracker.ietf.org/doc/html/rfc8693#section-4.2>
    ///
    /// # Errors
    /// [`InvalidSubject`].
    pub fn new(subject: &str, scopes: &str) -> Result<Caller, InvalidSubject> {
        let visible = subject.bytes().all(|byte| byte.is_ascii_graphic());
        if subject.is_empty() || subject.len() > LONGEST_SUBJECT || !visible {
            return Err(InvalidSubject { subject: subject.to_owned() });
        }
        let mut scopes: Vec<Scope> = scopes.split(' ').filter_map(|name| name.parse().ok()).collect();
        scopes.sort_unstable();
        scopes.dedup();
        Ok(Caller { subject: subject.to_owned(), scopes })
    }

    /// The caller that a gateway vouches for; nobody when it names none.
    ///
    /// # Errors
    /// [`CrudError::Unauthorized`].
    pub fn vouched(subject: Option<&str>, scopes: Option<&str>) -> Result<Caller, CrudError> {
        Caller::new(subject.unwrap_or_default(), scopes.unwrap_or_default())
            .map_err(|_| CrudError::Unauthorized)
    }

    /// Whose items are meant.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Whether the token gives a right.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// The known scopes, with spaces between them.
    #[must_use]
    pub fn scopes(&self) -> String {
        self.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_that_would_break_a_header_or_a_key_are_refused() {
        for subject in ["", "a b", "a\r\nx-caller-subject: b", "é", "\u{7f}", &"a".repeat(256)] {
            assert_eq!(Caller::new(subject, "").unwrap_err().subject, subject);
        }
        assert_eq!(Caller::new(&"a".repeat(255), "").unwrap().subject().len(), 255);
    }

    #[test]
    fn unknown_scopes_give_nothing() {
        let caller = Caller::new("alice", "items:write admin items:read items:write").unwrap();
        assert_eq!(caller.scopes(), "items:read items:write");
        let other = Caller::new("alice", "ITEMS:READ items:readitems:write").unwrap();
        assert!(!other.has(Scope::Read) && !other.has(Scope::Write));
    }

    #[test]
    fn a_gateway_that_vouches_for_nobody_is_not_believed() {
        assert_eq!(Caller::vouched(None, Some("items:read")), Err(CrudError::Unauthorized));
        assert_eq!(Caller::vouched(Some(""), Some("items:read")), Err(CrudError::Unauthorized));
        assert!(Caller::vouched(Some("alice"), None).is_ok_and(|caller| caller.scopes().is_empty()));
    }
}
