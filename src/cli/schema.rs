//! x
#[derive(Debug, clap::Args)]
pub struct SchemaArgs {}
pub fn schema(_: &SchemaArgs) -> super::Done { Ok(0) }
