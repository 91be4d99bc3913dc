//! The cache of a stage: answers of methods, kept for a while.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html>

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::time::Instant;

use super::exchange::Answer;
use crate::mutex::Mutex;

/// The most bytes of an answer that is kept.
const LARGEST: usize = 1024 * 1024;
/// What an entry costs beside its key and its answer, about.
const OVERHEAD: usize = 128;

/// How the answers of a method are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) ttl: Duration,
    pub(super) encrypted: bool,
}

/// Answers by key, the oldest first to go when the capacity is used up.
pub(super) struct ResponseCache {
    capacity: usize,
    cipher: Option<Cipher>,
    content: Mutex<Content>,
}

#[derive(Default)]
struct Content {
    entries: HashMap<String, Entry>,
    /// Keys in the order of their insertion, with the number of the insertion.
    order: VecDeque<(String, u64)>,
    size: usize,
    inserted: u64,
}

#[derive(Clone)]
struct Entry {
    number: u64,
    until: Instant,
    status: StatusCode,
    headers: HeaderMap,
    body: Kept,
}

#[derive(Clone)]
enum Kept {
    Plain(Bytes),
    Sealed(Bytes),
}

/// AES-256-GCM under a key of the cache's own.
struct Cipher {
    key: LessSafeKey,
    next: AtomicU64,
}

impl Cipher {
    /// `None` where the system gives no randomness.
    fn new() -> Option<Self> {
        let mut secret = [0; 32];
        SystemRandom::new().fill(&mut secret).ok()?;
        let key = UnboundKey::new(&AES_256_GCM, &secret).ok()?;
        Some(Self { key: LessSafeKey::new(key), next: AtomicU64::new(0) })
    }

    /// The nonce, which is a count and so never comes twice under the key, and the sealed text behind it.
    fn seal(&self, key: &str, plain: &[u8]) -> Option<Bytes> {
        let mut nonce = [0; NONCE_LEN];
        nonce[..8].copy_from_slice(&self.next.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        let mut sealed = plain.to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(unique, Aad::from(key.as_bytes()), &mut sealed).ok()?;
        sealed.extend_from_slice(&nonce);
        Some(sealed.into())
    }

    fn open(&self, key: &str, sealed: &[u8]) -> Option<Bytes> {
        let (sealed, nonce) = sealed.split_at_checked(sealed.len().checked_sub(NONCE_LEN)?)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = sealed.to_vec();
        let length = self.key.open_in_place(nonce, Aad::from(key.as_bytes()), &mut text).ok()?.len();
        text.truncate(length);
        Some(text.into())
    }
}

impl ResponseCache {
    /// A cache of `capacity` bytes.
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, cipher: Cipher::new(), content: Mutex::default() }
    }

    /// The answer that is kept under a key and still fresh.
    pub(super) fn get(&self, key: &str) -> Option<Answer> {
        let entry = {
            let content = self.content.lock();
            content.entries.get(key).filter(|entry| entry.until > Instant::now())?.clone()
        };
        let body = match &entry.body {
            Kept::Plain(body) => body.clone(),
            Kept::Sealed(sealed) => self.cipher.as_ref()?.open(key, sealed)?,
        };
        Some(Answer { status: entry.status, headers: entry.headers, body })
    }

    /// Keeps a successful answer, unless it is too large.
    pub(super) fn put(&self, key: String, answer: &Answer, policy: Policy) {
        let size = key.len() * 2 + answer.body.len() + OVERHEAD;
        if !answer.status.is_success() || answer.body.len() > LARGEST || size > self.capacity {
            return;
        }
        let body = if policy.encrypted {
            let sealed = self.cipher.as_ref().and_then(|cipher| cipher.seal(&key, &answer.body));
            // What cannot be encrypted is not kept at all.
            let Some(sealed) = sealed else { return };
            Kept::Sealed(sealed)
        } else {
            Kept::Plain(answer.body.clone())
        };
        let mut content = self.content.lock();
        content.remove(&key);
        while content.size + size > self.capacity {
            let Some((oldest, number)) = content.order.pop_front() else { break };
            if content.entries.get(&oldest).is_some_and(|entry| entry.number == number) {
                content.remove(&oldest);
            }
        }
        content.inserted += 1;
        let number = content.inserted;
        let until = Instant::now() + policy.ttl;
        let (status, headers) = (answer.status, answer.headers.clone());
        content.size += size;
        content.order.push_back((key.clone(), number));
        content.entries.insert(key, Entry { number, until, status, headers, body });
        // Keys of entries that were replaced stay in the order until they come first; too many of them are cleared.
        if content.order.len() > 2 * content.entries.len() + 16 {
            let Content { entries, order, .. } = &mut *content;
            order.retain(|(key, number)| entries.get(key).is_some_and(|entry| entry.number == *number));
        }
    }
}

impl Content {
    fn remove(&mut self, key: &str) {
        if let Some(entry) = self.entries.remove(key) {
            let body = match &entry.body {
                Kept::Plain(body) => body.len(),
                // The tag and the nonce are not counted when it goes in, either.
                Kept::Sealed(sealed) => sealed.len() - NONCE_LEN - AES_256_GCM.tag_len(),
            };
            self.size -= key.len() * 2 + body + OVERHEAD;
        }
    }
}

/// Whether a request asks for a fresh answer.
pub(super) fn asks_for_fresh(headers: &HeaderMap) -> bool {
    headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|directive| directive.trim().eq_ignore_ascii_case("max-age=0"))
}

/// What an answer carries when a caller asked for a fresh one without the permission to.
pub(super) fn warn(answer: &mut Answer) {
    let warning = HeaderValue::from_static(
        "199 Cache-control headers were ignored because the caller was unauthorized.",
    );
    answer.headers.insert(HeaderName::from_static("warning"), warning);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Answer {
        Answer { status: StatusCode::OK, headers: HeaderMap::new(), body: Bytes::from(body.to_owned()) }
    }

    fn policy(encrypted: bool) -> Policy {
        Policy { ttl: Duration::from_secs(10), encrypted }
    }

    #[tokio::test(start_paused = true)]
    async fn answers_are_kept_for_their_time() {
        for encrypted in [false, true] {
            let cache = ResponseCache::new(1 << 20);
            cache.put("a".into(), &answer("one"), policy(encrypted));
            assert_eq!(cache.get("a").unwrap().body, "one");
            assert!(cache.get("b").is_none());
            cache.put("a".into(), &answer("two"), policy(encrypted));
            assert_eq!(cache.get("a").unwrap().body, "two");
            tokio::time::advance(Duration::from_secs(11)).await;
            assert!(cache.get("a").is_none());
            cache.put(
                "e".into(),
                &Answer { status: StatusCode::BAD_GATEWAY, ..answer("x") },
                policy(encrypted),
            );
            assert!(cache.get("e").is_none());
            cache.put("l".into(), &answer(&"x".repeat(LARGEST + 1)), policy(encrypted));
            assert!(cache.get("l").is_none());
        }
    }

    #[test]
    fn what_is_encrypted_cannot_be_read_and_belongs_to_its_key() {
        let cipher = Cipher::new().unwrap();
        let sealed = cipher.seal("a", b"plain text").unwrap();
        assert!(!sealed.windows(5).any(|window| window == b"plain"));
        assert_eq!(cipher.open("a", &sealed).unwrap(), "plain text");
        assert!(cipher.open("b", &sealed).is_none());
        assert!(cipher.open("a", &sealed[1..]).is_none());
        assert_ne!(sealed, cipher.seal("a", b"plain text").unwrap());
    }

    #[tokio::test]
    async fn the_oldest_go_when_the_capacity_is_used_up() {
        let cache = ResponseCache::new(2000);
        for index in 0..100 {
            cache.put(format!("{index:03}"), &answer(&"x".repeat(400)), policy(index % 2 == 0));
        }
        assert!(cache.get("000").is_none() && cache.get("095").is_none());
        assert!(cache.get("099").is_some() && cache.get("098").is_some());
        let content = cache.content.lock();
        assert!(
            content.size <= 2000 && content.entries.len() == 3 && content.order.len() <= 22,
            "{}",
            content.size
        );
    }
}
