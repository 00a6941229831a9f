//! What a run came to: verdicts, mismatches, score. Plain data: every report is a pure function of an [`Outcome`].

pub mod disclosure;
pub mod late;
pub mod mismatch;
pub mod redact;
pub mod sanitize;
pub mod score;
pub mod subject;
pub mod verdict;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use disclosure::{Disclosure, UNTOLD};
pub use late::Late;
pub use mismatch::{Mismatch, Moment};
pub use score::Score;
pub use subject::{Reading, Subject};
pub use verdict::Verdict;

/// The version of the JSON form of an [`Outcome`].
pub const SCHEMA: &str = "kgrade/outcome/v1";

/// The result of grading one submission for one lab.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The lab's name, for example `lab-02`.
    pub lab: String,
    /// The lab's title.
    pub title: String,
    /// Points reached; the sum over `checks`.
    pub score: u32,
    /// Points of all selected checks.
    pub max_score: u32,
    /// Whether this is a grade: every check passed, failed, or was skipped because of one that failed.
    pub complete: bool,
    /// Whether the run was interrupted before its end.
    pub interrupted: bool,
    /// One entry for each selected check, in the lab's order.
    pub checks: Vec<CheckOutcome>,
    /// What the run was made with.
    pub run: RunFacts,
    /// How long each phase of the run took, in milliseconds; the grader's own share is `grader`.
    pub timings_ms: IndexMap<String, u64>,
    /// What the course's rules on late submissions make of the score; `None` where no rules were given.
    #[serde(default)]
    pub late: Option<Late>,
}

impl Outcome {
    /// The points to be entered in a gradebook: the score, less what lateness costs.
    #[must_use]
    pub fn grade(&self) -> u32 {
        self.late.as_ref().map_or(self.score, |late| late.score)
    }

    /// How many checks do not tell the learner everything.
    #[must_use]
    pub fn hidden(&self) -> u64 {
        self.checks.iter().filter(|check| check.disclosure != Disclosure::Full).count() as u64
    }
}

/// How far a grade may be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// On the learner's own machine: feedback, no proof.
    Practice,
    /// In the learner's own workflow.
    Ci,
    /// By the instructor: clean clone, the instructor's checks, a sandbox.
    Official,
}

/// What a run was made with: enough to run it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunFacts {
    /// The run's own id, part of every topic and group name it makes.
    pub id: String,
    /// The seed that all generated data was drawn from; `--seed` runs it again.
    pub seed: u64,
    /// How far the grade may be trusted.
    pub tier: Tier,
    /// kgrade's version.
    pub kgrade: String,
    /// SHA-256 of the lab file, in hex.
    pub checks_digest: String,
    /// The digest of the submission's content, in hex.
    pub submission_digest: Option<String>,
    /// The submission's git commit, when it is a checkout.
    pub commit: Option<String>,
    /// The broker's version.
    pub broker_version: Option<String>,
    /// Where the cluster came from: `jvm`, `docker`, or an address.
    pub cluster: String,
    /// When the run began, seconds since 1970-01-01 UTC.
    pub started_at: u64,
    /// Whose submission it is, as `--learner` says.
    #[serde(default)]
    pub learner: Option<String>,
    /// When the submission's commit was made (git's committer date), seconds since 1970-01-01 UTC.
    #[serde(default)]
    pub committed_at: Option<u64>,
    /// The clients that the programs were seen to use, each with its version, as they name themselves to the brokers.
    #[serde(default)]
    pub clients: Vec<String>,
    /// What kept the programs from the grader and from each other: `none`, or the sandbox's name.
    #[serde(default = "no_sandbox")]
    pub sandbox: String,
    /// The workflow that ran kgrade, as GitHub's runner describes it.
    #[serde(default)]
    pub workflow: Option<Workflow>,
}

/// The sandbox of a run without one.
#[must_use]
pub fn no_sandbox() -> String {
    "none".to_owned()
}

/// A run of a GitHub workflow, from the runner's environment. It is what the runner says: a workflow that the learner can change can say anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    /// `OWNER/NAME` of the repository (`GITHUB_REPOSITORY`).
    pub repository: String,
    /// The file that was run, with its ref (`GITHUB_WORKFLOW_REF`).
    pub workflow: String,
    /// What was pushed (`GITHUB_REF`).
    pub reference: String,
    /// What happened (`GITHUB_EVENT_NAME`).
    pub event: String,
    /// Who did it (`GITHUB_ACTOR`).
    pub actor: String,
    /// The page of the run.
    pub url: String,
    /// How often it was run (`GITHUB_RUN_ATTEMPT`).
    pub attempt: u32,
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckOutcome {
    /// The check's id in the lab file.
    pub id: String,
    /// What the check asks for, in words.
    pub title: String,
    /// The line of the course that this check serves.
    pub criterion: Option<String>,
    /// What came of it.
    pub verdict: Verdict,
    /// Points reached.
    pub points: u32,
    /// Points that can be reached.
    pub max_points: u32,
    /// One sentence: why the verdict is what it is. Empty for a plain pass.
    pub message: String,
    /// What was expected, when something else was seen.
    pub expected: Option<String>,
    /// What was seen last.
    pub observed: Option<String>,
    /// The records, offsets and moments that show it; five at the most.
    pub witnesses: Vec<String>,
    /// How many more witnesses there were.
    pub more_witnesses: u64,
    /// What it probably means, in the terms of the learner's client.
    pub cause: Option<String>,
    /// Where to read about it: in the lab's handout and in Kafka's documentation.
    #[serde(default)]
    pub read: Option<Reading>,
    /// When and where it went wrong, when one moment can be named: `kgrade timeline` marks it.
    pub moment: Option<Moment>,
    /// What is right but worth knowing.
    pub remarks: Vec<String>,
    /// The lab author's hint; only set when the check did not pass.
    pub hint: Option<String>,
    /// The command to type next.
    pub next: Option<String>,
    /// Where the check stands in the lab file.
    pub place: Option<Place>,
    /// How often the state was looked at.
    pub looks: u64,
    /// When the final state was first seen, in milliseconds since the run began.
    pub first_seen_ms: Option<u64>,
    /// How long the check took, in milliseconds.
    pub duration_ms: u64,
    /// The last lines that the check's programs wrote; only set when the check did not pass.
    pub output: Vec<OutputLine>,
    /// How much of it the lab's author lets the learner see.
    #[serde(default)]
    pub disclosure: Disclosure,
}

/// A place in a lab file. Lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The file as the author knows it, for example `checks/lab-02/lab.yaml`.
    pub file: String,
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// One line that a learner's program wrote. Raw: every report cleans it in its own way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutputLine {
    /// The program instance, for example `consumer` or `second`.
    pub program: String,
    /// `stdout` or `stderr`.
    pub stream: String,
    /// Milliseconds since the run began.
    pub at_ms: u64,
    /// The line.
    pub text: String,
}

/// A check that passed, for tests.
#[cfg(test)]
pub(crate) fn sample(id: &str) -> CheckOutcome {
    CheckOutcome {
        id: id.to_owned(),
        title: "The topic has six partitions".to_owned(),
        criterion: None,
        verdict: Verdict::Passed,
        points: 10,
        max_points: 10,
        message: String::new(),
        expected: None,
        observed: None,
        witnesses: Vec::new(),
        more_witnesses: 0,
        cause: None,
        read: None,
        moment: None,
        remarks: Vec::new(),
        hint: None,
        next: None,
        place: None,
        looks: 1,
        first_seen_ms: None,
        duration_ms: 3_200,
        output: Vec::new(),
        disclosure: Disclosure::Full,
    }
}

/// The outcome of a run with these checks, for tests.
#[cfg(test)]
pub(crate) fn sample_run(checks: Vec<CheckOutcome>) -> Outcome {
    let Score { points, max_points, complete } = Score::of(&checks);
    Outcome {
        schema: SCHEMA.to_owned(),
        lab: "lab-02".to_owned(),
        title: "First producer and consumer".to_owned(),
        score: points,
        max_score: max_points,
        complete,
        interrupted: false,
        checks,
        run: RunFacts {
            id: "r1".to_owned(),
            seed: 7,
            tier: Tier::Practice,
            kgrade: "0.1.0".to_owned(),
            checks_digest: "c0ffee".to_owned(),
            submission_digest: None,
            commit: None,
            broker_version: Some("4.1.0".to_owned()),
            cluster: "jvm".to_owned(),
            started_at: 1_764_547_200,
            learner: None,
            committed_at: None,
            clients: Vec::new(),
            sandbox: no_sandbox(),
            workflow: None,
        },
        timings_ms: IndexMap::new(),
        late: None,
    }
}
