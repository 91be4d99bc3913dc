//! What requests are for: which of several, and how large.

use load::Choice;
use workload::publish::MAX_BODY_BYTES;

/// How the requests of a load differ from each other, and from those that stand for a workload otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mix {
    /// Which request comes next. Where it is asked for, a workload gives all that it can choose from, such as every breed.
    pub choice: Option<Choice>,
    /// Bytes of a body, where the workload takes one.
    pub payload: Option<u32>,
}

impl Mix {
    /// Reads `in-turn`, `uniform`, `zipf` or `zipf:EXPONENT`, and a number of bytes.
    pub fn read(choice: Option<&str>, payload: Option<u32>) -> Result<Self, String> {
        let most = u32::try_from(MAX_BODY_BYTES).unwrap_or(u32::MAX);
        if let Some(bytes) = payload.filter(|bytes| *bytes == 0 || *bytes > most) {
            return Err(format!("payload is {bytes}; it can be 1 to {most} bytes"));
        }
        Ok(Self { choice: choice.map(read_choice).transpose()?, payload })
    }

    /// In words, behind those of the load: `, requests by Zipf's law (1.2), bodies of 1024 bytes`.
    pub fn words(&self) -> String {
        let choice = match self.choice {
            None => String::new(),
            Some(Choice::InTurn) => ", requests in turn".to_owned(),
            Some(Choice::Uniform) => ", requests at random".to_owned(),
            Some(Choice::Zipf(exponent)) => format!(", requests by Zipf's law ({exponent})"),
        };
        let payload = self.payload.map(|bytes| format!(", bodies of {bytes} bytes")).unwrap_or_default();
        format!("{choice}{payload}")
    }
}

fn read_choice(text: &str) -> Result<Choice, String> {
    match text.split_once(':').map_or((text, None), |(name, exponent)| (name, Some(exponent))) {
        ("in-turn", None) => Ok(Choice::InTurn),
        ("uniform", None) => Ok(Choice::Uniform),
        ("zipf", None) => Ok(Choice::Zipf(1.0)),
        ("zipf", Some(exponent)) => match exponent.parse::<f64>() {
            Ok(exponent) if (0.0..=10.0).contains(&exponent) => Ok(Choice::Zipf(exponent)),
            _ => Err(format!("choice {text}: an exponent is a number from 0 to 10")),
        },
        _ => Err(format!("choice is \"{text}\"; it can be in-turn, uniform, zipf or zipf:EXPONENT")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_and_sizes_are_read_and_said() {
        for (choice, payload, words) in [
            (None, None, ""),
            (Some("uniform"), None, ", requests at random"),
            (Some("zipf:1.2"), Some(1024), ", requests by Zipf's law (1.2), bodies of 1024 bytes"),
            (Some("in-turn"), Some(1), ", requests in turn, bodies of 1 bytes"),
        ] {
            assert_eq!(Mix::read(choice, payload).unwrap().words(), words);
        }
        for (choice, payload, words) in [
            (Some("random"), None, "in-turn, uniform, zipf"),
            (Some("zipf:x"), None, "from 0 to 10"),
            (Some("uniform:2"), None, "choice is"),
            (None, Some(0), "1 to 262144 bytes"),
            (None, Some(262_145), "payload is 262145"),
        ] {
            assert!(Mix::read(choice, payload).unwrap_err().contains(words), "{choice:?} {payload:?}");
        }
    }
}
