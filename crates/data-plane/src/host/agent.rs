//! What the CloudWatch agent collects.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Agent-Configuration-File-Details.html>

use serde::Deserialize;

use super::{HostError, wrong};

/// A log file and the stream that its lines go to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collected {
    #[serde(rename = "file_path")]
    pub file: String,
    #[serde(rename = "log_group_name")]
    pub group: String,
    /// `{instance_id}` stands for the host's ID.
    #[serde(rename = "log_stream_name")]
    pub stream: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    /// How the agent itself runs, which has no meaning here.
    #[serde(default, rename = "agent")]
    _agent: Agent,
    logs: Logs,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Agent {
    #[serde(rename = "run_as_user")]
    _user: String,
    #[serde(rename = "region")]
    _region: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Logs {
    logs_collected: LogsCollected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogsCollected {
    files: Files,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Files {
    collect_list: Vec<Collected>,
}

/// Reads the agent's configuration.
pub(super) fn parse(path: &str, text: &str) -> Result<Vec<Collected>, HostError> {
    let document: Document = serde_json::from_str(text)
        .map_err(|error| wrong(&format!("the agent's configuration {path}"), error))?;
    Ok(document.logs.logs_collected.files.collect_list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_streams_are_read() {
        let text = r#"{"agent": {"run_as_user": "root"}, "logs": {"logs_collected": {"files": {"collect_list":
            [{"file_path": "/var/log/a", "log_group_name": "g", "log_stream_name": "{instance_id}/a"}]}}}}"#;
        let collected = parse("/a.json", text).unwrap();
        assert_eq!((collected[0].file.as_str(), collected[0].group.as_str()), ("/var/log/a", "g"));
        let error = parse("/a.json", &text.replace("\"logs\"", "\"metrics\": {}, \"logs\"")).unwrap_err();
        assert!(error.to_string().contains("unknown field `metrics`"), "{error}");
    }
}
