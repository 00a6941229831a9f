//! The Python that environments are made from, and what makes them.

use super::{Finding, Machine, Topic};
use crate::world::program::{FoundPython, Maker, PythonSeen, python_of};

/// The Python that programs would run on, and whether its packages can be installed.
pub async fn python(machine: &Machine) -> Vec<Finding> {
    let (python, maker) = match python_of(&machine.environment()).await {
        PythonSeen::Usable(python, maker) => (python, maker),
        PythonSeen::Old(old) => return vec![none(machine, &old)],
    };
    let found = Finding::ok(Topic::Python, format!("{} at {}", python.version, python.program.display()));
    let makes = |with: &str| Finding::ok(Topic::PythonEnvironments, format!("packages are installed with {with}"));
    let environments = match maker {
        Some(Maker::Uv) => makes("uv"),
        Some(Maker::Venv) => makes("venv and pip; uv, which would be faster, is not here and not needed"),
        Some(Maker::Virtualenv) => makes("virtualenv; uv, which would be faster, is not here and not needed"),
        Some(Maker::Pip) => makes("this machine's pip; uv, which would be faster, is not here and not needed"),
        None => Finding::missing(
            Topic::PythonEnvironments,
            "this Python cannot make virtual environments (no venv with ensurepip, no virtualenv, no uv)",
        )
        .install(machine.system, ["python3-venv", "python3", "python"]),
    };
    vec![found, environments]
}

fn none(machine: &Machine, old: &[FoundPython]) -> Finding {
    let found = match old.first() {
        Some(python) => format!("{} at {} is older than 3.9", python.version, python.program.display()),
        None => "no Python 3.9 or newer is on PATH".to_owned(),
    };
    Finding::missing(Topic::Python, found).install(machine.system, ["python3 python3-venv", "python3", "python"])
}

#[cfg(test)]
mod tests {
    use super::super::testing::Bench;
    use super::super::{State, System};
    use super::*;

    /// A `python3` that says this of itself and of its modules: venv, ensurepip, virtualenv, pip.
    fn with(bench: &Bench, version: &str, modules: &str) {
        let itself = bench.path("bin/python3").display().to_string();
        let about = format!(
            "{{\"executable\": \"{itself}\", \"version\": [{}], \"tag\": \"t\", \"platform\": \"p\", \"machine\": \"m\"}}",
            version.replace('.', ", ")
        );
        bench.script("python3", &format!("case \"$*\" in *find_spec*) echo '{modules}' ;; *) echo '{about}' ;; esac"));
    }

    async fn states(bench: &Bench) -> Vec<(Topic, State)> {
        python(&bench.machine).await.iter().map(|finding| (finding.topic, finding.state)).collect()
    }

    #[tokio::test]
    async fn what_makes_environments() {
        let bench = Bench::new();
        for (modules, said, state) in [
            ("[true, true, false, true]", "venv and pip", State::Ok),
            ("[true, false, true, true]", "virtualenv", State::Ok),
            ("[true, false, false, true]", "this machine's pip", State::Ok),
            ("[true, false, false, false]", "cannot make virtual environments", State::Missing),
            ("nonsense", "cannot make virtual environments", State::Missing),
        ] {
            with(&bench, "3.11.2", modules);
            let findings = python(&bench.machine).await;
            assert_eq!(findings[0].found, format!("3.11.2 at {}", bench.path("bin/python3").display()));
            assert!(findings[1].found.contains(said) && findings[1].state == state, "{findings:?}");
        }
        assert_eq!(python(&bench.machine).await[1].commands, ["sudo apt-get install python3-venv"]);
        bench.script("uv", "exit 0");
        assert_eq!(states(&bench).await, [(Topic::Python, State::Ok), (Topic::PythonEnvironments, State::Ok)]);
    }

    #[tokio::test]
    async fn none_or_an_old_one() {
        let mut bench = Bench::new();
        bench.machine.system = System::Fedora;
        let findings = python(&bench.machine).await;
        assert_eq!((findings.len(), findings[0].state), (1, State::Missing));
        assert_eq!(findings[0].commands, ["sudo dnf install python3"]);
        with(&bench, "3.6.8", "[true, true, true, true]");
        let findings = python(&bench.machine).await;
        assert!(findings[0].found.starts_with("3.6.8 at ") && findings[0].state == State::Missing, "{findings:?}");
    }
}
