//! A learner's machine: folders of its own, and a `PATH` with what a test puts there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The machine.
pub struct Desk {
    folder: tempfile::TempDir,
}

/// What kgrade said.
pub struct Said {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Desk {
    pub fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        for name in ["bin", "home", "temporary"] {
            fs::create_dir(desk.path(name)).unwrap();
        }
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and the folders that it is in.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Puts a program on `PATH`, as a shell script.
    pub fn script(&self, name: &str, text: &str) {
        // Another process writes it: a file that this one has open, or a child of another test at its start, cannot be run.
        let write = "printf '#!/bin/sh\n%s\n' \"$1\" > \"$0\" && chmod 755 \"$0\"";
        assert!(Command::new("sh").args(["-c", write]).arg(self.path("bin").join(name)).arg(text).status().unwrap().success());
    }

    /// kgrade on this machine, with nothing of the one that the tests run on.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LC_ALL", "C.UTF-8").env("PATH", self.path("bin")).env("HOME", self.path("home"));
        command
            .env("TMPDIR", self.path("temporary"))
            .env("KGRADE_CACHE", self.path("cache"))
            .env("DOCKER_HOST", "unix:///nowhere/docker.sock");
        command.current_dir(self.path("home"));
        command
    }

    pub fn kgrade(&self, arguments: &[&str]) -> Said {
        self.said(self.command(Path::new(env!("CARGO_BIN_EXE_kgrade"))).args(arguments))
    }

    pub fn said(&self, command: &mut Command) -> Said {
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}
