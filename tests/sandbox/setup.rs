//! What prepares a submission runs in the sandbox too, or not at all.

use kgrade::world::program::PrepareError;

use super::Test;
use super::bench::{Canary, World, folder};

pub const TESTS: &[Test] = &[
    ("setup_builds_without_the_network", setup_builds_without_the_network),
    ("setup_installs_into_its_own_environment", setup_installs_into_its_own_environment),
    ("requirements_run_nothing", requirements_run_nothing),
];

fn setup_builds_without_the_network(world: &World) {
    let (canary, outside, cache) = (Canary::on("127.0.0.1"), folder(&[]), folder(&[]));
    let script = format!(
        "echo built > built; echo x > {}/left 2>/dev/null; cat {}/Cargo.toml > stolen 2>/dev/null; \
         python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {}), 2)' 2>/dev/null && echo reached > reached; true",
        outside.path().display(),
        env!("CARGO_MANIFEST_DIR"),
        canary.port
    );
    let manifest = "kgrade: 1\nsetup:\n  - [sh, setup.sh]\nlabs:\n  lab-02:\n    producer: [sh, run.sh]\n";
    let submission = folder(&[("kgrade.yaml", manifest), ("setup.sh", &script), ("run.sh", "cat built\n")]);
    let prepared = world.prepare(submission.path(), cache.path(), "sh run.sh").unwrap();
    let made = |name: &str| std::fs::read_to_string(prepared.work().join(name)).unwrap_or_default();
    assert_eq!((made("built").as_str(), made("stolen").as_str(), made("reached").as_str()), ("built\n", "", ""));
    assert_eq!(canary.calls(), Vec::<String>::new());
    assert!(!outside.path().join("left").exists() && !submission.path().join("built").exists());

    // A failed command says why, as it does without a sandbox.
    let manifest = "kgrade: 1\nsetup:\n  - [sh, -c, 'echo no way; exit 3']\nlabs:\n  lab-02:\n    producer: [sh, run.sh]\n";
    let submission = folder(&[("kgrade.yaml", manifest), ("run.sh", "true\n")]);
    let error = world.prepare(submission.path(), cache.path(), "sh run.sh").unwrap_err();
    assert!(error.is_the_learners());
    assert!(error.to_string().contains("ended with exit code 3") && error.to_string().contains("no way"), "{error}");
}

fn setup_installs_into_its_own_environment(world: &World) {
    let cache = folder(&[]);
    let manifest = "kgrade: 1\nsetup:\n  - [python3, setup.py]\n  - [python3, -c, 'import made_by_setup']\nlabs:\n  lab-02:\n    producer: [sh, run.sh]\n";
    let setup = "import site\nopen(site.getsitepackages()[0] + '/made_by_setup.py', 'w').write('MADE = 7')\n";
    let submission = folder(&[("kgrade.yaml", manifest), ("setup.py", setup), ("requirements.txt", ""), ("run.sh", "true\n")]);
    world.prepare(submission.path(), cache.path(), "sh run.sh").unwrap();
}

fn requirements_run_nothing(world: &World) {
    let cache = folder(&[]);
    let trap = folder(&[]);
    let setup = format!("open({:?}, 'w').close()\nfrom setuptools import setup\nsetup(name='trap')\n", trap.path().join("sprung"));
    for requirements in ["./trap\n", "-e .\n", "--index-url http://192.0.2.1/\nsix\n", "trap @ file:///trap\n"] {
        let submission = folder(&[("requirements.txt", requirements), ("trap/setup.py", &setup), ("setup.py", &setup), ("program.py", "")]);
        let error = world.prepare(submission.path(), cache.path(), "python program.py").unwrap_err();
        assert!(matches!(error, PrepareError::Untrusted { line: 1, .. }) && error.is_the_learners(), "{error}");
    }
    assert!(!trap.path().join("sprung").exists());
}
