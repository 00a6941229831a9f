//! `kgrade schema`.

use clap::{Args, ValueEnum};

use super::{Done, Failure, output};
use crate::{exit, lab, report};

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
}

/// Prints the schema.
pub fn schema(args: &SchemaArgs) -> Done {
    let text = match args.of {
        Of::Lab => lab::schema::text(),
        Of::Outcome => serde_json::to_string_pretty(&report::json::schema()).map_err(Failure::usage)? + "\n",
        Of::Cohort => serde_json::to_string_pretty(&report::cohort::schema()).map_err(Failure::usage)? + "\n",
    };
    output::print(&text);
    Ok(exit::ALL_PASSED)
}
