//! Faults on purpose: what does not find them here would not find any elsewhere. `PLANTED` names the one that is looked for.
//! Each stands behind a word that chance alone does not write: only coverage leads there.
#![no_main]

use std::hint::black_box;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;

/// In bytes.
const STEP: usize = 2 << 20;

static PLANTED: LazyLock<String> = LazyLock::new(|| std::env::var("PLANTED").unwrap_or_default());

fuzz_target!(|input: &[u8]| {
    let mut letters = input.iter();
    for letter in b"turkey" {
        if letters.next() != Some(letter) {
            return;
        }
    }
    match PLANTED.as_str() {
        "panic" => panic!("planted"),
        "endless loop" => loop {
            thread::sleep(Duration::from_millis(1));
        },
        "unbounded memory" => {
            // Slowly enough to be seen before the machine has none left.
            let mut kept = Vec::new();
            loop {
                kept.push(vec![1_u8; STEP]);
                black_box(&kept);
                thread::sleep(Duration::from_millis(1));
            }
        }
        _ => {}
    }
});
