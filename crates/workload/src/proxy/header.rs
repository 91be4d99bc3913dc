//! Which headers go through a proxy.

use http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Headers that say something about one connection only.
/// <https://www.rfc-editor.org/rfc/rfc9110#name-connection>
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Removes what belongs to the connection, and what `Connection` names; the length follows from the body.
pub(super) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let listed: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|names| names.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&listed).chain(&[CONTENT_LENGTH]) {
        headers.remove(name);
    }
}

/// Makes the headers of a client's request those of the request to the origin.
pub(super) fn prepare(headers: &mut HeaderMap, client: Option<&str>) {
    remove_hop_by_hop(headers);
    headers.remove(HOST);
    let mut chain: Vec<String> = headers
        .get_all(&FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|address| address.trim().to_owned())
        .collect();
    // API Gateway has added the client already; whoever has not is made up for.
    if let Some(client) = client
        && chain.last().map(String::as_str) != Some(client)
    {
        chain.push(client.to_owned());
    }
    if let Ok(value) = HeaderValue::from_str(&chain.join(", "))
        && !chain.is_empty()
    {
        headers.insert(FORWARDED_FOR, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn what_belongs_to_a_connection_stays_behind() {
        let mut sent = headers(&[
            ("connection", "keep-alive, X-Mine"),
            ("keep-alive", "timeout=5"),
            ("x-mine", "1"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("proxy-authorization", "Basic x"),
            ("host", "example.com"),
            ("content-length", "5"),
            ("accept", "*/*"),
        ]);
        prepare(&mut sent, None);
        assert_eq!(sent, headers(&[("accept", "*/*")]));
    }

    #[test]
    fn the_client_is_named_once() {
        for (given, chain) in [
            (&[][..], "10.0.0.1"),
            (&[("x-forwarded-for", "10.0.0.1")][..], "10.0.0.1"),
            (&[("x-forwarded-for", "1.1.1.1,10.0.0.1")][..], "1.1.1.1, 10.0.0.1"),
            (&[("x-forwarded-for", "10.0.0.1, 2.2.2.2")][..], "10.0.0.1, 2.2.2.2, 10.0.0.1"),
        ] {
            let mut sent = headers(given);
            prepare(&mut sent, Some("10.0.0.1"));
            assert_eq!(sent["x-forwarded-for"], chain);
        }
    }
}
