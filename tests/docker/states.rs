//! Containers in the states that a learner's may be in, and what is said of them.

use std::net::TcpListener;

use crate::machine::{Container, KAFKA, PLAIN, free_port, says};

/// Serves an empty page on port 8080.
const SERVE: [&str; 6] = ["busybox", "httpd", "-f", "-p", "8080", "-h"];

/// Labels as Compose writes them.
fn compose(service: &str, project: &str) -> [String; 4] {
    let label = |key: &str, value: &str| ["--label".to_owned(), format!("com.docker.compose.{key}={value}")];
    let ([a, b], [c, d]) = (label("service", service), label("project", project));
    [a, b, c, d]
}

/// `docker run` of a service of a project, with more options, the image, and a command.
fn start(name: &str, service: &str, options: &[&str], command: &[&str]) -> Container {
    let labels = compose(service, &project());
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    Container::run(name, &[&labels, options, &[PLAIN], command].concat())
}

/// The project of this run's containers.
fn project() -> String {
    format!("kgrade-test-{}", std::process::id())
}

fn of(service: &str) -> String {
    format!("of: {{ service: {service}, project: {} }}", project())
}

pub fn runs_and_answers() {
    let container = start("page", "page", &["-p", "127.0.0.1::8080"], &[&SERVE[..], &["/etc"]].concat());
    let port = container.port(8080);
    says(
        &format!("container: {{ {}, publishes: {{ port: 8080, bootstrap: true }}, restarts: {{ at_most: 0 }} }}", of("page")),
        port,
        &["holds (1)"],
    );
    says(&format!("http: {{ {}, path: /hostname }}", of("page")), port, &["holds (1)"]);
    says(&format!("http: {{ {}, path: /hostname, body_contains: another }}", of("page")), port, &["does not hold `another`"]);
    says(&format!("http: {{ {}, path: /none }}", of("page")), port, &["answers with status 404, not 200"]);
    says(
        &format!("container: {{ {}, publishes: {{ bootstrap: true }} }}", of("page")),
        1,
        &["does not publish anything as port 1 of this machine"],
    );
}

pub fn publishes_no_port() {
    let container = start("closed", "closed", &[], &[&SERVE[..], &["/etc"]].concat());
    says(
        &format!("container: {{ {}, publishes: {{ port: 8080 }} }}", of("closed")),
        1,
        &[&container.name, "runs, but publishes no port", "ports: [ \"127.0.0.1:8080:8080\" ]"],
    );
    says(&format!("http: {{ {}, port: 8080 }}", of("closed")), 1, &["runs, but publishes no port 8080"]);
}

pub fn has_ended() {
    let container = start("ended", "ended", &[], &["sh", "-c", "echo starting; echo FATAL no such file >&2; exit 3"]);
    let words = [container.name.as_str(), "is there, but it has ended", "exit code 3", "FATAL no such file", "docker compose up -d ended"];
    says(&format!("container: {{ {} }}", of("ended")), 1, &words);
}

pub fn ends_again_and_again() {
    let container = start("loop", "loop", &["--restart", "always"], &["sh", "-c", "echo Exception in thread main; exit 1"]);
    let words = [container.name.as_str(), "ends soon after each start", "so far", "Exception in thread main", "docker logs"];
    says(&format!("container: {{ {} }}", of("loop")), 1, &words);
}

pub fn is_unhealthy() {
    let check = ["--health-cmd", "echo no answer; exit 1", "--health-interval", "1s", "--health-retries", "1"];
    let container = start("ill", "ill", &check, &[&SERVE[..], &["/etc"]].concat());
    says(
        &format!("container: {{ {} }}", of("ill")),
        1,
        &[&container.name, "its health check says unhealthy", "no answer", "docker inspect"],
    );
}

pub fn could_not_have_its_port() {
    // Held by another program: all that Docker knows is that the address is in use.
    let held = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = held.local_addr().unwrap().port();
    let labels = compose("late", &project());
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let publish = format!("{port}:8080");
    let late = Container::refused("late", &[&labels[..], &["-p", &publish, PLAIN, "sh"]].concat());
    let yaml = format!("container: {{ {}, publishes: {{ bootstrap: true }} }}", of("late"));
    says(&yaml, port, &[&late.name, "was made but does not run", &format!("port {port} of this machine is taken")]);
    drop(held);
    // Held by another container: that one is named.
    let holder = start("holder", "holder", &["-p", &publish], &[&SERVE[..], &["/etc"]].concat());
    let words = format!("port {port} of this machine belongs to container {}", holder.name);
    says(&yaml, port, &[&words, &format!("docker stop {}", holder.name)]);
}

pub fn keeps_nothing() {
    let volume = format!("{}-data", project());
    let named = start("lasting", "lasting", &["-v", &format!("{volume}:/data")], &[&SERVE[..], &["/etc"]].concat());
    let _anonymous = start("passing", "passing", &["-v", "/data"], &[&SERVE[..], &["/etc"]].concat());
    let keeps = |service: &str| format!("container: {{ {}, volume: /data/kafka, network: bridge }}", of(service));
    says(&keeps("lasting"), 1, &["holds (1)"]);
    says(&keeps("passing"), 1, &["does not keep /data/kafka on a volume"]);
    says(&format!("container: {{ {}, network: none-such }}", of("lasting")), 1, &["is not attached to the network none-such"]);
    drop(named);
    crate::machine::docker(&["volume", "rm", &volume]);
}

pub fn a_compose_project() {
    let yaml = format!("compose: {{ services: [one, two], project: {} }}", project());
    says(&yaml, 1, &["nothing of the Compose project", "docker compose up -d"]);
    let _one = start("one", "one", &[], &[&SERVE[..], &["/etc"]].concat());
    says(&yaml, 1, &["1 of 2 services", "service two: no container"]);
    let two = start("two", "two", &[], &[&SERVE[..], &["/etc"]].concat());
    says(&yaml, 1, &["holds (2)"]);
    crate::machine::docker(&["stop", "-t", "0", &two.name]);
    says(&yaml, 1, &["1 of 2 services", "service two: container", "ended with exit code 137"]);
}

pub fn sends_clients_where_they_cannot_go() {
    let port = free_port();
    let container = Container::run(
        "astray",
        &[
            "-p",
            &format!("127.0.0.1:{port}:9092"),
            "-e",
            "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://broker.invalid:9092",
            "-e",
            "KAFKA_PROCESS_ROLES=broker,controller",
        ]
        .into_iter()
        .chain(["-e", "KAFKA_LISTENERS=PLAINTEXT://0.0.0.0:9092,CONTROLLER://0.0.0.0:9093", "-e", "KAFKA_NODE_ID=1"])
        .chain(["-e", "KAFKA_CONTROLLER_LISTENER_NAMES=CONTROLLER", "-e", "KAFKA_CONTROLLER_QUORUM_VOTERS=1@localhost:9093"])
        .chain(["-e", "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT", KAFKA])
        .collect::<Vec<_>>(),
    );
    let words = [
        "answers, but sends its clients to broker.invalid:9092, which cannot be reached from this machine",
        "this machine knows no host `broker.invalid`",
        &format!("KAFKA_ADVERTISED_LISTENERS of container {} is `PLAINTEXT://broker.invalid:9092`", container.name),
        &format!("set it to `PLAINTEXT://localhost:{port}`"),
    ];
    says("advertised-listeners: {}", port, &words);
    crate::machine::docker(&["stop", "-t", "0", &container.name]);
    let words = ["no Kafka answers at localhost", "is there, but it has ended", &format!("docker start {}", container.name)];
    says("advertised-listeners: {}", port, &words);
    drop(container);
    says("advertised-listeners: {}", port, &["no Kafka answers at localhost", "no container that publishes that port"]);
}
