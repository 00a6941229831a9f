//! What the tests share: submissions written on the spot, programs started from them, what they were heard to do.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kgrade::world::guard::Guard;
use kgrade::world::program::{
    Doors, Launch, Limits, PrepareContext, Prepared, Process, ProgramEvent, Stdin, Stream, Submission, grader_environment, prepare, spawn,
};
use kgrade::world::progress::Silent;
use tempfile::TempDir;

/// Longer than anything honest takes on a loaded machine; a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with the given files.
pub fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// A cache that tests share, since they all need the same Python environment.
pub fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("program-cache")
}

/// A mark that no other test has.
pub fn mark() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

pub fn context<'a>(guard: &'a Guard, mark: &'a str) -> PrepareContext<'a> {
    PrepareContext {
        cache: cache(),
        guard,
        progress: &Silent,
        mark,
        course_requirements: "# nothing\n",
        commands: vec![words("python lab-02/producer.py")],
        environment: grader_environment(),
        sandbox: None,
    }
}

/// A submission of one Python program, prepared.
pub struct Ready {
    pub prepared: Prepared,
    pub guard: Guard,
    pub mark: String,
    pub submission: TempDir,
}

pub async fn ready(script: &str) -> Ready {
    let (guard, mark) = (Guard::none(), mark());
    let submission = folder(&[("lab-02/producer.py", script)]);
    let prepared = prepare(&Submission::open(submission.path()).unwrap(), &context(&guard, &mark)).await.unwrap();
    Ready { prepared, guard, mark, submission }
}

impl Ready {
    pub fn launch(&self) -> Launch {
        Launch {
            command: words("python lab-02/producer.py"),
            env: Vec::new(),
            mark: self.mark.clone(),
            instance: "producer-1".to_owned(),
            stdin: Stdin::None,
            limits: Limits::default(),
            doors: Doors::default(),
        }
    }

    pub async fn start(&self) -> (Process, Heard) {
        self.start_as(self.launch()).await
    }

    pub async fn start_as(&self, launch: Launch) -> (Process, Heard) {
        let heard = Heard::default();
        let process = spawn(&self.prepared, launch, &self.guard, heard.listener()).await.unwrap();
        (process, heard)
    }
}

/// What a program was heard to do.
#[derive(Clone, Default)]
pub struct Heard(Arc<Mutex<Vec<ProgramEvent>>>);

impl Heard {
    pub fn listener(&self) -> impl Fn(ProgramEvent) + Send + Sync + 'static {
        let events = Arc::clone(&self.0);
        move |event| events.lock().unwrap().push(event)
    }

    pub fn events(&self) -> Vec<ProgramEvent> {
        self.0.lock().unwrap().clone()
    }

    pub fn lines(&self, wanted: Stream) -> Vec<String> {
        let of = |event| match event {
            ProgramEvent::Line { stream, text } if stream == wanted => Some(text),
            _ => None,
        };
        self.events().into_iter().filter_map(of).collect()
    }

    pub fn stdout(&self) -> Vec<String> {
        self.lines(Stream::Stdout)
    }

    /// Waits until the program has written that line to standard output.
    pub async fn line(&self, wanted: &str) {
        until(|| self.stdout().iter().any(|line| line == wanted)).await;
    }
}

/// Waits until something is so.
pub async fn until(mut so: impl FnMut() -> bool) {
    let waiting = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it never became so");
}

/// Whether a process is alive (a zombie is not).
pub fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().and_then(|rest| rest.chars().next()).is_some_and(|state| state != 'Z' && state != 'X')
}
