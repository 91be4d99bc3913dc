//! `GET /turkeys/{breed}?limit=N`: one page of a breed's turkeys, from an index of a DynamoDB table.
//!
//! The answer is 200 and a JSON array of objects with exactly `id`, `name`, `breed` (texts) and `weight` (a number), at most
//! `limit` of them, in the order of the index: by name. `limit` is an integer from 1 to 1000 without sign or leading
//! zeros; without it the variant's page size counts. A breed that nothing is known of, be it one that no key could
//! be ([`MAX_BREED_BYTES`]), has an empty page. A request that is refused, or that the table does not answer, is answered as
//! [`QueryError`] says.

mod cases;
mod error;
mod flock;
mod request;
mod table;
mod turkey;

pub use cases::{Expect, cases};
pub use error::QueryError;
pub use flock::{BREEDS, Flock};
pub use request::{Breed, PageSize, limit_in};
pub use table::{Table, TableConfig};
pub use turkey::{Turkey, page};

/// The path that serves the work, as API Gateway and axum write it.
pub const PATH: &str = "/turkeys/{breed}";

/// The most bytes that a breed may have: DynamoDB takes partition keys of up to 2,048 bytes, those of indexes included.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
pub const MAX_BREED_BYTES: usize = 2048;
