//! The command line that repeats a run.

/// Flags whose values may hold a secret.
const SECRET: &str = "--header";

/// This program's command line, without what must not be saved.
pub fn command_lines() -> Vec<String> {
    let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    vec![format!("{} {}", env!("CARGO_PKG_NAME"), line(words))]
}

fn line(words: impl Iterator<Item = String>) -> String {
    let mut hidden = false;
    let words = words.map(|word| {
        let is_value = std::mem::replace(&mut hidden, word == SECRET);
        match word.split_once('=') {
            _ if is_value => redacted(&word),
            Some((SECRET, value)) => format!("{SECRET}={}", redacted(value)),
            _ => quoted(&word),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A header's name without its value.
fn redacted(header: &str) -> String {
    quoted(&format!("{}: …", header.split(':').next().unwrap_or_default().trim()))
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=,@%+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_typed_again_and_holds_no_secret() {
        let words = [
            "bench",
            "--url",
            "a=http://a.test/?x=1&y=2",
            "--header",
            "Authorization: Bearer s3cret",
            "--seed",
            "1",
        ];
        let told = line(words.into_iter().map(str::to_owned));
        assert_eq!(told, "bench --url 'a=http://a.test/?x=1&y=2' --header 'Authorization: …' --seed 1");
        let told = line(["--header=x-key: s3cret", "it's"].into_iter().map(str::to_owned));
        assert_eq!(told, r"'x-key: …' 'it'\''s'".replacen('\'', "--header='", 1));
    }
}
