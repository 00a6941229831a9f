//! x
#[derive(Debug, clap::Args)]
pub struct ListArgs {}
pub fn list(_: &ListArgs) -> super::Done { Ok(0) }
