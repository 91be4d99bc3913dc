use rand::Rng as _;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use serde::Deserialize;

const LOWERCASE: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPERCASE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const NUMBERS: &str = "0123456789";
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// How a password is made, as `GetRandomPassword` and `GenerateSecretString` say it.
///
/// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html>
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[allow(clippy::struct_excessive_bools, reason = "these are the switches of the API")]
pub struct PasswordRules {
    /// 1 to 4096 characters; 32 unless given.
    pub password_length: Option<usize>,
    pub exclude_characters: String,
    pub exclude_lowercase: bool,
    pub exclude_numbers: bool,
    pub exclude_punctuation: bool,
    pub exclude_uppercase: bool,
    pub include_space: bool,
    /// True unless given.
    pub require_each_included_type: Option<bool>,
}

/// Why no password can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("PasswordLength is {0}; it must be 1 to 4096.")]
    Length(usize),
    #[error("The password rules exclude every character.")]
    NothingLeft,
    #[error(
        "PasswordLength is {length}, less than the {kinds} types of characters of which each is required."
    )]
    TooShort { length: usize, kinds: usize },
}

impl PasswordRules {
    /// Makes a password.
    ///
    /// # Errors
    /// The rules leave no password.
    pub fn generate(&self) -> Result<String, PasswordError> {
        let length = self.password_length.unwrap_or(32);
        if !(1..=4096).contains(&length) {
            return Err(PasswordError::Length(length));
        }
        let kinds = [
            (LOWERCASE, !self.exclude_lowercase),
            (UPPERCASE, !self.exclude_uppercase),
            (NUMBERS, !self.exclude_numbers),
            (PUNCTUATION, !self.exclude_punctuation),
            (" ", self.include_space),
        ];
        let kinds: Vec<Vec<char>> = kinds
            .into_iter()
            .filter(|(_, included)| *included)
            .map(|(kind, _)| kind.chars().filter(|c| !self.exclude_characters.contains(*c)).collect())
            .filter(|kind: &Vec<char>| !kind.is_empty())
            .collect();
        let all = kinds.concat();
        if all.is_empty() {
            return Err(PasswordError::NothingLeft);
        }
        let mut rng = rand::rng();
        let mut password = Vec::with_capacity(length);
        if self.require_each_included_type.unwrap_or(true) {
            if kinds.len() > length {
                return Err(PasswordError::TooShort { length, kinds: kinds.len() });
            }
            password.extend(kinds.iter().filter_map(|kind| kind.choose(&mut rng)).copied());
        }
        while password.len() < length {
            password.push(all[rng.random_range(0..all.len())]);
        }
        password.shuffle(&mut rng);
        Ok(password.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_follow_their_rules() {
        let plain = PasswordRules::default().generate().unwrap();
        assert_eq!(plain.chars().count(), 32);
        for kind in [LOWERCASE, UPPERCASE, NUMBERS, PUNCTUATION] {
            assert!(plain.contains(|c| kind.contains(c)), "{plain} {kind}");
        }
        assert_ne!(plain, PasswordRules::default().generate().unwrap());
        let digits = PasswordRules {
            password_length: Some(200),
            exclude_lowercase: true,
            exclude_uppercase: true,
            exclude_punctuation: true,
            exclude_characters: "012345".into(),
            ..PasswordRules::default()
        };
        let digits = digits.generate().unwrap();
        assert!(digits.len() == 200 && digits.chars().all(|c| "6789".contains(c)), "{digits}");
    }

    #[test]
    fn rules_that_leave_nothing_are_refused() {
        let short = PasswordRules { password_length: Some(3), ..PasswordRules::default() };
        assert_eq!(short.generate(), Err(PasswordError::TooShort { length: 3, kinds: 4 }));
        let none = PasswordRules { password_length: Some(0), ..PasswordRules::default() };
        assert_eq!(none.generate(), Err(PasswordError::Length(0)));
        let empty = PasswordRules {
            exclude_lowercase: true,
            exclude_uppercase: true,
            exclude_punctuation: true,
            exclude_numbers: true,
            ..PasswordRules::default()
        };
        assert_eq!(empty.generate(), Err(PasswordError::NothingLeft));
    }
}
