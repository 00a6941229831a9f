use crate::kinds::testing::docker::kafka;
use crate::kinds::testing::{Story, assert_says};
use crate::timeline::What;
use crate::timeline::docker::{AdvertisedSeen, ContainerSeen, ContainerState, ListenersSeen, PortSeen};

const ANY: &str = "advertised-listeners: {}";
const THREE: &str = "advertised-listeners: { brokers: { exactly: 3 } }";

fn broker(node: i32, host: &str, port: i32, problem: Option<&str>) -> AdvertisedSeen {
    AdvertisedSeen { node, host: host.to_owned(), port, problem: problem.map(str::to_owned) }
}

fn seen(brokers: Vec<AdvertisedSeen>, container: Option<ContainerSeen>) -> Story {
    let seen = ListenersSeen { bootstrap: "localhost:9092".into(), silent: None, brokers, container };
    Story::new().then(What::ListenersSeen { seen })
}

fn silent(container: Option<ContainerSeen>) -> Story {
    let reason = "localhost:9092: nothing listens there (connection refused)";
    Story::new().then(What::ListenersSeen { seen: ListenersSeen { container, ..ListenersSeen::silent("localhost:9092", reason) } })
}

#[test]
fn reachable() {
    assert_says(&Story::new(), ANY, "not shown: the cluster was never asked", &[]);
    assert_says(&seen(vec![broker(1, "localhost", 9092, None)], Some(kafka())), ANY, "holds (1)", &[]);
    assert_says(&seen(vec![broker(1, "localhost", 9092, None)], None), THREE, "not yet: the cluster at localhost:9092 has 1 broker, not exactly 3", &[]);
    let three = (1..=3).map(|node| broker(node, "localhost", 9091 + node, None)).collect();
    assert_says(&seen(three, None), THREE, "holds (3)", &[]);
}

#[test]
fn unreachable() {
    let lost = || vec![broker(1, "kafka", 9092, Some("this machine knows no host `kafka`"))];
    let with = |listeners: &str| Some(ContainerSeen { advertised_listeners: Some(listeners.to_owned()), ..kafka() });
    let says = ["KAFKA_ADVERTISED_LISTENERS of service `kafka` is `PLAINTEXT://kafka:9092`", "set it to `PLAINTEXT://localhost:9092`", "knows no host `kafka`"];
    assert_says(&seen(lost(), with("PLAINTEXT://kafka:9092")), ANY, "not yet: the Kafka at localhost:9092 answers, but sends its clients to kafka:9092", &says);
    let two = "DOCKER://kafka:29092, HOST://kafka:9092";
    assert_says(&seen(lost(), with(two)), ANY, "not yet", &["set it to `DOCKER://kafka:29092, HOST://localhost:9092`"]);
    let unset = Some(ContainerSeen { advertised_listeners: None, ..kafka() });
    assert_says(&seen(lost(), unset), ANY, "not yet", &["set KAFKA_ADVERTISED_LISTENERS of service `kafka` to `PLAINTEXT://localhost:9092`"]);
    assert_says(&seen(lost(), None), ANY, "not yet", &["set `advertised.listeners` of that broker"]);
    let one_of_two = vec![broker(1, "localhost", 9092, None), broker(2, "localhost", 9094, Some("nothing listens there"))];
    assert_says(&seen(one_of_two, None), ANY, "not yet", &["broker 2 advertises localhost:9094: nothing listens there"]);
}

#[test]
fn a_port_that_leads_to_the_listener_for_containers() {
    let lost = vec![broker(1, "kafka", 19092, Some("this machine knows no host `kafka`"))];
    let listeners = "HOST://localhost:9092,DOCKER://kafka:19092".to_owned();
    let ports = vec![PortSeen { port: 19092, host_port: 9092, host_ip: String::new() }];
    let container = ContainerSeen { advertised_listeners: Some(listeners), ports, ..kafka() };
    let says = ["leads to port 19092 of service `kafka`, where the listener DOCKER is", "`ports: [ \"127.0.0.1:9092:9092\" ]`", "!set it to"];
    assert_says(&seen(lost, Some(container)), ANY, "not yet: the Kafka at localhost:9092 answers, but sends its clients to kafka:19092", &says);
}

#[test]
fn silence() {
    assert_says(&silent(None), ANY, "not yet: no Kafka answers at localhost:9092", &["no container that publishes that port", "connection refused"]);
    assert_says(&silent(Some(kafka())), ANY, "not yet", &["its broker does not answer", "docker logs kafka"]);
    let ended = ContainerSeen { state: ContainerState::Exited, exit_code: 1, ..kafka() };
    assert_says(&silent(Some(ended)), ANY, "not yet", &["container kafka (apache/kafka:4.3.1) is there, but it has ended", "docker compose up -d kafka"]);
}
