//! `kgrade hint`.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;

use super::grade::quoted;
use super::watch::Course;
use super::{Done, Failure, LabSource, lint, output};
use crate::course::progress::{LabStanding, State, Store};
use crate::exit;
use crate::lab::hints::Level;
use crate::lab::{Bindings, Check, Lab, find, suggestion};
use crate::report::course::commands::Place;
use crate::report::course::hint::{self as page, Hints};
use crate::report::terminal::Style;
use crate::report::words::count;

/// Ask for the next hint.
#[derive(Debug, Args)]
pub struct HintArgs {
    /// The lab; without it, the one that you are at.
    lab: Option<String>,
    /// The check; without it, the first that failed in your latest results.
    check: Option<String>,
    /// This hint and no other; the first is 1.
    #[arg(long, value_name = "N", conflicts_with_all = ["all", "again"])]
    level: Option<usize>,
    /// All hints at once.
    #[arg(long, conflicts_with = "again")]
    all: bool,
    /// From the first hint again.
    #[arg(long)]
    again: bool,
    /// The folder of your work.
    #[arg(long, value_name = "DIR", default_value = ".")]
    submission: PathBuf,
    #[command(flatten)]
    source: LabSource,
}

/// Gives one hint more than the last time.
pub fn hint(args: &HintArgs) -> Done {
    let name = match &args.lab {
        Some(lab) => lab.clone(),
        None => Course::of(None, &args.submission, &args.source)?.name().to_owned(),
    };
    let source = find::find(&name, args.source.checks.as_deref()).map_err(lint::not_found)?;
    // Nothing of a hint depends on what is drawn.
    let lab = source.resolve(&Bindings { run_id: "hint".to_owned(), seed: 0 }).map_err(lint::wrong)?;
    let asker = Asker { args, name: &name, lab: &lab, store: Store::at(&args.submission) };
    let style = Style::of_stdout();
    let check = match &args.check {
        Some(written) => Some(asker.named(written)?),
        None => asker.failed(),
    };
    let text = match (check, lab.checks.first()) {
        (Some(check), _) => asker.answer(check, &style)?,
        (None, Some(first)) => page::list(&lab, &asker.command(first, ""), &style),
        (None, None) => return Err(Failure::usage(anyhow!("{} has no checks", lab.name))),
    };
    output::print(&text);
    Ok(exit::ALL_PASSED)
}

struct Asker<'a> {
    args: &'a HintArgs,
    name: &'a str,
    lab: &'a Lab,
    store: Store,
}

impl Asker<'_> {
    /// The check of this id.
    fn named(&self, written: &str) -> Result<&Check, Failure> {
        let found = self.lab.check(written).or_else(|| self.lab.checks.iter().find(|check| check.written_id == written));
        found.ok_or_else(|| {
            let advice = suggestion::advice(written, self.lab.checks.iter().map(|check| check.id.as_str())).unwrap_or_default();
            Failure::usage(anyhow!("{} has no check `{written}`; {advice}", self.lab.name))
        })
    }

    /// The first check that failed when it was judged last.
    fn failed(&self) -> Option<&Check> {
        let progress = match self.store.read() {
            Ok(progress) => progress,
            Err(error) => {
                output::note(&format!("your results cannot be read: {error}"));
                return None;
            }
        };
        progress.notes.iter().for_each(|note| output::note(&note.to_string()));
        let standing = LabStanding::of(self.lab, &progress.entries);
        let failed = standing.checks.iter().find(|standing| standing.state == State::Failed)?;
        self.lab.check(&failed.check.id)
    }

    fn answer(&self, check: &Check, style: &Style) -> Result<String, Failure> {
        let hints = check.hints();
        if hints.is_empty() {
            return Ok(page::none(check, style));
        }
        let all = hints.len();
        if let Some(level) = self.args.level.filter(|level| !(1..=all).contains(level)) {
            let error =
                anyhow!("there is no hint {level} for `{}`; it has {}, from 1 to {all}", check.id, count(all as u64, "hint", "hints"));
            return Err(Failure::usage(error));
        }
        let given = self.given(check);
        let (first, last) = match self.args.level {
            Some(level) => (level, level),
            None if self.args.all => (1, all),
            None => {
                let next = (given + 1).min(all);
                (next, next)
            }
        };
        // To look at one again takes nothing back.
        self.remember(check, if self.args.again { last } else { last.max(given) });
        let shown: Vec<(Level, &str)> = hints.into_iter().skip(first - 1).take(last + 1 - first).collect();
        let no_more = given >= all && self.args.level.is_none() && !self.args.all;
        let mut next = Vec::new();
        if last < all {
            next.push(("another hint", self.command(check, "")));
        } else if no_more {
            next.push(("all of them", self.command(check, " --all")));
        }
        let place = self.place();
        let work = if place.work.is_empty() { String::new() } else { format!(" --submission {}", place.work) };
        next.push(("try it", format!("kgrade {} --only {}{work}{}", self.name, quoted(Path::new(&check.id)), labs(&place))));
        Ok(page::render(&Hints { check, shown: &shown, first, all, no_more, next: &next }, style))
    }

    /// How many hints were given before.
    fn given(&self, check: &Check) -> usize {
        if self.args.again {
            return 0;
        }
        self.store.hints_given(&self.lab.name, &check.id).unwrap_or_else(|error| {
            output::note(&format!("which hints you had is not known: {error}"));
            0
        })
    }

    /// Keeps which hint was given, where there is work that it belongs to.
    fn remember(&self, check: &Check, level: usize) {
        if !self.store.exists() && !self.args.submission.join(&self.lab.name).is_dir() {
            output::note("this is not remembered, since there is no work here; name its folder with --submission, or a hint with --level");
            return;
        }
        if let Err(error) = self.store.record_hint(&self.lab.name, &check.id, level) {
            output::note(&format!("this is not remembered: {error}; name the next hint with --level"));
        }
    }

    /// The command that asks about a check.
    fn command(&self, check: &Check, flag: &str) -> String {
        let place = self.place();
        let work = if place.work.is_empty() { String::new() } else { format!(" --submission {}", place.work) };
        format!("kgrade hint {} {}{flag}{work}{}", self.name, quoted(Path::new(&check.id)), labs(&place))
    }

    fn place(&self) -> Place {
        let work = &self.args.submission;
        Place {
            work: if work == Path::new(".") { String::new() } else { quoted(work) },
            checks: self.args.source.checks.as_deref().map(quoted).unwrap_or_default(),
        }
    }
}

fn labs(place: &Place) -> String {
    if place.checks.is_empty() { String::new() } else { format!(" --checks {}", place.checks) }
}
