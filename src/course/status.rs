//! Where a learner stands in the course, from their own results. Plain data, worked out from the course, the labs and the progress.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::hours::Hours;
use super::progress::{CheckStanding, Entry, LabStanding, State};
use super::{Block, Checkpoint, Course, Moment, Stretch};
use crate::outcome::Disclosure;

mod next;
#[cfg(test)]
pub mod testing;

pub use next::Next;

/// The version of the JSON form of a [`Status`].
pub const SCHEMA: &str = "kgrade/status/v1";

/// Where a learner stands.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Status {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// What the course is called.
    pub course: String,
    /// The parts of the course, in order.
    pub blocks: Vec<BlockStatus>,
    /// Its checkpoints.
    pub checkpoints: Vec<CheckpointStatus>,
    /// What is left of it.
    pub hours: Hours,
    /// The weeks' reviews: those that were begun, and those that are due.
    pub reviews: Vec<ReviewStatus>,
    /// What to do next.
    pub next: Next,
}

/// Some days of the course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BlockStatus {
    /// The weeks of the part that it belongs to.
    pub weeks: Stretch,
    /// What that part is called.
    pub part: String,
    /// Which days.
    pub days: Stretch,
    /// What they are about.
    pub title: String,
    /// The labs.
    pub labs: Vec<LabStatus>,
    /// What the labs must show: the block's success criteria; without any, its tasks.
    pub criteria: Vec<CriterionStatus>,
}

/// A lab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LabStatus {
    /// Its name.
    pub lab: String,
    /// Its title; `null` for a lab that this kgrade does not grade yet.
    pub title: Option<String>,
    /// How far it is.
    pub state: LabState,
    /// The points of the checks that are shown.
    pub score: u32,
    /// The points of all checks.
    pub max_score: u32,
    /// How many checks are shown.
    pub passed: usize,
    /// Every check, in the lab's order.
    pub checks: Vec<Evidence>,
    /// How many graded runs there were.
    pub runs: usize,
    /// When the last one ended.
    #[schemars(with = "Option<String>")]
    pub last: Option<Moment>,
}

/// How far a lab is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LabState {
    /// Every check is shown.
    Passed,
    /// There are results.
    Begun,
    /// There are none.
    NotBegun,
    /// This kgrade does not grade it yet.
    NotGraded,
}

/// Whether a check is shown, and by which run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Evidence {
    /// The check, as `LAB/CHECK`.
    pub check: String,
    /// What it asks for, in words; `null` for one that is not shown to learners.
    pub title: Option<String>,
    /// Whether it is shown.
    pub state: State,
    /// The run that says so; `null` when nothing was judged.
    pub by: Option<By>,
}

/// The run that decided on a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct By {
    /// When it ended.
    #[schemars(with = "String")]
    pub time: Moment,
    /// The version of kgrade.
    pub kgrade: String,
    /// Its seed.
    pub seed: u64,
    /// SHA-256 of the lab file, in hex.
    pub checks_digest: String,
    /// Whether that was an earlier version of the lab than this kgrade has.
    pub earlier_version: bool,
}

/// A line that the labs must show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CriterionStatus {
    /// The line, in the course's words.
    pub criterion: String,
    /// How far it is.
    pub state: CriterionState,
    /// The checks that serve it, as `LAB/CHECK`.
    pub checks: Vec<String>,
}

/// How far a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CriterionState {
    /// All its checks have passed.
    Met,
    /// One of its checks failed when it was judged last.
    Failed,
    /// None failed, and not all have passed.
    Open,
    /// No check of this kgrade's serves it.
    NotGraded,
}

/// A checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CheckpointStatus {
    /// After which week.
    pub after_week: u32,
    /// Whether every line is shown.
    pub reached: bool,
    /// Its lines.
    pub lines: Vec<LineStatus>,
}

/// A line of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LineStatus {
    /// The line, in the course's words.
    pub line: String,
    /// Whether all its checks have passed.
    pub shown: bool,
    /// The checks.
    pub checks: Vec<Evidence>,
}

/// A week's review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReviewStatus {
    /// The week.
    pub week: u32,
    /// How many of the questions have an answer.
    pub answered: usize,
    /// How many questions there are.
    pub questions: usize,
    /// Whether it is time: all labs of the week have passed, or there were results on as many days as the course has up to its end.
    pub due: bool,
}

/// What a status is worked out from.
#[derive(Debug)]
pub struct Known<'a> {
    /// The course.
    pub course: &'a Course,
    /// Where the learner stands with each lab that kgrade carries.
    pub labs: &'a [LabStanding<'a>],
    /// All graded runs.
    pub entries: &'a [Entry],
    /// How many questions of each week's review have an answer, for the weeks that have some.
    pub answered: &'a [(u32, usize)],
    /// The labs that have a folder in the learner's work.
    pub begun: &'a [String],
}

impl Status {
    /// Works it out.
    #[must_use]
    pub fn of(known: &Known<'_>) -> Self {
        let course = known.course;
        let parts = course.parts.iter().flat_map(|part| part.blocks.iter().map(move |block| (part, block)));
        let blocks: Vec<BlockStatus> = parts
            .map(|(part, block)| BlockStatus {
                weeks: part.weeks,
                part: part.title.clone(),
                days: block.days,
                title: block.title.clone(),
                labs: block.labs.iter().map(|lab| lab_status(lab, known.labs)).collect(),
                criteria: block.owed().iter().map(|line| criterion(line, block, known.labs)).collect(),
            })
            .collect();
        let hours = Hours::of(course, known.labs, known.entries);
        let reviews: Vec<ReviewStatus> = (1..=course.weeks())
            .map(|week| review(week, known, hours.worked_days))
            .filter(|review| review.due || review.answered > 0)
            .collect();
        let next = Next::of(known, &reviews);
        let checkpoints = course.checkpoints.iter().map(|checkpoint| CheckpointStatus::of(checkpoint, known.labs)).collect();
        Self { schema: SCHEMA.to_owned(), course: course.title.clone(), blocks, checkpoints, hours, reviews, next }
    }
}

impl CheckpointStatus {
    /// What these results show of a checkpoint.
    #[must_use]
    pub fn of(checkpoint: &Checkpoint, labs: &[LabStanding<'_>]) -> Self {
        let line = |line: &super::CheckpointLine| {
            let checks: Vec<Evidence> = line
                .shown_by
                .iter()
                .flat_map(|wanted| {
                    let meant = labs.iter().flat_map(move |lab| wanted.among(lab.lab).map(move |check| (lab, check)));
                    let found = meant.filter_map(|(lab, check)| Some((lab, lab.checks.iter().find(|found| found.check.id == check.id)?)));
                    found.map(|(lab, found)| evidence(&lab.lab.name, found)).collect::<Vec<_>>()
                })
                .collect();
            // A check that this kgrade does not have cannot be shown by it.
            let known = line.shown_by.iter().all(|wanted| labs.iter().any(|lab| wanted.among(lab.lab).next().is_some()));
            let shown = known && !checks.is_empty() && checks.iter().all(|check| check.state == State::Passed);
            LineStatus { line: line.line.clone(), shown, checks }
        };
        let lines: Vec<LineStatus> = checkpoint.lines.iter().map(line).collect();
        Self { after_week: checkpoint.after_week, reached: !lines.is_empty() && lines.iter().all(|line| line.shown), lines }
    }

    /// How many lines are shown.
    #[must_use]
    pub fn shown(&self) -> usize {
        self.lines.iter().filter(|line| line.shown).count()
    }
}

fn lab_status(name: &str, labs: &[LabStanding<'_>]) -> LabStatus {
    let Some(standing) = labs.iter().find(|standing| standing.lab.name == name) else {
        let lab = name.to_owned();
        return LabStatus {
            lab,
            title: None,
            state: LabState::NotGraded,
            score: 0,
            max_score: 0,
            passed: 0,
            checks: Vec::new(),
            runs: 0,
            last: None,
        };
    };
    let state = match standing {
        done if done.is_done() => LabState::Passed,
        begun if begun.runs > 0 => LabState::Begun,
        _ => LabState::NotBegun,
    };
    LabStatus {
        lab: name.to_owned(),
        title: Some(standing.lab.title.clone()),
        state,
        score: standing.score(),
        max_score: standing.lab.points,
        passed: standing.passed(),
        checks: standing.checks.iter().map(|check| evidence(name, check)).collect(),
        runs: standing.runs,
        last: standing.last.map(|entry| entry.time),
    }
}

fn evidence(lab: &str, standing: &CheckStanding<'_>) -> Evidence {
    let by = standing.by.map(|entry| By {
        time: entry.time,
        kgrade: entry.kgrade.clone(),
        seed: entry.seed,
        checks_digest: entry.checks_digest.clone(),
        earlier_version: standing.earlier,
    });
    let title = (standing.check.disclosure != Disclosure::None).then(|| standing.check.title.clone());
    Evidence { check: format!("{lab}/{}", standing.check.id), title, state: standing.state, by }
}

fn criterion(line: &str, block: &Block, labs: &[LabStanding<'_>]) -> CriterionStatus {
    let serving = || {
        let of_block = labs.iter().filter(|standing| block.labs.contains(&standing.lab.name));
        let checks = of_block.flat_map(|standing| standing.checks.iter().map(move |check| (&standing.lab.name, check)));
        checks.filter(|(_, check)| check.check.criterion.as_deref() == Some(line))
    };
    let has = |state: State| serving().any(|(_, check)| check.state == state);
    let state = match serving().next() {
        None => CriterionState::NotGraded,
        Some(_) if has(State::Failed) => CriterionState::Failed,
        Some(_) if has(State::Open) => CriterionState::Open,
        Some(_) => CriterionState::Met,
    };
    let checks = serving().map(|(lab, check)| format!("{lab}/{}", check.check.id)).collect();
    CriterionStatus { criterion: line.to_owned(), state, checks }
}

fn review(week: u32, known: &Known<'_>, worked_days: u32) -> ReviewStatus {
    let answered = known.answered.iter().find(|(of, _)| *of == week).map_or(0, |(_, answered)| *answered);
    let questions = known.course.review_questions.len();
    let over = worked_days >= week * known.course.days_a_week();
    let due = answered < questions && (over || is_done(week, known));
    ReviewStatus { week, answered, questions, due }
}

/// Whether all labs of the days that end in a week have passed, and there is one.
fn is_done(week: u32, known: &Known<'_>) -> bool {
    let mut labs = known.course.blocks_ending_in(week).flat_map(|block| &block.labs).peekable();
    labs.peek().is_some() && labs.all(|lab| known.labs.iter().any(|standing| standing.lab.name == *lab && standing.is_done()))
}

/// The JSON Schema of a status, as it is checked in.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Status);
    schema.insert("title".to_owned(), json!("Where a learner stands in the course"));
    if let Some(version) = schema.pointer_mut("/properties/schema").and_then(Value::as_object_mut) {
        version.insert("const".to_owned(), json!(SCHEMA));
    }
    schema.to_value()
}

#[cfg(test)]
mod tests;
