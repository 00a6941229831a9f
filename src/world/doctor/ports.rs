//! The ports that programs expect Kafka and its UI on: free, or taken by whom.

use super::{Finding, Machine, Topic, listener};
use crate::world::cluster::{is_taken, kept_port, reach};
use crate::world::docker::Docker;

/// Who has a port.
enum Holder {
    /// The broker of `kgrade up`.
    Kept,
    /// A container: its name and its image.
    Container(String, String),
    /// Another Kafka.
    Kafka,
    /// A process, as far as it is known.
    Process(Option<String>),
}

/// Both ports.
pub async fn ports(machine: &Machine) -> Vec<Finding> {
    let [kafka, ui] = machine.ports;
    vec![port(machine, Topic::KafkaPort, kafka).await, port(machine, Topic::UiPort, ui).await]
}

async fn port(machine: &Machine, topic: Topic, port: u16) -> Finding {
    if !is_taken(port) {
        return Finding::ok(topic, format!("{port} is free"));
    }
    let option = if topic == Topic::KafkaPort { "--port" } else { "--ui-port" };
    let other = |holder: String| {
        Finding::warning(topic, format!("{port} is taken by {holder}"))
            .advise(format!("stop it, or start kgrade's elsewhere: `kgrade up {option} {}`", port.saturating_add(1)))
    };
    match holder(machine, port).await {
        Holder::Kept => Finding::ok(topic, format!("{port} is that of `kgrade up`, which is up")),
        Holder::Container(name, image) => {
            Finding::ok(topic, format!("{port} is taken by the container {name} ({image}); to have it for `kgrade up`, stop that"))
        }
        Holder::Kafka => other("a Kafka that kgrade did not start".to_owned()),
        Holder::Process(Some(name)) => other(name),
        Holder::Process(None) => other("a program of another user, or of the system".to_owned()),
    }
}

async fn holder(machine: &Machine, port: u16) -> Holder {
    if kept_port(&machine.host) == Some(port) {
        return Holder::Kept;
    }
    let docker = Docker::new(machine.docker.clone());
    if let Ok(Some(container)) = docker.publisher(port).await
        && container.is_running()
    {
        return Holder::Container(container.name, container.image);
    }
    if reach(&format!("127.0.0.1:{port}")).is_ok() {
        return Holder::Kafka;
    }
    Holder::Process(listener::of(port))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::super::State;
    use super::super::testing::Bench;
    use super::*;

    #[tokio::test]
    async fn free_and_taken() {
        let mut bench = Bench::new();
        // Nobody answers on it, and it closes what comes.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = listener.local_addr().unwrap().port();
        let over = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&over);
        let closing = std::thread::spawn(move || while listener.accept().is_ok() && !asked.load(Ordering::Relaxed) {});
        let mut findings = Vec::new();
        // A port that was free a moment ago may be another test's by now.
        for _ in 0..20 {
            let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            bench.machine.ports = [taken, free];
            findings = ports(&bench.machine).await;
            if findings[1] == Finding::ok(Topic::UiPort, format!("{free} is free")) {
                break;
            }
        }
        assert_eq!(findings[1].state, State::Ok, "{findings:?}");
        assert_eq!(findings[0].state, State::Warning, "{findings:?}");
        if cfg!(target_os = "linux") {
            assert!(findings[0].found.contains(&format!("process {}", std::process::id())), "{findings:?}");
        }
        over.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(("127.0.0.1", taken)).unwrap());
        closing.join().unwrap();
    }
}
