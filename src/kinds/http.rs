//! `http`: a service that a container publishes answers over HTTP.

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::containers::{doing, meant, named, not_running, publish, without_docker};
use super::view::seconds;
use super::{Answer, Expect, Finding, Kind, View};
use crate::outcome::Mismatch;
use crate::run::CheckCtx;
use crate::timeline::What;
use crate::timeline::docker::{ContainerSeen, ContainersLook, HttpAnswer, HttpAsked, Selection};

/// A published port of one of the containers that are meant answers a GET request as asked.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Which containers are meant; the answer of one of them is enough.
    pub of: Selection,
    /// The port inside the container; without it, any that it publishes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The path that is asked for.
    #[serde(default = "root")]
    pub path: String,
    /// The status of the answer, after redirections.
    #[serde(default = "ok")]
    pub status: u16,
    /// A text that the answer's body holds, among its first 64 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_contains: Option<String>,
}

fn root() -> String {
    "/".to_owned()
}

fn ok() -> u16 {
    200
}

impl Kind for Http {
    const DOC: &'static str = "A service that a container publishes answers over HTTP on this machine: a user interface, a registry, a metrics endpoint.\n\n\
        A container that runs is not yet a service that works: its program may still be starting, may listen on another port, or may publish none. \
        The port of this machine is looked up in Docker, so it may be any.";
    const EXAMPLE: &'static str = "http: { of: { image: [kafbat/kafka-ui] }, path: / }";

    fn lint(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        if self.of == Selection::default() {
            found.push(Finding::at("of", "any container is meant", "name an image or a service"));
        }
        if !self.path.starts_with('/') {
            found.push(Finding::at("path", "a path begins with a slash", format!("write `/{}`", self.path)));
        }
        if !(100..600).contains(&self.status) {
            found.push(Finding::at("status", "there is no such status", "write one from 100 to 599, for example 200"));
        }
        if self.body_contains.as_deref() == Some("") {
            found.push(Finding::at("body_contains", "every body holds an empty text", "leave it out"));
        }
        found
    }
}

impl Expect for Http {
    async fn observe(&self, ctx: &CheckCtx) -> Result<()> {
        let look = ctx.docker().look(&self.of, &[]).await;
        let answers = match &look {
            ContainersLook::Found(containers) => ctx.docker().ask(containers, self.port, &self.path).await,
            ContainersLook::NoDocker(_) => Vec::new(),
        };
        ctx.recorder().append(What::ContainersSeen { of: self.of.clone(), bootstrap: ctx.bootstrap_ports(), look });
        ctx.recorder().append(What::HttpSeen { asked: self.asked(), answers });
        Ok(())
    }

    fn judge(&self, view: &View<'_>) -> Answer {
        let docker = view.timeline.docker();
        let (Some((_, look)), Some((since, answers))) = (docker.containers(&self.of), docker.http(&self.asked())) else {
            return Answer::NotShown("no container was asked".to_owned());
        };
        let body = self.body_contains.as_ref().map(|text| format!(" with `{text}` in it")).unwrap_or_default();
        let expected = format!("{} that answers GET {} with status {}{body}", meant(&self.of), self.path, self.status);
        let containers: Vec<&ContainerSeen> = match look {
            ContainersLook::Found(containers) => containers.iter().filter(|container| container.is_of(&self.of)).collect(),
            ContainersLook::NoDocker(problem) => return without_docker(expected, problem),
        };
        if answers.iter().any(|answer| self.is_right(answer)) {
            return Answer::holds(1);
        }
        let mismatch = match (containers.iter().find(|container| not_running(container).is_none()), containers.first()) {
            (Some(running), _) => self.unanswered(running, answers),
            (None, Some(stopped)) => not_running(stopped).unwrap_or_default(),
            (None, None) => {
                let message = format!("there is no {}", meant(&self.of).trim_start_matches("a "));
                let cause = "start it: docker compose up -d (in the folder of the Compose file); what there is: docker ps -a";
                Mismatch::new(message, "", "no such container, running or not").cause(cause)
            }
        };
        Answer::NotYet(Mismatch { expected, observed: format!("{}, since {} into the run", mismatch.observed, seconds(*since)), ..mismatch })
    }
}

impl Http {
    fn asked(&self) -> HttpAsked {
        HttpAsked { of: self.of.clone(), port: self.port, path: self.path.clone() }
    }

    fn is_right(&self, answer: &HttpAnswer) -> bool {
        answer.status == Some(self.status) && self.body_contains.as_ref().is_none_or(|text| answer.text.contains(text))
    }

    /// The mismatch when a container runs, but did not answer as asked.
    fn unanswered(&self, container: &ContainerSeen, answers: &[HttpAnswer]) -> Mismatch {
        let what = named(container);
        let Some(answer) = answers.iter().max_by_key(|answer| answer.status.is_some()) else {
            let inner = self.port.or(container.ports.first().map(|port| port.port)).unwrap_or(8080);
            let port = self.port.map_or("no port".to_owned(), |port| format!("no port {port}"));
            return Mismatch::new(format!("{what} runs, but publishes {port}"), "", format!("{}, {port} published", doing(container))).cause(publish(inner, inner));
        };
        let logs = format!("docker logs {}", answer.container);
        match answer.status {
            None => {
                let cause = format!("its program is still starting, or listens on another port than the published one; its log says: {logs}");
                Mismatch::new(format!("{what} runs, but {} does not answer", answer.url), "", &answer.text).cause(cause)
            }
            Some(status) if status != self.status => {
                let cause = format!("it answers, but not as it should; its log says why: {logs}");
                Mismatch::new(format!("{} answers with status {status}, not {}", answer.url, self.status), "", format!("status {status}")).cause(cause)
            }
            Some(_) => {
                let text = self.body_contains.as_deref().unwrap_or_default();
                let witness = answer.text.chars().take(200).collect::<String>();
                Mismatch::new(format!("the answer of {} does not hold `{text}`", answer.url), "", "another body").witnesses([format!("the body begins with: {witness}")])
            }
        }
    }
}

#[cfg(test)]
mod tests;
