//! What a page must be. Each check gives its complaints, none for a page that is right.

use serde_json::{Value, json};

use crate::chromium::{Chromium, ChromiumError};

pub type Complaints = Result<Vec<String>, ChromiumError>;

/// The width that an A4 sheet leaves between Chromium's margins of 1 cm, in CSS pixels.
const SHEET: u32 = 717;

/// What an expression is worth in the page.
fn evaluate(browser: &mut Chromium, expression: &str) -> Result<Value, ChromiumError> {
    let mut answer =
        browser.call("Runtime.evaluate", &json!({"expression": expression, "returnByValue": true}))?;
    match answer.get("exceptionDetails") {
        Some(details) => {
            let method = "Runtime.evaluate".to_owned();
            Err(ChromiumError::Refused { method, reason: details["exception"]["description"].to_string() })
        }
        None => Ok(answer["result"]["value"].take()),
    }
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn screen(browser: &mut Chromium, width: u32, height: u32, mobile: bool) -> Result<(), ChromiumError> {
    let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile});
    browser.call("Emulation.setDeviceMetricsOverride", &metrics).map(drop)
}

/// Shows the page as on `screen` or in `print`, to those who want it `light` or `dark`.
fn media(browser: &mut Chromium, media: &str, scheme: &str) -> Result<(), ChromiumError> {
    let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
    browser.call("Emulation.setEmulatedMedia", &json!({"media": media, "features": features})).map(drop)
}

fn unfold(browser: &mut Chromium) -> Result<(), ChromiumError> {
    evaluate(browser, "document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        .map(drop)
}

/// The page loads itself and nothing else, and the browser has nothing to say about it.
pub fn quiet(events: &[Value]) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut own = 0;
    for event in events {
        let parameters = &event["params"];
        let complaint = match event["method"].as_str().unwrap_or_default() {
            "Network.requestWillBeSent" if parameters["request"]["url"] == parameters["documentURL"] => {
                own += 1;
                None
            }
            "Network.requestWillBeSent" => Some(&parameters["request"]["url"]),
            "Network.loadingFailed" | "Runtime.exceptionThrown" => Some(parameters),
            "Log.entryAdded" => Some(&parameters["entry"]),
            // Whatever a page without scripts says to the console is amiss, whatever its level.
            "Runtime.consoleAPICalled" => Some(&parameters["args"]),
            _ => None,
        };
        let method = event["method"].as_str().unwrap_or_default();
        complaints.extend(complaint.map(|complaint| format!("{method}: {complaint}")));
    }
    if own != 1 {
        complaints.push(format!("the page was asked for {own} times"));
    }
    complaints
}

/// Whoever does not see the page is told what each drawing and each table is, and finds one heading of the page.
pub fn told(browser: &mut Chromium) -> Complaints {
    unfold(browser)?;
    let mut complaints = Vec::new();
    let root = browser.call("DOM.getDocument", &json!({"depth": 0}))?["root"]["nodeId"].clone();
    let drawings = json!({"nodeId": root, "selector": "svg:not([aria-hidden=true])"});
    let drawings = browser.call("DOM.querySelectorAll", &drawings)?["nodeIds"].clone();
    let drawings = drawings.as_array().cloned().unwrap_or_default();
    let mut images = 0;
    for drawing in &drawings {
        let ask = json!({"nodeId": drawing, "fetchRelatives": false});
        let tree = browser.call("Accessibility.getPartialAXTree", &ask)?;
        let node = &tree["nodes"][0];
        let (role, name) = (said(node, "role"), said(node, "name"));
        images += u32::from(role == "image");
        if !["image", "list"].contains(&role) || name.trim().is_empty() {
            complaints.push(format!("a drawing is told as the {role} {name:?}"));
        }
    }
    let tree = browser.call("Accessibility.getFullAXTree", &json!({}))?;
    let shown = tree["nodes"].as_array().into_iter().flatten().filter(|node| node["ignored"] == false);
    let shown: Vec<&Value> = shown.collect();
    let of = |role: &'static str| shown.iter().filter(move |node| said(node, "role") == role);
    complaints.extend(
        of("table").filter(|node| said(node, "name").is_empty()).map(|_| "a table has no name".into()),
    );
    let level = |node: &Value| {
        let properties = node["properties"].as_array().into_iter().flatten();
        properties
            .filter(|property| property["name"] == "level")
            .find_map(|property| property["value"]["value"].as_u64())
    };
    let first = of("heading").filter(|node| level(node) == Some(1)).count();
    if first != 1 {
        complaints.push(format!("there are {first} headings of the first level"));
    }
    let pairs = "[...document.querySelectorAll('figure')].map((figure) => \
                 [figure.querySelectorAll('svg[role=img]').length, figure.querySelectorAll('table tbody tr').length])";
    let figures = evaluate(browser, pairs)?;
    let figures = figures.as_array().cloned().unwrap_or_default();
    for figure in &figures {
        if figure[0] != 1 || figure[1] == 0 {
            complaints.push(format!("a figure has {} drawings and a table of {} rows", figure[0], figure[1]));
        }
    }
    if images == 0 || usize::try_from(images) != Ok(figures.len()) {
        complaints
            .push(format!("{images} drawings are told as images, and there are {} figures", figures.len()));
    }
    Ok(complaints)
}

/// What the accessibility tree says of a node.
fn said<'n>(node: &'n Value, what: &str) -> &'n str {
    node[what]["value"].as_str().unwrap_or_default()
}

/// The page is as wide as a phone, folded and unfolded.
pub fn narrow(browser: &mut Chromium) -> Complaints {
    screen(browser, 360, 740, true)?;
    let width = format!("({})(360)", include_str!("width.js").trim());
    let mut complaints = texts(&evaluate(browser, &width)?);
    unfold(browser)?;
    complaints.extend(texts(&evaluate(browser, &width)?));
    Ok(complaints)
}

/// Text and charts stand out from what is behind them, by day, by night and on paper.
pub fn legible(browser: &mut Chromium) -> Complaints {
    unfold(browser)?;
    let mut complaints = Vec::new();
    for (medium, scheme) in [("screen", "light"), ("screen", "dark"), ("print", "light")] {
        media(browser, medium, scheme)?;
        let outcome = evaluate(browser, include_str!("contrast.js"))?;
        let found = texts(&outcome["complaints"]);
        complaints.extend(found.iter().map(|complaint| format!("{medium}, {scheme}: {complaint}")));
        if outcome["checked"] == 0 {
            complaints.push(format!("{medium}, {scheme}: there is nothing to read"));
        }
    }
    Ok(complaints)
}

/// The Tab key reaches whatever may have the focus, and the focus is seen.
pub fn reachable(browser: &mut Chromium) -> Complaints {
    unfold(browser)?;
    let stops = evaluate(browser, include_str!("keyboard.js"))?.as_u64().unwrap_or_default();
    for _ in 0..stops {
        for kind in ["keyDown", "keyUp"] {
            let key = json!({"type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9});
            browser.call("Input.dispatchKeyEvent", &key)?;
        }
    }
    let outcome = evaluate(browser, "keyboardOutcome()")?;
    let mut complaints = texts(&outcome["complaints"]);
    if outcome["reached"] == 0 {
        complaints.push("Tab reaches nothing".into());
    }
    Ok(complaints)
}

/// All that can be read on a screen is on paper, and the page becomes a PDF.
pub fn printable(browser: &mut Chromium) -> Complaints {
    media(browser, "print", "light")?;
    screen(browser, SHEET, 1000, false)?;
    let paper = format!("({})({SHEET})", include_str!("paper.js").trim());
    let mut complaints = texts(&evaluate(browser, &paper)?);
    let printed = browser.call("Page.printToPDF", &json!({"paperWidth": 8.27, "paperHeight": 11.69}))?;
    // `%PDF-` in Base64.
    if !printed["data"].as_str().is_some_and(|data| data.starts_with("JVBERi0") && data.len() > 10_000) {
        complaints.push("printing gives no PDF".into());
    }
    Ok(complaints)
}
