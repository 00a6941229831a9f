//! A machine of the tests: a `PATH` with nothing but what a test puts there, folders of its own, plenty of everything else.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

use super::{Machine, Space, System, Terminal};
use crate::world::cluster::Host;
use crate::world::docker::DockerHost;
use crate::world::guard::Guard;

/// The machine, and the folder that it lives in.
pub struct Bench {
    folder: tempfile::TempDir,
    pub machine: Machine,
}

impl Bench {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["bin", "home", "temporary"] {
            fs::create_dir(path(name)).unwrap();
        }
        fs::write(path("kgrade"), "a program").unwrap();
        let host = Host { path: path("bin").into(), cache: Some(path("cache")), state: Some(path("home/state")), ..Host::default() };
        let machine = Machine {
            host,
            docker: DockerHost { sockets: vec![path("no.sock")], ..DockerHost::default() },
            variables: BTreeMap::new(),
            system: System::Debian,
            guard: Guard::none(),
            kgrade: path("kgrade"),
            temporary: path("temporary"),
            ports: [1, 2],
            memory: Some(8 << 30),
            open_files: [Some(65_536), Some(65_536)],
            localhost: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            now: SystemTime::now(),
            space: |_| Ok(Space { bytes: 50_000_000_000, files: None, runs_programs: true }),
            terminal: Terminal { columns: Some(80), color: false, utf8: true },
        };
        Self { folder, machine }
    }

    /// A path on it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a program on `PATH`, as a shell script.
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        let file = self.path("bin").join(name);
        // Another process writes it: a file that this one has open, or a child of another test at its start, cannot be run.
        let write = "printf '#!/bin/sh\n%s\n' \"$1\" > \"$0\" && chmod 755 \"$0\"";
        assert!(Command::new("sh").args(["-c", write]).arg(&file).arg(text).status().unwrap().success());
        file
    }
}
