use crate::kinds::testing::docker::{kafka, ui};
use crate::kinds::testing::{Story, assert_says};
use crate::timeline::docker::{ContainerSeen, ContainerState};

const UI: &str = "http: { of: { image: [kafbat/kafka-ui, provectuslabs/kafka-ui] } }";
const BODY: &str = "http: { of: { image: [kafbat/kafka-ui] }, path: /health, body_contains: UP }";

#[test]
fn answers() {
    let up = |yaml: &str| Story::new().containers(yaml, &[kafka(), ui()]);
    assert_says(&Story::new(), UI, "not shown: no container was asked", &[]);
    assert_says(&up(UI).answers(UI, &[(Some(200), "")]), UI, "holds (1)", &[]);
    assert_says(&up(UI).answers(UI, &[(None, "refused"), (Some(200), "")]), UI, "holds (1)", &[]);
    assert_says(&up(UI).answers(UI, &[(Some(500), "")]), UI, "not yet: http://localhost:8090/ answers with status 500, not 200", &["docker logs kafka-ui"]);
    assert_says(&up(UI).answers(UI, &[(None, "connection refused")]), UI, "not yet: container kafka-ui (ghcr.io/kafbat/kafka-ui:v1.3.0) runs, but http://localhost:8090/ does not answer", &["observed connection refused"]);
    assert_says(&up(BODY).answers(BODY, &[(Some(200), "{\"status\":\"UP\"}")]), BODY, "holds (1)", &[]);
    assert_says(&up(BODY).answers(BODY, &[(Some(200), "DOWN")]), BODY, "not yet: the answer of http://localhost:8090/health does not hold `UP`", &["the body begins with: DOWN"]);
}

#[test]
fn nobody_to_ask() {
    assert_says(&Story::new().without_docker(UI), UI, "not yet: no container can be seen", &["sudo systemctl start docker"]);
    let only_kafka = Story::new().containers(UI, &[kafka()]).answers(UI, &[]);
    assert_says(&only_kafka, UI, "not yet: there is no container of kafbat/kafka-ui or provectuslabs/kafka-ui", &["docker compose up -d"]);
    let ended = ContainerSeen { state: ContainerState::Exited, exit_code: 1, ..ui() };
    assert_says(&Story::new().containers(UI, &[ended]).answers(UI, &[]), UI, "not yet: container kafka-ui (ghcr.io/kafbat/kafka-ui:v1.3.0) is there, but it has ended", &["docker compose up -d kafka-ui"]);
    let closed = ContainerSeen { ports: vec![], ..ui() };
    assert_says(&Story::new().containers(UI, &[closed]).answers(UI, &[]), UI, "not yet: container kafka-ui (ghcr.io/kafbat/kafka-ui:v1.3.0) runs, but publishes no port", &["8080:8080"]);
}
