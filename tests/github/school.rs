//! A school: an instructor's repository with a release of kgrade, a learner's repository that calls its workflow, and a runner.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::actions::copy;
use super::document;
use super::runner::{Ended, Runner, write};

/// What stands in the environment of the job and must not reach a program.
pub const CANARY: &str = "canary-7f3a";

/// The repositories, the release, and the machine.
#[derive(Debug)]
pub struct School {
    /// The runner.
    pub runner: Runner,
    /// Where everything is.
    pub folder: TempDir,
    /// The instructor's workflow.
    pub workflow: Value,
}

impl School {
    /// A learner's repository with the files of a folder, and a release of a `kgrade` that is this program or script.
    pub fn new(submission: &Path, kgrade: &str) -> Result<Self, String> {
        Self::within(tempfile::tempdir().map_err(|error| error.to_string())?, submission, kgrade)
    }

    /// The same, in a folder that is known before.
    pub fn within(folder: TempDir, submission: &Path, kgrade: &str) -> Result<Self, String> {
        let at = |name: &str| folder.path().join(name);
        // A runner's folders can be entered by others, and not written to.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).map_err(|error| error.to_string())?;

        let learner = at("learner");
        copy(submission, &learner)?;
        for name in ["expect.yaml", "failure.txt"] {
            let _ = fs::remove_file(learner.join(name));
        }
        fs::create_dir_all(learner.join(".github/workflows")).map_err(|error| error.to_string())?;
        write(&learner.join(".github/workflows/grade.yml"), &learners_workflow()?)?;
        let commit = committed(&learner)?;

        let instructor = at("instructor");
        copy(&document::root().join(".github"), &instructor.join(".github"))?;
        fs::copy(document::root().join("LICENSE"), instructor.join("LICENSE")).map_err(|error| error.to_string())?;
        let sums = released(kgrade, &at("releases"))?;
        write(&instructor.join(".github/actions/kgrade/SHA256SUMS"), &sums)?;
        let instructors = committed(&instructor)?;

        executable(&at("bin/sudo"), "#!/bin/sh\nexit 1\n")?;
        let mut runner = Runner::new(&at("runner"))?;
        runner.repositories = [("school/lab-ada".to_owned(), learner), ("school/kgrade".to_owned(), instructor)].into();
        runner.env = environment(&at("bin"), &format!("file://{}", at("releases").display()));
        let workflow = document::read(&document::root().join(".github/workflows/grade.yml"))?;
        let contexts = json!({
            "github": {
                "repository": "school/lab-ada", "sha": commit, "ref": "refs/heads/main", "actor": "ada", "event": {}, "event_name": "push",
            },
            "job": { "workflow_repository": "school/kgrade", "workflow_sha": instructors },
            "runner": { "os": runner.env["RUNNER_OS"], "arch": runner.env["RUNNER_ARCH"], "temp": runner.temp },
            "inputs": inputs(&workflow)?,
            "secrets": {},
        });
        runner.contexts = contexts.as_object().cloned().unwrap_or_default();
        Ok(Self { runner, folder, workflow })
    }

    /// Lets the runner become root and any other user, as GitHub's may, with setpriv in place of sudo. Only root can do this. No user is made:
    /// the number alone will do.
    pub fn may_become_root(&self) -> Result<(), String> {
        let sudo = r##"#!/bin/bash
[ "$1" = -n ] && shift
[ "$1" = useradd ] && exit 0
[ "$1" = -u ] || exec "$@"
id=${2#'#'}
shift 3
exec setpriv --reuid "$id" --regid "$id" --clear-groups -- "$@"
"##;
        executable(&self.folder.path().join("bin/sudo"), sudo)
    }

    /// Sets an input of the workflow.
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.runner.contexts["inputs"][name] = value;
        self
    }

    /// Runs the job that grades.
    pub fn grade(&mut self) -> Result<Ended, String> {
        self.runner.job(&self.workflow, "grade")
    }

    /// Runs a job that comes after the one that grades, on a machine of its own.
    pub fn after(&mut self, name: &str, graded: &Ended) -> Result<Ended, String> {
        let mut runner = Runner::new(&self.folder.path().join(format!("runner-{name}")))?;
        runner.repositories = self.runner.repositories.clone();
        runner.artifacts = self.runner.artifacts.clone();
        runner.env = environment(&self.folder.path().join("bin"), &self.runner.env["GITHUB_SERVER_URL"]);
        runner.contexts = self.runner.contexts.clone();
        runner.contexts["runner"]["temp"] = json!(runner.temp);
        runner.contexts.insert("needs".to_owned(), json!({ "grade": { "outputs": graded.outputs } }));
        self.runner = runner;
        self.runner.job(&self.workflow, name)
    }
}

/// The workflow of a learner's repository, as the documentation shows it.
pub fn learners_workflow() -> Result<String, String> {
    let path = document::root().join("docs/github.md");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let block = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split_once("```")).map(|(block, _)| block);
    let block = block.into_iter().find(|block| block.contains("/grade.yml@")).ok_or("docs/github.md shows no workflow")?;
    Ok(block.replace("OWNER/", "school/"))
}

/// The inputs that the learner's workflow gives, with the defaults of the instructor's.
pub fn inputs(workflow: &Value) -> Result<Value, String> {
    let caller: Value = serde_saphyr::from_str(&learners_workflow()?).map_err(|error| error.to_string())?;
    let (_, job) = document::jobs(&caller).into_iter().next().ok_or("the learner's workflow has no job")?;
    let uses = job["uses"].as_str().unwrap_or_default();
    if !uses.starts_with("school/kgrade/.github/workflows/grade.yml@") {
        return Err(format!("the learner's workflow uses {uses}"));
    }
    let mut inputs = serde_json::Map::new();
    let known = workflow["on"]["workflow_call"]["inputs"].as_object().ok_or("the workflow has no inputs")?;
    for (name, input) in known {
        let value = job["with"].get(name).or(input.get("default"));
        inputs.insert(name.clone(), value.cloned().ok_or_else(|| format!("the learner's workflow does not say {name}"))?);
    }
    match job["with"].as_object().into_iter().flatten().find(|(name, _)| !known.contains_key(*name)) {
        Some((name, _)) => Err(format!("the workflow has no input {name}")),
        None => Ok(Value::Object(inputs)),
    }
}

/// Makes a release as `release.yml` does, for this machine; what `SHA256SUMS` says of it.
fn released(kgrade: &str, releases: &Path) -> Result<String, String> {
    let version = concat!("v", env!("CARGO_PKG_VERSION"));
    let dist = releases.join("school/kgrade/releases/download").join(version);
    let program = releases.join("built");
    executable(&program, kgrade)?;
    let script = document::root().join(".github/release/package.sh");
    let mut command = Command::new("bash");
    command.arg(script).env("VERSION", version).env("TARGET", target()).env("BINARY", &program).env("DIST", &dist);
    let output = command.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("package.sh: {}", String::from_utf8_lossy(&output.stdout)));
    }
    let name = format!("kgrade-{version}-{}.tar.gz", target());
    let digest = sha256(&fs::read(dist.join(&name)).map_err(|error| error.to_string())?);
    // Lines for the other machines stand there, too.
    Ok(format!("{}  kgrade-{version}-riscv64gc-unknown-linux-gnu.tar.gz\n{digest}  {name}\n", "0".repeat(64)))
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn target() -> String {
    let system = if cfg!(target_os = "macos") { "apple-darwin" } else { "unknown-linux-gnu" };
    format!("{}-{system}", std::env::consts::ARCH)
}

/// What the runner sets for every step, and what it must not hand on.
fn environment(bin: &Path, server: &str) -> BTreeMap<String, String> {
    let of = |name: &str| std::env::var(name).unwrap_or_default();
    let cache = Some(of("KGRADE_CACHE")).filter(|path| !path.is_empty()).unwrap_or_else(|| {
        directories::ProjectDirs::from("", "", "kgrade").map(|folders| folders.cache_dir().display().to_string()).unwrap_or_default()
    });
    let path = format!("{}:{}", bin.display(), of("PATH"));
    let mut env: BTreeMap<String, String> = [
        ("PATH", path.as_str()),
        ("HOME", &of("HOME")),
        ("KGRADE_CACHE", &cache),
        ("CI", "true"),
        ("RUNNER_OS", if cfg!(target_os = "macos") { "macOS" } else { "Linux" }),
        ("RUNNER_ARCH", if cfg!(target_arch = "aarch64") { "ARM64" } else { "X64" }),
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SERVER_URL", server),
        ("GITHUB_REPOSITORY", "school/lab-ada"),
        ("GITHUB_RUN_ID", "42"),
        ("GITHUB_RUN_ATTEMPT", "1"),
        ("GITHUB_ACTOR", "ada"),
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_WORKFLOW_REF", "school/lab-ada/.github/workflows/grade.yml@refs/heads/main"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    for name in ["JAVA_HOME", "PIP_CERT", "PIP_INDEX_URL"] {
        if !of(name).is_empty() {
            env.insert(name.to_owned(), of(name));
        }
    }
    for name in ["GITHUB_TOKEN", "GH_TOKEN", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "DEPLOY_SECRET", "PIP_TOKEN"] {
        env.insert(name.to_owned(), CANARY.to_owned());
    }
    env
}

/// Makes a repository of a folder; its commit.
pub fn committed(folder: &Path) -> Result<String, String> {
    let git = |words: &[&str]| -> Result<String, String> {
        let mut command = Command::new("git");
        command.arg("-C").arg(folder).args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]);
        let output = command.args(words).env("GIT_CONFIG_GLOBAL", "/dev/null").output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(format!("git {words:?}: {}", String::from_utf8_lossy(&output.stderr)));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    git(&["init", "-q", "-b", "main"])?;
    git(&["add", "-A"])?;
    git(&["commit", "-q", "-m", "lab"])?;
    git(&["rev-parse", "HEAD"])
}

/// Writes a program.
pub fn executable(path: &Path, text: &str) -> Result<(), String> {
    fs::create_dir_all(path.parent().unwrap_or(path)).map_err(|error| error.to_string())?;
    write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(|error| error.to_string())
}

/// A release of the real kgrade: a script that becomes the program under test, which is too big to be packed for each test.
pub fn real() -> String {
    format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_kgrade"))
}

/// A script in place of kgrade: does what `body` says. In it `$json` is where the report goes, `$place` the folder that it may write to.
pub fn scripted(body: &str) -> String {
    format!(
        "#!/bin/bash\nif [ \"$1\" = --version ]; then echo 'kgrade {}'; exit; fi\nplace=$(dirname \"$0\")\n\
         for word in \"$@\"; do case \"$word\" in json=*) json=${{word#json=}} ;; esac; done\n{body}\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// A folder of the fixtures.
pub fn fixture(name: &str) -> PathBuf {
    document::root().join("fixtures/lab-02").join(name)
}
