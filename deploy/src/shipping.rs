//! Builds what the stacks need and uploads it as soon as there is a place for it.

use std::time::Instant;

use artifacts::{BuildEvent, Built, Destination, Workspace};
use stacks::{Blackboard, Promise};

use crate::failure::{Failure, chain};
use crate::plan::Wanted;
use crate::printer::{Printer, seconds};
use crate::target::Target;

/// Outputs of the stack that artifacts go to.
const BUCKET: &str = "ArtifactsBucket";
const REPOSITORY: &str = "RepositoryUri";

/// An artifact together with the promise to tell where it is.
pub struct Shipment {
    wanted: Wanted,
    promise: Promise,
}

/// Promises the location of every wanted artifact.
pub fn promise(board: &Blackboard, wanted: &[Wanted]) -> Vec<Shipment> {
    wanted
        .iter()
        .map(|wanted| Shipment { wanted: wanted.clone(), promise: board.promise(&wanted.name) })
        .collect()
}

/// Builds and uploads. What fails is told to those who wait for it, and to the caller.
pub async fn ship(
    printer: &Printer,
    target: &Target,
    board: &Blackboard,
    shipments: Vec<Shipment>,
) -> Result<(), Failure> {
    let mut result = Ok(());
    let mut open = shipments;
    while let Some(first) = open.first() {
        let flavor = first.wanted.flavor;
        let (now, later): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|shipment| shipment.wanted.flavor == flavor);
        open = later;
        let names: Vec<_> = now.iter().map(|shipment| shipment.wanted.artifact.clone()).collect();
        let begin = Instant::now();
        let tell = |event: BuildEvent| told(printer, &event);
        let built = match Workspace::find() {
            Ok(workspace) => artifacts::build(&workspace, &names, flavor, &tell).await,
            Err(error) => Err(error),
        };
        match built {
            Ok(built) => {
                printer.step("Build", &summary(&built, begin));
                let uploads = now
                    .into_iter()
                    .zip(&built)
                    .map(|(shipment, built)| upload(target, board, shipment, built));
                for done in futures::future::join_all(uploads).await {
                    result = result.and(done);
                }
            }
            Err(error) => {
                let message = chain(&error);
                let brief = message.lines().next().unwrap_or_default().to_owned();
                for shipment in now {
                    shipment.promise.fail(&brief);
                }
                result = result.and(Err(Failure::new(message)));
            }
        }
    }
    result
}

async fn upload(
    target: &Target,
    board: &Blackboard,
    shipment: Shipment,
    built: &Built,
) -> Result<(), Failure> {
    let place =
        async { Ok::<_, stacks::Unavailable>((board.get(BUCKET).await?, board.get(REPOSITORY).await?)) };
    // Without its place the stack that has it failed, which is reported with that stack.
    let (bucket, repository_uri) = match place.await {
        Ok(place) => place,
        Err(unavailable) => {
            shipment.promise.fail(unavailable.to_string());
            return Ok(());
        }
    };
    let destination = Destination { bucket: &bucket, repository_uri: &repository_uri };
    match artifacts::upload(&target.signed, built, destination).await {
        Ok(uploaded) => {
            shipment.promise.keep(uploaded.reference);
            Ok(())
        }
        Err(error) => {
            let message = chain(&error);
            shipment.promise.fail(&message);
            Err(Failure::new(message))
        }
    }
}

fn told(printer: &Printer, event: &BuildEvent) {
    match event {
        BuildEvent::Started { artifacts } => {
            let names: Vec<String> = artifacts.iter().map(ToString::to_string).collect();
            printer.step("Build", &format!("{} …", names.join(", ")));
        }
        BuildEvent::Compiler { line } => printer.detail(line),
        BuildEvent::Packed { .. } => {}
    }
}

/// `lambda/publish  1.9 MB zip      container  4.1 MB image      cached 0 of 2   41 s`
fn summary(built: &[Built], begin: Instant) -> String {
    let each: Vec<String> = built
        .iter()
        .map(|one| {
            let kind = match one.package {
                artifacts::Package::Zip { .. } => "zip",
                artifacts::Package::Program { .. } => "program",
                artifacts::Package::Image(_) => "image",
            };
            format!("{}  {} {kind}", one.artifact, megabytes(one.size()))
        })
        .collect();
    let cached = built.iter().filter(|one| one.cached).count();
    let millis = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    format!("{}      cached {cached} of {}   {}", each.join("      "), built.len(), seconds(millis))
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}
