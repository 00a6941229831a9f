//! `kgrade merge OUT…`: the results of several machines in one folder.

use std::path::PathBuf;

use clap::Args;

use super::batch::{code, summary};
use super::{Done, Failure, output};
use crate::cohort::merge::{Part, merge as put_together};
use crate::cohort::out::Out;
use crate::exit;

/// Put the results of several batches together.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Folders that `kgrade batch --out` has written.
    #[arg(required = true, value_name = "OUT")]
    parts: Vec<PathBuf>,
    /// Where all results go.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Where a submission was graded twice with different results, take the newer one.
    #[arg(long)]
    newest: bool,
    /// Go on in a folder that holds results already.
    #[arg(long)]
    resume: bool,
}

/// Merges, and prints what came of it.
pub fn merge(args: &MergeArgs) -> Done {
    let parts: Vec<Part> = args.parts.iter().map(|part| Part::open(part)).collect::<Result<_, _>>().map_err(Failure::usage)?;
    let (out, mut journal, past) = Out::open(&args.out, args.resume).map_err(Failure::usage)?;
    let merged = put_together(&parts, (&out, &mut journal, &past), args.newest).map_err(Failure::usage)?;
    for note in &merged.notes {
        output::note(note);
    }
    output::print(&summary::of(&merged.book, out.root(), true));
    let code = code(&merged.book);
    Ok(if merged.missing && code == exit::ALL_PASSED { exit::NOT_SHOWN } else { code })
}
