//! The daemon, containers of the tests, and what kgrade says of them.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use kgrade::kinds::{Answer, ExpectSpec, View};
use kgrade::lab::data::DataSets;
use kgrade::timeline::docker::{ContainersLook, HttpAsked, Selection};
use kgrade::timeline::{Event, Timeline, What};
use kgrade::world::cluster::listeners;
use kgrade::world::docker::{Docker, DockerHost};

/// The image of the plain containers; that of the user interface.
pub const PLAIN: &str = "kgrade-test/root:bookworm-jre17";
/// Kafka's image.
pub const KAFKA: &str = "apache/kafka:4.3.1";

/// How long anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// A daemon with the images. One that was started for this is stopped with it.
pub struct Daemon {
    started: bool,
}

/// Finds or makes the daemon and the images; says why there are none.
pub fn set_up() -> Result<Daemon, String> {
    let daemon = Daemon { started: script("daemon.sh", "up")?.starts_with("started") };
    script("images.sh", "up")?;
    Ok(daemon)
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.started {
            let _ = script("daemon.sh", "down");
        }
    }
}

/// Runs a script of `docker/test`; its last line. The error says why this machine cannot.
fn script(name: &str, word: &str) -> Result<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docker/test").join(name);
    let output = Command::new(path).arg(word).output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout).lines().last().unwrap_or_default().to_owned();
    match output.status.code() {
        Some(0) => Ok(said),
        // The scripts' word for: this machine cannot.
        Some(75) => Err(said),
        other => panic!("{name} ended with {other:?}: {said}\n{}", String::from_utf8_lossy(&output.stderr)),
    }
}

/// Runs the `docker` command; its output.
pub fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap();
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A container of a test, removed with it.
pub struct Container {
    pub name: String,
}

impl Container {
    /// A name that nothing else has.
    fn new(name: &str) -> Self {
        Self { name: format!("kgrade-test-{}-{name}", std::process::id()) }
    }

    /// `docker run -d` with these options, image and command.
    pub fn run(name: &str, arguments: &[&str]) -> Self {
        let container = Self::new(name);
        docker(&[&["run", "-d", "--name", &container.name], arguments].concat());
        container
    }

    /// The same, where Docker is expected to refuse the start.
    pub fn refused(name: &str, arguments: &[&str]) -> Self {
        let container = Self::new(name);
        let output = Command::new("docker").args(["run", "-d", "--name", &container.name]).args(arguments).output().unwrap();
        assert!(!output.status.success(), "Docker started it");
        container
    }

    /// The port of this machine that leads to a port inside.
    pub fn port(&self, inner: u16) -> u16 {
        docker(&["port", &self.name, &inner.to_string()]).lines().next().unwrap().rsplit_once(':').unwrap().1.parse().unwrap()
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rm", "-f", "-v", &self.name]).output();
    }
}

/// Docker as kgrade finds it.
pub fn daemon() -> Docker {
    Docker::new(DockerHost::from_env())
}

/// A port that nobody has at this moment.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Runs a future to its end.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(future)
}

/// What an expectation, given as YAML, answers on this machine, with the cluster at this port.
pub fn judge(yaml: &str, bootstrap: u16) -> Answer {
    let spec: ExpectSpec = serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{yaml}: {error}"));
    let mut timeline = Timeline::default();
    for what in block_on(observe(&spec, bootstrap)) {
        timeline.append(Event { at: 1, what });
    }
    let data = DataSets::default();
    spec.judge(&View::new(&timeline, "c", &data))
}

/// What the kinds' own `observe` does, without a run around it.
async fn observe(spec: &ExpectSpec, bootstrap: u16) -> Vec<What> {
    let docker = daemon();
    let look = async |of: &Selection| docker.look(of, &[bootstrap]).await;
    let seen = |of: &Selection, look| What::ContainersSeen { of: of.clone(), bootstrap: vec![bootstrap], look };
    match spec {
        ExpectSpec::Container(kind) => vec![seen(&kind.of, look(&kind.of).await)],
        ExpectSpec::Compose(kind) => {
            let mut all = Vec::new();
            for service in &kind.services {
                let of = Selection { service: Some(service.clone()), project: kind.project.clone(), ..Selection::default() };
                all.push(seen(&of, look(&of).await));
            }
            all
        }
        ExpectSpec::Http(kind) => {
            let found = look(&kind.of).await;
            let ContainersLook::Found(containers) = &found else { panic!("{found:?}") };
            let answers = docker.ask(containers, kind.port, &kind.path).await;
            let asked = HttpAsked { of: kind.of.clone(), port: kind.port, path: kind.path.clone() };
            vec![seen(&kind.of, found), What::HttpSeen { asked, answers }]
        }
        ExpectSpec::AdvertisedListeners(_) => {
            let address = format!("localhost:{bootstrap}");
            let mut looked = tokio::task::spawn_blocking(move || listeners::look(&address, |_, _, _| None)).await.unwrap();
            looked.container = docker.publisher(bootstrap).await.unwrap();
            vec![What::ListenersSeen { seen: looked }]
        }
        other => panic!("no kind of containers: {}", other.word()),
    }
}

/// Everything that an answer says.
pub fn text(answer: &Answer) -> String {
    match answer {
        Answer::Holds(evidence) => format!("holds ({})", evidence.seen),
        Answer::NotShown(reason) => format!("not shown: {reason}"),
        Answer::NotYet(it) | Answer::Violated(it) => {
            format!(
                "{}\nexpected {}\nobserved {}\n{}\ncause {}",
                it.message,
                it.expected,
                it.observed,
                it.witnesses.join("\n"),
                it.cause.clone().unwrap_or_default()
            )
        }
    }
}

/// Waits until an expectation answers with all these words, and fails with what it answers when it never does.
pub fn says(yaml: &str, bootstrap: u16, words: &[&str]) {
    until(&format!("{yaml} says {words:?}"), || {
        let said = text(&judge(yaml, bootstrap));
        if words.iter().all(|word| said.contains(word)) { Ok(()) } else { Err(said) }
    });
}

/// Waits until something is so; fails the test with what is so instead when it never is.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let begun = Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(seen) => assert!(begun.elapsed() < PATIENCE, "never: {what}\n{seen}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
