//! What a run is made with, as far as it is known before the checks begin.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use super::Run;
use crate::outcome::{RunFacts, Tier, Workflow, no_sandbox};
use crate::world::cluster::{Cluster, Runtime};
use crate::world::program::Submission;
use crate::world::sandbox::Sandbox;

/// The facts. The clients that the programs use are seen later.
pub fn facts(run: &Run<'_>, submission: &Submission, cluster: &Cluster, runtime: &Runtime, sandbox: Option<&Sandbox>) -> RunFacts {
    let workflow = workflow(|name| std::env::var(name).ok());
    let commit = commit(submission.folder());
    RunFacts {
        id: run.lab.run_id.clone(),
        seed: run.lab.seed,
        // Who may call a run official is not decided here: nothing on a learner's machine can.
        tier: if workflow.is_some() { Tier::Ci } else { Tier::Practice },
        kgrade: env!("CARGO_PKG_VERSION").to_owned(),
        checks_digest: run.lab.digest.clone(),
        submission_digest: Some(submission.digest().to_owned()),
        committed_at: commit.as_ref().and_then(|(_, at)| *at),
        commit: commit.map(|(hash, _)| hash),
        broker_version: cluster.version().map(str::to_owned),
        cluster: match runtime {
            Runtime::Jvm => "jvm".to_owned(),
            Runtime::Docker => "docker".to_owned(),
            Runtime::External(address) => address.clone(),
        },
        started_at: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        learner: run.args.learner.clone(),
        clients: Vec::new(),
        sandbox: sandbox.map_or_else(no_sandbox, Sandbox::name),
        workflow,
    }
}

/// The run of a GitHub workflow that this is part of, by the variables that its runner sets.
fn workflow(variable: impl Fn(&str) -> Option<String>) -> Option<Workflow> {
    if variable("GITHUB_ACTIONS")? != "true" {
        return None;
    }
    let said = |name: &str| variable(name).unwrap_or_default();
    let repository = said("GITHUB_REPOSITORY");
    Some(Workflow {
        url: format!("{}/{repository}/actions/runs/{}", said("GITHUB_SERVER_URL"), said("GITHUB_RUN_ID")),
        repository,
        workflow: said("GITHUB_WORKFLOW_REF"),
        reference: said("GITHUB_REF"),
        event: said("GITHUB_EVENT_NAME"),
        actor: said("GITHUB_ACTOR"),
        attempt: said("GITHUB_RUN_ATTEMPT").parse().unwrap_or(1),
    })
}

/// The commit that is checked out in a folder, and when it was made, when git knows one.
fn commit(folder: &Path) -> Option<(String, Option<u64>)> {
    let hash = git(folder, &["rev-parse", "HEAD"])?.trim().to_owned();
    let of_git = hash.len() >= 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let at = git(folder, &["cat-file", "commit", "HEAD"]).as_deref().and_then(committed);
    of_git.then_some((hash, at))
}

/// What git's plumbing prints. The folder is a learner's, with a configuration of theirs: only commands that start no other program are asked
/// (`git log` may run a `gpg.program`), and nothing is fetched.
fn git(folder: &Path, words: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.args(["-c", "protocol.allow=never", "-C"]).arg(folder).args(words);
    command.env("GIT_NO_LAZY_FETCH", "1").env("GIT_OPTIONAL_LOCKS", "0").stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The committer's time in a commit object, in seconds since 1970-01-01 UTC. The message comes after the first empty line, and may say anything.
fn committed(object: &str) -> Option<u64> {
    let line = object.lines().take_while(|line| !line.is_empty()).find(|line| line.starts_with("committer "))?;
    line.rsplit(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_commit() {
        let object = "tree 1\nparent 2\nauthor A <a@b> 5 +0000\ncommitter Ada L <a@b> 1764547200 +0100\n\ncommitter X <x@y> 7 +0000\n";
        assert_eq!(committed(object), Some(1_764_547_200));
        assert_eq!(committed("tree 1\n\ncommitter X <x@y> 7 +0000\n"), None, "that is the message");
    }

    #[test]
    fn a_workflow_is_what_the_runner_says() {
        let variable = |name: &str| {
            let value = match name {
                "GITHUB_ACTIONS" => "true",
                "GITHUB_REPOSITORY" => "school/lab-ada",
                "GITHUB_SERVER_URL" => "https://github.com",
                "GITHUB_RUN_ID" => "42",
                "GITHUB_RUN_ATTEMPT" => "2",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let seen = workflow(variable).unwrap();
        assert_eq!((seen.url.as_str(), seen.attempt), ("https://github.com/school/lab-ada/actions/runs/42", 2));
        assert_eq!(workflow(|_| None), None);
        assert_eq!(workflow(|_| Some("false".to_owned())), None);
    }

    #[test]
    fn a_configuration_of_the_learner_starts_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let run = |words: &[&str]| Command::new("git").arg("-C").arg(folder.path()).args(words).output().unwrap().status.success();
        assert!(run(&["init", "-q"]));
        let person = ["-c", "user.name=A", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
        assert!(run(&[&person[..], &["commit", "-q", "--allow-empty", "-m", "x"]].concat()));
        let trap = folder.path().join("trap");
        for key in ["gpg.program", "core.fsmonitor", "core.pager", "core.sshCommand", "core.alternateRefsCommand"] {
            assert!(run(&["config", key, &format!("touch {}; true", trap.display())]));
        }
        assert!(run(&["config", "log.showSignature", "true"]));
        let (hash, at) = commit(folder.path()).unwrap();
        assert!(hash.len() == 40 && at.is_some_and(|at| at > 1_700_000_000));
        assert!(!trap.exists(), "git ran a program of the learner's");
    }
}
