//! `kgrade init`.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use super::grade::quoted;
use super::{Done, Failure, LabSource, lint, output};
use crate::course::Starter;
use crate::course::progress::Store;
use crate::exit;
use crate::lab::find;

/// Write what a lab begins with.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The lab.
    lab: String,
    /// The folder of your work; it is made if it is not there.
    #[arg(default_value = ".")]
    folder: PathBuf,
    #[command(flatten)]
    source: LabSource,
}

/// Writes the starter, never over a file that is there, and says what to do next.
pub fn init(args: &InitArgs) -> Done {
    let checks = args.source.checks.as_deref();
    let names = find::names(checks).map_err(Failure::usage)?;
    if !names.contains(&args.lab) {
        // A slip gets the nearest name, a path is told from a name.
        find::find(&args.lab, checks).map_err(lint::not_found)?;
        return Err(Failure::usage(anyhow!("`{}` is a path; kgrade init wants a lab's name, such as lab-02", args.lab)));
    }
    let starter = Starter::of(&args.lab, checks).map_err(Failure::environment)?;
    if starter.is_empty() {
        return Err(Failure::usage(anyhow!("{} has no starter: its contract is all you need", args.lab)));
    }
    let written = starter.write(&args.folder).map_err(Failure::environment)?;
    // The work begins here, and so does its record.
    if let Err(error) = Store::at(&args.folder).make() {
        output::note(&format!("your progress will not be kept: {error}"));
    }
    let mut text = String::new();
    for name in &written.new {
        text.push_str(&format!("wrote  {}\n", args.folder.join(name).display()));
    }
    for name in &written.kept {
        text.push_str(&format!("kept   {}  (it was there already)\n", args.folder.join(name).display()));
    }
    let place = if args.folder.as_os_str() == "." { String::new() } else { format!(" --submission {}", quoted(&args.folder)) };
    let labs = checks.map(|folder| format!(" --checks {}", quoted(folder))).unwrap_or_default();
    text.push_str(&format!("next   kgrade {}{labs}{place}\n", args.lab));
    output::print(&text);
    Ok(exit::ALL_PASSED)
}
