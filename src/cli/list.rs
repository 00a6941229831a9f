//! `kgrade list`.

use clap::Args;

use super::{Done, Failure, LabSource, lint, output};
use crate::exit;
use crate::lab::{Bindings, find};

/// List labs and checks.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only this lab.
    lab: Option<String>,
    #[command(flatten)]
    source: LabSource,
}

/// Prints each lab with its checks: id, points, title, place.
pub fn list(args: &ListArgs) -> Done {
    let checks = args.source.checks.as_deref();
    let names = match &args.lab {
        Some(lab) => vec![lab.clone()],
        None => find::names(checks).map_err(Failure::usage)?,
    };
    let mut text = String::new();
    for name in names {
        let source = find::find(&name, checks).map_err(lint::not_found)?;
        let lab = source.resolve(&Bindings { run_id: "list".to_owned(), seed: 0 }).map_err(lint::wrong)?;
        let width = lab.checks.iter().map(|check| check.id.chars().count()).max().unwrap_or(0);
        text.push_str(&format!("{}  {}  ({} points)\n", lab.name, lab.title, lab.points));
        for check in &lab.checks {
            text.push_str(&format!("  {:<width$}  {:>3}  {}  [{}]\n", check.id, check.points, check.title, check.place));
        }
    }
    output::print(&text);
    Ok(exit::ALL_PASSED)
}
