use crate::kinds::testing::docker::{health, kafka, ui};
use crate::kinds::testing::{Story, assert_says};
use crate::timeline::What;
use crate::timeline::docker::{ContainerSeen, ContainerState};

const BOTH: &str = "compose: { services: [kafka, kafka-ui] }";
const NAMED: &str = "compose: { services: [kafka], project: other }";

#[track_caller]
fn says(yaml: &str, all: &[ContainerSeen], begins: &str, holds: &[&str]) {
    assert_says(&Story::new().containers(yaml, all), yaml, begins, holds);
}

#[test]
fn all_services_of_one_project() {
    assert_says(&Story::new(), BOTH, "not shown: Docker was never asked", &[]);
    says(BOTH, &[kafka(), ui()], "holds (2)", &[]);
    // Each half of two projects is none.
    let elsewhere = ContainerSeen { project: Some("other".into()), ..ui() };
    says(BOTH, &[kafka(), elsewhere.clone()], "not yet: 1 of 2 services of the Compose project", &["no container"]);
    let other = ContainerSeen { project: Some("other".into()), state: ContainerState::Exited, ..kafka() };
    says(BOTH, &[kafka(), ui(), other, elsewhere], "holds (2)", &[]);
}

#[test]
fn what_is_missing_or_broken() {
    assert_says(&Story::new().without_docker(BOTH), BOTH, "not yet: no container can be seen", &["sudo systemctl start docker"]);
    says(BOTH, &[], "not yet: no Compose project on this machine has the service `kafka` or `kafka-ui`", &["docker compose up -d", "docker compose config"]);
    says(NAMED, &[kafka()], "not yet: nothing of the Compose project `other` is there", &[]);
    let ended = ContainerSeen { state: ContainerState::Exited, exit_code: 1, ..ui() };
    says(BOTH, &[kafka(), ended], "not yet: 1 of 2 services of the Compose project `docker` does not run as it should", &["service kafka-ui: container kafka-ui", "ended with exit code 1"]);
    let ill = ContainerSeen { health: health("unhealthy"), ..ui() };
    says(BOTH, &[kafka(), ill], "not yet: 1 of 2 services", &["is unhealthy"]);
    let by_hand = ContainerSeen { project: None, service: None, ..kafka() };
    says(BOTH, &[by_hand], "not yet", &["no Compose project on this machine"]);
}

#[test]
fn a_file_that_cannot_be_read() {
    const FILE: &str = "compose: { services: [kafka], compose_file: docker/compose.yaml }";
    let with = |text: &str, all: &[ContainerSeen]| {
        let seen = What::FileSeen { path: "docker/compose.yaml".into(), text: Some(text.to_owned()), saved_ms: None };
        Story::new().then(seen).containers(FILE, all)
    };
    let says = ["docker compose -f docker/compose.yaml config"];
    assert_says(&with("services: [", &[]), FILE, "not yet: docker/compose.yaml cannot be read: line", &says);
    assert_says(&with("services: { ui: {} }", &[]), FILE, "not yet: docker/compose.yaml has no service `kafka`", &says);
    assert_says(&with("services: { kafka: {} }", &[]), FILE, "not yet: no Compose project on this machine", &[]);
    // What runs counts, whatever has become of the file since.
    assert_says(&with("services: [", &[kafka()]), FILE, "holds (1)", &[]);
}
