//! `kgrade replay FILE`.

use std::path::PathBuf;

use clap::Args;
use indexmap::IndexMap;

use super::saved::Saved;
use super::{Done, Failure, LabSource, output};
use crate::outcome::redact::Redactor;
use crate::outcome::{Outcome, SCHEMA, Score, score};
use crate::report::terminal::{self, Style};
use crate::report::{Graded, ReportTarget, check_targets, graded};
use crate::run::replay;

/// Judge a saved run again.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The evidence that `kgrade LAB --evidence FILE` saved.
    file: PathBuf,
    /// Judge by the lab as it is now, in this folder or in kgrade itself, and not as it was when the run was saved.
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    source: LabSource,
    /// Also write a report; may be repeated.
    #[arg(long = "report", value_name = "FORMAT=PATH")]
    reports: Vec<ReportTarget>,
}

/// Judges again and prints the result.
pub fn replay(args: &ReplayArgs) -> Done {
    check_targets(&args.reports).map_err(Failure::usage)?;
    let Saved { header, lab, checks, events } = Saved::open(&args.file, args.now, &args.source)?;
    let (outcomes, timeline) = replay::replay_all(&checks, events, header.timeout_scale, &lab.name);
    let Score { points, max_points, complete } = Score::of(&outcomes);
    let mut run = header.run;
    run.checks_digest.clone_from(&lab.digest);
    let outcome = Outcome {
        schema: SCHEMA.to_owned(),
        lab: lab.name.clone(),
        title: lab.title.clone(),
        score: points,
        max_score: max_points,
        complete,
        interrupted: false,
        checks: outcomes,
        run,
        timings_ms: IndexMap::new(),
        late: None,
    };
    // The evidence was saved without the secrets of its run.
    let pictures = graded::pictures(&args.reports, &outcome, &checks, &timeline, &Redactor::new([]));
    for target in &args.reports {
        target.write_graded(&Graded { outcome: &outcome, pictures: &pictures })?;
    }
    output::print(&terminal::render(&outcome, &Style::of_stdout()));
    Ok(score::exit_code(&outcome.checks))
}
