//! An upload as a stream of chunks: it is refused, or what it holds is the same after it was cut into chunks anew.
#![no_main]

use bytes::Bytes;
use fuzz::wire::{ChunkedBody, decode_chunked};
use libfuzzer_sys::{Corpus, fuzz_target};

/// Cuts data into chunks of at most this many bytes, as a client would.
fn encode(body: &ChunkedBody, size: usize) -> Bytes {
    let mut encoded = Vec::new();
    for chunk in body.data.chunks(size) {
        encoded.extend(format!("{:x};chunk-signature=00\r\n", chunk.len()).into_bytes());
        encoded.extend_from_slice(chunk);
        encoded.extend_from_slice(b"\r\n");
    }
    encoded.extend_from_slice(b"0;chunk-signature=00\r\n");
    for (name, value) in &body.trailers {
        encoded.extend(format!("{name}:{value}\r\n").into_bytes());
    }
    encoded.extend_from_slice(b"\r\n");
    encoded.into()
}

fuzz_target!(|input: &[u8]| -> Corpus {
    let body = Bytes::copy_from_slice(input);
    let Ok(decoded) = decode_chunked(&body) else { return Corpus::Keep };
    assert!(decoded.data.len() < body.len(), "framing takes room");
    for size in [1, 7, body.len()] {
        assert_eq!(decode_chunked(&encode(&decoded, size)), Ok(decoded.clone()), "cut by {size}");
    }
    // A body that ends early is never taken for a whole one.
    let cut = encode(&decoded, 7);
    let held = decoded.data.len();
    for end in (0..cut.len()).take(held.min(64)) {
        assert!(decode_chunked(&cut.slice(..end)).is_err(), "{end} of {} bytes were enough", cut.len());
    }
    Corpus::Keep
});
