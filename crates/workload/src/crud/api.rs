//! From a request to its answer.

use uuid::Uuid;

use super::{Answer, Caller, CrudError, Draft, IfMatch, Items, PATH, PageRequest, Scope};
use crate::ConfigError;

/// A request, free of frameworks. Parameters are decoded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// The HTTP method, upper case.
    pub method: &'a str,
    /// The path, [`PATH`] or one segment below it.
    pub path: &'a str,
    /// The query parameter `limit`.
    pub limit: Option<&'a str>,
    /// The query parameter `next`.
    pub next: Option<&'a str>,
    /// The header `If-Match`.
    pub if_match: Option<&'a str>,
    /// The header `Content-Type`.
    pub content_type: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// The work behind `/items`.
#[derive(Clone, Debug)]
pub struct Api {
    items: Items,
}

impl Api {
    /// The work on the table of the environment, as [`Items::from_env`] finds it.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub async fn from_env() -> Result<Api, ConfigError> {
        Ok(Api::new(Items::from_env().await?))
    }

    /// The work on a table.
    #[must_use]
    pub fn new(items: Items) -> Api {
        Api { items }
    }

    /// Serves a request of a caller whose token was found valid, or answers why not.
    pub async fn answer(&self, caller: Result<&Caller, CrudError>, request: Request<'_>) -> Answer {
        match self.serve(caller, request).await {
            Ok(answer) => answer,
            Err(error) => error.into(),
        }
    }

    async fn serve(
        &self,
        caller: Result<&Caller, CrudError>,
        request: Request<'_>,
    ) -> Result<Answer, CrudError> {
        let caller = caller?;
        if !caller.has(Scope::of_method(request.method)) {
            return Err(CrudError::Forbidden);
        }
        let subject = caller.subject();
        match request.path.strip_prefix(PATH).and_then(|rest| rest.strip_prefix('/')) {
            None if request.path == PATH => self.on_collection(subject, request).await,
            None => Err(CrudError::NotFound),
            Some(id) => self.on_item(subject, id, request).await,
        }
    }

    async fn on_collection(&self, subject: &str, request: Request<'_>) -> Result<Answer, CrudError> {
        match request.method {
            "GET" => {
                let page = PageRequest::read(request.limit, request.next)?;
                Ok(Answer::page(&self.items.list(subject, page).await?))
            }
            "POST" => {
                let draft = Draft::read(request.content_type, request.body)?;
                Ok(Answer::created(&self.items.create(subject, draft).await?))
            }
            _ => Err(CrudError::MethodNotAllowed),
        }
    }

    async fn on_item(&self, subject: &str, id: &str, request: Request<'_>) -> Result<Answer, CrudError> {
        let id = id_of(id).ok_or(CrudError::NotFound)?;
        match request.method {
            "GET" => Ok(Answer::item(&self.items.read(subject, id).await?)),
            "PUT" => {
                let versions = IfMatch::read(request.if_match)?.ok_or(CrudError::PreconditionRequired)?;
                let draft = Draft::read(request.content_type, request.body)?;
                Ok(Answer::item(&self.items.update(subject, id, draft, &versions).await?))
            }
            "DELETE" => {
                let versions = IfMatch::read(request.if_match)?.unwrap_or(IfMatch::Any);
                self.items.delete(subject, id, &versions).await?;
                Ok(Answer::deleted())
            }
            _ => Err(CrudError::MethodNotAllowed),
        }
    }
}

/// An ID in the one spelling that the service gives it.
fn id_of(text: &str) -> Option<Uuid> {
    text.parse().ok().filter(|id: &Uuid| id.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let text = "0199f3a0-1111-7abc-8def-0123456789ab";
        assert!(id_of(text).is_some());
        for other in
            [&text.to_uppercase(), &text.replace('-', ""), &format!("{{{text}}}"), "", "1", "..", "a/b"]
        {
            assert_eq!(id_of(other), None, "{other}");
        }
    }
}
