//! The grammar of an nginx configuration: words that end in `;`, or in a block of more of them.
//! <https://nginx.org/en/docs/beginners_guide.html#conf_structure>

/// `name arguments;` or `name arguments { block }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Directive {
    pub(crate) name: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) block: Vec<Directive>,
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Semicolon,
    Open,
    Close,
}

/// Reads a whole configuration; an error says what is missing.
pub(crate) fn parse(text: &str) -> Result<Vec<Directive>, String> {
    let mut tokens = tokens(text)?.into_iter();
    let parsed = block(&mut tokens, false)?;
    match tokens.next() {
        None => Ok(parsed),
        Some(_) => Err("a } has no {".to_owned()),
    }
}

fn block(tokens: &mut impl Iterator<Item = Token>, nested: bool) -> Result<Vec<Directive>, String> {
    let mut directives = Vec::new();
    let mut words: Vec<String> = Vec::new();
    loop {
        let token = tokens.next();
        let closes = matches!(token, Some(Token::Close) | None);
        if closes && (nested != token.is_some() || !words.is_empty()) {
            return Err(format!("the directive or block before \"{}\" does not end", words.join(" ")));
        }
        let block = match token {
            Some(Token::Word(word)) => {
                words.push(word);
                continue;
            }
            Some(Token::Semicolon) => Vec::new(),
            Some(Token::Open) => block(tokens, true)?,
            Some(Token::Close) | None => return Ok(directives),
        };
        let mut words = std::mem::take(&mut words).into_iter();
        let name = words.next().ok_or("a directive has no name")?;
        directives.push(Directive { name, arguments: words.collect(), block });
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            ';' => tokens.push(Token::Semicolon),
            '{' => tokens.push(Token::Open),
            '}' => tokens.push(Token::Close),
            '#' => while characters.next_if(|next| *next != '\n').is_some() {},
            '\'' | '"' => {
                let mut word = String::new();
                loop {
                    match characters.next() {
                        Some(next) if next == c => break,
                        Some('\\') => word.extend(characters.next()),
                        Some(next) => word.push(next),
                        None => return Err(format!("a quote {c} is not closed")),
                    }
                }
                tokens.push(Token::Word(word));
            }
            c if c.is_whitespace() => {}
            c => {
                let mut word = String::from(c);
                while let Some(next) =
                    characters.next_if(|next| !next.is_whitespace() && !matches!(next, ';' | '{' | '}'))
                {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_nest_and_quotes_hold_words_together() {
        let parsed = parse("a b 'c {;}'; # d;\nhttp { x; y \"z\\\"\" {} }").unwrap();
        let leaf = |name: &str, arguments: &[&str]| Directive {
            name: name.to_owned(),
            arguments: arguments.iter().map(|text| (*text).to_owned()).collect(),
            block: Vec::new(),
        };
        let http = Directive { block: vec![leaf("x", &[]), leaf("y", &["z\""])], ..leaf("http", &[]) };
        assert_eq!(parsed, [leaf("a", &["b", "c {;}"]), http]);
    }

    #[test]
    fn what_does_not_end_is_noticed() {
        for text in ["a", "a {", "a { b; ", "a; }", "'a", "a { b }", ";"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
