//! What happens while a learner works: something is saved, a key is pressed, a grading ends.

mod pressed;
mod shown;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::time::{MissedTickBehavior, interval};

use super::board::Board;
use super::clocks::Clocks;
use super::course::Course;
use super::files::{Snapshot, look};
use super::grader::Task;
use super::graders::{Graders, News, Over};
use super::keys::Keys;
use super::listener::Listener;
use super::screen::Screen;
use super::signals::{Signals, Wish, pause};
use crate::cli::{Done, Failure};
use crate::course::progress::Store;
use crate::exit;
use crate::lab::Lab;
use crate::outcome::Outcome;
use crate::plan;
use crate::world::program::{Submission, SubmissionError};

/// How often it is looked how far a grading is.
const LOOK: Duration = Duration::from_millis(100);
/// How often files are looked at where the system does not tell of changes, in looks.
const SELDOM: u32 = 10;

/// A learner at work on a lab.
pub struct Session {
    course: Course,
    lab: Lab,
    board: Board,
    graders: Graders,
    /// The last grading came to nothing, or to an error, and is tried a second time.
    second: bool,
    seen: Snapshot,
    submission: Option<Submission>,
    /// None of the lab's programs is there.
    absent: bool,
    listener: Listener,
    keys: Keys,
    screen: Screen,
    said: Vec<String>,
    /// The key whose answer stands in `said`.
    answers: Option<char>,
    hint: Option<(String, usize)>,
    evidence: Option<PathBuf>,
    store: Store,
    clocks: Clocks,
    looks: u32,
}

impl Session {
    /// Begins with a lab: everything is to be graded.
    pub fn begin(course: Course) -> Result<Self, Failure> {
        let lab = course.lab()?;
        let graders = Graders::none()?;
        let store = Store::at(&course.work);
        let mut session = Self {
            listener: Listener::of(&course.work),
            keys: Keys::listen(),
            screen: Screen::default(),
            board: Board::of(&lab),
            graders,
            second: false,
            seen: Snapshot::default(),
            submission: None,
            absent: false,
            said: Vec::new(),
            answers: None,
            hint: None,
            evidence: None,
            store,
            clocks: Clocks::now(),
            looks: 0,
            lab,
            course,
        };
        session.screen.clear(&session.keys);
        session.take_up();
        session.said.append(&mut session.course.notes);
        if let Err(error) = session.store.make() {
            session.said.push(format!("your progress is not kept: {error}"));
        }
        Ok(session)
    }

    /// Goes on until the person quits. Nothing is left then.
    pub async fn run(mut self, mut signals: Signals) -> Done {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let quit = loop {
            self.proceed().await;
            self.show();
            tokio::select! {
                key = self.keys.pressed() => match key {
                    None => break false,
                    Some('q') => break true,
                    Some(key) => self.pressed(key).await,
                },
                () = self.listener.heard() => self.saved(),
                news = self.graders.news() => self.heard(news),
                _ = ticks.tick() => self.tick(),
                wish = signals.next() => match wish {
                    Wish::End => break false,
                    Wish::Pause => {
                        self.keys.give_back();
                        if !pause() {
                            self.come_back();
                        }
                    }
                    Wish::GoOn => self.come_back(),
                    Wish::Redraw => self.screen.clear(&self.keys),
                },
            }
        };
        let code = if quit || !self.graders.is_grading() { exit::ALL_PASSED } else { exit::INTERRUPTED };
        // The shell's next line does not wait for brokers, and who has no patience is not kept.
        self.keys.give_back();
        tokio::select! {
            () = self.graders.end() => {}
            () = signals.end() => {}
        }
        Ok(code)
    }

    /// Takes the terminal again.
    fn come_back(&mut self) {
        self.keys.take();
        self.screen.clear(&self.keys);
    }

    /// Begins with the lab as it is now.
    fn take_up(&mut self) {
        self.board = Board::of(&self.lab);
        (self.seen, self.submission) = (Snapshot::default(), None);
        (self.second, self.hint, self.evidence) = (false, None, None);
        self.graders.take_heart();
        self.unsay();
        self.look_at();
    }

    /// Reads the submission, and says what is wrong with it. The files that changed since the last time.
    fn look_at(&mut self) -> Vec<PathBuf> {
        let (submission, now) = match look(&self.course.work) {
            Ok(looked) => looked,
            Err(error) => {
                self.submission = None;
                self.says(vec![format!("nothing to grade yet: {error}")]);
                if matches!(error, SubmissionError::Missing(_) | SubmissionError::Empty(_)) && self.keys.any() {
                    self.said.push("press i for the files that this lab begins with".to_owned());
                }
                return Vec::new();
            }
        };
        let changed = self.seen.changed(&now);
        let was_wrong = self.submission.is_none() || self.absent;
        let command = |name: &str, default: &[String]| submission.command(&self.lab.name, name, default);
        let mut commands = self.lab.checks.iter().flat_map(|check| &check.programs).map(|(name, program)| command(name, &program.command));
        // A lab whose programs stand elsewhere (a container, a broker's settings) has none.
        self.absent = commands.next().is_some_and(|first| first.is_err()) && commands.all(|command| command.is_err());
        (self.seen, self.submission) = (now, Some(submission));
        if self.absent {
            let then = if self.keys.any() {
                "press i for the files that it begins with"
            } else {
                "kgrade init writes the files that it begins with"
            };
            self.says(vec![format!("none of the programs of {} is here yet: {then}", self.lab.name)]);
        } else if was_wrong {
            self.unsay();
        }
        changed
    }

    /// Starts what can be started.
    async fn proceed(&mut self) {
        let task = Task { lab: self.course.name().to_owned(), checks: self.course.checks.clone(), work: self.course.work.clone() };
        if let Err(error) = self.graders.keep_one(&task) {
            self.gave_up(&format!("{error:#}"));
        }
        if self.graders.is_grading() || !self.board.is_due() || self.submission.is_none() || self.absent {
            return;
        }
        let asked = self.board.take_due();
        if !self.graders.grade(asked.clone()).await {
            self.board.due_again(asked);
        }
    }

    /// Something happened in the folder.
    fn saved(&mut self) {
        self.listener.renew();
        let changed = self.look_at();
        if changed.is_empty() {
            return;
        }
        if !self.absent {
            self.unsay();
        }
        (self.hint, self.second) = (None, false);
        self.graders.take_heart();
        let affected = self.affected(&changed);
        self.board.changed(affected);
        // What is being graded is no more.
        let broken_off = self.graders.break_off();
        self.board.due_again(broken_off);
    }

    fn affected(&self, changed: &[PathBuf]) -> BTreeSet<String> {
        let Some(submission) = &self.submission else { return BTreeSet::new() };
        plan::affected(&self.lab, changed, &Work { lab: &self.lab.name, submission, files: &self.seen })
    }

    fn heard(&mut self, news: News) {
        match news {
            News::Ready => tracing::debug!("a grader is ready"),
            News::Gone | News::Lost(None) => {}
            News::Lost(Some(said)) => self.gave_up(&said),
            News::Over(over) => self.over(*over),
        }
    }

    fn gave_up(&mut self, why: &str) {
        let then = if self.keys.any() { "press r to try again" } else { "save a file to try again" };
        self.says(vec![format!("nothing can be graded: {}", why.trim_start_matches("error: ")), then.to_owned()]);
    }

    /// A grading has ended.
    fn over(&mut self, over: Over) {
        match over.result {
            Ok(outcome) => {
                self.evidence = Some(over.evidence);
                self.board.enter(&outcome);
                self.outdate();
                self.board.give_up();
                self.keep(&outcome);
                let broken = Board::broken(&outcome);
                self.second = !self.second && !broken.is_empty();
                if self.second {
                    self.board.due_are(broken);
                }
                self.board.due_are(self.board.doubtful());
            }
            Err(why) => {
                self.second = !self.second;
                let why = why.trim_start_matches("error: ");
                let then = match (self.second, self.keys.any()) {
                    (true, _) => "trying again",
                    (false, true) => "press r to try again, or save a file",
                    (false, false) => "save a file to try again",
                };
                self.says(vec![format!("nothing was graded: {why}"), then.to_owned()]);
                if self.second {
                    self.board.due_again(over.asked);
                } else {
                    self.board.give_up();
                }
            }
        }
    }

    /// What is to be said in place of what was.
    fn says(&mut self, said: Vec<String>) {
        self.said = said;
        self.answers = None;
    }

    fn unsay(&mut self) {
        self.says(Vec::new());
    }

    /// Takes away the answer to a key that a new result has made old.
    fn outdate(&mut self) {
        let is_old = match self.answers {
            Some('h') => self.hint.as_ref().map(|(of, _)| of) != self.view(&[]).first_open().map(|open| &open.id),
            Some('t' | 'i') => true,
            _ => false,
        };
        if is_old {
            self.unsay();
        }
    }

    fn keep(&mut self, outcome: &Outcome) {
        let said = match self.store.record(outcome, SystemTime::now()) {
            Ok(note) => note.map(|note| note.to_string()),
            Err(error) => Some(format!("your progress was not kept: {error}")),
        };
        // The same as before is not said twice.
        self.said.extend(said.filter(|said| !self.said.contains(said)));
    }

    fn tick(&mut self) {
        self.looks = self.looks.wrapping_add(1);
        if self.clocks.slept() {
            // Clusters took the time for real: what they think of their members and of each other is not to be trusted.
            self.graders.renew();
            let broken_off = self.graders.break_off();
            self.board.due_again(broken_off);
        }
        if self.looks.is_multiple_of(SELDOM) {
            self.listener.renew();
            if !self.listener.is_told() {
                self.saved();
            }
        }
        if let Some(so_far) = self.graders.so_far() {
            self.board.enter(&so_far);
        }
    }
}

/// A submission as it was looked at last.
struct Work<'a> {
    lab: &'a str,
    submission: &'a Submission,
    files: &'a Snapshot,
}

impl plan::Work for Work<'_> {
    fn command(&self, program: &str, default: &[String]) -> Option<Vec<String>> {
        self.submission.command(self.lab, program, default).ok()
    }

    fn is_built(&self) -> bool {
        !self.submission.setup().is_empty()
    }

    fn speaks_of(&self, words: &[&str], file: &Path) -> bool {
        self.files.speaks_of(self.submission.folder(), words, file)
    }
}
