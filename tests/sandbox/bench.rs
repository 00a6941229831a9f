//! What the tests share: a sandbox, submissions written on the spot, programs started in it, what they were heard to do.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kgrade::world::docker::{Docker, DockerHost};
use kgrade::world::guard::Guard;
use kgrade::world::program::{
    Doors, Launch, Limits, PrepareContext, PrepareError, Prepared, Process, ProgramEvent, Stdin, Stream, Submission, grader_environment,
    prepare, spawn,
};
use kgrade::world::progress::Silent;
use kgrade::world::sandbox::{Making, Sandbox, Wanted};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Longer than anything honest takes on a loaded machine; a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A sandbox, and what it was made with.
pub struct World {
    pub runtime: Runtime,
    pub sandbox: Sandbox,
    pub guard: Guard,
    pub mark: String,
}

fn find(wanted: Wanted, network: bool, guard: &Guard) -> Result<(Runtime, Sandbox), String> {
    let runtime = Runtime::new().unwrap();
    let docker = Docker::new(DockerHost::from_env());
    let making = Making { docker: &docker, guard, kgrade: Path::new(env!("CARGO_BIN_EXE_kgrade")) };
    let found = runtime.block_on(Sandbox::find(wanted, network, &making));
    found.map(|sandbox| (runtime, sandbox.unwrap())).map_err(|error| error.to_string())
}

/// Why there is no such sandbox on this machine, if there is none.
pub fn missing(wanted: Wanted) -> Option<String> {
    find(wanted, false, &Guard::none()).err()
}

impl World {
    pub fn of(wanted: Wanted) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let guard = Guard::start(Path::new(env!("CARGO_BIN_EXE_kgrade"))).unwrap();
        let (runtime, sandbox) = find(wanted, false, &guard).unwrap();
        let mark = format!("cell-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self { runtime, sandbox, guard, mark }
    }

    /// Prepares a submission.
    pub fn prepare(&self, submission: &Path, cache: &Path, command: &str) -> Result<Prepared, PrepareError> {
        let context = PrepareContext {
            cache: cache.to_owned(),
            guard: &self.guard,
            progress: &Silent,
            mark: &self.mark,
            course_requirements: "# nothing\n",
            commands: vec![words(command)],
            environment: grader_environment(),
            sandbox: Some(self.sandbox.clone()),
        };
        self.runtime.block_on(prepare(&Submission::open(submission).unwrap(), &context))
    }

    /// A submission of one Python program, prepared.
    pub fn ready(&self, script: &str) -> Ready<'_> {
        let submission = folder(&[("program.py", script)]);
        let prepared = self.prepare(submission.path(), &cache(), "python program.py").unwrap();
        Ready { world: self, prepared, _submission: submission }
    }

    /// Runs a Python program to its end, which must be a good one, and gives back what it wrote.
    pub fn run(&self, script: &str) -> String {
        let ready = self.ready(script);
        let (process, heard) = ready.start(ready.launch());
        let exit = self.wait(process.exited());
        assert_eq!(exit.code, Some(0), "{:?}", heard.events());
        heard.text()
    }

    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { tokio::time::timeout(PATIENCE, work).await.expect("it took too long") })
    }
}

/// A prepared submission.
pub struct Ready<'w> {
    pub world: &'w World,
    pub prepared: Prepared,
    _submission: TempDir,
}

impl Ready<'_> {
    pub fn launch(&self) -> Launch {
        Launch {
            command: words("python program.py"),
            env: Vec::new(),
            mark: self.world.mark.clone(),
            instance: "program-1".to_owned(),
            stdin: Stdin::None,
            limits: Limits::default(),
            doors: Doors::default(),
        }
    }

    pub fn start(&self, launch: Launch) -> (Process, Heard) {
        let heard = Heard::default();
        let events = Arc::clone(&heard.0);
        let started = spawn(&self.prepared, launch, &self.world.guard, move |event| events.lock().unwrap().push(event));
        (self.world.wait(started).unwrap(), heard)
    }
}

/// What a program was heard to do.
#[derive(Default)]
pub struct Heard(Arc<Mutex<Vec<ProgramEvent>>>);

impl Heard {
    pub fn events(&self) -> Vec<ProgramEvent> {
        self.0.lock().unwrap().clone()
    }

    /// Its standard output.
    pub fn text(&self) -> String {
        let line = |event| match event {
            ProgramEvent::Line { stream: Stream::Stdout, text } => Some(format!("{text}\n")),
            _ => None,
        };
        self.events().into_iter().filter_map(line).collect()
    }

    /// Waits for a line.
    pub fn line(&self, wanted: &str) {
        until(&format!("the line {wanted:?}"), || self.text().lines().any(|line| line == wanted));
    }

    pub fn limit(&self) -> Option<String> {
        self.events().into_iter().find_map(|event| match event {
            ProgramEvent::Limit(limit) => Some(limit.to_string()),
            _ => None,
        })
    }
}

pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

/// A cache that tests share: they all need the same Python environment.
pub fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("sandbox-cache")
}

pub fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// A service of this machine that remembers whether anybody came.
pub struct Canary {
    pub port: u16,
    called: Arc<Mutex<Vec<String>>>,
}

impl Canary {
    pub fn on(address: &str) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let called = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&called);
        std::thread::spawn(move || {
            for mut caller in listener.incoming().filter_map(Result::ok) {
                let mut words = [0; 64];
                let _ = caller.set_read_timeout(Some(Duration::from_secs(2)));
                let count = caller.read(&mut words).unwrap_or(0);
                heard.lock().unwrap().push(String::from_utf8_lossy(&words[..count]).into_owned());
                let _ = caller.write_all(b"secret");
            }
        });
        Self { port, called }
    }

    pub fn calls(&self) -> Vec<String> {
        self.called.lock().unwrap().clone()
    }
}
