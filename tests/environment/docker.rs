//! A learner's environment on the real Docker daemon: brought up, typed at, taken down.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use serde_json::Value;

/// The Compose project of these tests: its containers, volumes and networks are theirs and nobody else's.
const PROJECT: &str = "kgrade-test-lab-01";

/// How long containers may take to come to rest. A busy machine needs a minute for a broker.
const PATIENCE: Duration = Duration::from_secs(180);

/// The exit code of the set-up scripts that says that Docker is impossible here.
const IMPOSSIBLE: i32 = 75;

/// What an environment is made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MadeOf {
    /// The compose file.
    pub compose: PathBuf,
    /// What the learner typed.
    pub steps: PathBuf,
}

/// A daemon with the images, and a Compose.
#[derive(Debug, Clone)]
pub struct Docker {
    compose: Vec<&'static str>,
}

/// An environment that is up. Dropping it takes it down.
pub struct Environment {
    docker: Docker,
    pub made_of: MadeOf,
}

impl Docker {
    /// Starts a daemon and builds the images where that is needed; the reason where it cannot be.
    pub fn find() -> Result<Self, String> {
        for script in ["daemon.sh", "images.sh"] {
            let output =
                Command::new("bash").arg(root().join("docker/test").join(script)).arg("up").output().map_err(|error| error.to_string())?;
            match output.status.code() {
                Some(0) => {}
                Some(IMPOSSIBLE) => return Err(text(&output).lines().last().unwrap_or("no Docker").to_owned()),
                _ => panic!("docker/test/{script}: {}", text(&output)),
            }
        }
        let works =
            |words: &[&str]| Command::new(words[0]).args(&words[1..]).arg("version").output().is_ok_and(|output| output.status.success());
        let known = [vec!["docker", "compose"], vec!["docker-compose"]];
        let compose = known.into_iter().find(|words| works(words)).ok_or("no Docker Compose: apt-get install docker-compose")?;
        Ok(Self { compose })
    }

    /// Brings an environment up, as the learner did: a command of theirs that fails is part of it.
    pub fn up(&self, made_of: MadeOf) -> Result<Environment, Failed> {
        let environment = Environment { docker: self.clone(), made_of };
        // What a run that was killed has left.
        environment.remove();
        for name in ["kafka", "kafka-ui", "kafka-of-work"] {
            if !run(Command::new("docker").args(["ps", "--all", "--quiet", "--filter", &format!("name=^/{name}$")])).is_empty() {
                return Err(format!("there is a container `{name}` that is not of these tests: remove it, and run them again").into());
            }
        }
        let started = environment.compose(&["up", "--detach"]).output()?;
        environment.rest()?;
        if started.status.success() {
            let steps = Command::new("bash").arg(&environment.made_of.steps).stdin(Stdio::null()).output()?;
            if environment.has_healthy_kafka() && !steps.status.success() {
                return Err(format!("{}: {}", environment.made_of.steps.display(), text(&steps)).into());
            }
        }
        Ok(environment)
    }
}

impl Environment {
    /// Runs a command in the container of Kafka.
    pub fn in_kafka(&self, script: &str) -> String {
        run(Command::new("docker").args(["exec", "kafka", "bash", "-c", script]))
    }

    /// Everything that Docker knows of the environment's containers.
    pub fn containers(&self) -> Vec<Value> {
        let ids = run(Command::new("docker").args([
            "ps",
            "--all",
            "--quiet",
            "--filter",
            &format!("label=com.docker.compose.project={PROJECT}"),
        ]));
        let inspect = |id: &str| serde_json::from_str::<Value>(&run(Command::new("docker").args(["inspect", id]))).ok()?.get(0).cloned();
        ids.lines().filter_map(inspect).collect()
    }

    /// Waits until every container has come to a state that lasts.
    fn rest(&self) -> Result<(), Failed> {
        let began = Instant::now();
        while let Some(restless) = self.containers().iter().find(|container| !at_rest(container)) {
            if began.elapsed() > PATIENCE {
                return Err(format!("{} does not come to rest: {}", restless["Name"], restless["State"]).into());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    fn has_healthy_kafka(&self) -> bool {
        self.containers().iter().any(|container| container["Name"] == "/kafka" && container["State"]["Health"]["Status"] == "healthy")
    }

    fn compose(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.docker.compose[0]);
        command.args(&self.docker.compose[1..]).args(["--project-name", PROJECT, "--file"]).arg(&self.made_of.compose).args(words);
        command.stdin(Stdio::null());
        command
    }

    /// Removes all that is of these tests. By label, because a compose file that does not parse cannot be taken down.
    fn remove(&self) {
        let ours = format!("label=com.docker.compose.project={PROJECT}");
        for (list, remove) in [
            (&["ps", "--all"][..], &["rm", "--force", "--volumes"][..]),
            (&["network", "ls"], &["network", "rm"]),
            (&["volume", "ls"], &["volume", "rm"]),
        ] {
            for id in run(Command::new("docker").args(list).args(["--quiet", "--filter", &ours])).lines() {
                run(Command::new("docker").args(remove).arg(id));
            }
        }
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Healthy or not, ended, or started again and again: whatever it is, it stays so.
fn at_rest(container: &Value) -> bool {
    let restarts = container["RestartCount"].as_u64().unwrap_or(0);
    match container["State"]["Status"].as_str() {
        Some("running") if restarts == 0 => container["State"]["Health"]["Status"] != "starting",
        Some("exited" | "dead" | "created") => true,
        _ => restarts > 0,
    }
}

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// What a command wrote.
pub fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)).trim().to_owned()
}
