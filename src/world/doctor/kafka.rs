//! Kafka's jars, found where a broker's start finds them.

use super::{Finding, Machine, Topic};
use crate::world::cluster::VERSION;
use crate::world::cluster::present::{self, KafkaPlace};

/// The Kafka that would run.
pub fn kafka(machine: &Machine) -> Finding {
    let context = machine.context();
    match present::kafka(&context) {
        Err(error) => Finding::missing(Topic::Kafka, format!("failed to {error}")).command("unset KAFKA_HOME"),
        Ok(Some(seen)) => {
            let place = match seen.place {
                KafkaPlace::Home => "KAFKA_HOME",
                KafkaPlace::Cache => "kgrade's cache",
            };
            match seen.warning {
                Some(warning) => Finding::warning(Topic::Kafka, warning).command("unset KAFKA_HOME"),
                None => Finding::ok(Topic::Kafka, format!("{} ({place})", seen.version)),
            }
        }
        Ok(None) => {
            let way = if machine.host.find("mvn").is_some() {
                "with Maven (44 MB)".to_owned()
            } else {
                match &machine.host.kafka_url {
                    Some(_) => "from the mirror of KGRADE_KAFKA_URL".to_owned(),
                    None => "from downloads.apache.org (130 MB)".to_owned(),
                }
            };
            Finding::warning(Topic::Kafka, format!("{VERSION} is not here yet; kgrade fetches it {way} when a broker is started first"))
                .advise("have a network at hand once; this fetches it now")
                .command("kgrade up && kgrade down")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::State;
    use super::super::testing::Bench;
    use super::*;

    fn home(bench: &mut Bench, jars: &[&str]) {
        let libs = bench.path("kafka/libs");
        fs::create_dir_all(&libs).unwrap();
        for jar in jars {
            fs::write(libs.join(jar), "").unwrap();
        }
        bench.machine.host.kafka_home = Some(bench.path("kafka"));
    }

    #[test]
    fn a_home_that_will_do() {
        let mut bench = Bench::new();
        home(&mut bench, &["kafka_2.13-4.3.1.jar", "kafka-clients-4.3.1.jar"]);
        assert_eq!(kafka(&bench.machine), Finding::ok(Topic::Kafka, "4.3.1 (KAFKA_HOME)"));
    }

    #[test]
    fn a_home_of_another_version_and_one_that_is_none() {
        let mut bench = Bench::new();
        home(&mut bench, &["kafka_2.13-4.4.0.jar", "kafka-clients-4.4.0.jar"]);
        assert_eq!(kafka(&bench.machine).state, State::Warning);
        let mut bench = Bench::new();
        home(&mut bench, &[]);
        let finding = kafka(&bench.machine);
        assert_eq!((finding.state, finding.commands.as_slice()), (State::Missing, ["unset KAFKA_HOME".to_owned()].as_slice()));
    }

    #[test]
    fn not_here_yet() {
        let bench = Bench::new();
        assert!(kafka(&bench.machine).found.contains("from downloads.apache.org"));
        bench.script("mvn", "exit 1");
        let finding = kafka(&bench.machine);
        assert!(finding.state == State::Warning && finding.found.contains("with Maven"), "{finding:?}");
    }
}
