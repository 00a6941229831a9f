//! The broker's `server.properties`.

use std::fmt::Write;

use indexmap::IndexMap;

use super::error::ClusterError;
use super::ports::Ports;
use crate::world::access::Credentials;

/// The node of a cluster whose file is written.
#[derive(Debug, Clone, Copy)]
pub struct NodeSettings<'a> {
    /// Its node id, from 1.
    pub id: i32,
    /// Its ports.
    pub ports: &'a Ports,
    /// The ports that clients are told in place of those of the LEARNER listeners; empty when one listener tells its own.
    pub advertised: &'a [u16],
    /// The controllers of the cluster: node ids and their CONTROLLER ports.
    pub voters: &'a [(i32, u16)],
    /// What the listeners that are the grader's alone ask for; without them they let everybody in.
    pub credentials: Option<&'a Credentials>,
    /// What the lab asks for; it wins over kgrade's defaults.
    pub overrides: &'a IndexMap<String, String>,
}

/// Settings that kgrade needs as they are.
const RESERVED: [&str; 13] = [
    "process.roles",
    "node.id",
    "broker.id",
    "controller.quorum.voters",
    "controller.quorum.bootstrap.servers",
    "controller.listener.names",
    "listeners",
    "advertised.listeners",
    "inter.broker.listener.name",
    "security.inter.broker.protocol",
    "log.dir",
    "log.dirs",
    "metadata.log.dir",
];

/// How many threads serve the connections of a listener.
const NETWORK_THREADS: &str = "num.network.threads";

/// Which protocol each listener speaks.
const PROTOCOLS: &str = "listener.security.protocol.map";

/// What every broker of kgrade gets unless the lab says otherwise.
const DEFAULTS: [(&str, &str); 18] = [
    (PROTOCOLS, "LEARNER:PLAINTEXT,ADMIN:PLAINTEXT,CONTROLLER:PLAINTEXT"),
    // A topic that a program forgot to create must be missing, not appear with one partition.
    ("auto.create.topics.enable", "false"),
    // The first join of a group need not wait for others.
    ("group.initial.rebalance.delay.ms", "0"),
    // One partition of each internal topic is enough for one learner, and quick to make.
    ("offsets.topic.num.partitions", "1"),
    ("transaction.state.log.num.partitions", "1"),
    ("share.coordinator.state.topic.num.partitions", "1"),
    // A deleted topic is gone for good when the next check looks.
    ("file.delete.delay.ms", "100"),
    // Buffers and threads for one learner on a laptop; the defaults are for a server and take 130 MB more.
    ("log.cleaner.dedupe.buffer.size", "4194304"),
    ("log.cleaner.threads", "1"),
    (NETWORK_THREADS, "2"),
    ("num.io.threads", "4"),
    // A request is at most this long, and those that wait together this much: else a few that only announce their length fill the memory.
    ("socket.request.max.bytes", "16777216"),
    ("queued.max.request.bytes", "33554432"),
    ("num.replica.fetchers", "1"),
    ("num.recovery.threads.per.data.dir", "1"),
    ("background.threads", "4"),
    ("group.coordinator.threads", "1"),
    ("share.coordinator.threads", "1"),
];

/// What depends on how many brokers there are: Kafka's own topics outlive one of three, as in production.
fn sized(brokers: usize) -> Vec<(&'static str, &'static str)> {
    let (replicas, in_sync) = match brokers {
        0 | 1 => ("1", "1"),
        2 => ("2", "1"),
        _ => ("3", "2"),
    };
    let mut sized = vec![
        ("default.replication.factor", replicas),
        ("offsets.topic.replication.factor", replicas),
        ("transaction.state.log.replication.factor", replicas),
        ("transaction.state.log.min.isr", in_sync),
        ("share.coordinator.state.topic.replication.factor", replicas),
        ("share.coordinator.state.topic.min.isr", in_sync),
    ];
    if brokers > 1 {
        // A broker that has not caught up when it joins asks again only with its next heartbeat.
        sized.push(("broker.heartbeat.interval.ms", "250"));
        // A broker gives up when no controller has taken it in by then (60 s): on a machine with much else to do that is soon.
        sized.push(("initial.broker.registration.timeout.ms", "180000"));
        // Voters that know no leader wait for once to twice this time, while the rest of the broker starts. Shorter, and a busy machine elects
        // again and again before the votes are in.
        sized.push(("controller.quorum.election.timeout.ms", "600"));
    }
    sized
}

/// Writes the file's text. Paths in it are relative to the broker's working directory.
///
/// # Errors
/// [`ClusterError::Reserved`] when the lab sets what kgrade needs as it is.
pub fn server_properties(node: NodeSettings<'_>) -> Result<String, ClusterError> {
    let mut text = String::new();
    for (key, value) in properties(node)? {
        line(&mut text, &key, &value);
    }
    Ok(text)
}

/// The protocols with a password for the grader's own listeners, whatever a lab says of the learners'.
fn guarded(protocols: &str) -> String {
    let own = |protocol: &&str| ["ADMIN:", "CONTROLLER:"].iter().any(|name| protocol.trim_start().starts_with(name));
    let learners: Vec<&str> = protocols.split(',').filter(|protocol| !own(protocol)).collect();
    format!("{},ADMIN:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT", learners.join(","))
}

/// What makes the grader's own listeners ask for the password, and lets the brokers know it among themselves.
fn sasl(credentials: &Credentials) -> [(&'static str, String); 6] {
    let plain = || "PLAIN".to_owned();
    [
        ("sasl.mechanism.inter.broker.protocol", plain()),
        ("sasl.mechanism.controller.protocol", plain()),
        ("listener.name.admin.sasl.enabled.mechanisms", plain()),
        ("listener.name.controller.sasl.enabled.mechanisms", plain()),
        ("listener.name.admin.plain.sasl.jaas.config", credentials.jaas()),
        ("listener.name.controller.plain.sasl.jaas.config", credentials.jaas()),
    ]
}

/// The settings in the order of the file.
///
/// # Errors
/// [`ClusterError::Reserved`] when the lab sets what kgrade needs as it is.
pub fn properties(node: NodeSettings<'_>) -> Result<Vec<(String, String)>, ClusterError> {
    if let Some(key) = node.overrides.keys().find(|key| RESERVED.contains(&key.as_str())) {
        return Err(ClusterError::Reserved { key: key.clone() });
    }
    let Ports { learners, admin, controller } = node.ports;
    let names = listener_names(node.advertised.len());
    let told = if node.advertised.is_empty() { learners } else { node.advertised };
    let at = |ports: &[u16]| names.iter().zip(ports).map(|(name, port)| format!("{name}://127.0.0.1:{port},")).collect::<String>();
    let voters = node.voters.iter().map(|(id, port)| format!("{id}@127.0.0.1:{port}")).collect::<Vec<_>>().join(",");
    let own = [
        ("process.roles", "broker,controller".to_owned()),
        ("node.id", node.id.to_string()),
        ("controller.quorum.voters", voters),
        ("controller.listener.names", "CONTROLLER".to_owned()),
        ("listeners", format!("{}ADMIN://127.0.0.1:{admin},CONTROLLER://127.0.0.1:{controller}", at(learners))),
        // Kafka itself sends the learner's clients to the advertised ports, and the grader's to its own.
        ("advertised.listeners", format!("{}ADMIN://127.0.0.1:{admin}", at(told))),
        ("inter.broker.listener.name", "ADMIN".to_owned()),
        ("log.dirs", "data".to_owned()),
    ];
    let mut all: Vec<(String, String)> = own.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let defaults = DEFAULTS.into_iter().chain(sized(node.voters.len())).filter(|(key, _)| !node.overrides.contains_key(*key));
    let overrides = node.overrides.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    for (key, value) in defaults.chain(overrides) {
        let value = if key == PROTOCOLS && node.credentials.is_some() { guarded(value) } else { value.to_owned() };
        all.extend(for_each_learner(key, &value, &names));
    }
    if let Some(credentials) = node.credentials {
        for (key, value) in sasl(credentials) {
            all.push((key.to_owned(), value));
        }
    }
    if !node.advertised.is_empty() && !node.overrides.contains_key(NETWORK_THREADS) {
        // One learner's program each: a thread is enough, and 16 listeners with two would be a crowd.
        for name in &names {
            all.push((format!("listener.name.{}.{NETWORK_THREADS}", name.to_lowercase()), "1".to_owned()));
        }
    }
    Ok(all)
}

/// The names of the LEARNER listeners: `LEARNER`, or with seats `LEARNER0`, `LEARNER1`, …
fn listener_names(seats: usize) -> Vec<String> {
    if seats == 0 { vec!["LEARNER".to_owned()] } else { (0..seats).map(|seat| format!("LEARNER{seat}")).collect() }
}

/// A setting as it stands in the file. A lab knows one listener, LEARNER: what it says of it goes for each.
fn for_each_learner(key: &str, value: &str, names: &[String]) -> Vec<(String, String)> {
    if key == PROTOCOLS {
        let listeners = value.split(',').flat_map(|listener| match listener.trim().split_once(':') {
            Some(("LEARNER", protocol)) => names.iter().map(|name| format!("{name}:{protocol}")).collect(),
            _ => vec![listener.to_owned()],
        });
        return vec![(key.to_owned(), listeners.collect::<Vec<_>>().join(","))];
    }
    match key.strip_prefix("listener.name.learner.") {
        Some(rest) => names.iter().map(|name| (format!("listener.name.{}.{rest}", name.to_lowercase()), value.to_owned())).collect(),
        None => vec![(key.to_owned(), value.to_owned())],
    }
}

fn line(text: &mut String, key: &str, value: &str) {
    escape(text, key, true);
    text.push('=');
    escape(text, value, false);
    text.push('\n');
}

/// The escapes of Java's properties files, which are read as Latin-1.
fn escape(text: &mut String, part: &str, is_key: bool) {
    for (index, c) in part.chars().enumerate() {
        match c {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            ' ' if is_key || index == 0 => text.push_str("\\ "),
            '=' | ':' | '#' | '!' if is_key => {
                text.push('\\');
                text.push(c);
            }
            ' '..='~' => text.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a string cannot fail.
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(overrides: &[(&str, &str)], advertised: &[u16]) -> Result<String, ClusterError> {
        let overrides = overrides.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let learners = (10..).take(advertised.len().max(1)).collect();
        let ports = Ports { learners, admin: 2, controller: 3 };
        server_properties(NodeSettings { id: 1, ports: &ports, advertised, voters: &[(1, 3)], credentials: None, overrides: &overrides })
    }

    #[test]
    fn without_seats_the_learner_is_sent_to_the_one_listener() {
        let text = file(&[], &[]).unwrap();
        assert!(text.contains("\nlisteners=LEARNER://127.0.0.1:10,ADMIN://127.0.0.1:2,CONTROLLER://127.0.0.1:3\n"));
        assert!(text.contains("\nadvertised.listeners=LEARNER://127.0.0.1:10,ADMIN://127.0.0.1:2\n"));
        assert!(text.contains("\nlistener.security.protocol.map=LEARNER:PLAINTEXT,ADMIN:PLAINTEXT,CONTROLLER:PLAINTEXT\n"));
        assert!(text.contains("\ncontroller.quorum.voters=1@127.0.0.1:3\n"));
        assert!(!text.contains("listener.name."));
    }

    #[test]
    fn each_seat_has_a_listener_that_tells_its_own_port() {
        let text = file(&[], &[77, 78]).unwrap();
        let listeners = "\nlisteners=LEARNER0://127.0.0.1:10,LEARNER1://127.0.0.1:11,ADMIN://127.0.0.1:2,CONTROLLER://127.0.0.1:3\n";
        assert!(text.contains(listeners), "{text}");
        assert!(text.contains("\nadvertised.listeners=LEARNER0://127.0.0.1:77,LEARNER1://127.0.0.1:78,ADMIN://127.0.0.1:2\n"));
        let protocols = "LEARNER0:PLAINTEXT,LEARNER1:PLAINTEXT,ADMIN:PLAINTEXT,CONTROLLER:PLAINTEXT";
        assert!(text.contains(&format!("\nlistener.security.protocol.map={protocols}\n")));
        assert!(text.contains("\nlistener.name.learner1.num.network.threads=1\n"));
    }

    #[test]
    fn the_internal_topics_of_three_brokers_outlive_one() {
        let ports = Ports { learners: vec![10], admin: 2, controller: 3 };
        let voters = [(1, 3), (2, 4), (3, 5)];
        let node = NodeSettings { id: 2, ports: &ports, advertised: &[], voters: &voters, credentials: None, overrides: &IndexMap::new() };
        let text = server_properties(node).unwrap();
        for setting in [
            "node.id=2",
            "controller.quorum.voters=1@127.0.0.1:3,2@127.0.0.1:4,3@127.0.0.1:5",
            "offsets.topic.replication.factor=3",
            "transaction.state.log.min.isr=2",
        ] {
            assert!(text.contains(&format!("\n{setting}\n")), "{text}");
        }
        assert!(file(&[], &[]).unwrap().contains("\noffsets.topic.replication.factor=1\n"));
    }

    #[test]
    fn what_a_lab_says_of_the_learner_goes_for_every_seat() {
        let mechanism = ("listener.name.learner.sasl.enabled.mechanisms", "PLAIN");
        let protocols = (PROTOCOLS, "LEARNER:SASL_PLAINTEXT, ADMIN:PLAINTEXT,CONTROLLER:PLAINTEXT");
        let text = file(&[mechanism, protocols, (NETWORK_THREADS, "3")], &[77, 78]).unwrap();
        for seat in 0..2 {
            assert!(text.contains(&format!("\nlistener.name.learner{seat}.sasl.enabled.mechanisms=PLAIN\n")), "{text}");
        }
        assert!(text.contains("map=LEARNER0:SASL_PLAINTEXT,LEARNER1:SASL_PLAINTEXT, ADMIN:PLAINTEXT,CONTROLLER:PLAINTEXT\n"), "{text}");
        assert!(!text.contains("learner0.num.network.threads"), "the lab decides on threads");
    }

    #[test]
    fn the_graders_own_listeners_ask_for_its_password() {
        let ports = Ports { learners: vec![10], admin: 2, controller: 3 };
        let credentials = Credentials::drawn();
        let overrides = IndexMap::from([(PROTOCOLS.to_owned(), "LEARNER:SASL_SSL, ADMIN:PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned())]);
        let node = NodeSettings {
            id: 1,
            ports: &ports,
            advertised: &[],
            voters: &[(1, 3)],
            credentials: Some(&credentials),
            overrides: &overrides,
        };
        let text = server_properties(node).unwrap();
        assert!(
            text.contains("\nlistener.security.protocol.map=LEARNER:SASL_SSL,ADMIN:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT\n"),
            "{text}"
        );
        for listener in ["admin", "controller"] {
            assert!(text.contains(&format!("\nlistener.name.{listener}.plain.sasl.jaas.config={}\n", credentials.jaas())), "{text}");
        }
    }

    #[test]
    fn the_lab_wins_over_defaults_but_not_over_what_kgrade_needs() {
        let text = file(&[("auto.create.topics.enable", "true")], &[]).unwrap();
        assert_eq!(text.matches("auto.create.topics.enable=").count(), 1);
        assert!(text.contains("auto.create.topics.enable=true"));
        let message = file(&[("listeners", "PLAINTEXT://:9092")], &[]).unwrap_err().to_string();
        assert!(message.contains("set `listeners` for the broker: kgrade sets it itself"), "{message}");
    }

    #[test]
    fn values_cannot_break_out_of_their_line() {
        let text = file(&[("a b", " x\ny\\é")], &[]).unwrap();
        assert!(text.ends_with("\na\\ b=\\ x\\ny\\\\\\u00e9\n"), "{text}");
    }
}
