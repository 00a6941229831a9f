//! `kgrade replay RESULTS…`: one saved run is judged again and printed; many are judged again and compared with what they came to before.

use std::path::{Path, PathBuf};

use clap::Args;

use super::saved::{JudgedAgain, Saved};
use super::{Done, Failure, LabSource, output, regrade};
use crate::course::Rules;
use crate::outcome::redact::Redactor;
use crate::outcome::score;
use crate::report::terminal::{self, Style};
use crate::report::{Graded, ReportTarget, check_targets, graded};

/// Judge saved runs again.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The evidence that `kgrade LAB --evidence FILE` saved. Several files, or a folder of them: each is compared with what it came to before.
    #[arg(required = true, value_name = "RESULTS")]
    files: Vec<PathBuf>,
    /// Judge by the lab as it is now, in this folder or in kgrade itself, and not as it was when the run was saved.
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    source: LabSource,
    /// The course's rules on late submissions.
    #[arg(long, value_name = "FILE", env = "KGRADE_LATE")]
    late: Option<PathBuf>,
    /// Show everything of every check, as far as the evidence holds it: for the instructor.
    #[arg(long)]
    reveal: bool,
    /// Also write a report of one run; may be repeated.
    #[arg(long = "report", value_name = "FORMAT=PATH", conflicts_with = "out")]
    reports: Vec<ReportTarget>,
    /// Write the new results into this folder: a JSON report for each, and a gradebook. What will change is shown first.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write without asking.
    #[arg(long, requires = "out")]
    yes: bool,
}

/// Judges again and prints the result.
pub fn replay(args: &ReplayArgs) -> Done {
    let rules = args.late.as_deref().map(Rules::load).transpose().map_err(Failure::usage)?;
    match args.files.as_slice() {
        [one] if args.out.is_none() && !one.is_dir() => one_run(one, args, rules.as_ref()),
        _ if !args.reports.is_empty() => {
            Err(Failure::usage(anyhow::anyhow!("--report is for one run; --out DIR writes a report of each of several")))
        }
        _ => {
            let open = |path: &Path| open(path, args);
            regrade::regrade(&args.files, &open, rules.as_ref(), args.out.as_deref(), args.yes)
        }
    }
}

fn open(path: &Path, args: &ReplayArgs) -> Result<Saved, Failure> {
    let saved = Saved::open(path, args.now, &args.source)?;
    Ok(if args.reveal { saved.revealed() } else { saved })
}

fn one_run(path: &Path, args: &ReplayArgs, rules: Option<&Rules>) -> Done {
    check_targets(&args.reports).map_err(Failure::usage)?;
    let JudgedAgain { outcome, checks, timeline } = open(path, args)?.judge(rules);
    // The evidence was saved without the secrets of its run.
    let pictures = graded::pictures(&args.reports, &outcome, &checks, &timeline, &Redactor::new([]));
    for target in &args.reports {
        target.write_graded(&Graded { outcome: &outcome, pictures: &pictures })?;
    }
    output::print(&terminal::render(&outcome, &Style::of_stdout()));
    Ok(score::exit_code(&outcome.checks))
}
