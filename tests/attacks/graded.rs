//! One run of the real `kgrade` on an attack, watched from outside.

use std::fmt;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::expected::Expected;
use crate::sandbox::Sandbox;
use crate::scene::Scene;

/// How long a run may take, whatever the attack does. On a loaded machine an honest one takes a fifth of it.
const LIMIT: Duration = Duration::from_secs(120);

/// What came of a run.
pub struct Graded {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// The most memory that kgrade itself held, in bytes.
    pub peak: u64,
    /// Whether it was killed because it took too long.
    pub late: bool,
    pub took: Duration,
}

/// Grades the scene's submission.
pub fn grade(scene: &Scene, expected: &Expected, sandbox: Sandbox) -> Result<Graded, String> {
    run(scene, expected, sandbox).map_err(|error| format!("run kgrade: {error}"))
}

fn run(scene: &Scene, expected: &Expected, sandbox: Sandbox) -> std::io::Result<Graded> {
    let mut command = scene.suite.kgrade();
    command.arg("lab-02").arg("--only").arg(expected.checks.join(",")).arg("--seed").arg(scene.seed.to_string());
    command.arg("--submission").arg(scene.path("cohort").join(submission_name(scene)));
    command.arg("--checks").arg(scene.path("hidden"));
    for report in ["json=report.json", "junit=report.xml", "markdown=report.md", "terminal=report.txt"] {
        command.args(["--report", report]);
    }
    command.args(["--evidence", "evidence.jsonl", "--full-evidence", "full-evidence.jsonl"]).args(sandbox.options());
    command.current_dir(scene.path("results/own")).env("TMPDIR", scene.path("tmp")).env("HOME", scene.path("home"));
    // The one has a name by which kgrade takes it out of all texts, the other has not.
    command.env("COURSE_API_TOKEN", scene.word("token")).env("COURSE_NOTE", scene.word("note"));
    if let Some(place) = pyenv() {
        command.env("PYENV_ROOT", place);
    }
    if expected.github {
        fs::create_dir_all(scene.path("github"))?;
        fs::write(scene.path("github/env"), scene.word("github"))?;
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", scene.path("github/summary"));
        command.env("GITHUB_ENV", scene.path("github/env")).env("GITHUB_OUTPUT", scene.path("github/output"));
    }
    let (stdout, stderr) = (scene.path("results/own/stdout"), scene.path("results/own/stderr"));
    // A group of its own: an attack that kills its group kills no test.
    command.process_group(0);
    command.stdin(Stdio::null()).stdout(File::create(&stdout)?).stderr(File::create(&stderr)?);
    let began = Instant::now();
    let mut child = command.spawn()?;
    let (mut peak, mut late) = (0, false);
    let status = loop {
        peak = peak.max(peak_memory(child.id()));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if began.elapsed() > LIMIT {
            late = true;
            child.kill()?;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let text = |path| fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    Ok(Graded { code: status.code(), stdout: text(stdout), stderr: text(stderr), peak, late, took: began.elapsed() })
}

/// The folder in `cohort` that is not the neighbour's.
fn submission_name(scene: &Scene) -> std::ffi::OsString {
    let entries = fs::read_dir(scene.path("cohort")).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.file_name()).find(|name| name != "neighbour").unwrap_or_default()
}

/// Where pyenv is, which looks for itself in the home.
fn pyenv() -> Option<std::path::PathBuf> {
    let usual = std::path::Path::new(&std::env::var_os("HOME")?).join(".pyenv");
    std::env::var_os("PYENV_ROOT").map(Into::into).or(usual.is_dir().then_some(usual))
}

/// The most memory that a process has held so far, in bytes.
fn peak_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) << 10
}

impl fmt::Display for Graded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |text: &str| text.lines().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n");
        let (took, peak) = (self.took.as_secs_f64(), self.peak >> 20);
        write!(
            f,
            "exit {:?} after {took:.1} s, {peak} MiB\n--- stdout\n{}\n--- stderr\n{}",
            self.code,
            end(&self.stdout),
            end(&self.stderr)
        )
    }
}
