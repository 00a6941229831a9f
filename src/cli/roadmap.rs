//! `kgrade roadmap`.

use anyhow::anyhow;
use clap::Args;

use super::{Done, Failure, LabSource, learner, output};
use crate::exit;
use crate::lab::find;
use crate::report::course::roadmap as page;
use crate::report::terminal::Style;

/// Show the course.
#[derive(Debug, Args)]
pub struct RoadmapArgs {
    /// Only this week.
    #[arg(long, value_name = "NUMBER", value_parser = learner::week)]
    week: Option<u32>,
    #[command(flatten)]
    source: LabSource,
}

/// Prints the course: weeks, days, tasks, goals, criteria, labs, hours, checkpoints.
pub fn roadmap(args: &RoadmapArgs) -> Done {
    let course = learner::course(&args.source)?;
    if let Some(week) = args.week.filter(|week| *week > course.weeks()) {
        return Err(Failure::usage(anyhow!("there is no week {week}; the course has {} weeks", course.weeks())));
    }
    let graded = find::names(args.source.checks.as_deref()).map_err(Failure::usage)?;
    output::print(&page::render(&course, args.week, &graded, &Style::of_stdout()));
    Ok(exit::ALL_PASSED)
}
