//! kgrade itself: which version this is, and whether typing its name starts this one.

use super::{Finding, Machine, Topic};

/// This kgrade.
pub fn kgrade(machine: &Machine) -> Finding {
    let version = env!("CARGO_PKG_VERSION");
    let found = format!("{version} for {} on {}", std::env::consts::OS, std::env::consts::ARCH);
    let other = machine.host.find("kgrade").filter(|other| other.canonicalize().ok() != machine.kgrade.canonicalize().ok());
    match other {
        None => Finding::ok(Topic::Kgrade, found),
        Some(other) => Finding::warning(Topic::Kgrade, format!("{found}; but `kgrade` on PATH is another file, {}", other.display()))
            .advise("remove one of the two, or put the folder of the right one first in PATH"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::super::testing::Bench;
    use super::*;

    #[test]
    fn another_one_on_path() {
        let mut bench = Bench::new();
        assert_eq!(kgrade(&bench.machine).state, State::Ok);
        let other = bench.script("kgrade", "exit 0");
        let finding = kgrade(&bench.machine);
        assert_eq!(finding.state, State::Warning);
        assert!(finding.found.contains(&other.display().to_string()), "{finding:?}");
        bench.machine.kgrade = other;
        assert_eq!(kgrade(&bench.machine).state, State::Ok);
    }
}
