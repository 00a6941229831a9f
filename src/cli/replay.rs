//! `kgrade replay FILE`.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use clap::Args;
use indexmap::IndexMap;

use super::{Done, Failure, LabSource, lint, output};
use crate::lab::{Bindings, find};
use crate::outcome::{Outcome, SCHEMA, Score, score};
use crate::report::terminal::{self, Style};
use crate::report::{ReportTarget, check_targets};
use crate::run::replay;
use crate::timeline::evidence;

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
    let shown = args.file.display();
    let file = std::fs::File::open(&args.file).with_context(|| format!("open {shown}")).map_err(Failure::usage)?;
    let (header, events) = evidence::read(file).with_context(|| format!("read {shown}")).map_err(Failure::usage)?;
    let source = if args.now || args.source.checks.is_some() {
        find::find(&header.lab, args.source.checks.as_deref()).map_err(lint::not_found)?
    } else {
        let name = format!("the lab in {shown}");
        crate::lab::LabSource::parse(&name, &header.lab_text).map_err(lint::wrong)?
    };
    let lab = source.resolve(&Bindings { run_id: header.run.id.clone(), seed: header.run.seed }).map_err(lint::wrong)?;
    let checks: Vec<_> = lab.checks.iter().filter(|check| header.selected.contains(&check.id)).cloned().map(Arc::new).collect();
    if checks.is_empty() {
        return Err(Failure::usage(anyhow!("{shown} holds no check that {} has now", lab.name)));
    }
    let checks = replay::replay(&checks, events, header.timeout_scale, &lab.name);
    let Score { points, max_points, complete } = Score::of(&checks);
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
        checks,
        run,
        timings_ms: IndexMap::new(),
    };
    for target in &args.reports {
        target.write(&outcome)?;
    }
    output::print(&terminal::render(&outcome, &Style::of_stdout()));
    Ok(score::exit_code(&outcome.checks))
}
