//! Pictures of a report: `cargo run -p report --example screenshots -- RESULTS.json DIRECTORY` writes `report-light.png`, as a
//! desktop shows the page, and `report-phone.png`, as a screen of 360 px does.

#[path = "../tests/browser/chromium.rs"]
mod chromium;

use std::error::Error;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use report::{Format, Prices, Report, Results};
use serde_json::json;

use self::chromium::Chromium;

/// A picture: its file, the width and height of the screen in CSS pixels, dots a pixel, and whether it is a phone.
const PICTURES: [(&str, u32, u32, u32, bool); 2] =
    [("report-light.png", 960, 1140, 1, false), ("report-phone.png", 360, 1112, 2, true)];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, directory] = arguments.as_slice() else {
        return Err("usage: cargo run -p report --example screenshots -- RESULTS.json DIRECTORY".into());
    };
    let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let results = Results::from_json(&text)?;
    let region = results.place.region.clone().unwrap_or_else(|| "us-east-1".to_owned());
    let page = Report::new(&results).priced(&Prices::built_in(&region)?).export(Format::Html)?;
    std::fs::create_dir_all(directory)?;
    let mut browser = Chromium::start()?;
    browser.open(&page)?;
    let features = json!([{"name": "prefers-color-scheme", "value": "light"}]);
    browser.call("Emulation.setEmulatedMedia", &json!({"media": "", "features": features}))?;
    browser.call("Emulation.setScrollbarsHidden", &json!({"hidden": true}))?;
    for (name, width, height, dots, phone) in PICTURES {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": dots, "mobile": phone});
        browser.call("Emulation.setDeviceMetricsOverride", &metrics)?;
        let picture = browser.call("Page.captureScreenshot", &json!({"format": "png"}))?;
        let bytes = BASE64_STANDARD.decode(picture["data"].as_str().unwrap_or_default())?;
        std::fs::write(Path::new(directory).join(name), bytes)?;
    }
    Ok(())
}
