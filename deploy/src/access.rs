//! Who may ask a variant whose parameters `Auth` and `AllowedCidr` say so.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use bytes::Bytes;
use catalog::{Catalog, Variant};

use crate::context::Context;
use crate::failure::Failure;
use crate::plan::Given;
use crate::settings::{Settings, TargetKind};
use crate::work::AUTH;

const ADDRESSES: &str = "resource-policy";
/// The parameter that names the addresses that are let in.
pub const ALLOWED: &str = "AllowedCidr";
/// Answers with the address that a request comes from. <https://checkip.amazonaws.com>
const WHO_AM_I: &str = "https://checkip.amazonaws.com/";

/// Lets the caller's own address in where a variant is to be closed to all but some and none is given.
pub async fn let_in_the_caller(context: &Context, given: &mut Given) -> Result<(), Failure> {
    for (flag, values) in closed(&context.catalog, given)? {
        let address = own_address(context).await?;
        values.insert(flag, format!("{address}/32"));
    }
    Ok(())
}

/// The values of a variant that lacks addresses, with the flag that names them.
type Closed<'g> = (String, &'g mut BTreeMap<String, String>);

/// The variants that lack addresses.
fn closed<'g>(catalog: &Catalog, given: &'g mut Given) -> Result<Vec<Closed<'g>>, Failure> {
    let mut closed = Vec::new();
    for (id, values) in given.iter_mut() {
        let variant = catalog.variant(id)?;
        let (Some(auth), Some(allowed)) = (variant.flag(AUTH), variant.flag(ALLOWED)) else { continue };
        if values.get(auth).is_some_and(|mode| mode == ADDRESSES) && !values.contains_key(allowed) {
            closed.push((allowed.to_owned(), values));
        }
    }
    Ok(closed)
}

/// The address that requests of this machine come from.
async fn own_address(context: &Context) -> Result<Ipv4Addr, Failure> {
    if is_loopback(&context.settings) {
        return Ok(Ipv4Addr::LOCALHOST);
    }
    let unknown = |reason: String| {
        Failure::new(format!("the address of this machine cannot be had from {WHO_AM_I}: {reason}"))
            .hint("name the addresses to be let in with --set allowed-cidr=192.0.2.7/32")
    };
    let mut request = http::Request::new(Bytes::new());
    *request.uri_mut() = http::Uri::from_static(WHO_AM_I);
    let transport = signed_http::Transport::new();
    let answer = transport.send(request).await.map_err(|error| unknown(error.to_string()))?;
    let text = String::from_utf8_lossy(&answer.body).trim().to_owned();
    let address = text.parse().map_err(|_| unknown(format!("it answers {text:?}")))?;
    context.printer.step("Access", &format!("{address}, as {WHO_AM_I} says, is let in"));
    Ok(address)
}

fn is_loopback(settings: &Settings) -> bool {
    let endpoint = settings.endpoint.as_ref();
    settings.target == TargetKind::Local || endpoint.is_some_and(crate::settings::Endpoint::is_loopback)
}

/// A policy is part of the API's deployment, a snapshot, which other addresses alone do not make anew.
pub fn check_change(
    variant: &Variant,
    current: &BTreeMap<String, String>,
    wanted: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    let stays = current.get(AUTH).is_some_and(|mode| mode == ADDRESSES)
        && wanted.get(AUTH).is_none_or(|mode| mode == ADDRESSES);
    match (current.get(ALLOWED), wanted.get(ALLOWED)) {
        (Some(before), Some(after)) if stays && before != after => {
            let flag = variant.flag(ALLOWED).unwrap_or(ALLOWED);
            Err(Failure::new(format!(
                "{flag} {after} is not allowed for {}: it is {before} as long as {ADDRESSES} is in force",
                variant.id
            ))
            .hint(format!("redeploy it with none or iam first, then with {ADDRESSES} and {flag}")))
        }
        _ => Ok(()),
    }
}
