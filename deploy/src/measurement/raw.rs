//! Every request by itself, in a compressed file.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::failure::Failure;

/// The columns; times are microseconds, what is not known is empty.
const HEADER: &str = "target,round,warm_up,ended_us,latency_us,service_us,first_byte_us,status,failure,cold";

/// A file of comma-separated values, compressed by gzip. Each trial is a member of its own, which any gzip reads as one file, so
/// that a crash loses at most one trial.
#[derive(Debug)]
pub struct RawFile {
    path: PathBuf,
    /// Why something could not be written.
    trouble: Option<String>,
}

impl RawFile {
    /// Makes the file anew.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        let written = File::create(path).and_then(|file| {
            let mut member = GzEncoder::new(file, Compression::fast());
            writeln!(member, "{HEADER}")?;
            member.finish()
        });
        written.map_err(|error| {
            Failure::new(format!("--raw {} cannot be written: {error}", path.display()))
                .hint("name a file in a directory that can be written, such as requests.csv.gz")
        })?;
        Ok(Self { path: path.to_owned(), trouble: None })
    }

    /// Adds the requests of a turn. What goes wrong is kept for the end; a member that is not whole is taken back.
    pub fn add(&mut self, progress: &load::Progress<'_>, requests: &[load::Raw]) {
        if self.trouble.is_none()
            && let Err(error) = self.write(progress, requests)
        {
            self.trouble = Some(error.to_string());
        }
    }

    fn write(&self, progress: &load::Progress<'_>, requests: &[load::Raw]) -> io::Result<()> {
        let file = OpenOptions::new().append(true).open(&self.path)?;
        let whole = file.metadata()?.len();
        let written = member(&file, progress, requests);
        if written.is_err() {
            file.set_len(whole)?;
        }
        written
    }

    /// The failure says why the file does not hold every request.
    pub fn saved(&self) -> Result<&Path, Failure> {
        match &self.trouble {
            None => Ok(&self.path),
            Some(reason) => Err(Failure::new(format!(
                "not every request is in {}: it could not be written to: {reason}",
                self.path.display()
            ))),
        }
    }
}

fn member(file: &File, progress: &load::Progress<'_>, requests: &[load::Raw]) -> io::Result<()> {
    let mut out = BufWriter::new(GzEncoder::new(file, Compression::fast()));
    let warm_up = progress.round <= progress.warm_up;
    let micros =
        |time: Option<std::time::Duration>| time.map(|time| time.as_micros().to_string()).unwrap_or_default();
    for one in requests {
        writeln!(
            out,
            "{},{},{warm_up},{},{},{},{},{},{},{}",
            quoted(progress.target),
            progress.round,
            one.at.as_micros(),
            one.latency.as_micros(),
            micros(one.service),
            micros(one.first_byte),
            one.status.map(|status| status.to_string()).unwrap_or_default(),
            one.failure.map(|failure| failure.to_string()).unwrap_or_default(),
            one.cold
        )?;
    }
    out.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?;
    file.sync_data()
}

/// A name as comma-separated values hold it (<https://www.rfc-editor.org/rfc/rfc4180>).
fn quoted(name: &str) -> String {
    if name.contains([',', '"', '\n']) {
        format!("\"{}\"", name.replace('"', "\"\""))
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::time::Duration;

    use super::*;

    #[test]
    fn members_are_read_as_one_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("requests.csv.gz");
        let mut raw = RawFile::create(&path).unwrap();
        let request = load::Raw {
            at: Duration::from_millis(3),
            latency: Duration::from_micros(250),
            service: None,
            first_byte: None,
            status: None,
            failure: Some(load::FailureKind::Connect),
            cold: false,
        };
        let answered = load::Raw {
            service: Some(Duration::from_micros(200)),
            status: Some(200),
            failure: None,
            ..request
        };
        for (round, request) in [(1, request), (2, answered)] {
            let progress = load::Progress {
                target: "a,b",
                round,
                rounds: 2,
                warm_up: 1,
                requests: 1,
                failed: 0,
                latest: None,
                ended: None,
            };
            raw.add(&progress, &[request]);
        }
        let mut text = String::new();
        flate2::read::MultiGzDecoder::new(File::open(raw.saved().unwrap()).unwrap())
            .read_to_string(&mut text)
            .unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [HEADER, "\"a,b\",1,true,3000,250,,,,connect,false", "\"a,b\",2,false,3000,250,200,,200,,false"]
        );
    }

    #[test]
    fn a_place_that_cannot_be_written_is_refused_and_a_file_that_goes_is_told() {
        let directory = tempfile::tempdir().unwrap();
        assert!(RawFile::create(&directory.path().join("missing/requests.csv.gz")).is_err());
        let path = directory.path().join("requests.csv.gz");
        let mut raw = RawFile::create(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let progress = load::Progress {
            target: "a",
            round: 1,
            rounds: 1,
            warm_up: 0,
            requests: 0,
            failed: 0,
            latest: None,
            ended: None,
        };
        raw.add(&progress, &[]);
        assert!(raw.saved().unwrap_err().message.contains("not every request"));
    }
}
