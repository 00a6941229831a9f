//! A lab as a learner reads it before the work: what it is worth, its checks, its handout, and what to type next.

mod inline;
mod markdown;
pub mod page;
mod table;

use super::commands::Place;
use super::sheet::Sheet;
use super::stretch;
use crate::course::{Course, Handout, Section, Stretch};
use crate::lab::Lab;
use crate::report::terminal::Style;
use crate::report::words::count;

/// The section whose commands and rules a learner comes back to.
const CONTRACT: &str = "Contract";

/// What is shown.
pub struct Page<'a> {
    /// The lab.
    pub lab: &'a Lab,
    /// The course that it is part of, if it is.
    pub course: Option<&'a Course>,
    /// Its handout, if it has one.
    pub handout: Option<&'a Handout>,
    /// Whether work on it has begun.
    pub begun: bool,
    /// Where work and labs are, for commands to be typed.
    pub place: &'a Place,
}

impl Page<'_> {
    /// The whole page for a terminal.
    #[must_use]
    pub fn terminal(&self, style: &Style) -> String {
        let mut sheet = Sheet::new(style);
        sheet.heading(&format!("{}: {}", self.lab.name, self.lab.title));
        sheet.text("", &self.facts());
        sheet.gap();
        let width = self.lab.checks.iter().map(|check| check.id.chars().count()).max().unwrap_or(0);
        for check in &self.lab.checks {
            sheet.text(&format!("  {:<width$}  {:>3}  ", check.id, check.points), check.shown_title());
        }
        sheet.gap();
        let mut text = sheet.finish();
        match self.handout {
            Some(handout) => {
                let events = handout.events();
                // The title is said already.
                let from = title(handout).map_or(0, |title| markdown::after_heading(&events, title.events.start));
                text.push_str(&markdown::render(events.get(from..).unwrap_or_default(), style));
            }
            None => text.push_str("It has no handout: its checks say what they want, and kgrade says what is missing.\n"),
        }
        let mut end = Sheet::new(style);
        end.text("", "");
        for (nth, (what, command)) in self.next().iter().enumerate() {
            end.command(&format!("{:<6}{what:<24}", if nth == 0 { "Next:" } else { "" }), command);
        }
        text + &end.finish()
    }

    /// Week, days, points and checks.
    fn facts(&self) -> String {
        let mut facts: Vec<String> = self.days().into_iter().collect();
        facts.push(count(self.lab.points.into(), "point", "points"));
        facts.push(count(self.lab.checks.len() as u64, "check", "checks"));
        facts.join(" · ")
    }

    /// `week 1, days 3-5`, for a lab of the course.
    fn days(&self) -> Option<String> {
        let course = self.course?;
        let days = course.blocks().find(|block| block.labs.contains(&self.lab.name))?.days;
        let week = |day: u32| day.div_ceil(course.days_a_week());
        let weeks = Stretch { from: week(days.from), to: week(days.to) };
        let name = |stretch: Stretch, one: &'static str, many: &'static str| if stretch.from == stretch.to { one } else { many };
        Some(format!("{} {}, {} {}", name(weeks, "week", "weeks"), stretch(weeks), name(days, "day", "days"), stretch(days)))
    }

    /// What can be typed next, and what for.
    fn next(&self) -> Vec<(&'static str, String)> {
        let lab = &self.lab.name;
        let work = |flag: &str| if self.place.work.is_empty() { String::new() } else { format!(" {flag}{}", self.place.work) };
        let checks = if self.place.checks.is_empty() { String::new() } else { format!(" --checks {}", self.place.checks) };
        let mut next = Vec::new();
        if !self.begun {
            next.push(("write the starter", format!("kgrade init {lab}{}{checks}", work(""))));
        }
        next.push(("grade on every save", format!("kgrade watch {lab}{}{checks}", work("--submission "))));
        next.push(("when you are stuck", format!("kgrade hint {lab}{}{checks}", work("--submission "))));
        if self.handout.is_some_and(|handout| handout.section(CONTRACT).is_ok()) {
            next.push(("the contract again", format!("kgrade show {lab} --section {CONTRACT}{checks}")));
        }
        next
    }
}

/// One section for a terminal, with its heading.
#[must_use]
pub fn section(handout: &Handout, section: &Section, style: &Style) -> String {
    markdown::render(handout.events().get(section.events.clone()).unwrap_or_default(), style)
}

/// The heading of the whole.
fn title(handout: &Handout) -> Option<Section> {
    handout.sections().into_iter().next().filter(|section| section.level == 1 && section.events.start == 0)
}

#[cfg(test)]
mod tests;
