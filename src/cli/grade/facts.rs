//! What a run is made with, as far as it is known before the checks begin.

use std::time::{SystemTime, UNIX_EPOCH};

use super::Run;
use crate::outcome::{RunFacts, Tier, Workflow, no_sandbox};
use crate::world::cluster::{Cluster, Runtime};
use crate::world::git;
use crate::world::program::Submission;
use crate::world::sandbox::Sandbox;

/// The facts. The clients that the programs use are seen later.
pub async fn facts(run: &Run<'_>, submission: &Submission, cluster: &Cluster, runtime: &Runtime, sandbox: Option<&Sandbox>) -> RunFacts {
    let workflow = workflow(|name| std::env::var(name).ok());
    let head = git::head(submission.folder()).await;
    RunFacts {
        id: run.lab.run_id.clone(),
        seed: run.lab.seed,
        tier: tier(run.args.official, workflow.is_some()),
        kgrade: env!("CARGO_PKG_VERSION").to_owned(),
        checks_digest: run.lab.digest.clone(),
        submission_digest: Some(submission.digest().to_owned()),
        committed_at: head.as_ref().and_then(|head| head.committed_at),
        commit: head.map(|head| head.commit),
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

/// A word on the command line makes a run official: whoever may not say it can say it, too, and only a signature tells the two apart.
fn tier(official: bool, in_workflow: bool) -> Tier {
    match (official, in_workflow) {
        (true, _) => Tier::Official,
        (false, true) => Tier::Ci,
        (false, false) => Tier::Practice,
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
