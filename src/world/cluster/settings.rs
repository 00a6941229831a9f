//! The broker's `server.properties`.

use std::fmt::Write;

use indexmap::IndexMap;

use super::error::ClusterError;
use super::ports::Ports;

/// The node of a cluster whose file is written.
#[derive(Debug, Clone, Copy)]
pub struct NodeSettings<'a> {
    /// Its node id, from 1.
    pub id: u32,
    /// Its ports.
    pub ports: Ports,
    /// The port that the LEARNER listener tells clients to come to, when that is not its own.
    pub advertised: Option<u16>,
    /// The controllers of the cluster: node ids and their CONTROLLER ports.
    pub voters: &'a [(u32, u16)],
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

/// What every broker of kgrade gets unless the lab says otherwise.
const DEFAULTS: [(&str, &str); 21] = [
    ("listener.security.protocol.map", "LEARNER:PLAINTEXT,ADMIN:PLAINTEXT,CONTROLLER:PLAINTEXT"),
    // A topic that a program forgot to create must be missing, not appear with one partition.
    ("auto.create.topics.enable", "false"),
    // The first join of a group need not wait for others.
    ("group.initial.rebalance.delay.ms", "0"),
    // One partition of each internal topic is enough for one learner, and quick to make.
    ("offsets.topic.num.partitions", "1"),
    ("offsets.topic.replication.factor", "1"),
    ("transaction.state.log.num.partitions", "1"),
    ("transaction.state.log.replication.factor", "1"),
    ("transaction.state.log.min.isr", "1"),
    ("share.coordinator.state.topic.num.partitions", "1"),
    ("share.coordinator.state.topic.replication.factor", "1"),
    ("share.coordinator.state.topic.min.isr", "1"),
    // A deleted topic is gone for good when the next check looks.
    ("file.delete.delay.ms", "100"),
    // Buffers and threads for one learner on a laptop; the defaults are for a server and take 130 MB more.
    ("log.cleaner.dedupe.buffer.size", "4194304"),
    ("log.cleaner.threads", "1"),
    ("num.network.threads", "2"),
    ("num.io.threads", "4"),
    ("num.replica.fetchers", "1"),
    ("num.recovery.threads.per.data.dir", "1"),
    ("background.threads", "4"),
    ("group.coordinator.threads", "1"),
    ("share.coordinator.threads", "1"),
];

/// Writes the file's text. Paths in it are relative to the broker's working directory.
///
/// # Errors
/// [`ClusterError::Reserved`] when the lab sets what kgrade needs as it is.
pub fn server_properties(node: NodeSettings<'_>) -> Result<String, ClusterError> {
    if let Some(key) = node.overrides.keys().find(|key| RESERVED.contains(&key.as_str())) {
        return Err(ClusterError::Reserved { key: key.clone() });
    }
    let Ports { learner, admin, controller } = node.ports;
    let told = node.advertised.unwrap_or(learner);
    let voters = node.voters.iter().map(|(id, port)| format!("{id}@127.0.0.1:{port}")).collect::<Vec<_>>().join(",");
    let own = [
        ("process.roles", "broker,controller".to_owned()),
        ("node.id", node.id.to_string()),
        ("controller.quorum.voters", voters),
        ("controller.listener.names", "CONTROLLER".to_owned()),
        ("listeners", format!("LEARNER://127.0.0.1:{learner},ADMIN://127.0.0.1:{admin},CONTROLLER://127.0.0.1:{controller}")),
        // Kafka itself sends the learner's clients to the advertised port, and the grader's to its own.
        ("advertised.listeners", format!("LEARNER://127.0.0.1:{told},ADMIN://127.0.0.1:{admin}")),
        ("inter.broker.listener.name", "ADMIN".to_owned()),
        ("log.dirs", "data".to_owned()),
    ];
    let defaults = DEFAULTS.iter().filter(|(key, _)| !node.overrides.contains_key(*key));
    let mut text = String::new();
    for (key, value) in own.iter().map(|(key, value)| (*key, value.as_str())).chain(defaults.copied()) {
        line(&mut text, key, value);
    }
    for (key, value) in node.overrides {
        line(&mut text, key, value);
    }
    Ok(text)
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

    fn file(overrides: &[(&str, &str)], advertised: Option<u16>) -> Result<String, ClusterError> {
        let overrides = overrides.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let ports = Ports { learner: 1, admin: 2, controller: 3 };
        server_properties(NodeSettings { id: 1, ports, advertised, voters: &[(1, 3)], overrides: &overrides })
    }

    #[test]
    fn the_learner_is_sent_to_the_advertised_port() {
        let text = file(&[], Some(77)).unwrap();
        assert!(text.contains("\nlisteners=LEARNER://127.0.0.1:1,ADMIN://127.0.0.1:2,CONTROLLER://127.0.0.1:3\n"));
        assert!(text.contains("\nadvertised.listeners=LEARNER://127.0.0.1:77,ADMIN://127.0.0.1:2\n"));
        assert!(text.contains("\ncontroller.quorum.voters=1@127.0.0.1:3\n"));
    }

    #[test]
    fn the_lab_wins_over_defaults_but_not_over_what_kgrade_needs() {
        let text = file(&[("auto.create.topics.enable", "true")], None).unwrap();
        assert_eq!(text.matches("auto.create.topics.enable=").count(), 1);
        assert!(text.contains("auto.create.topics.enable=true"));
        let message = file(&[("listeners", "PLAINTEXT://:9092")], None).unwrap_err().to_string();
        assert!(message.contains("set `listeners` for the broker: kgrade sets it itself"), "{message}");
    }

    #[test]
    fn values_cannot_break_out_of_their_line() {
        let text = file(&[("a b", " x\ny\\é")], None).unwrap();
        assert!(text.ends_with("\na\\ b=\\ x\\ny\\\\\\u00e9\n"), "{text}");
    }
}
