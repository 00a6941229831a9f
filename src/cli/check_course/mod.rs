//! `kgrade check-course DIR`: is a course as its author says?

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;

use super::{Done, Failure, output};
use crate::cohort::pool::workers;
use crate::course::Length;
use crate::course::audit::{Audit, Place};
use crate::report::course::audit as report;
use crate::report::terminal::Style;
use crate::{course, exit};

mod gradings;
mod progress;

use self::gradings::{Settings, Stop};

/// Look at a course, and grade the programs that prove its labs.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 the course is as it should be · 1 it is not · 2 usage, or no course · 3 nothing could be graded · 130 interrupted"
)]
pub struct CheckCourseArgs {
    /// The folder with course.yaml and the labs.
    folder: PathBuf,
    /// The folder with the programs, LAB/solution, LAB/also-right/NAME, LAB/mistakes/NAME; without it, `fixtures` beside the course.
    #[arg(long, value_name = "DIR")]
    fixtures: Option<PathBuf>,
    /// Only these labs.
    #[arg(long = "lab", value_name = "LAB", value_delimiter = ',')]
    labs: Vec<String>,
    /// Only what shows without grading.
    #[arg(long = "static")]
    only_static: bool,
    /// Also show which mistake fails which check, by the lines of the course.
    #[arg(long)]
    matrix: bool,
    /// How many programs are graded at a time; without it, as many as there are cores, if there is memory for them.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: Option<u16>,
    /// One seed for all; without it, each run draws its own.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Stretches all time limits of the checks, for a slow machine.
    #[arg(long, value_name = "FACTOR", value_parser = super::grade::scale)]
    timeout_scale: Option<f64>,
    /// How long a program may take to be made ready, and to be graded.
    #[arg(long, value_name = "TIME", default_value = "15m")]
    limit: Length,
    /// The kgrade that grades a program.
    #[arg(long, value_name = "FILE", hide = true)]
    kgrade: Option<PathBuf>,
}

/// Looks, grades, and says what is not as it should be.
pub fn check_course(args: &CheckCourseArgs) -> Done {
    let place = Place::new(&args.folder, args.fixtures.as_deref());
    let course = load(&args.folder)?;
    let audit = Audit::of(&course, &place, &args.labs).map_err(Failure::usage)?;
    let style = Style::of_stdout();
    output::print(&report::seen(&audit, &style));
    for errors in audit.labs.iter().flat_map(|lab| &lab.findings) {
        output::print(&format!("{}\n", errors.render(console::colors_enabled()).trim_end()));
    }
    if args.matrix {
        output::print(&report::matrix(&audit, &style));
    }
    let (tried, stop) = if args.only_static { (Vec::new(), None) } else { gradings::all(&audit, settings(args)?, &style)? };
    match stop {
        Some(Stop::Interrupted) => {
            output::note("interrupted");
            return Ok(exit::INTERRUPTED);
        }
        Some(Stop::Useless(why)) => return Err(Failure::environment(anyhow!("no program could be graded: {why}"))),
        None => {}
    }
    output::print(&report::summary(&audit, &tried, !args.only_static, &style));
    let right = audit.wrong() == 0 && !tried.iter().any(report::Tried::is_wrong);
    Ok(if right { exit::ALL_PASSED } else { exit::SOMETHING_FAILED })
}

fn load(folder: &Path) -> Result<course::Course, Failure> {
    let shown = folder.display();
    if !folder.is_dir() {
        return Err(Failure::usage(anyhow!("there is no folder {shown}; name the folder with course.yaml and the labs")));
    }
    let found = course::Course::of(Some(folder)).map_err(Failure::usage)?;
    found.ok_or_else(|| {
        Failure::usage(anyhow!("there is no course.yaml in {shown}; kgrade new lab {} writes one", folder.join("lab-01").display()))
    })
}

fn settings(args: &CheckCourseArgs) -> Result<Settings, Failure> {
    let kgrade = match &args.kgrade {
        Some(kgrade) => kgrade.clone(),
        None => std::env::current_exe().map_err(|error| Failure::environment(anyhow!("find kgrade's own file: {error}")))?,
    };
    Ok(Settings {
        kgrade,
        checks: args.folder.clone(),
        // One is held ready, so that none waits for a broker.
        jobs: args.jobs.map_or_else(|| workers(1), usize::from),
        seed: args.seed,
        timeout_scale: args.timeout_scale,
        limit: std::time::Duration::from_secs(args.limit.0.max(1)),
    })
}
