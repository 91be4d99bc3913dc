//! What every command is given.

use std::collections::BTreeSet;
use std::time::Duration;

use catalog::{Catalog, Variant};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;
use crate::local::{HeldLock, StateDir};
use crate::printer::Printer;
use crate::settings::Settings;
use crate::target::Target;

/// How long a command waits for another one on the same stacks.
const LOCK_PATIENCE: Duration = Duration::from_mins(10);

/// Settings, templates, state and the printer of one command.
pub struct Context {
    pub settings: Settings,
    pub state: StateDir,
    pub printer: Printer,
    pub catalog: Catalog,
    /// Cancelled by the first Ctrl-C.
    pub cancel: CancellationToken,
}

impl Context {
    /// The variants that arguments select; without any, those of the settings file, or all.
    pub fn select(&self, selection: &[String]) -> Result<Vec<&Variant>, Failure> {
        let names = if selection.is_empty() { &self.settings.variants } else { selection };
        Ok(self.catalog.select(names)?)
    }

    /// Keeps other commands off the stacks of this target and prefix for as long as the lock is held.
    pub async fn lock(&self, purpose: &str) -> Result<HeldLock, Failure> {
        let endpoint =
            self.settings.endpoint.as_ref().map(|endpoint| format!("-{}", slug(endpoint.as_str())));
        let region = self.settings.region.as_ref().map(|region| format!("-{region}"));
        let name = format!(
            "{}{}{}-{}",
            self.settings.target.name(),
            endpoint.unwrap_or_default(),
            region.unwrap_or_default(),
            self.settings.prefix
        );
        let told =
            |holder: &str| self.printer.step("Wait", &format!("{holder} is at work on the same stacks"));
        let locked = self.state.lock(&name, purpose, LOCK_PATIENCE, told);
        tokio::select! {
            locked = locked => locked,
            () = self.cancel.cancelled() => Err(Failure::interrupted("interrupted while waiting")),
        }
    }

    /// Keeps in mind that this deployment has something in another region, as long as the state directory lasts.
    pub fn remember(&self, target: &Target, region: &str) -> Result<(), Failure> {
        // The embedded cloud can be asked for all of its regions.
        if target.regions.is_empty() { self.state.remember(&self.deployment(target), region) } else { Ok(()) }
    }

    /// The other regions that this deployment has, or had, something in.
    pub fn remembered(&self, target: &Target) -> Result<BTreeSet<String>, Failure> {
        self.state.remembered(&self.deployment(target))
    }

    /// Forgets them, once nothing is left there.
    pub fn forget(&self, target: &Target) -> Result<(), Failure> {
        self.state.forget(&self.deployment(target))
    }

    fn deployment(&self, target: &Target) -> String {
        let endpoint = self.settings.endpoint.as_ref().map(|endpoint| slug(endpoint.as_str()) + "-");
        format!("{}{}-{}", endpoint.unwrap_or_default(), target.region, self.settings.prefix)
    }

    /// Asks before something that costs money or deletes; an embedded cloud or an emulator on this machine needs no
    /// answer.
    pub async fn confirm(&self, target: &Target, facts: &str) -> Result<(), Failure> {
        if !target.costs || self.settings.yes {
            return Ok(());
        }
        self.printer.line(facts);
        if !self.printer.can_ask() {
            return Err(Failure::new("this needs a yes, and there is no terminal to ask on")
                .hint("add --yes once you have read the facts above"));
        }
        Printer::prompt("Continue?");
        let answer = tokio::task::spawn_blocking(Printer::answer);
        let yes = tokio::select! {
            yes = answer => yes.unwrap_or(false),
            () = self.cancel.cancelled() => return Err(Failure::interrupted("interrupted; nothing was done")),
        };
        if yes { Ok(()) } else { Err(Failure::new("nothing was done")) }
    }
}

fn slug(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}
