//! A small runner: takes the steps of a job as GitHub's does. Only the actions of others are stand-ins ([`super::actions`]); scripts are run
//! by bash, with files for their outputs, and what they print is read for commands.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use super::expression::{Scope, as_text};
use super::{actions, commands, document};

/// A machine with one job on it.
#[derive(Debug)]
pub struct Runner {
    /// The workspace of the job.
    pub workspace: PathBuf,
    /// The runner's folder for temporary files, with those of the commands in it.
    pub temp: PathBuf,
    /// Where stand-ins keep artifacts.
    pub artifacts: PathBuf,
    /// The repositories that can be checked out, by name, each with its folder.
    pub repositories: BTreeMap<String, PathBuf>,
    /// The environment of every step.
    pub env: BTreeMap<String, String>,
    /// The contexts of the job, without `steps`.
    pub contexts: Map<String, Value>,
    /// What the steps did.
    pub seen: Seen,
    files: usize,
}

/// What the steps of a job did.
#[derive(Debug, Default)]
pub struct Seen {
    /// Everything that was printed.
    pub log: String,
    /// `(level, title, text)`.
    pub annotations: Vec<(String, String, String)>,
    /// The page of the run.
    pub summary: String,
    /// What steps added to the environment and the path of those after them.
    pub added: Vec<String>,
    /// Commands on the output that are neither annotations nor outputs.
    pub commands: Vec<String>,
    /// `step: outcome`, in order.
    pub steps: Vec<String>,
    /// The folders that were saved to the cache.
    pub saved: Vec<PathBuf>,
}

/// The end of a job.
#[derive(Debug)]
pub struct Ended {
    /// Whether no step failed.
    pub green: bool,
    /// The job's outputs.
    pub outputs: BTreeMap<String, String>,
}

impl Runner {
    /// A machine with its folders in `folder`.
    pub fn new(folder: &Path) -> Result<Self, String> {
        let made = |name: &str| -> Result<PathBuf, String> {
            let path = folder.join(name);
            fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            Ok(path)
        };
        let temp = made("work/_temp")?;
        made("work/_temp/_runner_file_commands")?;
        Ok(Self {
            workspace: made("work/lab-ada/lab-ada")?,
            temp,
            artifacts: made("artifacts")?,
            repositories: BTreeMap::new(),
            env: BTreeMap::new(),
            contexts: Map::new(),
            seen: Seen::default(),
            files: 0,
        })
    }

    /// Runs a job of a workflow with these contexts (`github`, `inputs`, `needs`, `secrets`, …).
    pub fn job(&mut self, workflow: &Value, name: &str) -> Result<Ended, String> {
        let job = &workflow["jobs"][name];
        if !job.is_object() {
            return Err(format!("there is no job {name}"));
        }
        let scope = Scope { contexts: self.contexts.clone(), failed: false };
        let env = filled(&job["env"], &scope)?;
        self.env.extend(env);
        let shell = workflow["defaults"]["run"]["shell"].as_str().map(str::to_owned);
        let (green, scope) = self.steps(document::steps(job), scope, shell.as_deref())?;
        Ok(Ended { green, outputs: filled(&job["outputs"], &scope)? })
    }

    fn steps(&mut self, steps: &[Value], mut scope: Scope, shell: Option<&str>) -> Result<(bool, Scope), String> {
        scope.contexts.insert("steps".to_owned(), json!({}));
        for (number, step) in steps.iter().enumerate() {
            let id = step["id"].as_str().map_or_else(|| format!("__{number}"), str::to_owned);
            let name = step["name"].as_str().or(step["uses"].as_str()).unwrap_or(&id).to_owned();
            scope.contexts.insert("env".to_owned(), json!(self.env));
            let outcome = if scope.runs(step["if"].as_str())? {
                let (green, outputs) = self.step(step, &scope, shell).map_err(|error| format!("{name}: {error}"))?;
                scope.failed |= !green;
                let outcome = if green { "success" } else { "failure" };
                scope.contexts["steps"][&id] = json!({ "outputs": outputs, "outcome": outcome, "conclusion": outcome });
                outcome
            } else {
                scope.contexts["steps"][&id] = json!({ "outputs": {}, "outcome": "skipped", "conclusion": "skipped" });
                "skipped"
            };
            self.seen.steps.push(format!("{name}: {outcome}"));
        }
        Ok((!scope.failed, scope))
    }

    fn step(&mut self, step: &Value, scope: &Scope, shell: Option<&str>) -> Result<(bool, BTreeMap<String, String>), String> {
        let env = filled(&step["env"], scope)?;
        if let Some(script) = step["run"].as_str() {
            if step["shell"].as_str().or(shell) != Some("bash") {
                return Err("a script without `shell: bash`".to_owned());
            }
            let folder = self.workspace.join(step["working-directory"].as_str().unwrap_or_default());
            return self.script(script, &env, &folder);
        }
        let uses = step["uses"].as_str().ok_or("a step that neither runs nor uses anything")?;
        let with = filled(&step["with"], scope)?;
        let Some(own) = uses.strip_prefix("./") else { return actions::stand_in(self, uses, &with) };
        self.composite(&self.workspace.join(own), with, scope)
    }

    /// An action of ours: its steps, with its inputs in place of the workflow's.
    fn composite(
        &mut self,
        folder: &Path,
        with: BTreeMap<String, String>,
        scope: &Scope,
    ) -> Result<(bool, BTreeMap<String, String>), String> {
        let action = document::read(&folder.join("action.yml"))?;
        if action["runs"]["using"] != "composite" {
            return Err("only composite actions are known here".to_owned());
        }
        let mut inputs = Map::new();
        let known = action["inputs"].as_object().cloned().unwrap_or_default();
        if let Some(stranger) = with.keys().find(|name| !known.contains_key(*name)) {
            return Err(format!("the action has no input {stranger}"));
        }
        for (name, input) in known {
            let value = with.get(&name).cloned().or_else(|| input["default"].as_str().map(str::to_owned));
            if value.is_none() && input["required"] == true {
                return Err(format!("the input {name} is missing"));
            }
            inputs.insert(name, json!(value.unwrap_or_default()));
        }
        let mut inner = Scope::default();
        for name in ["github", "runner", "job"] {
            inner.contexts.insert(name.to_owned(), scope.contexts.get(name).cloned().unwrap_or_default());
        }
        inner.contexts.insert("inputs".to_owned(), Value::Object(inputs));
        inner.contexts["github"]["action_path"] = json!(folder.display().to_string());
        let (green, inner) = self.steps(document::steps(&action["runs"]), inner, None)?;
        let outputs = action["outputs"].as_object().into_iter().flatten();
        let outputs = outputs.map(|(name, output)| Ok((name.clone(), inner.fill(output["value"].as_str().unwrap_or_default())?)));
        Ok((green, outputs.collect::<Result<_, String>>()?))
    }

    /// A script, in bash as a runner calls it, with files of its own for what it has to say.
    fn script(&mut self, script: &str, env: &BTreeMap<String, String>, folder: &Path) -> Result<(bool, BTreeMap<String, String>), String> {
        self.files += 1;
        let commands = self.temp.join("_runner_file_commands");
        let kinds = ["OUTPUT", "ENV", "PATH", "STATE", "STEP_SUMMARY"];
        let file = |kind: &str| commands.join(format!("{}_{}", kind.to_lowercase(), self.files));
        for kind in kinds {
            write(&file(kind), "")?;
        }
        let (source, log) = (self.temp.join(format!("{}.sh", self.files)), self.temp.with_file_name(format!("log-{}", self.files)));
        write(&source, script)?;
        let output = File::create(&log).map_err(|error| error.to_string())?;
        let errors = output.try_clone().map_err(|error| error.to_string())?;
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(&source).current_dir(folder).env_clear();
        command.envs(&self.env).envs(env).envs(kinds.map(|kind| (format!("GITHUB_{kind}"), file(kind))));
        command.env("RUNNER_TEMP", &self.temp).env("GITHUB_WORKSPACE", &self.workspace);
        let status = command.stdin(Stdio::null()).stdout(output).stderr(errors).status().map_err(|error| error.to_string())?;

        let said = String::from_utf8_lossy(&fs::read(&log).map_err(|error| error.to_string())?).into_owned();
        let told = commands::read(&said);
        self.seen.log.push_str(&said);
        self.seen.annotations.extend(told.annotations);
        self.seen.commands.extend(told.others);
        let mut outputs = told.outputs;
        let text = |kind: &str| fs::read_to_string(file(kind)).map_err(|error| format!("GITHUB_{kind}: {error}"));
        outputs.extend(commands::entries(&text("OUTPUT")?)?);
        for (name, value) in commands::entries(&text("ENV")?)? {
            self.seen.added.push(name.clone());
            self.env.insert(name, value);
        }
        for folder in text("PATH")?.lines() {
            self.seen.added.push(folder.to_owned());
            let path = self.env.get("PATH").cloned().unwrap_or_default();
            self.env.insert("PATH".to_owned(), format!("{folder}:{path}"));
        }
        self.seen.summary.push_str(&text("STEP_SUMMARY")?);
        Ok((status.success(), outputs))
    }
}

/// A map of the workflow with its expressions replaced.
fn filled(map: &Value, scope: &Scope) -> Result<BTreeMap<String, String>, String> {
    let entries = map.as_object().into_iter().flatten();
    entries.map(|(name, value)| Ok((name.clone(), scope.fill(&as_text(value))?))).collect()
}

/// Writes a file, or says which one could not be written.
pub fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
