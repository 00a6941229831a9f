//! Docker that cannot be used: each failure has its own words and its own command.

use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use kgrade::world::docker::{Docker, DockerError, DockerHost, Owned, OwnedSpec};

use crate::machine::{block_on, daemon};

/// A machine whose only place for a socket is this one.
fn machine(socket: &Path, installed: bool) -> DockerHost {
    DockerHost { sockets: vec![socket.to_owned()], installed, ..DockerHost::default() }
}

/// Why Docker cannot be used on this machine.
fn error(host: DockerHost) -> DockerError {
    block_on(async { Docker::new(host).client().await.map(|_| ()) }).unwrap_err()
}

pub fn not_installed() {
    let error = error(machine(Path::new("/nowhere/docker.sock"), false));
    assert_eq!(error, DockerError::NotInstalled);
    assert!(error.mend().contains("https://docs.docker.com"), "{}", error.mend());
}

pub fn daemon_is_down() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("docker.sock");
    // What a daemon leaves that was killed: a socket on which nobody listens.
    drop(UnixListener::bind(&socket).unwrap());
    for place in [&socket, &PathBuf::from("/nowhere/docker.sock")] {
        let error = error(machine(place, true));
        assert!(matches!(error, DockerError::Down { named: false, .. }), "{error}");
        assert!(error.mend().contains("start"), "{}", error.mend());
    }
}

pub fn nobody_there_speaks_docker() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", server.local_addr().unwrap());
    drop(server);
    let told = error(DockerHost { host: Some(address), ..DockerHost::default() });
    assert!(matches!(told, DockerError::Silent { .. }), "{told}");
    let told = error(DockerHost { host: Some("ssh://me@host".to_owned()), ..DockerHost::default() });
    assert!(matches!(told, DockerError::Address { .. }), "{told}");
    assert!(told.mend().contains("unset DOCKER_HOST"), "{}", told.mend());
}

/// kgrade as a user who is in no group that may use the socket. As any other user than root this machine cannot say it so plainly.
pub fn no_permission() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::chown(folder.path(), Some(65_534), Some(65_534)).unwrap();
    let submission = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lab-02/solution");
    let kgrade = folder.path().join("kgrade");
    std::fs::copy(env!("CARGO_BIN_EXE_kgrade"), &kgrade).unwrap();
    let copy = folder.path().join("submission");
    assert!(Command::new("cp").args(["-r"]).arg(submission).arg(&copy).status().unwrap().success());
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&kgrade)
        .args(["lab-02", "--cluster", "docker", "--submission"])
        .arg(&copy)
        .env("HOME", folder.path())
        .env("KGRADE_CACHE", folder.path().join("cache"))
        .env_remove("DOCKER_HOST")
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    // Long lines are broken where the terminal ends.
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in ["this user may not use Docker's socket", "sudo usermod -aG docker $USER", "--cluster jvm"] {
        assert!(said.contains(words), "{said}");
    }
}

pub fn no_image() {
    let spec = OwnedSpec {
        image: "kgrade-test/none:1".to_owned(),
        name: "kgrade-test".to_owned(),
        mark: format!("test-none-{}", std::process::id()),
        env: Vec::new(),
        ports: Vec::new(),
    };
    let error = block_on(async { Owned::start(&daemon(), &spec).await.map(|_| ()) }).unwrap_err();
    assert_eq!(error, DockerError::NoImage { image: "kgrade-test/none:1".to_owned() });
    assert_eq!(error.mend(), "fetch it: docker pull kgrade-test/none:1");
}
