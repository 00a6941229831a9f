//! x
#[derive(Debug, clap::Args)]
pub struct PlanArgs {}
pub fn plan(_: &PlanArgs) -> super::Done { Ok(0) }
pub fn select_failure(e: anyhow::Error) -> super::Failure { super::Failure::usage(e) }
