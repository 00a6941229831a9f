//! Asking the services that containers publish, over HTTP.

use std::io::Read;
use std::time::Duration;

use super::Docker;
use crate::timeline::docker::{ContainerSeen, HttpAnswer};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How much of a body is kept.
const BODY: u64 = 64 << 10;

impl Docker {
    /// Asks every published port of the containers that run (or those of one port inside) for a path. Redirections are followed.
    pub async fn ask(&self, containers: &[ContainerSeen], port: Option<u16>, path: &str) -> Vec<HttpAnswer> {
        let mut answers = Vec::new();
        for container in containers.iter().filter(|container| container.is_running()) {
            for seen in container.ports.iter().filter(|seen| port.is_none_or(|port| port == seen.port)) {
                let host = if seen.host_ip.is_empty() { "localhost" } else { &seen.host_ip };
                let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
                let url = format!("http://{host}:{}{path}", seen.host_port);
                let asked = url.clone();
                let (status, text) = tokio::task::spawn_blocking(move || get(&asked)).await.unwrap_or_default();
                answers.push(HttpAnswer { container: container.name.clone(), url, status, text });
            }
        }
        answers
    }
}

/// Whether a service of this machine answers, with a status that means that it is well.
pub async fn answers(url: String) -> bool {
    let asked = tokio::task::spawn_blocking(move || get(&url)).await;
    asked.is_ok_and(|(status, _)| status.is_some_and(|status| (200..300).contains(&status)))
}

/// The status and the beginning of the body, or why there was no answer.
fn get(url: &str) -> (Option<u16>, String) {
    // A proxy is for the world outside; what is asked is on this machine.
    let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).proxy(None).build();
    match ureq::Agent::new_with_config(config).get(url).call() {
        Ok(mut answer) => {
            let mut body = Vec::new();
            let _ = answer.body_mut().as_reader().take(BODY).read_to_end(&mut body);
            (Some(answer.status().as_u16()), String::from_utf8_lossy(&body).into_owned())
        }
        Err(error) => (None, error.to_string()),
    }
}
