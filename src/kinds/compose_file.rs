//! `compose-file`: the learner's Compose file can be read.

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Answer, Expect, Finding, Kind, View, file};
use crate::outcome::Mismatch;
use crate::run::CheckCtx;

/// Where the learner's own cluster cannot be used, the Compose file that should have started it is at least YAML with services.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComposeFile {
    /// The file's path in the submission.
    pub path: String,
}

impl Kind for ComposeFile {
    const DOC: &'static str = "Where the learner's own cluster cannot be used: the Compose file in the submission is YAML and has services. It says why nothing was started, where the file is the reason.\n\n\
        It holds when the cluster can be used, whatever the file looks like, and when there is no such file: a learner may keep it elsewhere.";
    const EXAMPLE: &'static str = "compose-file: { path: docker/compose.yaml }";

    fn lint(&self) -> Vec<Finding> {
        file::outside("path", &self.path).into_iter().collect()
    }
}

impl Expect for ComposeFile {
    async fn observe(&self, ctx: &CheckCtx) -> Result<()> {
        ctx.see_file(&self.path).await
    }

    fn judge(&self, view: &View<'_>) -> Answer {
        let path = &self.path;
        let Some(seen) = view.timeline.file(path) else { return Answer::NotShown(format!("{path} was never looked at")) };
        let problem = match &seen.text {
            Some(text) if !view.timeline.is_cluster_usable() => problem(text),
            _ => None,
        };
        let Some(problem) = problem else { return Answer::holds(1) };
        let expected = format!("{path} is a Compose file that Docker can start");
        let mismatch = Mismatch::new(format!("{path} cannot be read, so nothing can be started from it"), expected, problem);
        Answer::NotYet(mismatch.cause(
            "YAML indents with spaces, never with tabs, and what belongs together is indented equally. `docker compose config` in that folder shows what Docker \
             thinks of it; the course's own file is there to compare",
        ))
    }
}

/// Why Docker cannot start anything from this text.
fn problem(text: &str) -> Option<String> {
    let options = serde_saphyr::options! { with_snippet: false };
    match serde_saphyr::from_str_with_options::<Option<Value>>(text, options) {
        Ok(Some(Value::Object(keys))) if keys.get("services").is_some_and(|services| services.as_object().is_some_and(|all| !all.is_empty())) => None,
        Ok(_) => Some("it names no services".to_owned()),
        Err(error) => {
            let line = error.location().and_then(|at| usize::try_from(at.line()).ok()).filter(|line| *line > 0);
            let shown = line.and_then(|line| Some((line, text.lines().nth(line - 1)?)));
            Some(match shown {
                Some((line, there)) if there.trim_start_matches(' ').starts_with('\t') => format!("line {line} is indented with a tab: {}", there.trim()),
                Some((line, there)) => format!("it is not YAML at line {line}: {}", there.trim()),
                None => "it is not YAML".to_owned(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::testing::{Story, assert_says};
    use crate::timeline::What;
    use crate::timeline::event::ClusterState;

    const YAML: &str = "compose-file: { path: docker/compose.yaml }";

    fn story(text: Option<&str>, state: ClusterState) -> Story {
        let story = Story::new().then(What::ClusterSeen { bootstrap: "localhost:9092".into(), state });
        story.then(What::FileSeen { path: "docker/compose.yaml".into(), text: text.map(str::to_owned), saved_ms: None })
    }

    fn silent() -> ClusterState {
        ClusterState::Silent { reason: "connection refused".to_owned() }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_told_where_nothing_runs() {
        assert_says(&Story::new(), YAML, "not shown", &[]);
        for (text, words) in [
            ("services:\n  kafka:\n\timage: a\n", "line 3 is indented with a tab: image: a"),
            ("services:\n  kafka:\n    image: [a\n", "it is not YAML"),
            ("image: a", "it names no services"),
            ("services: {}", "it names no services"),
            ("", "it names no services"),
        ] {
            assert_says(&story(Some(text), silent()), YAML, "not yet: docker/compose.yaml cannot be read", &[words, "docker compose config"]);
            assert_says(&story(Some(text), ClusterState::Reachable { version: None }), YAML, "holds (1)", &[]);
        }
    }

    #[test]
    fn what_compose_takes_is_right() {
        let anchors = "x-all: &all { image: apache/kafka:4.3.1 }\nservices:\n  kafka:\n    <<: *all\n    ports: [ '9092:9092' ]\n";
        for text in [Some(anchors), Some("services: { kafka: { image: a } }"), Some(include_str!("../../docker/compose.yaml")), None] {
            assert_says(&story(text, silent()), YAML, "holds (1)", &[]);
        }
    }
}
