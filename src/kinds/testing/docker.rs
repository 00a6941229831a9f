//! Stories about containers: the broker's is called `kafka`, that of the user interface `kafka-ui`, in the project `docker`.

use super::Story;
use crate::kinds::ExpectSpec;
use crate::timeline::What;
use crate::timeline::docker::{
    ContainerSeen, ContainerState, ContainersLook, DockerProblem, HealthSeen, HttpAnswer, HttpAsked, MountSeen, PortSeen, Selection,
};

/// A broker's container that is as it should be.
pub fn kafka() -> ContainerSeen {
    ContainerSeen {
        name: "kafka".to_owned(),
        image: "apache/kafka:4.3.1".to_owned(),
        state: ContainerState::Running,
        ports: vec![PortSeen { port: 9092, host_port: 9092, host_ip: String::new() }],
        mounts: vec![MountSeen {
            kind: "volume".to_owned(),
            volume: "docker_kafka-data".to_owned(),
            path: "/var/lib/kafka/data".to_owned(),
        }],
        networks: vec!["docker_default".to_owned()],
        project: Some("docker".to_owned()),
        service: Some("kafka".to_owned()),
        advertised_listeners: Some("HOST://localhost:9092,DOCKER://kafka:29092".to_owned()),
        ..ContainerSeen::default()
    }
}

/// The user interface's container that is as it should be.
pub fn ui() -> ContainerSeen {
    ContainerSeen {
        name: "kafka-ui".to_owned(),
        image: "ghcr.io/kafbat/kafka-ui:v1.3.0".to_owned(),
        ports: vec![PortSeen { port: 8080, host_port: 8090, host_ip: String::new() }],
        mounts: Vec::new(),
        service: Some("kafka-ui".to_owned()),
        advertised_listeners: None,
        ..kafka()
    }
}

/// What a health check says.
pub fn health(status: &str) -> Option<HealthSeen> {
    Some(HealthSeen { status: status.to_owned(), output: "nc: connection refused".to_owned() })
}

/// The selections that an expectation looks at.
fn selections(spec: &ExpectSpec) -> Vec<Selection> {
    match spec {
        ExpectSpec::Container(kind) => vec![kind.of.clone()],
        ExpectSpec::Http(kind) => vec![kind.of.clone()],
        ExpectSpec::Compose(kind) => {
            let service = |name: &String| Selection { service: Some(name.clone()), project: kind.project.clone(), ..Selection::default() };
            kind.services.iter().map(service).collect()
        }
        _ => Vec::new(),
    }
}

impl Story {
    /// Docker is asked as this expectation asks: these are the containers on the machine.
    pub fn containers(self, yaml: &str, all: &[ContainerSeen]) -> Self {
        let spec: ExpectSpec = serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{yaml}: {error}"));
        selections(&spec).into_iter().fold(self, |story, of| {
            let meant =
                all.iter().filter(|seen| seen.is_of(&of) || seen.ports.iter().any(|port| port.host_port == 9092)).cloned().collect();
            story.then(What::ContainersSeen { of, bootstrap: vec![9092], look: ContainersLook::Found(meant) })
        })
    }

    /// Docker is asked as this expectation asks, and cannot be.
    pub fn without_docker(self, yaml: &str) -> Self {
        let spec: ExpectSpec = serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{yaml}: {error}"));
        let problem =
            || DockerProblem { reason: "the Docker daemon is not running".to_owned(), mend: "sudo systemctl start docker".to_owned() };
        selections(&spec).into_iter().fold(self, |story, of| {
            let seen = What::ContainersSeen { of, bootstrap: vec![9092], look: ContainersLook::NoDocker(problem()) };
            match &spec {
                ExpectSpec::Http(_) => story.then(seen).answers(yaml, &[]),
                _ => story.then(seen),
            }
        })
    }

    /// The services are asked as this expectation asks, and answer so: status and body, or why not.
    pub fn answers(self, yaml: &str, answers: &[(Option<u16>, &str)]) -> Self {
        let Ok(ExpectSpec::Http(kind)) = serde_saphyr::from_str(yaml) else { panic!("{yaml}") };
        let answer = |(status, text): &(Option<u16>, &str)| HttpAnswer {
            container: "kafka-ui".to_owned(),
            url: format!("http://localhost:8090{}", kind.path),
            status: *status,
            text: (*text).to_owned(),
        };
        let asked = HttpAsked { of: kind.of.clone(), port: kind.port, path: kind.path.clone() };
        self.then(What::HttpSeen { asked, answers: answers.iter().map(answer).collect() })
    }
}
