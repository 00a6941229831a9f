//! A lab ready to be planned: every variable replaced, every default filled in.

use std::sync::Arc;

use indexmap::IndexMap;

use super::data::DataSets;
pub use super::file::{ClusterSpec, Owner, ReadSpec};
use super::source::Place;
use super::span::Span;
use crate::kinds::{ActionSpec, ExpectSpec, Reference};
use crate::outcome::{Disclosure, Reading, Subject, UNTOLD};

/// How long `expect` may take when the check says nothing.
pub const WITHIN: Span = Span::secs(10);

/// A lab for one run.
#[derive(Clone, Debug)]
pub struct Lab {
    /// The name, as in `kgrade lab-02`.
    pub name: String,
    /// What it is about.
    pub title: String,
    /// The sum of all checks' points.
    pub points: u32,
    /// The cluster it needs.
    pub cluster: ClusterSpec,
    /// The checks, in the order of the file.
    pub checks: Vec<Check>,
    /// The seed that its draws and data come from.
    pub seed: u64,
    /// The run's id.
    pub run_id: String,
    /// SHA-256 of the file, in hex: reports name the checks they were made with.
    pub digest: String,
}

impl Lab {
    /// A check by its full id.
    pub fn check(&self, id: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.id == id)
    }

    /// The programs whose work a check looks at: those that it names, else those of the checks that come before it.
    #[must_use]
    pub fn programs_behind<'lab>(&'lab self, check: &'lab Check) -> &'lab IndexMap<String, Program> {
        let earlier = |of: &'lab Check| of.after.iter().chain(&of.needs).filter_map(|id| self.check(id));
        let (mut checks, mut next) = (vec![check], 0);
        while let Some(of) = checks.get(next).copied() {
            if !of.programs.is_empty() {
                return &of.programs;
            }
            let seen: Vec<_> = earlier(of).filter(|other| !checks.iter().any(|known| known.id == other.id)).collect();
            checks.extend(seen);
            next += 1;
        }
        &check.programs
    }
}

/// One check; of a check with `each`, one item.
#[derive(Clone, Debug)]
pub struct Check {
    /// The id: `keyed`, or `keyed[item]`.
    pub id: String,
    /// The id as the author wrote it, without the item.
    pub written_id: String,
    /// What is right when it passes.
    pub title: String,
    /// The roadmap's line that it serves.
    pub criterion: Option<String>,
    /// What it is worth.
    pub points: u32,
    /// The first hint, which reports show when it fails: a question. [`Check::hints`] has all.
    pub hint: String,
    /// Where to read when it fails and what was seen names nothing nearer.
    pub read: ReadSpec,
    /// Which section of the lab's handout explains what.
    pub sections: Arc<IndexMap<Subject, String>>,
    /// The second hint: where to look.
    pub pointer: Option<String>,
    /// The third hint: what happens and why, and what to change.
    pub explanation: Option<String>,
    /// Full ids of the checks whose failure skips this one.
    pub needs: Vec<String>,
    /// Full ids of the checks that come before.
    pub after: Vec<String>,
    /// Words to select it by.
    pub tags: Vec<String>,
    /// What is done.
    pub actions: Vec<Placed<ActionSpec>>,
    /// What must hold for a failure to be this check's.
    pub given: Vec<Placed<ExpectSpec>>,
    /// Full ids of the checks at fault when `given` does not hold; empty without `given`.
    pub blame: Vec<String>,
    /// How long `expect` may take.
    pub within: Span,
    /// For how long it must go on holding.
    pub stable: Option<Span>,
    /// Invariants.
    pub always: Vec<Placed<ExpectSpec>>,
    /// What must never hold.
    pub never: Vec<Placed<ExpectSpec>>,
    /// What must hold at the end.
    pub expect: Vec<Placed<ExpectSpec>>,
    /// What is done at the very end.
    pub finally: Vec<Placed<ActionSpec>>,
    /// What the learner sees of a failure.
    pub disclosure: Disclosure,
    /// The programs by name, with this check's variables; late names are still in their texts.
    pub programs: IndexMap<String, Program>,
    /// The data sets by name: the lab's and the check's own.
    pub data: DataSets,
    /// Where the check stands: its id.
    pub place: Place,
    /// The last line of the check, for `--only FILE:LINE`.
    pub last_line: u32,
}

impl Check {
    /// The program instances that its expectations look at: `first` of its own, `other/first` of another check's.
    pub fn looks_at(&self) -> impl Iterator<Item = String> {
        let expectations = [&self.given, &self.always, &self.never, &self.expect].into_iter().flatten();
        expectations.flat_map(|placed| placed.spec.references()).filter_map(|reference| match reference {
            Reference::Instance(name) => Some(name),
            _ => None,
        })
    }

    /// Where to read about a failure of this check: about its subject if it has one, else what the check itself names. `lab` is the lab as a command names it.
    #[must_use]
    pub fn reading(&self, about: Option<Subject>, lab: &str) -> Option<Reading> {
        let section = about.and_then(|subject| self.sections.get(&subject));
        let handout = section.or(self.read.handout.as_ref()).cloned();
        let kafka = match about {
            Some(subject) => subject.kafka().map(str::to_owned),
            None => self.read.kafka.clone(),
        };
        let show = handout.is_some().then(|| format!("kgrade show {lab}"));
        Some(Reading { handout, show, kafka }).filter(|reading| !reading.is_empty())
    }

    /// The title, as far as the author shows it before anything was graded.
    #[must_use]
    pub fn shown_title(&self) -> &str {
        if self.disclosure == Disclosure::None { UNTOLD } else { &self.title }
    }

    /// Whether it does something to brokers, which all checks share.
    #[must_use]
    pub fn breaks_brokers(&self) -> bool {
        self.actions.iter().chain(&self.finally).any(|action| matches!(action.spec, ActionSpec::Broker(_)))
    }
}

/// An action or an expectation with its place in the file.
#[derive(Clone, Debug)]
pub struct Placed<T> {
    /// The kind and its settings.
    pub spec: T,
    /// Where it stands.
    pub place: Place,
}

/// One of the learner's programs, as one check runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The command when the submission's manifest names none.
    pub command: Vec<String>,
    /// The environment that the lab gives; late names are still in the texts ([`late::fill`](super::late::fill)).
    pub env: IndexMap<String, String>,
}
