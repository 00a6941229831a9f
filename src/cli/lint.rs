//! `kgrade lint`.
use super::Failure;
pub fn lab_failure(e: crate::lab::LabErrors) -> Failure { Failure::usage(anyhow::anyhow!("{}", e.render(false))) }
#[derive(Debug, clap::Args)]
pub struct LintArgs {}
pub fn lint(_: &LintArgs) -> super::Done { Ok(0) }
