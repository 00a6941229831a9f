//! `kgrade schema`.

use clap::{Args, ValueEnum};

use super::{Done, Failure, output};
use crate::{course, exit, lab, report};

/// Print a JSON Schema.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Of what.
    #[arg(value_enum, default_value_t = Of::Lab)]
    of: Of,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Of {
    /// Lab files, for editors.
    Lab,
    /// The JSON report.
    Outcome,
    /// The data of a cohort.
    Cohort,
    /// A line of a learner's progress.
    Progress,
    /// What `kgrade status --json` says.
    Status,
    /// What `kgrade checkpoint --report json=PATH` writes.
    Checkpoint,
    /// What `kgrade doctor --json` says.
    Doctor,
}

/// Prints the schema.
pub fn schema(args: &SchemaArgs) -> Done {
    let text = match args.of {
        Of::Lab => lab::schema::text(),
        Of::Outcome => pretty(&report::json::schema())?,
        Of::Cohort => pretty(&report::cohort::schema())?,
        Of::Progress => pretty(&course::progress::schema())?,
        Of::Status => pretty(&course::status::schema())?,
        Of::Checkpoint => pretty(&report::course::checkpoint::schema())?,
        Of::Doctor => pretty(&report::doctor::schema())?,
    };
    output::print(&text);
    Ok(exit::ALL_PASSED)
}

fn pretty(schema: &serde_json::Value) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(schema).map_err(Failure::usage)? + "\n")
}
