//! Who decides when an offset is committed: the program, or a clock.
//!
//! Automatic commits and commits by hand are the same requests (research: no marker on the wire). They differ in what they follow.

mod pauses;
pub(in crate::kinds) mod rhythm;

use super::story::{Committing, Program, Told};
use super::{Commits, synchronous};
use crate::kinds::client::Client;
use crate::kinds::view::{count, seconds, short_name};
use crate::kinds::{Answer, Evidence, View};
use crate::outcome::{Mismatch, Moment, Subject};

/// Longer than a program needs between its last act and the commit that it causes: what comes later was not asked for by a program that waits.
const LONG: u64 = 1_000_000_000;

/// What the commits of one program show.
enum Shown {
    /// The program decides, for this reason; with what else is worth knowing.
    Program(String, Option<String>),
    /// A clock decides, and that is the client's own.
    Clock(Mismatch),
    /// Neither.
    Unclear(String),
}

pub fn judge(view: &View<'_>, spec: &Commits, told: &Told<'_>) -> Answer {
    let mut evidence = Evidence::default();
    let mut shown = false;
    let mut reasons = Vec::new();
    for program in &told.programs {
        match of_program(view, spec, told, program) {
            Shown::Clock(mismatch) => return Answer::Violated(mismatch),
            Shown::Program(proof, remark) => {
                shown = true;
                evidence.witnesses.push(format!("`{}`: {proof}", short_name(program.instance)));
                evidence.seen += program.commits(told).count() as u64;
                evidence.remarks.extend(remark);
            }
            Shown::Unclear(reason) => reasons.push(reason),
        }
    }
    // One instance is enough: all of them are the same program, and a short life shows little.
    if shown { Answer::Holds(evidence) } else { Answer::NotShown(reasons.pop().unwrap_or_else(|| "no program of this check has committed".to_owned())) }
}

fn of_program(view: &View<'_>, spec: &Commits, told: &Told<'_>, program: &Program<'_>) -> Shown {
    let who = short_name(program.instance);
    let moved: Vec<_> = program.commits(told).filter(|commit| commit.moved).collect();
    if let Some((commit, since)) = unasked(program, &moved) {
        return Shown::Clock(out_of_the_blue(view, spec, program, commit, since));
    }
    let rhythm = rhythm::of(told, program);
    if let Some(period) = rhythm.at_any_pace
        && let Some(ahead) = moved.iter().find(|commit| commit.commits.iter().any(|commit| commit.is_ahead() && !commit.transactional))
    {
        return Shown::Clock(at_any_pace(view, spec, program, ahead, period, moved.len() as u64));
    }
    if let Some(idle) = &rhythm.repeats
        && idle.like_a_default()
    {
        return Shown::Clock(repeated(view, spec, program, idle));
    }
    if let Some(proof) = synchronous::waits(program, told).filter(|waits| *waits).map(|_| "it waits for the answer to its commit".to_owned()) {
        return Shown::Program(proof, None);
    }
    if let Some(each) = rhythm.every {
        return Shown::Program(format!("one commit after every {}", count(each as u64, "event")), None);
    }
    if let Some(stop) = stops_before(program, &moved) {
        let remark = format!("`{who}` commits by a clock (for example at {}), and never ahead of what was delivered", seconds(stop.at));
        return Shown::Program("it commits up to the event in hand".to_owned(), Some(remark));
    }
    if let Some(idle) = rhythm.repeats.as_ref().filter(|idle| idle.keeps_time) {
        return Shown::Unclear(format!(
            "`{who}` commits every {}, whether or not anything was delivered, and never too early: that may be a clock of your own, or automatic commits with a short interval",
            length(idle.period)
        ));
    }
    let pauses = pauses::of(view, told, program);
    match pauses.verdict(rhythm.at_any_pace.is_some()) {
        Ok(proof) => Shown::Program(proof, None),
        Err(reason) => Shown::Unclear(format!("that offsets are committed by hand was not shown by `{who}`: {reason}")),
    }
}

/// A commit that passes an event in hand, long after anything happened: the client's own clock, with the moment since when it was quiet.
fn unasked<'t, 'a>(program: &Program<'a>, moved: &[&'t Committing<'a>]) -> Option<(&'t Committing<'a>, u64)> {
    moved.iter().find_map(|commit| {
        let since = program.last_act_before(commit.at).filter(|since| commit.at - since >= LONG)?;
        let passes = |partition: i32, offset: i64| {
            commit.commits.iter().any(|one| one.is_ahead() && !one.transactional && one.partition == partition && one.offset > offset)
        };
        let mut in_hand = program.in_hand(commit.at);
        let in_hand = in_hand.any(|delivery| delivery.record.as_ref().is_some_and(|(_, partition, offset)| passes(*partition, *offset)));
        in_hand.then_some((*commit, since))
    })
}

/// A commit long after anything happened that goes exactly up to an event in hand. The client's own position is behind that event already: the program chose the offset.
fn stops_before<'t, 'a>(program: &Program<'a>, moved: &[&'t Committing<'a>]) -> Option<&'t Committing<'a>> {
    moved.iter().copied().find(|commit| {
        program.last_act_before(commit.at).is_some_and(|since| commit.at - since >= LONG)
            && commit.commits.iter().any(|one| {
                let at = |partition: i32, offset: i64| partition == one.partition && offset == one.offset;
                !one.is_ahead() && program.in_hand(commit.at).any(|delivery| delivery.record.as_ref().is_some_and(|(_, partition, offset)| at(*partition, *offset)))
            })
    })
}

fn out_of_the_blue(view: &View<'_>, spec: &Commits, program: &Program<'_>, commit: &Committing<'_>, since: u64) -> Mismatch {
    let who = short_name(program.instance);
    let message = format!(
        "a clock decides when offsets are committed: `{who}` committed at {} while it waited for an answer, {} after anything else had happened",
        seconds(commit.at),
        length(commit.at - since)
    );
    clock(view, spec, program, commit.at, message, vec![describe(commit)])
}

fn at_any_pace(view: &View<'_>, spec: &Commits, program: &Program<'_>, ahead: &Committing<'_>, period: u64, number: u64) -> Mismatch {
    let who = short_name(program.instance);
    let message = format!(
        "a clock decides when offsets are committed: the {} of `{who}` come every {}, whatever the pace of the deliveries, and at {} it was too early",
        count(number, "commit"),
        length(period),
        seconds(ahead.at)
    );
    clock(view, spec, program, ahead.at, message, vec![describe(ahead)])
}

fn repeated(view: &View<'_>, spec: &Commits, program: &Program<'_>, idle: &rhythm::Repeats) -> Mismatch {
    let who = short_name(program.instance);
    let message = format!(
        "a clock decides when offsets are committed: `{who}` committed the same offsets again every {} while nothing was delivered",
        length(idle.period)
    );
    clock(view, spec, program, idle.times.first().copied().unwrap_or_default(), message, idle.times.iter().map(|at| format!("the same offsets at {}", seconds(*at))).collect())
}

fn clock(view: &View<'_>, spec: &Commits, program: &Program<'_>, at: u64, message: String, witnesses: Vec<String>) -> Mismatch {
    let expected = format!("the program commits for group {} after what it delivered, when it decides to", spec.group);
    let observed = "commits that nothing in the program caused".to_owned();
    let mismatch = Mismatch::new(message, expected, observed).witnesses(witnesses).moment(Moment::at(at).of(program.instance));
    mismatch.cause(Client::of(view, program.instance).words().clock()).about(Subject::AutomaticCommit)
}

/// A commit request as a witness.
fn describe(commit: &Committing<'_>) -> String {
    let offsets: Vec<_> = commit.commits.iter().map(|one| format!("offset {} of partition {}", one.offset, one.partition)).collect();
    format!("committed at {}: {}", seconds(commit.at), offsets.join(", "))
}

/// A length of time, for people: `4.9 s`, `120 ms`.
fn length(nanos: u64) -> String {
    if nanos >= LONG { format!("{:.1} s", nanos as f64 / 1e9) } else { format!("{} ms", nanos / 1_000_000) }
}
