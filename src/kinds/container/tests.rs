use crate::kinds::testing::docker::{health, kafka, ui};
use crate::kinds::testing::{Story, assert_says};
use crate::timeline::What;
use crate::timeline::docker::{ContainerSeen, ContainerState};

const BROKER: &str = "container: { of: { image: [apache/kafka] }, publishes: { bootstrap: true } }";
const LASTING: &str = "container: { of: { service: kafka }, volume: /var/lib/kafka/data }";

#[track_caller]
fn says(yaml: &str, all: &[ContainerSeen], begins: &str, holds: &[&str]) {
    assert_says(&Story::new().containers(yaml, all), yaml, begins, holds);
}

#[test]
fn one_that_is_as_asked_is_enough() {
    assert_says(&Story::new(), BROKER, "not shown: Docker was never asked", &[]);
    says(BROKER, &[kafka(), ui()], "holds (1)", &[]);
    // Two clusters on one machine: the other one has another port.
    let other = ContainerSeen { name: "a-kafka".into(), ports: vec![], state: ContainerState::Exited, ..kafka() };
    says(BROKER, &[other, kafka()], "holds (1)", &[]);
    says("container: { of: { project: docker }, network: docker_default, restarts: { at_most: 0 } }", &[kafka()], "holds (1)", &[]);
}

#[test]
fn no_docker_and_no_container() {
    assert_says(&Story::new().without_docker(BROKER), BROKER, "not yet: no container can be seen: the Docker daemon is not running", &["cause sudo systemctl start docker"]);
    says(BROKER, &[ui()], "not yet: there is no container of apache/kafka", &["cause start it: docker compose up -d", "docker ps -a"]);
    let stranger = ContainerSeen { name: "other".into(), image: "nginx:1".into(), ..kafka() };
    says(BROKER, &[stranger], "not yet: there is no container of apache/kafka", &["port 9092 of this machine belongs to container other (nginx:1): stop it (docker stop other)"]);
}

#[test]
fn one_that_does_not_run() {
    let state = |state, exit_code| ContainerSeen { state, exit_code, log: vec!["FATAL boom".into()], ..kafka() };
    says(BROKER, &[state(ContainerState::Exited, 1)], "not yet: container kafka (apache/kafka:4.3.1) is there, but it has ended", &["exit code 1", "log of kafka: FATAL boom", "docker compose up -d kafka"]);
    says(BROKER, &[state(ContainerState::Exited, 143)], "not yet", &["stopped in order", "start it again"]);
    says(BROKER, &[state(ContainerState::Exited, 137)], "not yet", &["it was killed (exit code 137)"]);
    let starved = ContainerSeen { out_of_memory: true, ..state(ContainerState::Exited, 137) };
    says(BROKER, &[starved], "not yet", &["for want of memory: give Docker more"]);
    says(BROKER, &[state(ContainerState::Paused, 0)], "not yet: container kafka (apache/kafka:4.3.1) is paused", &["docker unpause kafka"]);
    let again = ContainerSeen { restarts: 7, ..state(ContainerState::Restarting, 1) };
    says(BROKER, &[again], "not yet: container kafka (apache/kafka:4.3.1) ends soon after each start, and Docker starts it again", &["7 restarts so far", "log of kafka: FATAL boom", "docker logs kafka"]);
    let plain = ContainerSeen { service: None, ..state(ContainerState::Exited, 0) };
    says(BROKER, &[plain], "not yet", &["docker start kafka"]);
}

#[test]
fn the_port_is_taken() {
    let error = "Bind for 0.0.0.0:9092 failed: port is already allocated";
    let made = ContainerSeen { state: ContainerState::Created, error: error.into(), ..kafka() };
    says(BROKER, std::slice::from_ref(&made), "not yet: container kafka (apache/kafka:4.3.1) was made but does not run", &["port 9092 of this machine is taken"]);
    let holder = ContainerSeen { name: "old".into(), image: "bitnami/kafka:3".into(), ..kafka() };
    says(BROKER, &[holder, made], "not yet", &["port 9092 of this machine belongs to container old (bitnami/kafka:3): stop it (docker stop old)"]);
}

#[test]
fn ports() {
    let none = ContainerSeen { ports: vec![], ..kafka() };
    says(BROKER, &[none], "not yet: container kafka (apache/kafka:4.3.1) runs, but publishes no port", &["ports: [ \"127.0.0.1:9092:9092\" ]"]);
    let mut other = kafka();
    other.ports[0].host_port = 19092;
    says(BROKER, &[other.clone()], "not yet: container kafka (apache/kafka:4.3.1) runs, but does not publish anything as port 9092", &["published: 19092->9092", "its port 9092 is port 19092 of this machine: change that to 9092"]);
    says("container: { of: { service: kafka }, publishes: { port: 9092 } }", &[other.clone()], "holds (1)", &[]);
    says("container: { of: { service: kafka }, publishes: { port: 9092, host_port: 19092 } }", &[other.clone()], "holds (1)", &[]);
    says("container: { of: { service: kafka }, publishes: { port: 9093, host_port: 19092 } }", &[other], "not yet", &["its port 9093 as port 19092"]);
}

#[test]
fn health_checks() {
    let says_so = |status: &str| ContainerSeen { health: health(status), ..kafka() };
    let healthy = "container: { of: { service: kafka }, health: healthy }";
    says(healthy, &[says_so("healthy")], "holds (1)", &[]);
    says(healthy, &[says_so("starting")], "not yet: container kafka (apache/kafka:4.3.1) runs, but its health check says starting so far", &["start_period"]);
    says(healthy, &[kafka()], "not yet: container kafka (apache/kafka:4.3.1) has no health check", &[]);
    says("container: { of: { service: kafka }, health: checked }", &[says_so("starting")], "holds (1)", &[]);
    // Unhealthy is never right, asked for or not.
    says(BROKER, &[says_so("unhealthy")], "not yet: container kafka (apache/kafka:4.3.1) runs, but its health check says unhealthy", &["connection refused", "docker inspect kafka"]);
    says(BROKER, &[says_so("starting")], "holds (1)", &[]);
}

#[test]
fn restarts_volumes_and_networks() {
    let again = ContainerSeen { restarts: 1, ..kafka() };
    let never = "container: { of: { service: kafka }, restarts: { at_most: 0 } }";
    says(never, &[again], "not yet: container kafka (apache/kafka:4.3.1) was started again 1 time, not at most 0", &["docker logs kafka"]);
    says(LASTING, &[kafka()], "holds (1)", &[]);
    for (kind, volume, path, lasts) in [
        ("volume", "docker_kafka-data", "/var/lib/kafka", true),
        ("volume", "docker_kafka-data", "/var/lib/kafka/", true),
        ("volume", "docker_kafka-data", "/var/lib/kafka/data2", false),
        ("volume", &"0a".repeat(32), "/var/lib/kafka/data", false),
        ("bind", "", "/var/lib/kafka/data", true),
        ("tmpfs", "", "/var/lib/kafka/data", false),
    ] {
        let mut other = kafka();
        (other.mounts[0].kind, other.mounts[0].volume, other.mounts[0].path) = (kind.to_owned(), volume.to_owned(), path.to_owned());
        let begins = if lasts { "holds (1)" } else { "not yet: container kafka (apache/kafka:4.3.1) does not keep /var/lib/kafka/data" };
        says(LASTING, &[other], begins, &[]);
    }
    let network = "container: { of: { service: kafka }, network: shared }";
    says(network, &[kafka()], "not yet: container kafka (apache/kafka:4.3.1) is not attached to the network shared", &["attached to docker_default"]);
}

#[test]
fn a_compose_file_that_cannot_be_read() {
    const FILE: &str = "container: { of: { image: [apache/kafka] }, compose_file: docker/compose.yaml }";
    let seen = What::FileSeen { path: "docker/compose.yaml".into(), text: Some("services:\n\tkafka:\n".to_owned()), saved_ms: None };
    let story = |all: &[ContainerSeen]| Story::new().then(seen.clone()).containers(FILE, all);
    assert_says(&story(&[]), FILE, "not yet: docker/compose.yaml cannot be read: line 2", &["expected a container of apache/kafka that runs", "config"]);
    assert_says(&story(&[kafka()]), FILE, "holds (1)", &[]);
}
