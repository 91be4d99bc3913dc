//! Commands of user data, read before anything runs, so that what cannot be done is refused at once.

use std::fmt;

use super::{HostError, wrong};

/// Simple commands joined by `&&` and `||`, which bind alike and from the left, as in a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub steps: Vec<Step>,
}

/// One simple command and when it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub runs: Runs,
    pub act: Act,
}

/// When a step runs, after those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    Always,
    /// `&&`
    AfterSuccess,
    /// `||`
    AfterFailure,
}

/// What a simple command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// `aws s3 cp s3://BUCKET/KEY PATH`
    Fetch { bucket: String, key: String, path: String },
    /// `chmod MODE PATH`
    Permit { mode: u32, path: String },
    /// `mkdir -p PATH`
    MakeDirectory { path: String },
    /// `systemctl enable --now UNIT…`, `start`, `restart`
    Start { units: Vec<String> },
    /// `systemctl daemon-reload`: units are read when they start.
    Reload,
    /// `amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c file:PATH`
    Collect { path: String },
    /// `curl --fail URL`: GET, again up to `retries` times after `pause` seconds, until the answer is a success.
    Ask { port: u16, path: String, retries: u32, pause: u64 },
    /// `cfn-signal --success BOOL --stack STACK --resource ID`
    Signal { success: bool, stack: String, resource: String },
}

/// What a shell would do more with than take it as it is.
const SPECIAL: &str = "|&;<>()$`\\*?[]#~{}!\n";

enum Token {
    Word(String),
    And,
    Or,
}

impl Command {
    /// Reads a line of shell: words, quotes, `&&` and `||`, and nothing else that a shell knows.
    pub(super) fn parse(text: &str) -> Result<Self, HostError> {
        let mut steps = Vec::new();
        let (mut runs, mut words) = (Runs::Always, Vec::new());
        for token in tokens(text.trim())? {
            let next = match token {
                Token::Word(word) => {
                    words.push(word);
                    continue;
                }
                Token::And => Runs::AfterSuccess,
                Token::Or => Runs::AfterFailure,
            };
            steps.push(Step { runs, act: Act::of(&std::mem::take(&mut words))? });
            runs = next;
        }
        steps.push(Step { runs, act: Act::of(&words)? });
        Ok(Self { steps })
    }

    /// A command that is given as a list of words.
    pub(super) fn of_words(words: &[String]) -> Result<Self, HostError> {
        Ok(Self { steps: vec![Step { runs: Runs::Always, act: Act::of(words)? }] })
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, HostError> {
    let refuse = |c: char| {
        wrong(
            "runcmd",
            format!("{c:?} in \"{text}\": this cloud is no shell and knows words, quotes, && and ||"),
        )
    };
    let mut tokens = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(first) = characters.peek().copied() {
        if first.is_ascii_whitespace() {
            characters.next();
            continue;
        }
        if matches!(first, '&' | '|') {
            characters.next();
            if characters.next() != Some(first) {
                return Err(refuse(first));
            }
            tokens.push(if first == '&' { Token::And } else { Token::Or });
            continue;
        }
        let mut word = String::new();
        while let Some(c) = characters.next_if(|c| !c.is_ascii_whitespace() && !matches!(c, '&' | '|')) {
            match c {
                '\'' | '"' => loop {
                    match characters.next() {
                        Some(end) if end == c => break,
                        // Within double quotes a shell still replaces these.
                        Some(inside) if c == '"' && "$`\\".contains(inside) => return Err(refuse(inside)),
                        Some(inside) => word.push(inside),
                        None => return Err(refuse(c)),
                    }
                },
                c if SPECIAL.contains(c) => return Err(refuse(c)),
                c => word.push(c),
            }
        }
        tokens.push(Token::Word(word));
    }
    Ok(tokens)
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch { bucket, key, path } => write!(f, "aws s3 cp s3://{bucket}/{key} {path}"),
            Self::Permit { mode, path } => write!(f, "chmod {mode:o} {path}"),
            Self::MakeDirectory { path } => write!(f, "mkdir -p {path}"),
            Self::Start { units } => write!(f, "systemctl start {}", units.join(" ")),
            Self::Reload => f.write_str("systemctl daemon-reload"),
            Self::Collect { path } => write!(f, "amazon-cloudwatch-agent-ctl -c file:{path}"),
            Self::Ask { port, path, .. } => write!(f, "curl http://127.0.0.1:{port}{path}"),
            Self::Signal { success, .. } => write!(f, "cfn-signal --success {success}"),
        }
    }
}

impl Act {
    fn of(words: &[String]) -> Result<Self, HostError> {
        let all: Vec<&str> = words.iter().map(String::as_str).collect();
        let program = all.first().map_or("", |program| program.rsplit('/').next().unwrap_or_default());
        let arguments = all.get(1..).unwrap_or_default();
        let act = match program {
            "aws" => fetch(arguments),
            "chmod" => permit(arguments),
            "mkdir" => make_directory(arguments),
            "systemctl" => systemctl(arguments),
            "amazon-cloudwatch-agent-ctl" => collect(arguments),
            "curl" => ask(arguments),
            "cfn-signal" => signal(arguments),
            _ => None,
        };
        act.ok_or_else(|| {
            wrong(
                "runcmd",
                format!(
                    "\"{}\": there is no stand-in for it here; known are aws s3 cp s3://BUCKET/KEY PATH, chmod MODE PATH, mkdir -p PATH, systemctl enable --now UNIT, curl --fail http://127.0.0.1:PORT/PATH with --retry, amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c file:PATH, and cfn-signal with --success, --stack and --resource",
                    all.join(" ")
                ),
            )
        })
    }
}

/// An absolute path.
fn absolute(path: &str) -> Option<String> {
    path.starts_with('/').then(|| path.to_owned())
}

/// Options with their values; those without have an empty one.
type Options<'w> = Vec<(&'w str, &'w str)>;

/// Splits `--name value` pairs and lone options from the rest; `None` where an option is none of those.
fn options<'w>(
    words: &[&'w str],
    with_value: &[&str],
    alone: &[&str],
) -> Option<(Options<'w>, Vec<&'w str>)> {
    let (mut pairs, mut rest) = (Vec::new(), Vec::new());
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        if with_value.contains(&word) {
            pairs.push((word, words.next()?));
        } else if alone.contains(&word) {
            pairs.push((word, ""));
        } else if word.starts_with('-') {
            return None;
        } else {
            rest.push(word);
        }
    }
    Some((pairs, rest))
}

fn value<'w>(pairs: &[(&'w str, &'w str)], name: &str) -> Option<&'w str> {
    pairs.iter().rfind(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// <https://docs.aws.amazon.com/cli/latest/reference/s3/cp.html>
fn fetch(words: &[&str]) -> Option<Act> {
    let ["s3", "cp", words @ ..] = words else { return None };
    let (_, rest) = options(words, &["--region"], &["--no-progress", "--only-show-errors", "--quiet"])?;
    let [from, to] = rest.as_slice() else { return None };
    let (bucket, key) = from.strip_prefix("s3://")?.split_once('/')?;
    let path = absolute(to).filter(|path| !path.ends_with('/'))?;
    Some(Act::Fetch { bucket: bucket.to_owned(), key: key.to_owned(), path })
}

fn permit(words: &[&str]) -> Option<Act> {
    let [mode, path] = words else { return None };
    let mode = u32::from_str_radix(mode, 8).ok().filter(|mode| *mode <= 0o777)?;
    Some(Act::Permit { mode, path: absolute(path)? })
}

fn make_directory(words: &[&str]) -> Option<Act> {
    let ["-p", path] = words else { return None };
    Some(Act::MakeDirectory { path: absolute(path)? })
}

fn systemctl(words: &[&str]) -> Option<Act> {
    let units = match words {
        ["daemon-reload"] => return Some(Act::Reload),
        ["enable", "--now", units @ ..] | ["start" | "restart", units @ ..] => units,
        _ => return None,
    };
    let named = |unit: &&str| unit.trim_end_matches(".service").to_owned();
    (!units.is_empty()).then(|| Act::Start { units: units.iter().map(named).collect() })
}

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/start-CloudWatch-Agent-on-premise-SSM-onprem.html>
fn collect(words: &[&str]) -> Option<Act> {
    let (pairs, rest) = options(words, &["-a", "-m", "-c"], &["-s"])?;
    let starts = value(&pairs, "-a") == Some("fetch-config")
        && value(&pairs, "-m") == Some("ec2")
        && value(&pairs, "-s").is_some()
        && rest.is_empty();
    let path = value(&pairs, "-c").filter(|_| starts)?.strip_prefix("file:")?;
    Some(Act::Collect { path: absolute(path)? })
}

fn ask(words: &[&str]) -> Option<Act> {
    const ALONE: [&str; 5] =
        ["--fail", "--silent", "--show-error", "--retry-connrefused", "--retry-all-errors"];
    const PAIRS: [&str; 4] = ["--retry", "--retry-delay", "--max-time", "--output"];
    let (pairs, rest) = options(words, &PAIRS, &ALONE)?;
    let [url] = rest.as_slice() else { return None };
    // Without these two, failures would not be noticed or not be asked about again.
    let strict = value(&pairs, "--fail").is_some()
        && (value(&pairs, "--retry").is_none() || value(&pairs, "--retry-connrefused").is_some());
    let silent = value(&pairs, "--output").is_none_or(|file| file == "/dev/null");
    let rest = url.strip_prefix("http://").filter(|_| strict && silent)?;
    let (authority, path) =
        rest.split_once('/').map_or((rest, String::new()), |(authority, path)| (authority, path.to_owned()));
    let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
    if !matches!(host, "127.0.0.1" | "localhost") {
        return None;
    }
    let number = |name| value(&pairs, name).map_or(Some(0), |text| text.parse::<u32>().ok());
    Some(Act::Ask {
        port: port.parse().ok()?,
        path: format!("/{path}"),
        retries: number("--retry")?,
        pause: number("--retry-delay")?.max(1).into(),
    })
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/cfn-signal.html>
fn signal(words: &[&str]) -> Option<Act> {
    let names = ["--success", "-s", "--exit-code", "-e", "--stack", "--resource", "--region"];
    let (pairs, rest) = options(words, &names, &[])?;
    let success = match (value(&pairs, "--success").or_else(|| value(&pairs, "-s")), rest.as_slice()) {
        (Some("true"), []) => true,
        (Some("false"), []) => false,
        (None, []) => value(&pairs, "--exit-code").or_else(|| value(&pairs, "-e"))? == "0",
        _ => return None,
    };
    let (stack, resource) = (value(&pairs, "--stack")?, value(&pairs, "--resource")?);
    Some(Act::Signal { success, stack: stack.to_owned(), resource: resource.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_taken_apart() {
        let command = Command::parse(
            "aws s3 cp --no-progress s3://b/a/k /opt/'a b' && chmod 755 /opt/x\n&& systemctl enable --now app nginx.service || cfn-signal --success false --stack s --resource Host",
        )
        .unwrap();
        let runs: Vec<Runs> = command.steps.iter().map(|step| step.runs).collect();
        assert_eq!(runs, [Runs::Always, Runs::AfterSuccess, Runs::AfterSuccess, Runs::AfterFailure]);
        let fetch = Act::Fetch { bucket: "b".into(), key: "a/k".into(), path: "/opt/a b".into() };
        assert_eq!(command.steps[0].act, fetch);
        assert_eq!(command.steps[1].act, Act::Permit { mode: 0o755, path: "/opt/x".into() });
        assert_eq!(command.steps[2].act, Act::Start { units: vec!["app".into(), "nginx".into()] });
        let signal = Act::Signal { success: false, stack: "s".into(), resource: "Host".into() };
        assert_eq!(command.steps[3].act, signal);
    }

    #[test]
    fn a_question_is_read_with_its_retries() {
        let command = Command::parse(
            "curl --silent --fail --retry 30 --retry-delay 2 --retry-connrefused 'http://127.0.0.1:81/healthz?a=1'",
        );
        let ask = Act::Ask { port: 81, path: "/healthz?a=1".into(), retries: 30, pause: 2 };
        assert_eq!(command.unwrap().steps[0].act, ask);
    }

    #[test]
    fn what_a_shell_would_do_is_refused() {
        for text in [
            "chmod 755 /a; chmod 755 /b",
            "chmod 755 $HOME",
            "chmod 755 \"$HOME\"",
            "chmod 755 /a > /b",
            "chmod 755 /a | cat",
            "chmod 755 /a &",
            "chmod 755 `x`",
            "chmod 755 '/a",
            "chmod 755 /a\nchmod 755 /b; x",
        ] {
            let error = Command::parse(text).unwrap_err().to_string();
            assert!(error.contains("is no shell"), "{text}: {error}");
        }
    }

    #[test]
    fn commands_without_a_stand_in_are_refused() {
        for text in [
            "",
            "rm -rf /",
            "aws s3 rm s3://b/k",
            "aws s3 cp /a s3://b/k",
            "aws s3 cp s3://b/k relative",
            "chmod u+x /a",
            "systemctl stop x",
            "systemctl start",
            "curl http://127.0.0.1/",
            "curl --fail http://example.com/",
            "curl --fail --retry 3 http://127.0.0.1/",
            "cfn-signal --success maybe --stack s --resource r",
            "cfn-signal --success true --resource r",
            "&& chmod 755 /a",
        ] {
            let error = Command::parse(text).unwrap_err().to_string();
            assert!(error.contains("there is no stand-in for it here"), "{text}: {error}");
        }
    }
}
