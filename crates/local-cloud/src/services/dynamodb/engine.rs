//! The databases behind a region's tables: one that writes, and some that read beside it.
//!
//! Each dynoxide database serialises its calls, so reads get connections of their own to the same file, one a core; the
//! file is in WAL mode, where readers and the writer do not wait for each other. Connections remember the definitions of
//! tables, so an operation that changes those runs alone and lets the readers be opened anew.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use dynoxide::Database;
use tokio::sync::{RwLock, Semaphore};

use super::DynamoDbError;

/// More readers than this do not help, as each may hold 64 MB of pages.
const MAX_READERS: usize = 8;

/// What an operation does to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
    /// Changes the definitions of tables.
    Define,
}

/// A lazily made `SQLite` file and its connections.
pub struct Engine {
    directory: PathBuf,
    databases: Arc<Databases>,
    /// Held by all, exclusively by [`Access::Define`].
    definitions: RwLock<()>,
    reads: Semaphore,
    writes: Semaphore,
}

#[derive(Default)]
struct Databases {
    writer: OnceLock<Database>,
    /// Serialises the opening of the writer, which makes the file.
    opening: Mutex<()>,
    idle: Mutex<Vec<Database>>,
}

impl Engine {
    /// An engine whose file will be in `directory`, which is made with the first call and must be this engine's own.
    pub fn new(directory: PathBuf) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            directory,
            databases: Arc::default(),
            definitions: RwLock::default(),
            reads: Semaphore::new(cores.min(MAX_READERS)),
            writes: Semaphore::new(1),
        }
    }

    /// Runs `work`: what writes on a thread where it may block; a read here and now, as it waits for nobody, is bounded by
    /// what one answer may hold, and takes less time than another thread takes to wake up.
    pub async fn run<T: Send + 'static>(
        &self,
        access: Access,
        work: impl FnOnce(&Database) -> Result<T, DynamoDbError> + Send + 'static,
    ) -> Result<T, DynamoDbError> {
        let (_shared, _alone) = match access {
            Access::Define => (None, Some(self.definitions.write().await)),
            Access::Read | Access::Write => (Some(self.definitions.read().await), None),
        };
        let turns = if access == Access::Read { &self.reads } else { &self.writes };
        let _turn = turns.acquire().await.map_err(DynamoDbError::internal)?;
        if access == Access::Read {
            return self.databases.read(&self.directory, work);
        }
        let (databases, directory) = (Arc::clone(&self.databases), self.directory.clone());
        tokio::task::spawn_blocking(move || {
            if access == Access::Define {
                databases.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
            }
            work(databases.writer(&directory)?)
        })
        .await
        .map_err(DynamoDbError::internal)?
    }

    /// Reads on the caller's thread, without waiting for the writer; `None` where no call has been made yet.
    pub fn peek<T>(&self, work: impl FnOnce(&Database) -> Result<T, DynamoDbError>) -> Option<T> {
        self.databases.writer.get()?;
        self.databases.read(&self.directory, work).ok()
    }
}

impl Databases {
    fn writer(&self, directory: &Path) -> Result<&Database, DynamoDbError> {
        if let Some(writer) = self.writer.get() {
            return Ok(writer);
        }
        let _opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if self.writer.get().is_none() {
            std::fs::create_dir_all(directory).map_err(DynamoDbError::internal)?;
            let writer = open(directory)?;
            return Ok(self.writer.get_or_init(|| writer));
        }
        self.writer.get().ok_or_else(|| DynamoDbError::internal("the database is gone"))
    }

    fn read<T>(
        &self,
        directory: &Path,
        work: impl FnOnce(&Database) -> Result<T, DynamoDbError>,
    ) -> Result<T, DynamoDbError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let reader = if let Some(reader) = idle {
            reader
        } else {
            self.writer(directory)?;
            open(directory)?
        };
        let result = work(&reader);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
        result
    }
}

/// A connection that does not wait for the disk, as the data lives no longer than the cloud.
fn open(directory: &Path) -> Result<Database, DynamoDbError> {
    let path = directory.join("tables.sqlite");
    let path = path.to_str().ok_or_else(|| {
        DynamoDbError::internal(format!("the path {} is not UTF-8; choose another directory", path.display()))
    })?;
    let database = Database::new(path).map_err(DynamoDbError::internal)?;
    database.enable_bulk_loading().map_err(DynamoDbError::internal)?;
    Ok(database)
}
