//! Whether a program waits for the answer to its commit before it delivers the next event.

use super::Commits;
use super::story::{Committing, Program, Told};
use crate::kinds::Answer;
use crate::kinds::view::{seconds, short_name};
use crate::outcome::{Mismatch, Moment, Subject};
use crate::timeline::event::Name;

/// An answer that is held for less shows nothing: the next event may not be there yet.
const HELD: u64 = 500_000_000;

/// What one held answer shows.
struct Held<'t, 'a> {
    commit: &'t Committing<'a>,
    /// From when to when.
    span: (u64, u64),
    /// The first delivery that began meanwhile: when, and which event.
    meanwhile: Option<(u64, Option<Name>)>,
    /// A delivery began after it.
    after: bool,
}

pub fn judge(spec: &Commits, told: &Told<'_>, wanted: bool) -> Answer {
    let held: Vec<_> = told.programs.iter().flat_map(|program| held(program, told)).collect();
    let waiting = held.iter().filter(|held| held.meanwhile.is_none() && held.after).count();
    let going_on = held.iter().find(|held| held.meanwhile.is_some());
    match (wanted, going_on, waiting) {
        (_, None, 0) => Answer::NotShown("the answer to a commit was not held back long enough while events were waiting, so nothing shows whether the program waits for it".to_owned()),
        (true, None, waiting) => Answer::holds(waiting as u64),
        (false, Some(_), _) => Answer::holds(1),
        (true, Some(held), _) => {
            let (at, event) = held.meanwhile.clone().unwrap_or_default();
            let event = event.map_or_else(String::new, |event| format!(" {event}"));
            let message = format!("`{}` did not wait for its commit: it began to deliver event{event} at {}, while the commit had no answer", short_name(held.commit.instance), seconds(at));
            Answer::Violated(Mismatch::new(message, "the next delivery begins after the commit was answered", held.describe()).cause("the commit is asynchronous: wait for its answer, or handle its failure in a callback").about(Subject::ManualCommit).moment(Moment::at(at).of(held.commit.instance)))
        }
        (false, None, _) => {
            let witnesses = held.iter().map(Held::describe);
            let message = format!("your program waits for the answer to each commit for group {}", spec.group);
            Answer::Violated(Mismatch::new(message, "deliveries go on while a commit has no answer", "no delivery began meanwhile").witnesses(witnesses))
        }
    }
}

/// Whether one program waits; `None` when nothing shows it.
pub fn waits(program: &Program<'_>, told: &Told<'_>) -> Option<bool> {
    let held = held(program, told);
    if held.iter().any(|held| held.meanwhile.is_some()) {
        return Some(false);
    }
    held.iter().any(|held| held.after).then_some(true)
}

fn held<'t, 'a>(program: &Program<'a>, told: &'t Told<'a>) -> Vec<Held<'t, 'a>> {
    let commits = told.requests.iter().filter(|commit| commit.instance == program.instance);
    commits
        .filter_map(|commit| {
            let span = commit.held.filter(|(from, to)| to - from >= HELD)?;
            let within = program.deliveries.iter().find(|delivery| delivery.begun > span.0 && delivery.begun < span.1);
            let meanwhile = within.map(|delivery| (delivery.begun, delivery.event.clone()));
            // The event that came next was there already: it could have been delivered meanwhile.
            let after = program.deliveries.iter().any(|delivery| delivery.begun >= span.1 && told.was_written(delivery, span.0));
            Some(Held { commit, span, meanwhile, after })
        })
        .collect()
}

impl Held<'_, '_> {
    fn describe(&self) -> String {
        format!("the answer to the commit at {} was held from {} to {}", seconds(self.commit.at), seconds(self.span.0), seconds(self.span.1))
    }
}
