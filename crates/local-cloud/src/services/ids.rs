//! Random identifiers in the shapes that AWS gives them.

use uuid::Uuid;

/// Hex digits, at most 32: `0a1b2c3d4e5f6071`.
#[must_use]
pub fn hex(length: usize) -> String {
    let mut digits = Uuid::new_v4().simple().to_string();
    digits.truncate(length);
    digits
}

/// Lower-case letters and digits, at most 24, the first a letter: `a1b2c3d4e5`.
#[must_use]
pub fn letters_and_digits(length: usize) -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut number = Uuid::new_v4().as_u128();
    (0..length)
        .map(|at| {
            let choices: u128 = if at == 0 { 26 } else { 36 };
            let index = usize::try_from(number % choices).unwrap_or_default();
            number /= choices;
            char::from(ALPHABET[index])
        })
        .collect()
}

/// Upper-case letters and digits behind a prefix, 21 in all, as IAM has them: `AROAX5K3…`.
#[must_use]
pub fn iam(prefix: &str) -> String {
    format!("{prefix}{}", letters_and_digits(21_usize.saturating_sub(prefix.len())).to_uppercase())
}

/// Decimal digits, at most 30.
#[must_use]
pub fn digits(length: usize) -> String {
    let mut digits = Uuid::new_v4().as_u128().to_string();
    digits.truncate(length);
    digits
}

/// An EC2 identifier: `vpc-0a1b2c3d4e5f60718`.
#[must_use]
pub fn ec2(prefix: &str) -> String {
    format!("{prefix}-0{}", hex(16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_their_shape() {
        assert_eq!(hex(16).len(), 16);
        let id = letters_and_digits(10);
        assert!(id.len() == 10 && id.starts_with(|c: char| c.is_ascii_lowercase()), "{id}");
        assert_eq!(iam("AROA").len(), 21);
        assert_eq!(digits(10).len(), 10);
        assert_eq!(ec2("subnet").len(), "subnet-0a1b2c3d4e5f60718".len());
        assert_ne!(letters_and_digits(10), letters_and_digits(10));
    }
}
