//! What is printed when a batch or a merge is over.

use std::path::Path;

use crate::cohort::Book;
use crate::cohort::book::{GRADEBOOK, PAGE};
use crate::outcome::sanitize;
use crate::report::cohort::State;
use crate::report::words::count;

/// How many of those without a grade are named.
const NAMED: usize = 10;

/// What came of all, and where it is written.
pub fn of(book: &Book, root: &Path, resumed: bool) -> String {
    let all = book.people.len() as u64;
    let mut text = format!("{}: {} of {} graded", book.lab, book.count(State::Graded), count(all, "submission", "submissions"));
    for state in [State::Incomplete, State::Error, State::Open] {
        let n = book.count(state);
        if n > 0 {
            text.push_str(&format!(", {n} {}", state.word()));
        }
    }
    text.push('\n');
    let without: Vec<_> = book.people.iter().filter_map(|person| book.record(&person.id)).filter(|record| record.state != State::Graded).collect();
    for record in without.iter().take(NAMED) {
        let why = record.why.as_deref().unwrap_or("at least one check came to no verdict");
        let line = sanitize::cut(&sanitize::one_line(&sanitize::terminal(why)), 300);
        text.push_str(&format!("  {}: {line}\n", sanitize::one_line(&sanitize::terminal(&record.id))));
    }
    let more = without.len().saturating_sub(NAMED);
    if more > 0 {
        text.push_str(&format!("  and {more} more\n"));
    }
    if !without.is_empty() {
        let words = if resumed { "--again" } else { "--resume --again" };
        text.push_str(&format!("{words} tries these again\n"));
    }
    text.push_str(&format!("gradebook: {}\npage: {}\n", root.join(GRADEBOOK).display(), root.join(PAGE).display()));
    text
}
