//! What a run's thresholds found, as CI systems read it.

use quick_xml::Writer;
use quick_xml::events::BytesText;

use super::{ExportError, Exporter};
use crate::{Measured, Report, table};

/// One suite a workload, with one case for its comparability and one for each threshold and variant
/// (<https://github.com/testmoapp/junitxml>).
pub(super) struct Junit;

/// One case: the class, the name and why it failed.
type Case = (String, String, Option<String>);

impl Exporter for Junit {
    fn export(&self, report: &Report<'_>) -> Result<String, ExportError> {
        let suites: Vec<(&str, Vec<Case>)> = table::workloads(&report.comparison)
            .into_iter()
            .map(|(workload, results)| (workload, cases(report, workload, &results)))
            .collect();
        let all = suites.iter().flat_map(|(_, cases)| cases);
        let (tests, failures) = counts(all);
        let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
        writer
            .create_element("testsuites")
            .with_attributes([("tests", tests.as_str()), ("failures", failures.as_str())])
            .write_inner_content(|writer| {
                for (workload, cases) in &suites {
                    suite(writer, workload, cases)?;
                }
                Ok(())
            })?;
        let xml = String::from_utf8_lossy(&writer.into_inner()).into_owned();
        Ok(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{xml}\n"))
    }
}

fn cases(report: &Report<'_>, workload: &str, results: &[&Measured]) -> Vec<Case> {
    let reasons: Vec<String> = report.comparison.reasons_of(workload).map(ToString::to_string).collect();
    let unequal = (!reasons.is_empty()).then(|| reasons.join("; "));
    let mut cases = vec![(workload.to_owned(), "comparable".to_owned(), unequal)];
    for judgement in &report.judgements {
        if results.iter().any(|measured| measured.variant == judgement.variant) {
            let failure = judgement.failed.then(|| judgement.to_string());
            cases.push((judgement.variant.clone(), format!("not {}", judgement.threshold), failure));
        }
    }
    cases
}

fn suite(writer: &mut Writer<Vec<u8>>, workload: &str, cases: &[Case]) -> std::io::Result<()> {
    let (tests, failures) = counts(cases);
    writer
        .create_element("testsuite")
        .with_attributes([("name", workload), ("tests", tests.as_str()), ("failures", failures.as_str())])
        .write_inner_content(|writer| {
            for (class, name, failure) in cases {
                let case = writer
                    .create_element("testcase")
                    .with_attributes([("classname", class.as_str()), ("name", name.as_str())]);
                match failure {
                    None => case.write_empty()?,
                    Some(failure) => case.write_inner_content(|writer| {
                        writer
                            .create_element("failure")
                            .with_attribute(("message", failure.as_str()))
                            .write_text_content(BytesText::new(failure))?;
                        Ok(())
                    })?,
                };
            }
            Ok(())
        })?;
    Ok(())
}

fn counts<'c>(cases: impl IntoIterator<Item = &'c Case>) -> (String, String) {
    let (mut tests, mut failures) = (0, 0);
    for (_, _, failure) in cases {
        tests += 1;
        failures += u32::from(failure.is_some());
    }
    (tests.to_string(), failures.to_string())
}
