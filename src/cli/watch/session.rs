//! What happens while a learner works: something is saved, a key is pressed, a grading ends.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

use super::course::Course;
use super::files::{Snapshot, Watcher, look};
use super::grader::{Grader, Task};
use super::keys::Keys;
use crate::cli::{Done, Failure, output};
use crate::course::progress::Store;
use crate::exit;
use crate::lab::{Check, Lab};
use crate::outcome::{Outcome, Verdict};
use crate::plan;
use crate::report::terminal::Style;
use crate::report::watch::{self, Shown, View};
use crate::world::program::Submission;

/// How often it is looked how far a grading is.
const LOOK: Duration = Duration::from_millis(200);
/// How often files are looked at where the system does not tell of changes, in looks.
const SELDOM: u32 = 5;
/// A clock that went on so much longer than the machine was awake: it slept, and its brokers are not what they were.
const SLEPT: Duration = Duration::from_secs(20);
/// So many graders in a row may end before they were ready.
const DEATHS: u32 = 3;
/// A learner at work on a lab.
pub struct Session {
    course: Course,
    lab: Lab,
    checks: Vec<Shown>,
    /// What is to be graded, as soon as somebody can.
    due: BTreeSet<String>,
    waiting: Option<Grader>,
    running: Option<Running>,
    /// Graders that ended before they were ready, since the last that was.
    deaths: u32,
    /// The last grading came to nothing, and what it was for is tried a second time.
    second: bool,
    seen: Snapshot,
    submission: Option<Submission>,
    watcher: Watcher,
    keys: Keys,
    folder: TempDir,
    begun: u64,
    said: Vec<String>,
    hint: Option<(String, usize)>,
    evidence: Option<PathBuf>,
    store: Store,
    clocks: (Instant, SystemTime),
    looks: u32,
    line: String,
}

/// A grading that goes on.
struct Running {
    grader: Grader,
    asked: Vec<String>,
    /// When the first of what it is for was saved.
    since: Instant,
}

/// Why it ends.
enum End {
    Quit,
    Interrupted,
}

impl Session {
    /// Begins with a lab: everything is to be graded.
    pub fn begin(course: Course) -> Result<Self, Failure> {
        let lab = course.lab()?;
        let folder = tempfile::Builder::new().prefix("kgrade-watch-").tempdir().context("make a folder for the results")?;
        let store = Store::at(&course.work);
        if let Err(error) = store.make() {
            output::note(&format!("your progress is not kept: {error}"));
        }
        let mut session = Self {
            watcher: Watcher::of(&course.work),
            keys: Keys::listen(),
            checks: Vec::new(),
            due: BTreeSet::new(),
            waiting: None,
            running: None,
            deaths: 0,
            second: false,
            seen: Snapshot::default(),
            submission: None,
            folder,
            begun: 0,
            said: Vec::new(),
            hint: None,
            evidence: None,
            store,
            clocks: (Instant::now(), SystemTime::now()),
            looks: 0,
            line: String::new(),
            lab,
            course,
        };
        session.take_up();
        Ok(session)
    }

    /// Goes on until the person quits. Nothing is left then.
    pub async fn run(mut self) -> Done {
        let signals = |kind| signal(kind).context("listen to signals").map_err(Failure::environment);
        let mut interrupt = signals(SignalKind::interrupt())?;
        let mut terminate = signals(SignalKind::terminate())?;
        let mut hangup = signals(SignalKind::hangup())?;
        let mut again = signals(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?;
        let mut resized = signals(SignalKind::window_change())?;
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let end = loop {
            self.proceed().await;
            tokio::select! {
                key = self.keys.pressed() => if self.pressed(key).await { break End::Quit },
                () = self.watcher.heard() => self.saved().await,
                over = turned(&mut self.waiting) => if over { self.lost().await },
                () = ended_running(&mut self.running) => self.finished().await,
                _ = ticks.tick() => self.tick().await,
                _ = next(&mut again) => { self.keys.take(); self.show(); }
                _ = next(&mut resized) => if self.running.is_none() { self.show() },
                _ = next(&mut interrupt) => break End::Interrupted,
                _ = next(&mut terminate) => break End::Interrupted,
                _ = next(&mut hangup) => break End::Interrupted,
            }
        };
        let graded = self.running.is_some();
        self.put_down().await;
        if self.keys.any() {
            output::print("\n");
        }
        Ok(if graded && matches!(end, End::Interrupted) { exit::INTERRUPTED } else { exit::ALL_PASSED })
    }

    /// Begins with the lab as it is now.
    fn take_up(&mut self) {
        let shown = |check: &crate::lab::Check| Shown {
            id: check.id.clone(),
            title: check.title.clone(),
            max_points: check.points,
            outcome: None,
            earlier: false,
        };
        self.checks = self.lab.checks.iter().map(shown).collect();
        (self.seen, self.submission) = (Snapshot::default(), None);
        (self.deaths, self.hint, self.evidence) = (0, None, None);
        self.said.clear();
        self.look_at();
        self.all_due();
    }

    fn all_due(&mut self) {
        self.due = self.lab.checks.iter().map(|check| check.id.clone()).collect();
    }

    /// Reads the submission; says what is wrong with it. The files that changed since.
    fn look_at(&mut self) -> Vec<PathBuf> {
        match look(&self.course.work) {
            Ok((submission, now)) => {
                let changed = self.seen.changed(&now);
                (self.seen, self.submission) = (now, Some(submission));
                changed
            }
            Err(error) => {
                self.submission = None;
                self.said = vec![format!("nothing to grade yet: {error}"), "press i for the files that this lab begins with".to_owned()];
                Vec::new()
            }
        }
    }

    /// Starts what can be started.
    async fn proceed(&mut self) {
        if self.waiting.is_none() && self.deaths < DEATHS {
            self.begun += 1;
            let task = Task { lab: self.course.name().to_owned(), checks: self.course.checks.clone(), work: self.course.work.clone() };
            match Grader::start(&task, self.folder.path().join(self.begun.to_string())) {
                Ok(grader) => self.waiting = Some(grader),
                Err(error) => {
                    self.deaths = DEATHS;
                    self.said = vec![format!("{error:#}; press r to try again")];
                    self.show();
                }
            }
        }
        if self.running.is_some() || self.due.is_empty() || self.submission.is_none() {
            return;
        }
        let Some(mut grader) = self.waiting.take_if(|grader| grader.is_ready()) else {
            self.say("waiting for Kafka");
            return;
        };
        self.deaths = 0;
        let asked = self.order();
        self.due.clear();
        grader.go(&asked).await;
        self.running = Some(Running { grader, asked, since: Instant::now() });
    }

    /// What is due: first what failed, then what was never judged, then the rest.
    fn order(&self) -> Vec<String> {
        let rank = |shown: &&Shown| match shown.outcome.as_ref().map(|outcome| outcome.verdict) {
            Some(Verdict::Failed) => 0,
            Some(Verdict::Error | Verdict::Inconclusive | Verdict::Skipped) => 1,
            None => 2,
            Some(Verdict::Passed) => 3,
        };
        let mut asked: Vec<&Shown> = self.checks.iter().filter(|check| self.due.contains(&check.id)).collect();
        asked.sort_by_key(rank);
        asked.into_iter().map(|check| check.id.clone()).collect()
    }

    /// Something happened in the folder.
    async fn saved(&mut self) {
        self.watcher.again();
        let before = self.submission.is_some();
        let changed = self.look_at();
        if self.submission.is_none() {
            if before {
                self.show();
            }
            return;
        }
        if changed.is_empty() {
            return;
        }
        self.said.clear();
        self.hint = None;
        self.due.extend(self.affected(&changed));
        if let Some(running) = self.running.take() {
            // It grades what is no more.
            self.due.extend(running.asked);
            self.say("saved: beginning again");
            running.grader.end().await;
        }
    }

    fn affected(&self, changed: &[PathBuf]) -> BTreeSet<String> {
        let command = |name: &str, default: &[String]| self.submission.as_ref()?.command(&self.lab.name, name, default).ok();
        plan::affected(&self.lab, changed, command, |word, file| self.seen.speaks_of(&self.course.work, word, file))
    }

    /// The grader that waited has ended.
    async fn lost(&mut self) {
        let Some(mut grader) = self.waiting.take() else { return };
        self.deaths += 1;
        if self.deaths >= DEATHS {
            let said = grader.said().await;
            self.said = vec![said, "press r to try again".to_owned()];
            self.show();
        }
    }

    /// A grading has ended.
    async fn finished(&mut self) {
        let Some(mut running) = self.running.take() else { return };
        let result = running.grader.result().filter(|outcome| !outcome.interrupted && !outcome.checks.is_empty());
        match result {
            Some(outcome) => {
                self.second = false;
                self.evidence = Some(running.grader.evidence());
                self.enter(&outcome);
                if let Some(ready) = first_check(&outcome) {
                    tracing::info!(ready, took = running.since.elapsed().as_millis(), "graded");
                }
                self.keep(&outcome);
            }
            None => {
                let said = running.grader.said().await;
                let said = if said.is_empty() { "the grader ended without a result".to_owned() } else { said };
                let then = if self.second { "press r to try again, or save a file" } else { "trying again" };
                if !self.second {
                    self.due.extend(running.asked);
                }
                self.second = !self.second;
                self.said = vec![format!("nothing was graded: {said}"), then.to_owned()];
            }
        }
        self.show();
    }

    fn enter(&mut self, outcome: &Outcome) {
        for shown in &mut self.checks {
            match outcome.checks.iter().find(|check| check.id == shown.id) {
                Some(check) => (shown.outcome, shown.earlier) = (Some(check.clone()), false),
                None => shown.earlier = shown.outcome.is_some(),
            }
        }
    }

    fn keep(&mut self, outcome: &Outcome) {
        match self.store.record(outcome, SystemTime::now()) {
            Ok(None) => {}
            Ok(Some(note)) => self.said.push(note.to_string()),
            Err(error) => self.said.push(format!("your progress was not kept: {error}")),
        }
    }

    async fn tick(&mut self) {
        self.looks = self.looks.wrapping_add(1);
        let (instant, wall) = self.clocks;
        self.clocks = (Instant::now(), SystemTime::now());
        // The monotonic clock stands still while the machine sleeps.
        let slept = self.clocks.1.duration_since(wall).unwrap_or_default().saturating_sub(self.clocks.0.duration_since(instant));
        if slept > SLEPT
            && let Some(grader) = self.waiting.take()
        {
            grader.end().await;
        }
        if self.looks.is_multiple_of(SELDOM) {
            self.watcher.again();
            if !self.watcher.is_told() {
                self.saved().await;
            }
        }
        if let Some(running) = &self.running {
            let done = running.grader.result().map(|outcome| outcome.checks).unwrap_or_default();
            let line = watch::running(&done, running.asked.len(), &style());
            self.say(&line);
        }
    }

    /// A key; whether it means the end.
    async fn pressed(&mut self, key: char) -> bool {
        match key {
            'q' => return true,
            'r' => {
                (self.deaths, self.second) = (0, false);
                self.said.clear();
                self.look_at();
                self.all_due();
                if let Some(running) = self.running.take() {
                    running.grader.end().await;
                }
                return false;
            }
            'h' => self.said = vec![self.hint()],
            'l' => {
                let criterion = |id: &str| self.lab.check(id).and_then(|check| check.criterion.clone());
                self.said = vec![watch::everything(&self.checks, criterion)];
            }
            't' => self.said = vec![self.picture().await],
            'i' => {
                self.said = vec![self.course.init()];
                let said = std::mem::take(&mut self.said);
                self.saved().await;
                self.said = said;
            }
            'n' | 'p' => {
                if !self.course.step(key == 'n') {
                    self.said = vec![if key == 'n' { "this is the last lab" } else { "this is the first lab" }.to_owned()];
                } else {
                    self.put_down().await;
                    match self.course.lab() {
                        Ok(lab) => self.lab = lab,
                        Err(failure) => self.said = vec![format!("{:#}", failure.error)],
                    }
                    self.take_up();
                }
            }
            '?' => self.said = vec![watch::help()],
            // Everybody hits a wrong key at times.
            _ => return false,
        }
        self.show();
        false
    }

    fn hint(&mut self) -> String {
        let Some(id) = self.view(&[]).first_open().map(|open| open.id.clone()) else {
            return "no check has failed: there is nothing to hint at".to_owned();
        };
        let given = self.hint.take().filter(|(of, _)| *of == id).map_or(0, |(_, given)| given);
        let hints = self.lab.check(&id).map(Check::hints).unwrap_or_default();
        let Some((_, hint)) = hints.get(given) else {
            self.hint = Some((id.clone(), given));
            return match hints.len() {
                0 => format!("{id} has no hints: its author does not show what it looks at"),
                all => format!("these were all {all} hints for {id}; kgrade show {} has the handout", self.lab.name),
            };
        };
        self.hint = Some((id.clone(), given + 1));
        format!("hint {} of {} for {id}: {hint}", given + 1, hints.len())
    }

    /// Draws the last run into a page, by the command that a person would type.
    async fn picture(&self) -> String {
        let Some(evidence) = &self.evidence else { return "nothing was graded yet".to_owned() };
        let page = self.folder.path().join("timeline.html");
        let drawn = async {
            let kgrade = std::env::current_exe()?;
            tokio::process::Command::new(kgrade).arg("timeline").arg(evidence).arg("--html").arg(&page).output().await
        };
        match drawn.await {
            Ok(drawn) if drawn.status.success() => format!("the last run as a picture, until you quit: {}", page.display()),
            Ok(drawn) => String::from_utf8_lossy(&drawn.stderr).into_owned(),
            Err(error) => format!("the picture cannot be drawn: {error}"),
        }
    }

    /// Ends all graders in order.
    async fn put_down(&mut self) {
        let both = [self.waiting.take(), self.running.take().map(|running| running.grader)];
        let ends = both.into_iter().flatten().map(Grader::end);
        futures_util::future::join_all(ends).await;
    }

    fn view<'a>(&'a self, said: &'a [String]) -> View<'a> {
        View {
            lab: (&self.lab.name, &self.lab.title),
            checks: &self.checks,
            work: &self.course.work,
            program: None,
            next: self.course.next(),
            said,
            keys: self.keys.any(),
            links: std::io::stdout().is_terminal(),
        }
    }

    /// The file of the program that the first failure is about.
    fn program(&self) -> Option<PathBuf> {
        let open = self.view(&[]).first_open()?.id.clone();
        let (name, program) = self.lab.check(&open)?.programs.first()?;
        let command = self.submission.as_ref()?.command(&self.lab.name, name, &program.command).ok()?;
        command.iter().map(PathBuf::from).find(|word| self.course.work.join(word).is_file())
    }

    fn show(&mut self) {
        let program = self.program();
        let work = self.course.work.canonicalize().unwrap_or_else(|_| self.course.work.clone());
        let view = View { program: program.as_deref(), work: &work, ..self.view(&self.said) };
        let text = watch::render(&view, &style());
        // What was there stays above, for those who scroll.
        let clear = if self.keys.any() { "\x1b[2J\x1b[H" } else { "" };
        output::print(&format!("{clear}{text}"));
        self.line.clear();
    }

    /// What is going on, in the line below; without a terminal nowhere, for it changes too often.
    fn say(&mut self, line: &str) {
        if self.keys.any() && self.line != line {
            output::print(&format!("\r\x1b[K{line}"));
            line.clone_into(&mut self.line);
        }
    }
}

fn style() -> Style {
    Style::of_stdout()
}

/// How long it took from the word to begin until the first check, in milliseconds.
fn first_check(outcome: &Outcome) -> Option<u64> {
    outcome.timings_ms.get("programs").copied()
}

async fn turned(grader: &mut Option<Grader>) -> bool {
    match grader {
        Some(grader) => grader.turned().await,
        None => std::future::pending().await,
    }
}

async fn ended_running(running: &mut Option<Running>) {
    match running {
        Some(running) => _ = running.grader.ended().await,
        None => std::future::pending().await,
    }
}

async fn next(signal: &mut Signal) {
    if signal.recv().await.is_none() {
        std::future::pending::<()>().await;
    }
}
