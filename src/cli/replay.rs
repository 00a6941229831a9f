//! x
#[derive(Debug, clap::Args)]
pub struct ReplayArgs {}
pub fn replay(_: &ReplayArgs) -> super::Done { Ok(0) }
