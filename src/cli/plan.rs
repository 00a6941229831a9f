//! `kgrade plan LAB`.

use clap::Args;

use super::{Done, Failure, LabSource, lint, output};
use crate::exit;
use crate::lab::{Bindings, find};
use crate::plan::{Plan, SelectError};

/// Show what would be done.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The lab.
    lab: String,
    #[command(flatten)]
    source: LabSource,
    /// Only these checks.
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    only: Vec<String>,
    /// The seed that the moments are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Prints the plan.
pub fn plan(args: &PlanArgs) -> Done {
    let source = find::find(&args.lab, args.source.checks.as_deref()).map_err(lint::not_found)?;
    let lab = source.resolve(&Bindings { run_id: "plan".to_owned(), seed: args.seed }).map_err(lint::wrong)?;
    let plan = Plan::of(lab, &args.only, 1.0).map_err(nothing_selected)?;
    output::print(&plan.to_string());
    Ok(exit::ALL_PASSED)
}

/// A selection that selects nothing; a word that means nothing is a wrong command line.
pub fn nothing_selected(error: SelectError) -> Failure {
    let code = if matches!(error, SelectError::Unknown { .. }) { exit::USAGE } else { exit::NOTHING_SELECTED };
    Failure { error: error.into(), code }
}
