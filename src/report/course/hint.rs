//! Hints that were asked for.

use super::sheet::Sheet;
use crate::lab::hints::Level;
use crate::lab::{Check, Lab};
use crate::report::terminal::Style;

/// Some of a check's hints, and how to get on: `first` is the number of the first of them, `all` how many there are.
pub struct Hints<'a> {
    /// The check.
    pub check: &'a Check,
    /// The hints to be shown.
    pub shown: &'a [(Level, &'a str)],
    /// The number of the first of them, from 1.
    pub first: usize,
    /// How many the check has.
    pub all: usize,
    /// Whether they were all given before.
    pub no_more: bool,
    /// What can be typed next, and what for.
    pub next: &'a [(&'a str, String)],
}

/// The hints, one under the other.
#[must_use]
pub fn render(hints: &Hints<'_>, style: &Style) -> String {
    let mut sheet = Sheet::new(style);
    sheet.heading(&format!("{}: {}", hints.check.id, hints.check.shown_title()));
    if hints.no_more {
        sheet.aside("", &format!("These were all {} of its hints; this is the last one again.", hints.all));
    }
    for (nth, (level, text)) in (hints.first..).zip(hints.shown) {
        sheet.text("", "");
        sheet.aside("  ", &format!("hint {nth} of {}, {}", hints.all, level.word()));
        sheet.text("  ", text);
    }
    sheet.text("", "");
    next(&mut sheet, hints.next);
    sheet.finish()
}

/// For a check without hints that may be shown.
#[must_use]
pub fn none(check: &Check, style: &Style) -> String {
    let mut sheet = Sheet::new(style);
    sheet.heading(&format!("{}: {}", check.id, check.shown_title()));
    sheet.text("  ", "It has no hints: its author does not show what it looks at.");
    sheet.finish()
}

/// When nothing has failed: the checks to ask about.
#[must_use]
pub fn list(lab: &Lab, command: &str, style: &Style) -> String {
    let mut sheet = Sheet::new(style);
    sheet.heading(&format!("{}: {}", lab.name, lab.title));
    sheet.text("", "No check of it failed in your latest results. Name the one that you want a hint for:");
    sheet.text("", "");
    let width = lab.checks.iter().map(|check| check.id.chars().count()).max().unwrap_or(0);
    for check in &lab.checks {
        sheet.text(&format!("  {:<width$}  ", check.id), check.shown_title());
    }
    sheet.text("", "");
    sheet.command("Next: ", command);
    sheet.finish()
}

fn next(sheet: &mut Sheet, next: &[(&str, String)]) {
    for (nth, (what, command)) in next.iter().enumerate() {
        sheet.command(&format!("{:<6}{what:<16}", if nth == 0 { "Next:" } else { "" }), command);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Bindings, LabSource};

    fn lab(disclosure: &str) -> Lab {
        let text = format!(
            "kgrade: 1\nlab: lab-90\ntitle: A lab\nchecks:\n  - {{ id: keyed, title: Events stay in order, points: 100, hint: Which part of the record \
             decides the partition and with it the order?, pointer: Look at key=., explanation: It is hashed., disclosure: {disclosure}, \
             expect: [ {{ topic: {{ name: t }} }} ] }}\n"
        );
        LabSource::parse("a.yaml", &text).unwrap().resolve(&Bindings { run_id: "r".into(), seed: 0 }).unwrap()
    }

    fn style(width: usize) -> Style {
        Style { width, ..Style::FILE }
    }

    #[test]
    fn one_hint_and_the_way_to_the_next() {
        let lab = lab("full");
        let hints = lab.checks[0].hints();
        let next = [("another hint", "kgrade hint lab-90 keyed".to_owned())];
        let page = Hints { check: &lab.checks[0], shown: &hints[..1], first: 1, all: 3, no_more: false, next: &next };
        assert_eq!(
            render(&page, &style(44)),
            "keyed: Events stay in order\n\n  hint 1 of 3, a question\n  Which part of the record decides the\n  partition and with it the order?\n\n\
             Next: another hint    \n  kgrade hint lab-90 keyed\n".replace("    \n", "\n")
        );
        let last = Hints { shown: &hints[2..], first: 3, no_more: true, next: &[], ..page };
        assert_eq!(
            render(&last, &style(80)),
            "keyed: Events stay in order\nThese were all 3 of its hints; this is the last one again.\n\n  hint 3 of 3, the explanation\n  It is hashed.\n\n"
        );
    }

    #[test]
    fn what_is_not_shown_is_not_hinted_at() {
        let hidden = lab("none");
        let text = none(&hidden.checks[0], &style(80)) + &list(&hidden, "kgrade hint lab-90 keyed", &style(80));
        assert!(text.contains("a check that is not shown") && !text.contains("order") && !text.contains("partition"), "{text}");
    }
}
