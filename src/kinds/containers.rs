//! Why a container does not do its work, in words: for the kinds that look at containers.

pub mod compose_file;

use crate::outcome::Mismatch;
use crate::timeline::docker::{ContainerSeen, ContainerState, DockerProblem, Selection};

use super::Answer;
use super::view::count;

/// How much of a Compose file is read, in bytes.
pub const MOST: u64 = 256 << 10;

/// The exit code of a process that was killed with SIGKILL.
const KILLED: i64 = 137;

/// The containers that are meant, in words: `a container of apache/kafka`.
#[must_use]
pub fn meant(of: &Selection) -> String {
    let mut words = match (&of.service, of.image.as_slice()) {
        (Some(service), _) => format!("a container of the service `{service}`"),
        (None, []) => "a container".to_owned(),
        (None, [one]) => format!("a container of {one}"),
        (None, [one, other]) => format!("a container of {one} or {other}"),
        // The first is the one that the course uses.
        (None, [first, others @ ..]) => format!("a container of {first} (or of one of {} other known images)", others.len()),
    };
    if let Some(project) = &of.project {
        words.push_str(&format!(" in the Compose project `{project}`"));
    }
    words
}

/// The answer when Docker could not be asked: the learner's environment is what is judged, so this is a mismatch and no error.
#[must_use]
pub fn without_docker(expected: String, problem: &DockerProblem) -> Answer {
    Answer::NotYet(
        Mismatch::new(format!("no container can be seen: {}", problem.reason), expected, "Docker does not answer").cause(&problem.mend),
    )
}

/// How a container is named in a message: `container kafka (apache/kafka:4.3.1)`.
#[must_use]
pub fn named(container: &ContainerSeen) -> String {
    format!("container {} ({})", container.name, container.image)
}

/// How a port of a container becomes a port of this machine, for programs on it alone.
#[must_use]
pub fn publishing(outer: u16, inner: u16) -> String {
    format!("`ports: [ \"127.0.0.1:{outer}:{inner}\" ]`")
}

/// What to do about a port of a container that is not published.
#[must_use]
pub fn publish(outer: u16, inner: u16) -> String {
    format!(
        "only a published port can be reached from this machine: add {} to its service and run docker compose up -d again",
        publishing(outer, inner)
    )
}

/// What a container is doing, in words.
#[must_use]
pub fn doing(container: &ContainerSeen) -> String {
    match container.state {
        ContainerState::Created => "made, not started".to_owned(),
        ContainerState::Running => "running".to_owned(),
        ContainerState::Paused => "paused".to_owned(),
        ContainerState::Restarting => {
            format!("started again and again ({} so far)", count(container.restarts, "restart"))
        }
        ContainerState::Removing => "being stopped or removed".to_owned(),
        ContainerState::Exited => format!("ended with exit code {}", container.exit_code),
        ContainerState::Dead => "dead".to_owned(),
    }
}

/// Why a container is not running, and what to do; `None` when it is.
#[must_use]
pub fn not_running(container: &ContainerSeen) -> Option<Mismatch> {
    let name = &container.name;
    let (message, cause) = match container.state {
        ContainerState::Running => return None,
        ContainerState::Created => (format!("{} was made but does not run", named(container)), unstarted(container)),
        ContainerState::Paused => (format!("{} is paused", named(container)), format!("let it go on: docker unpause {name}")),
        ContainerState::Restarting => (
            format!("{} ends soon after each start, and Docker starts it again", named(container)),
            // Which exit code it had is forgotten at the next start.
            if container.out_of_memory {
                ended(container)
            } else {
                format!("the last lines of its log say why it ends; the whole log: docker logs {name}")
            },
        ),
        ContainerState::Removing | ContainerState::Dead => {
            (format!("{} is being stopped or removed", named(container)), start_again(container))
        }
        ContainerState::Exited => (
            format!("{} is there, but it has ended", named(container)),
            format!("{}; start it again: {}", ended(container), start_again(container)),
        ),
    };
    let mismatch = Mismatch::new(message, "it is running", doing(container)).cause(cause);
    Some(mismatch.witnesses(container.log.iter().map(|line| format!("log of {name}: {line}"))))
}

/// Why a container ended, as far as Docker tells.
fn ended(container: &ContainerSeen) -> String {
    match container.exit_code {
        _ if container.out_of_memory => {
            "the system ended it for want of memory: give Docker more, or the container a higher limit".to_owned()
        }
        // Kafka in a virtual machine of too little memory dies so, too, without Docker noticing why.
        KILLED => "it was killed (exit code 137): by `docker kill`, a `docker stop` that took too long, or for want of memory".to_owned(),
        0 | 130 | 143 => format!("it was stopped in order (exit code {})", container.exit_code),
        code => format!("its program ended with exit code {code}; the last lines of its log say why"),
    }
}

/// Why a container that was made never started.
fn unstarted(container: &ContainerSeen) -> String {
    match taken_port(&container.error) {
        Some(port) => format!(
            "port {port} of this machine is taken: find out by whom (`docker ps`, or `ss -ltnp 'sport = :{port}'`, on a Mac `lsof -i :{port}`), stop that, and start this one: {}",
            start_again(container)
        ),
        None if container.error.is_empty() => format!("start it: {}", start_again(container)),
        None => format!("Docker says: {}; mend that and start it: {}", container.error, start_again(container)),
    }
}

/// The port that Docker could not have, from its error.
fn taken_port(error: &str) -> Option<u16> {
    let (before, _) =
        error.split_once(" failed: port is already allocated").or_else(|| error.split_once(": bind: address already in use"))?;
    before.rsplit_once(':')?.1.trim().parse().ok()
}

/// The command that starts a container, by its Compose file where it has one.
fn start_again(container: &ContainerSeen) -> String {
    match &container.service {
        Some(service) => format!("docker compose up -d {service} (in the folder of the Compose file)"),
        None => format!("docker start {}", container.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_that_is_taken() {
        for (error, port) in [
            (
                "driver failed programming external connectivity on endpoint k (0a1b): Bind for 0.0.0.0:9092 failed: port is already allocated",
                Some(9092),
            ),
            ("Bind for :::8080 failed: port is already allocated", Some(8080)),
            (
                "driver failed programming external connectivity on endpoint k: Error starting userland proxy: listen tcp4 0.0.0.0:9092: bind: address already in use",
                Some(9092),
            ),
            ("OCI runtime create failed: exec: \"x\": executable file not found", None),
            ("", None),
        ] {
            assert_eq!(taken_port(error), port, "{error}");
        }
    }
}
