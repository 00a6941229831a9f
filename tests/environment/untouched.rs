//! The promise to a learner whose cluster holds more than the lab's topic: nothing that kgrade did not make is changed or deleted.

use libtest_mimic::Failed;
use serde_json::Value;

use crate::docker::{Docker, Environment, text};
use crate::fixture::{Fixture, grade};

/// Topics, their settings and records, groups and their offsets, as Kafka's own tools show them.
const STATE: &str = "cd /opt/kafka/bin; B='--bootstrap-server localhost:9092'; \
    ./kafka-topics.sh $B --describe | sort; \
    ./kafka-configs.sh $B --describe --entity-type topics | sort; \
    ./kafka-configs.sh $B --describe --entity-type brokers --entity-name 1; \
    ./kafka-get-offsets.sh $B | grep -v '^__' | sort; \
    ./kafka-consumer-groups.sh $B --describe --all-groups | sort; \
    ./kafka-consumer-groups.sh $B --list | sort";

/// What is on the cluster beside the lab's: a topic whose name looks like kgrade's own, one with a setting, and a group that is behind.
const OTHERS: &str = "cd /opt/kafka/bin; B='--bootstrap-server localhost:9092'; \
    ./kafka-topics.sh $B --create --topic kgrade-mine --partitions 2 --config retention.ms=3600000 && \
    ./kafka-topics.sh $B --create --topic orders --partitions 1 && \
    (echo a; echo b; echo c) | ./kafka-console-producer.sh $B --topic orders && \
    ./kafka-console-consumer.sh $B --topic orders --group billing --from-beginning --max-messages 2 && echo made";

/// Grades beside what belongs to others, and compares all that can be seen of it.
pub fn test(_: &Docker, environment: &Environment) -> Result<(), Failed> {
    let made = environment.in_kafka(OTHERS);
    if !made.ends_with("made") {
        return Err(format!("the topics of others cannot be made: {made}").into());
    }
    let before = (environment.in_kafka(STATE), containers(environment));
    let (_, output) = grade(Fixture::solution().folder())?;
    let after = (environment.in_kafka(STATE), containers(environment));
    if before.0.contains("kgrade-mine") && before.0.contains("billing") && before == after {
        return Ok(());
    }
    Err(format!("before:\n{}\n{:#?}\nafter:\n{}\n{:#?}\nkgrade:\n{}", before.0, before.1, after.0, after.1, text(&output)).into())
}

/// Which containers there are, since when they run, and how they are set up.
fn containers(environment: &Environment) -> Vec<Value> {
    let part = |mut container: Value| {
        // Docker lists the mounts in another order each time.
        if let Some(mounts) = container["Mounts"].as_array_mut() {
            mounts.sort_by_key(|mount| mount["Destination"].to_string());
        }
        let keys = ["Id", "Created", "RestartCount", "Config", "HostConfig", "Mounts"];
        let mut parts: Vec<Value> = keys.iter().map(|key| container[*key].clone()).collect();
        parts.push(container["State"]["StartedAt"].clone());
        Value::Array(parts)
    };
    environment.containers().into_iter().map(part).collect()
}
