//! Addresses that somebody else deployed.

use std::num::NonZeroU32;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri};

use super::args::RequestArgs;
use crate::failure::Failure;
use crate::measurement::Contestant;

/// The largest body that is sent: what an API takes is far smaller.
const LARGEST_BODY: u64 = 64 << 20;

/// One contestant an address, which is sent the requests that the flags describe.
pub fn contestants(
    urls: &[String],
    args: &RequestArgs,
    choice: load::Choice,
) -> Result<Vec<Contestant>, Failure> {
    let (headers, body) = (headers(&args.header)?, body(args)?);
    let method = method(args, !body.is_empty())?;
    let paths = paths(args)?;
    let mut contestants: Vec<Contestant> = Vec::with_capacity(urls.len());
    for text in urls {
        let addresses: Vec<(String, Uri)> =
            paths.iter().map(|path| address(text, path.as_deref())).collect::<Result<_, _>>()?;
        let Some((name, first)) = addresses.first().cloned() else { continue };
        if contestants.iter().any(|known| known.target.name == name) {
            return Err(Failure::new(format!("--url names {name} twice"))
                .hint("give each address a name of its own: --url one=https://…"));
        }
        let setup =
            report::Setup { title: first.to_string(), url: first.to_string(), ..report::Setup::default() };
        let requests = addresses.into_iter().map(|(_, uri)| load::TargetRequest {
            uri,
            method: method.clone(),
            headers: headers.clone(),
            body: body.clone(),
            accepts: None,
        });
        let target = load::Target {
            name,
            requests: requests.collect(),
            choice,
            look_every: NonZeroU32::MIN,
            seal: None,
            cold: None,
        };
        contestants.push(Contestant { setup, target });
    }
    Ok(contestants)
}

/// The paths that are added to an address; `None` is none.
fn paths(args: &RequestArgs) -> Result<Vec<Option<String>>, Failure> {
    let Some(file) = &args.paths else { return Ok(vec![args.path.clone()]) };
    let wrong = |reason: String| Failure::new(format!("--paths {} cannot be used: {reason}", file.display()));
    let length = std::fs::metadata(file).map_err(|error| wrong(error.to_string()))?.len();
    if length > LARGEST_BODY {
        return Err(wrong(format!("it has {length} bytes, and {LARGEST_BODY} is the most")));
    }
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let paths: Vec<_> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| Some(line.to_owned()))
        .collect();
    if paths.is_empty() {
        return Err(wrong("it holds no path; write one a line".to_owned()));
    }
    Ok(paths)
}

/// `name=https://…`; without a name, the host is the name.
fn address(text: &str, path: Option<&str>) -> Result<(String, Uri), Failure> {
    let wrong = |reason: &str| {
        Failure::new(format!("--url {text}: {reason}"))
            .hint("write --url NAME=URL, such as --url new=https://api.example.com/items")
    };
    let (name, address) = match text.split_once('=') {
        Some((name, address)) if !name.contains("://") => (name, address),
        _ => ("", text),
    };
    if address.contains('@') {
        return Err(wrong("an address must not hold a user or a password; send a --header instead"));
    }
    let path = path.unwrap_or_default();
    let whole = if path.is_empty() { address.to_owned() } else { joined(address, path) };
    let uri: Uri = whole.parse().map_err(|error| wrong(&format!("it is no address: {error}")))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(wrong("an address begins with http:// or https://"));
    }
    let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
    let name = if name.is_empty() { authority } else { name.trim().to_owned() };
    Ok((name, uri))
}

fn joined(address: &str, path: &str) -> String {
    format!("{}/{}", address.trim_end_matches('/'), path.trim_start_matches('/'))
}

fn method(args: &RequestArgs, has_body: bool) -> Result<Method, Failure> {
    let Some(method) = &args.method else {
        return Ok(if has_body { Method::POST } else { Method::GET });
    };
    method
        .to_ascii_uppercase()
        .parse()
        .map_err(|_| Failure::new(format!("--method {method} is no method; such as GET or POST")))
}

/// A header's value may be a secret, so no message shows it.
fn headers(given: &[String]) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    for text in given {
        let name = text.split(':').next().unwrap_or_default();
        let wrong = || Failure::new(format!("--header \"{name}…\" is not of the form NAME: VALUE"));
        let (name, value) = text.split_once(':').ok_or_else(wrong)?;
        let name: HeaderName = name.trim().parse().map_err(|_| wrong())?;
        let mut value: HeaderValue = value.trim().parse().map_err(|_| wrong())?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}

fn body(args: &RequestArgs) -> Result<Bytes, Failure> {
    let Some(file) = &args.body else { return Ok(Bytes::new()) };
    let wrong = |reason: String| Failure::new(format!("--body {} cannot be sent: {reason}", file.display()));
    let length = std::fs::metadata(file).map_err(|error| wrong(error.to_string()))?.len();
    if length > LARGEST_BODY {
        return Err(wrong(format!("it has {length} bytes, and {LARGEST_BODY} is the most")));
    }
    std::fs::read(file).map(Bytes::from).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_name_or_is_called_by_its_host() {
        for (text, path, name, uri) in [
            ("new=https://a.test/x?y=1", None, "new", "https://a.test/x?y=1"),
            ("http://127.0.0.1:9/", None, "127.0.0.1:9", "http://127.0.0.1:9/"),
            ("http://a.test/x?y=1", None, "a.test", "http://a.test/x?y=1"),
            ("a=http://a.test/v1/", Some("/items"), "a", "http://a.test/v1/items"),
            ("a=http://a.test", Some("items?limit=2"), "a", "http://a.test/items?limit=2"),
        ] {
            let (told, address) = address(text, path).unwrap();
            assert_eq!((told.as_str(), address.to_string().as_str()), (name, uri), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_form() {
        for (text, words) in [
            ("a=ftp://a.test", "begins with http:// or https://"),
            ("a=a.test", "begins with http:// or https://"),
            ("a=http://", "no address"),
            ("", "no address"),
            ("a=http://me:secret@a.test/", "must not hold a user or a password"),
        ] {
            let told = address(text, None).unwrap_err();
            assert!(told.message.contains(words), "{text}: {}", told.message);
            assert!(told.hint.unwrap().contains("NAME=URL"));
        }
    }

    #[test]
    fn names_are_unique_and_headers_have_a_form() {
        let urls = ["http://a.test/1".to_owned(), "http://a.test/2".to_owned()];
        let told = contestants(&urls, &RequestArgs::default(), load::Choice::InTurn).unwrap_err();
        assert!(told.message.contains("names a.test twice"), "{told:?}");
        let told = headers(&["authorization Bearer secret".to_owned()]).unwrap_err();
        assert!(told.message.contains("NAME: VALUE"), "{told:?}");
        let headers = headers(&["X-One: a: b".to_owned(), "x-one: c".to_owned()]).unwrap();
        let values: Vec<_> = headers.get_all("x-one").iter().collect();
        assert_eq!(values, ["a: b", "c"]);
        assert!(values.iter().all(|value| value.is_sensitive()));
    }
}
