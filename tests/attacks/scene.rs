//! Where an attack takes place: its submission, a neighbour, hidden checks, a grader's home with secrets, services of the host.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::canary::Canaries;
use crate::expected::{Expected, Make};
use crate::snapshot::Snapshot;
use crate::suite::{Suite, root};

/// How every word begins that must be seen nowhere.
const CANARY: &str = "kgrade-canary-";

/// The surroundings of one attack.
pub struct Scene {
    pub suite: &'static Suite,
    pub canaries: Canaries,
    /// The words that must be seen nowhere.
    pub words: Vec<String>,
    /// Part of every name that the attack gives to something outside.
    pub token: String,
    /// The seed of the run, which is no program's business.
    pub seed: u64,
    folder: TempDir,
    before: Snapshot,
}

impl Scene {
    /// Sets everything up. The attacker is told where it all is: what others would have to guess.
    pub fn set(attack: &Path, name: &str, expected: &Expected, suite: &'static Suite) -> Result<Self, String> {
        Self::make(attack, name, expected, suite).map_err(|error| format!("set the scene: {error}"))
    }

    fn make(attack: &Path, name: &str, expected: &Expected, suite: &'static Suite) -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("attacks-").tempdir()?;
        // Everybody on the machine may look: it is the sandbox that has to hide it.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let at = |name: &str| folder.path().join(name);
        let token = format!("kgrade-attack-{:016x}", rand::random::<u64>());
        let words: Vec<String> = KINDS.iter().map(|kind| format!("{CANARY}{kind}-{:016x}", rand::random::<u64>())).collect();
        let word = |kind: &str| words.iter().find(|word| word.contains(&format!("-{kind}-"))).cloned().unwrap_or_default();
        for name in ["tmp", "outside", "results/own", "results/neighbour", "home/.ssh", "home/.config", "cohort/neighbour/lab-02", "hidden"]
        {
            fs::create_dir_all(at(name))?;
        }
        fs::set_permissions(at("outside"), fs::Permissions::from_mode(0o777))?;
        fs::write(at("outside/notes.txt"), word("outside"))?;
        fs::write(at("results/neighbour/result.json"), json!({"score": 10, "secret": word("neighbour")}).to_string())?;
        fs::write(at("home/.ssh/id_ed25519"), word("home"))?;
        fs::write(at("home/.netrc"), format!("machine course.example password {}", word("home")))?;
        for program in ["producer.py", "consumer.py"] {
            let text = fs::read_to_string(root().join("fixtures/lab-02/solution/lab-02").join(program))?;
            fs::write(at("cohort/neighbour/lab-02").join(program), format!("{text}\n# {}\n", word("neighbour")))?;
        }
        copy(&root().join("checks"), &at("hidden"))?;
        fs::write(at("hidden/answers.txt"), word("checks"))?;
        fs::write(at("hidden/lab-02/answers.txt"), word("checks"))?;

        let canaries = Canaries::start(&word("service"), &at("outside/service.sock"), &token)?;
        let submission = at("cohort").join(name);
        let targets = json!({
            "token": token,
            "submission": submission,
            "neighbour": at("cohort/neighbour"),
            "results": at("results/own"),
            "neighbours_results": at("results/neighbour"),
            "checks": at("hidden"),
            "home": at("home"),
            "cache": suite.cache(),
            "tmp": at("tmp"),
            "outside": at("outside"),
            "http": canaries.http,
            "url": canaries.http.first().map(|address| format!("http://{address}")),
            "socket": at("outside/service.sock"),
        });
        copy(attack, &submission)?;
        fs::remove_file(submission.join("expect.yaml"))?;
        fs::write(submission.join("targets.json"), serde_json::to_string_pretty(&targets)?)?;
        let targets = targets.as_object().cloned().unwrap_or_default();
        for name in FILLED {
            if let Ok(text) = fs::read_to_string(submission.join(name)) {
                fs::write(submission.join(name), fill(&text, &targets))?;
            }
        }
        for make in &expected.make {
            add(make, &submission, &targets)?;
        }
        let mut scene = Self { suite, canaries, words, token, seed: rand::random(), folder, before: Snapshot::default() };
        scene.before = scene.now()?;
        Ok(scene)
    }

    /// A path in the scene.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The scene's own folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The canary of a kind.
    pub fn word(&self, kind: &str) -> &str {
        self.words.iter().find(|word| word.contains(&format!("-{kind}-"))).map_or("", String::as_str)
    }

    /// What is otherwise than before, byte for byte. Where kgrade writes is left out.
    pub fn changes(&self) -> Vec<String> {
        match self.now() {
            Ok(later) => self.before.changes(&later, &|_| false),
            Err(error) => vec![format!("the scene cannot be read: {error}")],
        }
    }

    fn now(&self) -> std::io::Result<Snapshot> {
        // What tools keep for themselves in a home is theirs.
        let own = [
            self.path("tmp"),
            self.path("results/own"),
            self.path("github"),
            self.path("home/.cache"),
            self.path("home/.rustup"),
            self.path("outside/service.sock"),
        ];
        Snapshot::of_contents(self.folder(), &|path| own.iter().any(|own| own == path))
    }
}

/// The kinds of canaries.
const KINDS: [&str; 8] = ["token", "note", "home", "neighbour", "checks", "outside", "service", "github"];

/// Files of a submission in which names of `targets.json` stand.
const FILLED: [&str; 8] = ["kgrade.yaml", "requirements.txt", "more.txt", "uv.toml", "pyproject.toml", "pip.conf", "setup.cfg", ".env"];

/// Replaces each `{{name}}` by the target of that name.
fn fill(text: &str, targets: &Map<String, Value>) -> String {
    targets.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value.as_str().unwrap_or_default()))
}

fn add(make: &Make, submission: &Path, targets: &Map<String, Value>) -> std::io::Result<()> {
    let at = |name: &str| submission.join(name);
    let run = |command: &mut Command| {
        let done = command.status()?;
        if done.success() { Ok(()) } else { Err(std::io::Error::other(format!("{command:?}: {done}"))) }
    };
    match make {
        Make::Link { at: name, to } => std::os::unix::fs::symlink(fill(to, targets), at(name)),
        Make::Pipe { at: name } => run(Command::new("mkfifo").arg(at(name))),
        Make::Device { at: name } => run(Command::new("mknod").arg(at(name)).args(["c", "1", "5"])),
        Make::Socket { at: name } => std::os::unix::net::UnixListener::bind(at(name)).map(drop),
        Make::Files { at: name, count } => {
            fs::create_dir_all(at(name))?;
            (0..*count).try_for_each(|number| fs::write(at(name).join(number.to_string()), ""))
        }
        Make::File { at: name, mib, of } => fs::write(at(name), of.repeat((mib << 20) / of.len().max(1))),
    }
}

/// Copies a folder of plain files and folders.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
