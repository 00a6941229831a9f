//! What the author of a lab wrote: from YAML to a [`Lab`] in which every variable is replaced and every name exists.
//!
//! ```text
//! text ─read─▶ Node (every key and value with its place) ─resolve─▶ Lab
//!                                    slots: ids, each      vars: $(name)   de: types   lint: findings
//! ```
//!
//! Pure: no broker, no clock, no randomness but the run's seed. Whatever is wrong is a [`LabError`] with its place in the file.

pub mod data;
pub mod de;
pub mod draw;
pub mod error;
pub mod file;
pub mod find;
pub mod hints;
pub mod late;
mod lint;
pub mod load;
mod mistake;
pub mod model;
pub mod node;
pub mod plural;
pub mod read;
mod render;
mod resolve;
pub mod scalar;
pub mod schema;
mod slots;
pub mod source;
mod span;
pub mod suggestion;
mod template;
mod vars;
mod withhold;

pub use error::{Code, LabError, LabErrors, Severity};
pub use load::{Bindings, LabSource};
pub use model::{Check, ClusterSpec, Lab, Owner, Placed, Program};
pub use resolve::is_id;
pub use scalar::Scalar;
pub use source::{Place, SourceText};
pub use span::Span;
pub use withhold::withhold;
