//! Saving what happened: everything, and what a learner may have of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use super::Run;
use crate::lab::{Check, withhold};
use crate::outcome::{Disclosure, Outcome};
use crate::report::write_file;
use crate::timeline::evidence::{self, Header, Judged};
use crate::timeline::{self, Event, Recorder};

/// For whom evidence is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// Without what happened in checks that are not shown in full.
    Learner,
    /// Everything.
    Instructor,
}

/// Writes the evidence of a run that has ended.
pub fn save(run: &Run<'_>, path: &Path, whom: For, outcome: &Outcome, recorder: &Recorder) -> anyhow::Result<()> {
    let judged = outcome.checks.iter().map(Judged::of).collect();
    let mut header = Header {
        schema: evidence::SCHEMA.to_owned(),
        lab: run.lab.name.clone(),
        lab_text: run.source.source.text.to_string(),
        selected: run.checks.iter().map(|check| check.id.clone()).collect(),
        timeout_scale: run.args.timeout_scale,
        run: outcome.run.clone(),
        judged,
        late: outcome.late.clone(),
        withheld: 0,
    };
    let mut bytes = Vec::new();
    let timeline = recorder.timeline();
    let hidden = outcome.hidden();
    let written = if whom == For::Learner && hidden > 0 {
        header.lab_text = withhold(&run.source, &run.lab);
        header.withheld = hidden;
        evidence::write(&header, &shown(&run.checks, outcome, timeline.events()), &mut bytes)
    } else {
        evidence::write(&header, timeline.events(), &mut bytes)
    };
    drop(timeline);
    written
        .map_err(anyhow::Error::from)
        .and_then(|()| write_file(path, run.polish.redactor.text(&String::from_utf8_lossy(&bytes)).as_bytes()))
        .context("failed to write the evidence")
}

/// The events without those of the checks that are not shown in full.
fn shown(checks: &[Arc<Check>], outcome: &Outcome, events: &[Event]) -> Vec<Event> {
    let (full, other): (Vec<_>, Vec<_>) = checks.iter().partition(|check| check.disclosure == Disclosure::Full);
    // Which names a check uses, its words tell.
    let words = |checks: &[&Arc<Check>]| format!("{checks:?}");
    let (full, others) = (words(&full), words(&other));
    let verdicts: BTreeMap<timeline::event::Name, _> = outcome
        .checks
        .iter()
        .filter(|check| check.disclosure != Disclosure::Full)
        .map(|check| (check.id.as_str().into(), check.verdict))
        .collect();
    timeline::withhold(events, &verdicts, |name| {
        let name = format!("{name:?}");
        full.contains(&name) || !others.contains(&name)
    })
}
