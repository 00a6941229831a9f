//! The engine: runs the selected checks, side by side where nothing orders them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::context::CheckCtx;
use super::pace::Pace;
use super::referee::{self, Referee};
use super::scene::Scene;
use crate::kinds::{ActionSpec, ExpectSpec};
use crate::lab::Check;
use crate::outcome::{CheckOutcome, Verdict};
use crate::timeline::event::Phase;
use crate::timeline::{Recorder, Timeline, What};

/// How often invariants are sampled while the actions run.
const SAMPLE: Duration = Duration::from_millis(100);

/// How long a check may clean up.
const FINALLY: Duration = Duration::from_secs(15);

/// Hears how the run goes on. Calls must be cheap.
pub trait Observer: Send + Sync {
    /// A check begins.
    fn check_begun(&self, id: &str, title: &str);
    /// What a check is doing now.
    fn check_now(&self, id: &str, doing: &str);
    /// A check is decided. Checks that were skipped come here without having begun.
    fn check_ended(&self, outcome: &CheckOutcome);
}

/// Hears nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Observer for Silent {
    fn check_begun(&self, _id: &str, _title: &str) {}
    fn check_now(&self, _id: &str, _doing: &str) {}
    fn check_ended(&self, _outcome: &CheckOutcome) {}
}

/// How a check came out of the engine.
enum Ended {
    Judged(Box<Referee>),
    Skipped(String),
}

/// Runs the checks, which stand in the order of the lab, and returns their outcomes in that order.
///
/// A check begins when all that it comes after (`needs`, `after`) have ended, and at most `jobs` run at once.
pub async fn run(scene: &Arc<Scene>, checks: &[Arc<Check>], jobs: usize, observer: &Arc<dyn Observer>) -> Vec<CheckOutcome> {
    let permits = Arc::new(Semaphore::new(jobs.max(1)));
    let mut waiting: Vec<Arc<Check>> = checks.to_vec();
    let mut running = JoinSet::new();
    let mut names = HashMap::new();
    let mut ended: HashMap<String, Ended> = HashMap::new();
    loop {
        let before = waiting.len();
        let mut rest = Vec::new();
        for check in waiting {
            match readiness(&check, checks, &ended, scene) {
                Readiness::Ready => {
                    let work = one(Arc::clone(scene), Arc::clone(&check), Arc::clone(&permits), Arc::clone(observer));
                    names.insert(running.spawn(work).id(), check);
                }
                Readiness::Skip(need) => {
                    observer.check_ended(&referee::skipped(&check, &scene.lab, &need));
                    ended.insert(check.id.clone(), Ended::Skipped(need));
                }
                Readiness::Wait => rest.push(check),
            }
        }
        waiting = rest;
        // A check that was skipped may free others: look again while that changes anything.
        if running.is_empty() && (waiting.is_empty() || waiting.len() == before) {
            break;
        }
        let referee = match running.join_next_with_id().await {
            None => continue,
            Some(Ok((_, referee))) => referee,
            // A defect in kgrade: this check is an error, the others go on.
            Some(Err(panic)) => match names.get(&panic.id()) {
                Some(check) => broken(scene, check),
                None => continue,
            },
        };
        observer.check_ended(&outcome_of(&referee, scene, &ended));
        ended.insert(referee.check().id.clone(), Ended::Judged(referee));
    }
    collect(scene, checks, &ended)
}

/// The referee of a check whose task ended in a panic.
fn broken(scene: &Scene, check: &Arc<Check>) -> Box<Referee> {
    let mut referee = Box::new(Referee::new(Arc::clone(check), scene.scale));
    let name: crate::timeline::event::Name = check.id.as_str().into();
    let error = "kgrade itself broke while it graded this; please report it with the output of `KGRADE_LOG=debug`".to_owned();
    for what in [What::Broke { check: name.clone(), error }, What::CheckEnded { check: name }] {
        tell(&mut referee, &scene.recorder, what);
    }
    referee
}

enum Readiness {
    Ready,
    Wait,
    Skip(String),
}

fn readiness(check: &Check, checks: &[Arc<Check>], ended: &HashMap<String, Ended>, scene: &Scene) -> Readiness {
    for need in &check.needs {
        match ended.get(need) {
            Some(Ended::Skipped(_)) => return Readiness::Skip(need.clone()),
            Some(Ended::Judged(referee)) if verdict(referee, scene, ended) != Verdict::Passed => return Readiness::Skip(need.clone()),
            Some(Ended::Judged(_)) => {}
            None => return Readiness::Wait,
        }
    }
    // `after` orders only what was selected.
    let selected = |id: &String| checks.iter().any(|other| other.id == *id);
    if check.after.iter().any(|id| selected(id) && !ended.contains_key(id)) { Readiness::Wait } else { Readiness::Ready }
}

fn verdict(referee: &Referee, scene: &Scene, ended: &HashMap<String, Ended>) -> Verdict {
    outcome_of(referee, scene, ended).verdict
}

fn outcome_of(referee: &Referee, scene: &Scene, ended: &HashMap<String, Ended>) -> CheckOutcome {
    let timeline = scene.recorder.timeline();
    referee.outcome(&timeline, &scene.lab, |other| blamed(other, &timeline, &scene.lab, ended, ended.len()))
}

/// The verdict of a check that another blames; it may itself blame a third. `depth` ends a circle, which lint refuses.
fn blamed(id: &str, timeline: &Timeline, lab: &str, ended: &HashMap<String, Ended>, depth: usize) -> Option<Verdict> {
    match ended.get(id)? {
        Ended::Skipped(_) => Some(Verdict::Skipped),
        Ended::Judged(referee) => {
            let next = depth.checked_sub(1)?;
            Some(referee.outcome(timeline, lab, |other| blamed(other, timeline, lab, ended, next)).verdict)
        }
    }
}

/// The outcomes in the lab's order, now that every verdict is known that another may depend on.
fn collect(scene: &Scene, checks: &[Arc<Check>], ended: &HashMap<String, Ended>) -> Vec<CheckOutcome> {
    let outcome = |check: &Arc<Check>| match ended.get(&check.id) {
        Some(Ended::Judged(referee)) => outcome_of(referee, scene, ended),
        Some(Ended::Skipped(need)) => referee::skipped(check, &scene.lab, need),
        None => Referee::new(Arc::clone(check), scene.scale).outcome(&scene.recorder.timeline(), &scene.lab, |_| None),
    };
    checks.iter().map(outcome).collect()
}

/// One check from its first action to its end.
async fn one(scene: Arc<Scene>, check: Arc<Check>, permits: Arc<Semaphore>, observer: Arc<dyn Observer>) -> Box<Referee> {
    let _permit = permits.acquire_owned().await;
    let _turn = scene.turns.take(&check).await;
    let _seats = scene.seats.reserve(&check).await;
    let mut work =
        Work { referee: Box::new(Referee::new(Arc::clone(&check), scene.scale)), ctx: CheckCtx::new(Arc::clone(&scene), check), observer };
    if !*scene.interrupted.borrow() {
        work.observer.check_begun(&work.ctx.check().id, &work.ctx.check().title);
        tokio::select! {
            () = work.go() => {}
            () = scene.interruption() => {}
            reason = scene.cluster_gone() => work.without_cluster(reason),
        }
        work.ctx.kill_all().await;
        work.tell(What::CheckEnded { check: work.name() });
    }
    work.referee
}

struct Work {
    referee: Box<Referee>,
    ctx: CheckCtx,
    observer: Arc<dyn Observer>,
}

impl Work {
    fn name(&self) -> crate::timeline::event::Name {
        self.ctx.check().id.as_str().into()
    }

    /// Appends an event and lets the referee see it before anything else happens.
    fn tell(&mut self, what: What) {
        tell(&mut self.referee, self.ctx.recorder(), what);
    }

    async fn broke(&mut self, error: &anyhow::Error) {
        self.look_for_the_cluster().await;
        self.tell(What::Broke { check: self.name(), error: format!("{error:#}") });
    }

    /// Nothing can be shown any more: what still runs need not be waited for.
    fn without_cluster(&mut self, reason: String) {
        self.tell(What::ClusterDied { reason: reason.clone() });
        self.tell(What::Broke { check: self.name(), error: reason });
    }

    async fn go(&mut self) {
        // What an earlier check broke was left so: after the last one nobody needs it any more.
        let mended = self.ctx.scene().mend_brokers().await;
        self.tell(What::CheckBegun { check: self.name() });
        if let Err(error) = mended {
            self.broke(&error).await;
            return;
        }
        if !self.referee.is_decided() {
            self.act().await;
        }
        if !self.referee.is_decided() {
            self.tell(What::Expecting { check: self.name() });
            self.expect().await;
        }
        self.clean_up().await;
    }

    /// The actions in order, with the invariants sampled beside them.
    async fn act(&mut self) {
        let actions: Vec<_> = self.ctx.check().actions.iter().map(|action| action.spec.clone()).collect();
        for (nth, action) in actions.iter().enumerate() {
            let nth = u32::try_from(nth).unwrap_or(u32::MAX);
            if let Some(now) = action.now() {
                self.observer.check_now(&self.ctx.check().id, &now);
            }
            self.tell(What::ActionBegun { check: self.name(), nth, kind: action.word().into() });
            let result = self.beside(action).await;
            // Samples beside the action may have decided the check, or the cluster may have died under it.
            if self.referee.is_decided() {
                return;
            }
            match result {
                Some(Ok(None)) => self.tell(What::ActionEnded { check: self.name(), nth, problem: None }),
                Some(Ok(problem)) => {
                    self.look_for_the_cluster().await;
                    self.tell(What::ActionEnded { check: self.name(), nth, problem });
                }
                Some(Err(error)) => self.broke(&error).await,
                None => {}
            }
            if self.referee.is_decided() {
                return;
            }
        }
    }

    /// One action, with a sample every 100 ms. `None` when a sample decided the check.
    async fn beside(&mut self, action: &ActionSpec) -> Option<Result<Option<crate::outcome::Mismatch>>> {
        let invariants = self.invariants();
        if invariants.is_empty() {
            return Some(action.act(&self.ctx).await);
        }
        // Two halves of `self`: the action only reads the context, the sampler also changes the referee.
        let (referee, ctx) = (&mut self.referee, &self.ctx);
        let acting = action.act(ctx);
        tokio::pin!(acting);
        let mut ticks = tokio::time::interval(SAMPLE);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                result = &mut acting => return Some(result),
                _ = ticks.tick() => {
                    let observing = sample(&invariants, ctx);
                    tokio::pin!(observing);
                    // The action goes on while the sample is taken; when it ends first, the sample is finished all the same.
                    let (observed, result) = tokio::select! {
                        biased;
                        observed = &mut observing => (observed, None),
                        result = &mut acting => (observing.await, Some(result)),
                    };
                    if let Err(error) = observed {
                        return Some(Err(error));
                    }
                    look(referee, ctx, Phase::Acting);
                    if referee.is_decided() {
                        return None;
                    }
                    if result.is_some() {
                        return result;
                    }
                }
            }
        }
    }

    fn invariants(&self) -> Vec<ExpectSpec> {
        let check = self.ctx.check();
        check.always.iter().chain(&check.never).map(|placed| placed.spec.clone()).collect()
    }

    /// Looks until the referee has decided.
    async fn expect(&mut self) {
        let check = self.ctx.check();
        let placed = check.expect.iter().chain(&check.always).chain(&check.never).chain(&check.given);
        let specs: Vec<_> = placed.map(|placed| placed.spec.clone()).collect();
        self.observer.check_now(&self.ctx.check().id, "judging");
        let mut pace = Pace::calm();
        while !self.referee.is_decided() {
            pace.look();
            let mut changes = self.ctx.recorder().changes();
            if let Err(error) = observe_all(&specs, &self.ctx).await {
                self.broke(&error).await;
                return;
            }
            changes.borrow_and_update();
            self.look_before_failing().await;
            if self.referee.is_decided() {
                return;
            }
            pace.wait(&mut changes).await;
        }
    }

    /// A look; when the cluster is dead, that is on the timeline before the look, so that it cannot become the learner's failure.
    async fn look_before_failing(&mut self) {
        self.look_for_the_cluster().await;
        look(&mut self.referee, &self.ctx, Phase::Expecting);
    }

    async fn look_for_the_cluster(&mut self) {
        if let Some(reason) = self.ctx.scene().cluster_death().await {
            self.tell(What::ClusterDied { reason });
        }
    }

    async fn clean_up(&mut self) {
        let actions: Vec<_> = self.ctx.check().finally.iter().map(|action| action.spec.clone()).collect();
        for action in &actions {
            match tokio::time::timeout(FINALLY, action.act(&self.ctx)).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::warn!(check = %self.ctx.check().id, %error, "clean up"),
                Err(_) => tracing::warn!(check = %self.ctx.check().id, kind = action.word(), "cleaning up took too long"),
            }
        }
    }
}

fn look(referee: &mut Referee, ctx: &CheckCtx, phase: Phase) {
    tell(referee, ctx.recorder(), What::Look { check: ctx.check().id.as_str().into(), phase });
}

/// Appends an event and lets the referee see it before anything else happens.
fn tell(referee: &mut Referee, recorder: &Recorder, what: What) {
    recorder.append_then(what, |timeline| {
        if let Some(event) = timeline.events().last() {
            referee.see(event, timeline);
        }
    });
}

/// A sample beside an action. A cluster that died ends the check here, before the look: a program that ended for want of a broker is no failure.
async fn sample(invariants: &[ExpectSpec], ctx: &CheckCtx) -> Result<()> {
    observe_all(invariants, ctx).await?;
    ctx.scene().cluster_death().await.map_or(Ok(()), |reason| Err(anyhow!(reason)))
}

async fn observe_all(specs: &[ExpectSpec], ctx: &CheckCtx) -> Result<()> {
    for spec in specs {
        spec.observe(ctx).await?;
    }
    Ok(())
}
