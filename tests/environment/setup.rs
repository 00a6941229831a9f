//! `scripts/setup-env.sh` on machines that lack something, and on one that has all. `docker` is a script here that answers as the real one does.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use libtest_mimic::{Failed, Trial};
use tempfile::TempDir;

use crate::docker::{root, text};

const DOCKER: &str = "case \"$1\" in info) echo 27.0.0 ;; compose) exit 0 ;; esac";

/// A name, what `docker` does, whether there is a Python (which takes its time to make an environment), what must be said, and the exit code.
type Case = (&'static str, Option<&'static str>, bool, &'static [&'static str], i32);

const CASES: [Case; 6] = [
    ("has-all", Some(DOCKER), true, &["ok       Docker 27.0.0", "made .venv", "source .venv/bin/activate", "docker compose up -d"], 0),
    ("no-docker", None, true, &["Docker is not installed", "mend it: ", "made .venv", "Not ready: 1 missing"], 1),
    (
        "no-permission",
        Some("case \"$1\" in info) echo 'permission denied while trying to connect to the Docker daemon socket' >&2; exit 1 ;; esac"),
        false,
        &["you may not use Docker's socket", "usermod -aG docker"],
        1,
    ),
    (
        "daemon-down",
        Some("case \"$1\" in info) echo 'Cannot connect to the Docker daemon' >&2; exit 1 ;; esac"),
        false,
        &["installed but not running"],
        1,
    ),
    ("no-compose", Some("case \"$1\" in info) echo 27.0.0 ;; *) exit 1 ;; esac"), false, &["Docker Compose is not installed"], 1),
    ("no-python", Some(DOCKER), false, &["Python 3.9 or newer is not installed", "Not ready: 1 missing"], 1),
];

/// One test for each machine, and one that runs the script again.
pub fn trials() -> Vec<Trial> {
    let cases = CASES.into_iter().map(|case| Trial::test(format!("setup-env::{}", case.0), move || check(case)));
    cases.chain([Trial::test("setup-env::again", again)]).collect()
}

fn check((_, docker, python, said, code): Case) -> Result<(), Failed> {
    let machine = machine(docker, python)?;
    let (output, found) = run(machine.path())?;
    if found != Some(code) {
        return Err(format!("exit {found:?}, expected {code}\n{output}").into());
    }
    match said.iter().find(|words| !output.contains(**words)) {
        Some(words) => Err(format!("`{words}` is not in:\n{output}").into()),
        None => Ok(()),
    }
}

/// The second run finds everything there and changes nothing; a `.venv` that is broken is made anew.
fn again() -> Result<(), Failed> {
    let machine = machine(Some(DOCKER), true)?;
    run(machine.path())?;
    let (second, code) = run(machine.path())?;
    if code != Some(0) || second.contains("done ") || !second.contains(".venv is there") {
        return Err(format!("exit {code:?}\n{second}").into());
    }
    fs::remove_file(machine.path().join("course/.venv/bin/python"))?;
    let (third, code) = run(machine.path())?;
    if code == Some(0) && third.contains("made .venv") { Ok(()) } else { Err(format!("exit {code:?}\n{third}").into()) }
}

/// A course folder whose requirements ask for nothing, and a PATH that has only what the machine has.
fn machine(docker: Option<&str>, python: bool) -> Result<TempDir, Failed> {
    let machine = tempfile::tempdir()?;
    let (course, bin) = (machine.path().join("course"), machine.path().join("bin"));
    for folder in [&course.join("scripts"), &course.join("checks"), &bin] {
        fs::create_dir_all(folder)?;
    }
    fs::copy(root().join("scripts/setup-env.sh"), course.join("scripts/setup-env.sh"))?;
    fs::write(course.join("checks/requirements.txt"), "# nothing\n")?;
    if python {
        // Not what is on PATH, which may be a wrapper that needs more of the machine.
        let found = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output()?;
        write_script(&bin.join("python3"), &format!("exec '{}' \"$@\"", text(&found)))?;
    }
    for tool in ["bash", "dirname", "uname", "grep", "tail", "cat"] {
        let path = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .map(|folder| folder.join(tool))
            .find(|path| path.is_file());
        std::os::unix::fs::symlink(path.ok_or_else(|| format!("there is no {tool}"))?, bin.join(tool))?;
    }
    if let Some(script) = docker {
        write_script(&bin.join("docker"), script)?;
    }
    Ok(machine)
}

fn write_script(path: &Path, script: &str) -> Result<(), Failed> {
    fs::write(path, format!("#!/bin/sh\n{script}\n"))?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
}

fn run(machine: &Path) -> Result<(String, Option<i32>), Failed> {
    let output = Command::new("bash")
        .arg(machine.join("course/scripts/setup-env.sh"))
        .env("PATH", machine.join("bin"))
        .env("HOME", machine)
        .output()?;
    Ok((text(&output), output.status.code()))
}
