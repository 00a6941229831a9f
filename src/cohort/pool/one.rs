//! One submission, from its source to its results.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};

use super::{Pool, Step, lock};
use crate::cohort::book::now;
use crate::cohort::child::{Child, EVIDENCE, Ending, LEARNERS_EVIDENCE, Order, Policy, RESULT};
use crate::cohort::journal::{Line, Record};
use crate::cohort::out::{Hand, WHY, pack};
use crate::cohort::{Member, key};
use crate::course::Rules;
use crate::outcome::Outcome;
use crate::report::cohort::State;
use crate::report::{json, write_file};
use crate::world::git;
use crate::world::program::Submission;

/// How often a submission is tried when the reason need not lie in it.
const TRIES: u32 = 2;

/// A submission that can be graded.
struct Found {
    folder: PathBuf,
    key: String,
}

/// What came of it.
struct Made {
    /// Empty when the reason need not lie in the submission: the next batch tries it again.
    key: String,
    tries: u32,
    ended: Result<Box<Outcome>, String>,
    /// The folder with the results.
    results: PathBuf,
}

impl Pool {
    /// Grades one submission, or sees that it needs no grading.
    ///
    /// # Errors
    /// When the results cannot be written. Whatever is wrong with the submission is a result.
    pub(super) async fn one(&self, member: &Member) -> Result<()> {
        let begun = Instant::now();
        self.watcher.step(&member.id, Step::Fetching);
        let hand = self.out.hand(&member.id)?;
        let rules = Rules::of_one(self.settings.rules.as_ref(), &self.settings.lab, &member.id, member.due, member.extension);
        let made = match self.find(member, &hand, rules.as_ref()).await {
            Ok(found) => {
                if let Some(record) = self.past.records.get(&member.id)
                    && record.key == found.key
                    && (record.state == State::Graded || !self.settings.again)
                    && self.out.has(record)
                {
                    lock(&self.book).enter(record.clone(), self.out.outcome(record));
                    self.watcher.unchanged(record);
                    return Ok(());
                }
                self.try_it(member, &hand, found, rules.as_ref()).await?
            }
            Err(error) => Made { key: String::new(), tries: 1, ended: Err(format!("{error:#}")), results: hand.results()? },
        };
        self.keep(member, made, begun)
    }

    /// Looks at the submission: where it is, and what its grade will depend on.
    async fn find(&self, member: &Member, hand: &Hand, rules: Option<&Rules>) -> Result<Found> {
        let folder = member.source.fetch(&hand.source(), self.settings.limits).await?;
        let commit = git::head(&folder).await.map(|head| head.commit);
        let looked = folder.clone();
        let opened = tokio::task::spawn_blocking(move || Submission::open(&looked)).await.context("look at the submission")?;
        let submission = opened.map_err(|error| anyhow!("{}", without(&folder, &format!("{error:#}"))))?;
        Ok(Found { key: self.settings.basis.key(submission.digest(), commit.as_deref(), rules), folder })
    }

    async fn try_it(&self, member: &Member, hand: &Hand, found: Found, rules: Option<&Rules>) -> Result<Made> {
        let mut policy = self.settings.policy.clone();
        policy.late = match rules {
            Some(rules) => {
                write_file(&hand.rules(), rules.text().as_bytes())?;
                Some(hand.rules())
            }
            None => None,
        };
        let mut reasons: Vec<String> = Vec::new();
        let mut tries = 0;
        loop {
            tries += 1;
            let results = hand.results()?;
            let order =
                Order { id: member.id.clone(), learner: Some(member.id.clone()), folder: found.folder.clone(), into: results.clone() };
            let (why, again) = match self.grade(&policy, &order).await {
                // What a machine with too much to do left undecided, it may decide at the second try.
                Ending::Graded(outcome) if !outcome.complete && !outcome.interrupted && tries < TRIES => continue,
                Ending::Graded(outcome) => {
                    self.worked();
                    return Ok(Made { key: found.key, tries, ended: Ok(outcome), results });
                }
                Ending::NotGraded { why, again } => (without(&found.folder, &why), again),
            };
            if reasons.last() != Some(&why) {
                reasons.push(why.clone());
            }
            if again && tries < TRIES {
                continue;
            }
            if again {
                self.failed(&why);
            }
            let key = if again { String::new() } else { found.key };
            return Ok(Made { key, tries, ended: Err(reasons.join("; then: ")), results });
        }
    }

    /// Grades when it is its turn.
    async fn grade(&self, policy: &Policy, order: &Order) -> Ending {
        self.watcher.step(&order.id, Step::Preparing);
        let mut child = match Child::start(policy, order) {
            Ok(child) => child,
            Err(error) => return Ending::NotGraded { why: format!("{error:#}"), again: true },
        };
        child.ready().await;
        self.watcher.step(&order.id, Step::Waiting);
        // Nobody closes it.
        let _turn = self.turns.acquire().await;
        self.watcher.step(&order.id, Step::Grading);
        child.grade().await
    }

    /// Puts the results into their place, then says so in the journal: in this order, a result that is told of is there.
    fn keep(&self, member: &Member, made: Made, begun: Instant) -> Result<()> {
        let mut record = Record {
            id: member.id.clone(),
            key: made.key,
            state: State::Error,
            why: None,
            tries: made.tries,
            result: None,
            at: now(),
            took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        let outcome = match made.ended {
            Ok(outcome) => {
                // Written anew: from here on it is what was read, whatever else could write there before.
                let text = json::render(&outcome)?;
                write_file(&made.results.join(RESULT), text.as_bytes())?;
                record.result = Some(key::digest(text.as_bytes()));
                record.state = if outcome.complete { State::Graded } else { State::Incomplete };
                record.took_ms = outcome.timings_ms.get("total").copied().unwrap_or(record.took_ms);
                Some(*outcome)
            }
            Err(why) => {
                not_graded(&made.results, &why)?;
                record.why = Some(why);
                None
            }
        };
        for name in [EVIDENCE, LEARNERS_EVIDENCE] {
            pack(&made.results.join(name))?;
        }
        self.out.keep(&member.id, &made.results)?;
        lock(&self.journal).add(&Line::Done(record.clone()))?;
        let score = outcome.as_ref().map(|outcome| (outcome.grade(), outcome.max_score));
        lock(&self.book).enter(record.clone(), outcome);
        self.watcher.done(&record, score);
        Ok(())
    }
}

/// A reason without the folder that a submission was in here: files in it are named as the learner names them.
fn without(folder: &Path, why: &str) -> String {
    why.replace(&format!("{}/", folder.display()), "")
}

/// Says why there is no grade. A result that was half made would look like one.
fn not_graded(results: &Path, why: &str) -> Result<()> {
    crate::world::folder::remove(results)
        .and_then(|()| std::fs::create_dir(results))
        .with_context(|| format!("make {}", results.display()))?;
    let clean = crate::outcome::sanitize::terminal(why);
    write_file(&results.join(WHY), format!("This submission was not graded: {clean}\n").as_bytes())
}
