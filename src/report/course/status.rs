//! Where a learner stands, in a terminal.

use super::commands::Place;
use super::sheet::Sheet;
use super::{day, list, stretch};
use crate::course::progress::State;
use crate::course::status::{
    BlockStatus, CheckpointStatus, CriterionState, CriterionStatus, Evidence, LabState, LabStatus, Next, SCHEMA, Status,
};
use crate::course::{Moment, Stretch};
use crate::lab::plural::count;
use crate::outcome::{Verdict, sanitize};
use crate::report::terminal::Style;

/// The page.
#[must_use]
pub fn render(status: &Status, place: &Place, style: &Style) -> String {
    let mut page = Page { place, sheet: Sheet::new(style) };
    page.sheet.heading(&status.course);
    let mut part = "";
    for block in status.blocks.iter().filter(|block| is_graded(block)) {
        if part != block.part {
            page.section(&format!("Week {}: {}", stretch(block.weeks), block.part));
            part = &block.part;
        }
        page.block(block);
    }
    page.ungraded(&status.blocks);
    status.checkpoints.iter().for_each(|checkpoint| page.checkpoint(checkpoint));
    page.hours(status);
    page.reviews(status);
    page.next(&status.next);
    page.sheet.finish()
}

/// The same for other programs. Its schema is `checks/schema/status.v1.json`.
///
/// # Errors
/// None in practice: a status is plain data.
pub fn json(status: &Status) -> serde_json::Result<String> {
    debug_assert_eq!(status.schema, SCHEMA);
    Ok(sanitize::json(&(serde_json::to_string_pretty(status)? + "\n")))
}

/// Whether this kgrade grades any of its labs.
fn is_graded(block: &BlockStatus) -> bool {
    block.labs.iter().any(|lab| lab.state != LabState::NotGraded)
}

struct Page<'a> {
    place: &'a Place,
    sheet: Sheet,
}

impl Page<'_> {
    fn section(&mut self, title: &str) {
        self.sheet.gap();
        self.sheet.heading(title);
    }

    fn block(&mut self, block: &BlockStatus) {
        self.sheet.gap();
        self.sheet.text("", &format!("Day {}: {}", stretch(block.days), block.title));
        block.labs.iter().for_each(|lab| self.lab(lab));
        block.criteria.iter().for_each(|criterion| self.criterion(criterion));
    }

    fn lab(&mut self, lab: &LabStatus) {
        let lead = format!("  {}  ", lab.lab);
        let score = format!("{} of {} points", lab.score, lab.max_score);
        let text = match lab.state {
            LabState::Passed => format!("{score}, passed"),
            LabState::NotBegun => "not begun".to_owned(),
            LabState::NotGraded => "not graded by this kgrade yet".to_owned(),
            LabState::Begun => {
                let mut said = vec![format!("{score}, {} of {}", lab.passed, count(lab.checks.len(), "check"))];
                for (state, word) in [(State::Failed, "failed"), (State::Open, "open")] {
                    let ids = ids(lab.checks.iter().filter(|check| check.state == state));
                    said.extend((!ids.is_empty()).then(|| format!("{word}: {}", ids.join(", "))));
                }
                said.join("; ")
            }
        };
        self.sheet.text(&lead, &text);
        let earlier = ids(lab.checks.iter().filter(|check| is_earlier(check) && check.state == State::Passed));
        if !earlier.is_empty() {
            let indent = " ".repeat(lead.chars().count());
            let which = if earlier.len() == lab.checks.len() { "all".to_owned() } else { earlier.join(", ") };
            self.sheet.aside(&indent, &format!("graded by an earlier version of the lab: {which}"));
        }
    }

    fn criterion(&mut self, criterion: &CriterionStatus) {
        let (verdict, word) = match criterion.state {
            CriterionState::Met => (Verdict::Passed, "met"),
            CriterionState::Failed => (Verdict::Failed, "failed"),
            CriterionState::Open => (Verdict::Skipped, "open"),
            CriterionState::NotGraded => (Verdict::Skipped, "not graded"),
        };
        self.sheet.marked("  ", verdict, word, "failed".len(), &criterion.criterion);
    }

    /// The labs of later weeks, in one line.
    fn ungraded(&mut self, blocks: &[BlockStatus]) {
        let later: Vec<&BlockStatus> = blocks.iter().filter(|block| !is_graded(block)).collect();
        let labs: Vec<&str> = later.iter().flat_map(|block| &block.labs).map(|lab| lab.lab.as_str()).collect();
        let weeks = (later.first().map(|block| block.weeks.from), later.last().map(|block| block.weeks.to));
        let (Some(from), Some(to)) = weeks else { return };
        let labs = match labs.as_slice() {
            [] => "its labs".to_owned(),
            [one] => (*one).to_owned(),
            [first, .., last] => format!("{first} to {last}"),
        };
        self.section(&format!("Week {}", stretch(Stretch { from, to })));
        self.sheet.text("  ", &format!("{labs}: not graded by this kgrade yet"));
    }

    fn checkpoint(&mut self, checkpoint: &CheckpointStatus) {
        let week = checkpoint.after_week;
        if checkpoint.reached {
            self.section(&format!("Checkpoint, end of week {week}: reached"));
        } else {
            self.section(&format!(
                "Checkpoint, end of week {week}: {} of {} shown",
                checkpoint.shown(),
                count(checkpoint.lines.len(), "line")
            ));
        }
        for line in &checkpoint.lines {
            let (verdict, word) = if line.shown { (Verdict::Passed, "shown") } else { (Verdict::Skipped, "open") };
            self.sheet.marked("  ", verdict, word, "failed".len(), &line.line);
            let missing: Vec<String> = line.checks.iter().filter(|check| check.state != State::Passed).map(missing).collect();
            if !missing.is_empty() {
                self.sheet.text("            ", &format!("missing: {}", missing.join(", ")));
            }
        }
    }

    fn hours(&mut self, status: &Status) {
        let hours = &status.hours;
        let name = "Your own pace";
        let width = hours.paces.iter().map(|pace| pace.pace.chars().count()).max().unwrap_or(0).max(name.len());
        self.section(&format!("Left of the {} that this kgrade grades", count(hours.graded_days as usize, "day")));
        for pace in &hours.paces {
            let lead = format!("  {:<width$}  ", pace.pace);
            self.sheet.text(&lead, &format!("{} ({} a week)", count(pace.left as usize, "hour"), pace.hours_per_week));
        }
        let lead = format!("  {name:<width$}  ");
        let own = match &hours.own {
            Some(own) => format!(
                "about {} like the {} with results so far ({} by the daily schedule)",
                count(own.days as usize, "more day"),
                hours.worked_days,
                count(own.hours as usize, "hour")
            ),
            None if hours.paces.iter().all(|pace| pace.left == 0) => "all done".to_owned(),
            None => "not known yet: it takes results on three days, and a day of the course".to_owned(),
        };
        self.sheet.text(&lead, &own);
        if hours.ungraded_days > 0 {
            let later: Vec<String> = hours.paces.iter().map(|pace| pace.ungraded.to_string()).collect();
            self.sheet.aside("  ", &format!("The other {} take {} hours.", count(hours.ungraded_days as usize, "day"), either(&later)));
        }
    }

    fn reviews(&mut self, status: &Status) {
        let due: Vec<_> = status.reviews.iter().filter(|review| review.due).collect();
        if due.is_empty() {
            return;
        }
        self.section("Review questions due");
        for review in due {
            let said = format!("week {}, {} of {} answered: ", review.week, review.answered, review.questions);
            self.sheet.command(&format!("  {said}"), &self.place.review(review.week));
        }
    }

    fn next(&mut self, next: &Next) {
        self.sheet.gap();
        match self.place.command(next) {
            Some(command) => self.sheet.command("Next: ", &command),
            None => self.sheet.text("", "Nothing is left that this kgrade grades."),
        }
        let why = match next {
            Next::Grade { failed, .. } if !failed.is_empty() => format!("{} failed when it was graded last", list(failed)),
            Next::Grade { open, .. } => format!("{} to go", count(*open, "check")),
            Next::Init { .. } => "writes what the lab begins with, never over your files".to_owned(),
            Next::Review { .. } => "looks back on the week while it is fresh".to_owned(),
            Next::Checkpoint { .. } => "all that this kgrade grades is done: this makes the report of it".to_owned(),
            Next::Nothing => return,
        };
        self.sheet.aside("      ", &why);
    }
}

/// `30, 40 or 50`.
fn either(words: &[String]) -> String {
    match words {
        [most @ .., last] if !most.is_empty() => format!("{} or {last}", most.join(", ")),
        one => one.concat(),
    }
}

fn is_earlier(check: &Evidence) -> bool {
    check.by.as_ref().is_some_and(|by| by.earlier_version)
}

/// A check that is not shown, and since when it fails.
fn missing(check: &Evidence) -> String {
    match (&check.by, check.state) {
        (Some(by), State::Failed) => {
            let Moment(time) = by.time;
            format!("{} (failed on {})", check.check, day(time))
        }
        _ => check.check.clone(),
    }
}

/// The checks' ids, without their lab.
fn ids<'a>(checks: impl Iterator<Item = &'a Evidence>) -> Vec<String> {
    checks.map(|check| check.check.split_once('/').map_or(check.check.as_str(), |(_, id)| id).to_owned()).collect()
}
