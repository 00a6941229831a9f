//! Doing it: walks the plan, lets the kinds act and observe, and asks the referees after every look.
//!
//! Nothing here prints, and nothing here knows what a kind means.

mod arrival;
mod background;
pub mod clock;
mod context;
pub mod engine;
mod eviction;
mod feed;
mod instance;
mod pace;
pub mod referee;
pub mod replay;
mod scene;
mod seats;
mod turns;

pub use background::Service;
pub use context::{CheckCtx, StartSpec};
pub use engine::{Observer, Silent};
pub use scene::Scene;
pub use seats::Seats;
pub use turns::Turns;
