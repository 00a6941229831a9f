//! Containers that kgrade makes: they work, they go away, and no other is touched.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use kgrade::world::cluster::{CacheDir, ClusterContext, ClusterSpec, Health, Host, Runtime, birth, reach, start};
use kgrade::world::docker::{DockerError, Owned, OwnedSpec, sweep};
use kgrade::world::guard::Guard;
use kgrade::world::progress::Silent;

use crate::machine::{Container, KAFKA, PLAIN, block_on, daemon, docker, until};

/// The containers that carry the label of a run with this in its mark.
fn marked(part: &str) -> Vec<String> {
    let all = docker(&["ps", "-a", "--filter", "label=org.kgrade.run", "--format", "{{.Names}}"]);
    all.lines().filter(|name| name.contains(part)).map(str::to_owned).collect()
}

fn context() -> ClusterContext {
    let host = Host::from_env();
    let guard = Guard::start(Path::new(env!("CARGO_BIN_EXE_kgrade"))).unwrap();
    ClusterContext { cache: CacheDir::of(&host), host, guard, progress: Arc::new(Silent) }
}

pub fn a_port_is_taken() {
    let holder = Container::run("has-port", &["-p", "127.0.0.1::8080", PLAIN, "sleep", "600"]);
    let port = holder.port(8080);
    let mark = format!("test-port-{}", std::process::id());
    let spec = OwnedSpec { image: KAFKA.to_owned(), name: "kgrade".to_owned(), mark: mark.clone(), env: Vec::new(), ports: vec![port] };
    let error = block_on(async { Owned::start(&daemon(), &spec).await.map(|_| ()) }).unwrap_err();
    let DockerError::PortTaken { port: taken, by } = &error else { panic!("{error}") };
    assert_eq!(*taken, port);
    assert!(by.contains(&holder.name), "{error}");
    assert_eq!(marked(&mark), Vec::<String>::new(), "what could not be started is gone");
}

pub fn kafka_answers_and_goes_away() {
    let context = context();
    block_on(async {
        let seats = vec![vec![1], vec![2]];
        let cluster = start(&Runtime::Docker, &ClusterSpec { seats, ..ClusterSpec::default() }, &context).await.unwrap();
        assert_eq!((cluster.bootstrap(), cluster.is_own(), cluster.health()), ("127.0.0.1:1", true, Health::Running));
        assert_eq!(cluster.learners().len(), 2);
        let addresses =
            cluster.learners().iter().flatten().map(|listener| listener.address.clone()).chain([cluster.admin().bootstrap.clone()]);
        for address in addresses {
            let version = tokio::task::spawn_blocking(move || reach(&address)).await.unwrap().unwrap();
            assert_eq!(version.as_deref(), Some("4.3"));
        }
        let port = cluster.admin().bootstrap.rsplit_once(':').unwrap().1.parse().unwrap();
        let container = daemon().publisher(port).await.unwrap().unwrap();
        assert!(container.name.starts_with("kgrade-broker-"), "{}", container.name);
        // Ended by somebody else: that is told, with its exit code.
        let name = container.name.clone();
        tokio::task::spawn_blocking(move || docker(&["kill", &name])).await.unwrap();
        while cluster.health() == Health::Running {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let Health::Died { status, .. } = cluster.health() else { panic!("{:?}", cluster.health()) };
        assert_eq!(status.code(), Some(137));
        cluster.stop().await;
        assert_eq!(marked(&container.name), Vec::<String>::new());
    });
}

/// The watchdog removes the container when kgrade is killed.
pub fn nothing_is_left_of_a_killed_kgrade() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let before = marked("kgrade-broker-");
    let mut kgrade = Command::new(env!("CARGO_BIN_EXE_kgrade"))
        .args(["lab-02", "--cluster", "docker", "--checks", "checks", "--submission", "fixtures/lab-02/solution"])
        .current_dir(root)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let own = |name: &String| {
        docker(&["inspect", "--format", "{{index .Config.Labels \"org.kgrade.owner\"}}", name]).contains(&format!(" {} ", kgrade.id()))
    };
    let name = until("kgrade starts its container", || {
        let new = marked("kgrade-broker-").into_iter().filter(|name| !before.contains(name)).find(own);
        new.ok_or_else(|| "no container of its own".to_owned())
    });
    kgrade.kill().unwrap();
    kgrade.wait().unwrap();
    until("its container is removed", || {
        let left = marked(&name);
        if left.is_empty() { Ok(()) } else { Err(left.join(", ")) }
    });
}

/// Both kgrade and its watchdog were killed: the next one that uses Docker removes what is left, and nothing else.
pub fn what_a_dead_kgrade_left_is_swept() {
    let machine = format!(
        "{}/{}",
        rustix::system::uname().nodename().to_string_lossy(),
        std::fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string()).unwrap_or_default()
    );
    let pid = std::process::id();
    let labelled = |name: &str, owner: String| {
        let (run, owner) = (format!("org.kgrade.run=test-sweep-{pid}"), format!("org.kgrade.owner={owner}"));
        Container::run(name, &["--label", &run, "--label", &owner, PLAIN, "sleep", "600"])
    };
    let dead = labelled("dead", format!("{machine} {pid} of-another-time"));
    let alive = labelled("alive", format!("{machine} {pid} {}", birth(pid).unwrap()));
    let elsewhere = labelled("elsewhere", format!("another/pid:[1] {pid} of-another-time"));
    let foreign =
        Container::run("foreign", &["--label", &format!("org.kgrade.owner={machine} {pid} of-another-time"), PLAIN, "sleep", "600"]);
    block_on(sweep(&daemon()));
    let left = docker(&["ps", "-a", "--format", "{{.Names}}"]);
    let is_left = |container: &Container| left.lines().any(|name| name == container.name);
    assert!(!is_left(&dead), "{left}");
    assert!(is_left(&alive) && is_left(&elsewhere) && is_left(&foreign), "{left}");
}
