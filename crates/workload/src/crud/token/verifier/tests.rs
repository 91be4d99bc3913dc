use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac as ring_hmac;
use serde_json::{Value, json};

use super::*;
use crate::crud::Scope;
use crate::crud::token::Mint;

const SECRET: &str = "a secret of more than thirty-two bytes";

fn authority() -> Authority {
    Authority { issuer: "issuer".to_owned(), audience: "items".to_owned() }
}

fn secret() -> Secret {
    Secret::new(SECRET.to_owned()).unwrap()
}

fn verifier() -> Verifier {
    Verifier::new(&authority(), &secret())
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A token made without the library, so that it can be wrong in any way.
fn forged(header: &Value, claims: &Value, secret: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let key = ring_hmac::Key::new(ring_hmac::HMAC_SHA256, secret.as_bytes());
    let signature = ring_hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn claims() -> Value {
    json!({"iss": "issuer", "aud": "items", "sub": "alice", "exp": now() + 60, "scope": "items:read"})
}

fn hs256() -> Value {
    json!({"alg": "HS256", "typ": "JWT"})
}

fn check(token: &str) -> Result<Caller, TokenError> {
    verifier().caller(Some(&format!("Bearer {token}")))
}

#[test]
fn a_minted_token_is_believed_and_carries_its_scopes() {
    let caller = Caller::new("alice", "items:write").unwrap();
    let mint = Mint::new(authority(), &secret());
    let token = mint.token(&caller, SystemTime::now(), Duration::from_mins(1)).unwrap();
    assert_eq!(check(&token).unwrap(), caller);
    assert_eq!(
        check(&forged(&hs256(), &claims(), SECRET)).unwrap().scopes(),
        "items:read",
        "so is any other's"
    );
    assert!(verifier().caller(Some(&format!("bEARER {token}"))).is_ok(), "the scheme has no case");
    assert!(!check(&token).unwrap().has(Scope::Read));
}

#[test]
fn headers_without_a_bearer_token_have_none() {
    for header in [None, Some(""), Some("Bearer"), Some("Bearer "), Some("Basic YTpi"), Some("token")] {
        assert_eq!(verifier().caller(header), Err(TokenError::Missing), "{header:?}");
    }
}

#[test]
fn times_count_with_a_small_leeway() {
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        check(&forged(&hs256(), &claims, SECRET))
    };
    assert!(with("exp", json!(now() - 2)).is_ok());
    assert!(with("nbf", json!(now() + 2)).is_ok());
    assert!(with("exp", json!(now() - LEEWAY_SECONDS - 2)).is_err());
    assert!(with("nbf", json!(now() + LEEWAY_SECONDS + 5)).is_err());
    assert!(with("exp", json!("never")).is_err());
    assert!(with("exp", Value::Null).is_err());
    assert!(with("nbf", json!("now")).is_err());
}

#[test]
fn issuer_audience_and_subject_must_be_right() {
    for (name, value) in [
        ("iss", json!("other")),
        ("iss", json!(["issuer", "other"])),
        ("iss", Value::Null),
        ("aud", json!("others")),
        ("aud", json!([])),
        ("aud", Value::Null),
        ("sub", json!("")),
        ("sub", json!("a b")),
        ("sub", json!("a\r\nx: y")),
        ("sub", Value::Null),
        ("sub", json!(1)),
        ("scope", json!(["items:read"])),
    ] {
        let mut claims = claims();
        claims[name] = value.clone();
        assert!(check(&forged(&hs256(), &claims, SECRET)).is_err(), "{name} {value}");
    }
}

#[test]
fn the_token_does_not_choose_how_it_is_verified() {
    let good = forged(&hs256(), &claims(), SECRET);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (_, payload) = message.split_once('.').unwrap();
    for alg in ["none", "None", "NONE", "HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA", "hs256", ""] {
        let header = json!({"alg": alg, "typ": "JWT"});
        assert!(check(&forged(&header, &claims(), SECRET)).is_err(), "{alg}, signed with the secret");
        let head = URL_SAFE_NO_PAD.encode(header.to_string());
        assert!(check(&format!("{head}.{payload}.")).is_err(), "{alg}, not signed");
        assert!(check(&format!("{head}.{payload}.{signature}")).is_err(), "{alg}, another's signature");
    }
    // RS256 confusion: the key that a header brings along, or a public key as the secret, is not looked at.
    let jwk = json!({"alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}, "kid": "../../dev/null"});
    assert!(check(&forged(&jwk, &claims(), "\0\0\0")).is_err());
}

#[test]
fn any_change_of_a_token_is_noticed() {
    let good = forged(&hs256(), &claims(), SECRET);
    assert!(check(&good).is_ok());
    let other = forged(&hs256(), &claims(), "another secret of more than thirty-two bytes");
    let mut promoted = claims();
    promoted["scope"] = json!("items:read items:write");
    let (_, signature) = good.rsplit_once('.').unwrap();
    let unsigned = forged(&hs256(), &promoted, SECRET);
    let (message, _) = unsigned.rsplit_once('.').unwrap();
    let long = format!("{good}{}", "A".repeat(LONGEST));
    for bad in [
        &other,
        &format!("{message}.{signature}"),
        &format!("{good}A"),
        &format!("{good}="),
        &format!(" {good}"),
        &format!("{good}.{signature}"),
        &good[..good.len() - 1].to_owned(),
        &message.to_owned(),
        &"..".to_owned(),
        &"a.b.c".to_owned(),
        &long,
    ] {
        assert!(check(bad).is_err(), "{bad:.80}");
    }
    let reason = check(&other).unwrap_err().to_string();
    assert!(!reason.contains(&other[..20]), "the log does not have the token: {reason}");
}
