//! `kgrade checkpoint`.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, anyhow};
use clap::Args;

use super::learner::{self, Learner};
use super::{Done, Failure, LabSource, output};
use crate::course::Moment;
use crate::course::progress::State;
use crate::course::status::{CheckpointStatus, Next};
use crate::exit;
use crate::report::course::checkpoint::{Report, Target, render};
use crate::report::terminal::Style;
use crate::report::{check_writable, same_file, write_file};

/// Show whether a checkpoint of the course is reached.
#[derive(Debug, Args)]
pub struct CheckpointArgs {
    /// The checkpoint: week-1, week-2.
    #[arg(value_name = "WEEK", value_parser = learner::week)]
    week: u32,
    /// The folder of your work.
    #[arg(default_value = ".")]
    folder: PathBuf,
    #[command(flatten)]
    source: LabSource,
    /// Whose work it is, for the report.
    #[arg(long, value_name = "NAME", env = "KGRADE_LEARNER")]
    learner: Option<String>,
    /// Also write it as markdown, html or json; may be repeated.
    #[arg(long = "report", value_name = "FORMAT=PATH")]
    reports: Vec<Target>,
}

/// Prints and writes what the learner's own results show; exit 0 when every line is shown, 1 when not.
pub fn checkpoint(args: &CheckpointArgs) -> Done {
    check_targets(&args.reports).map_err(Failure::usage)?;
    let learner = Learner::of(&args.folder, &args.source)?;
    learner.check_checkpoints()?;
    let Some(wanted) = learner.course.checkpoint(args.week) else {
        let known: Vec<String> = learner.course.checkpoints.iter().map(|known| format!("week-{}", known.after_week)).collect();
        return Err(Failure::usage(anyhow!("there is no checkpoint after week {}; the course has: {}", args.week, known.join(", "))));
    };
    let (status, next) = learner.known(|known| {
        let status = CheckpointStatus::of(wanted, known.labs);
        let missing = status.lines.iter().flat_map(|line| &line.checks).filter(|check| check.state != State::Passed);
        let labs = missing.filter_map(|check| Some(check.check.split_once('/')?.0.to_owned()));
        // The course's order counts, not that of the checkpoint's lines.
        let lab = labs.min_by_key(|lab| known.course.labs().position(|of| of == lab));
        (status, lab.and_then(|lab| Next::on(known, &lab)))
    })?;
    let made = Moment(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()));
    let report = Report::new(&learner.course.title, args.learner.as_deref(), made, status);
    for Target { format, path } in &args.reports {
        write_file(path, format.render(&report)?.as_bytes()).context("failed to write the report")?;
    }
    let next = next.and_then(|next| learner.place.command(&next));
    output::print(&render(&report, next.as_deref(), &Style::of_stdout()));
    Ok(if report.checkpoint.reached { exit::ALL_PASSED } else { exit::SOMETHING_FAILED })
}

/// Says before anything is read whether the reports can be written.
fn check_targets(targets: &[Target]) -> anyhow::Result<()> {
    for (at, target) in targets.iter().enumerate() {
        check_writable(&target.path).with_context(|| format!("--report {}", target.path.display()))?;
        if targets.iter().take(at).any(|earlier| same_file(&earlier.path, &target.path)) {
            return Err(anyhow!("--report {}: another report goes to the same file; give each a path of its own", target.path.display()));
        }
    }
    Ok(())
}
