/// A function as callers name it: by name, by partial or by full ARN, with or without a qualifier.
///
/// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#lambda-Invoke-request-FunctionName>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionReference {
    pub name: String,
    /// A version's number, `$LATEST` or an alias.
    pub qualifier: Option<String>,
}

impl FunctionReference {
    /// Reads `name`, `name:qualifier`, `account:function:name[:qualifier]` or an ARN.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let tail = match text.split_once("function:") {
            Some((_, tail)) => tail,
            None => text,
        };
        match tail.split_once(':') {
            Some((name, qualifier)) => Self { name: name.to_owned(), qualifier: Some(qualifier.to_owned()) },
            None => Self { name: tail.to_owned(), qualifier: None },
        }
    }

    /// The same with the qualifier of a request's parameter, where it names none itself.
    #[must_use]
    pub fn or_qualifier(mut self, qualifier: Option<String>) -> Self {
        self.qualifier = self.qualifier.or(qualifier);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_read() {
        let reference = |name: &str, qualifier: Option<&str>| FunctionReference {
            name: name.to_owned(),
            qualifier: qualifier.map(str::to_owned),
        };
        for (text, expected) in [
            ("f", reference("f", None)),
            ("f:live", reference("f", Some("live"))),
            ("000000000000:function:f", reference("f", None)),
            ("arn:aws:lambda:us-east-1:000000000000:function:f", reference("f", None)),
            ("arn:aws:lambda:us-east-1:000000000000:function:f:3", reference("f", Some("3"))),
        ] {
            assert_eq!(FunctionReference::parse(text), expected);
        }
        assert_eq!(FunctionReference::parse("f").or_qualifier(Some("1".into())), reference("f", Some("1")));
    }
}
