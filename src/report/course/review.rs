//! The questions of a week's review, in a terminal.

use super::sheet::Sheet;
use crate::outcome::sanitize;
use crate::report::terminal::Style;

/// What stands before the first question.
#[must_use]
pub fn opening(week: u32, file: &str, style: &Style) -> String {
    let mut sheet = Sheet::new(style);
    sheet.heading(&format!("Week {week} in review"));
    sheet.aside("", "An empty line ends an answer; Ctrl-D ends the review and keeps what was typed.");
    sheet.aside("", &format!("Answers are kept in {file}."));
    sheet.finish()
}

/// A question, with the answer that it has.
#[must_use]
pub fn question(question: &str, answer: Option<&str>, style: &Style) -> String {
    let mut sheet = Sheet::new(style);
    sheet.text("", "");
    sheet.heading(question);
    for line in answer.map(sanitize::terminal).unwrap_or_default().lines() {
        sheet.text("  ", line);
    }
    sheet.finish()
}

/// Before an answer that is added to one that is there.
#[must_use]
pub fn more(style: &Style) -> String {
    let mut sheet = Sheet::new(style);
    sheet.aside("", "What you type is added to this; an empty line leaves it as it is.");
    sheet.finish()
}

/// How it ended.
#[must_use]
pub fn closing(answered: usize, questions: usize, file: &str, next: &str, style: &Style) -> String {
    let mut sheet = Sheet::new(style);
    sheet.text("", "");
    if answered == questions {
        sheet.text("", &format!("All {questions} questions are answered: {file}"));
    } else if answered == 0 {
        sheet.text("", "No question is answered yet.");
    } else {
        sheet.text("", &format!("{answered} of {questions} questions are answered: {file}"));
    }
    sheet.command("Next: ", next);
    sheet.finish()
}
