use std::fs;
use std::path::Path;

use kgrade::world::guard::Guard;
use kgrade::world::program::{PrepareContext, PrepareError, Prepared, Submission, prepare};
use tempfile::TempDir;

use super::bench::*;

/// A submission without Python, whose setup counts its runs in a file of the test's.
struct Built {
    submission: TempDir,
    cache: TempDir,
    outside: TempDir,
    guard: Guard,
    mark: String,
}

impl Built {
    fn new(setup: &str) -> Self {
        let outside = folder(&[]);
        let setup = setup.replace("OUTSIDE", outside.path().to_str().unwrap());
        let manifest = format!("kgrade: 1\nsetup:\n{setup}labs:\n  lab-02:\n    producer: [sh, lab-02/producer.sh]\n");
        let submission = folder(&[("kgrade.yaml", &manifest), ("lab-02/producer.sh", "cat built\n")]);
        Self { submission, cache: folder(&[]), outside, guard: Guard::none(), mark: mark() }
    }

    fn context(&self) -> PrepareContext<'_> {
        let commands = vec![words("sh lab-02/producer.sh")];
        PrepareContext { cache: self.cache.path().to_owned(), commands, ..context(&self.guard, &self.mark) }
    }

    async fn prepare(&self) -> Result<Prepared, PrepareError> {
        prepare(&Submission::open(self.submission.path()).unwrap(), &self.context()).await
    }

    fn runs(&self) -> usize {
        fs::read_to_string(self.outside.path().join("runs")).unwrap_or_default().lines().count()
    }

    /// The cached folder with what setup made.
    fn cached(&self) -> std::path::PathBuf {
        let found = folders(&self.cache.path().join("prepared"));
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].join("work")
    }
}

const COUNTING: &str = "  - [sh, -c, 'echo run >> OUTSIDE/runs; echo first > built']\n  - [sh, -c, 'echo second >> built']\n";

fn folders(place: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(place).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

fn listing(folder: &Path) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        found.push((entry.path().display().to_string(), entry.metadata().unwrap().len()));
        if entry.path().is_dir() {
            found.extend(listing(&entry.path()));
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn setup_runs_once_in_order_and_never_in_the_submission() {
    let built = Built::new(COUNTING);
    let before = listing(built.submission.path());
    let first = built.prepare().await.unwrap();
    assert_eq!(fs::read_to_string(first.work().join("built")).unwrap(), "first\nsecond\n");
    // What a run does to its copy is not seen by the next.
    fs::write(first.work().join("built"), "changed").unwrap();
    fs::remove_dir_all(first.work().join("lab-02")).unwrap();
    let second = built.prepare().await.unwrap();
    assert_eq!(fs::read_to_string(second.work().join("built")).unwrap(), "first\nsecond\n");
    assert!(second.work().join("lab-02/producer.sh").exists());
    assert_eq!(built.runs(), 1);
    assert_eq!(listing(built.submission.path()), before);
    // Another content is another setup.
    fs::write(built.submission.path().join("new"), "").unwrap();
    built.prepare().await.unwrap();
    assert_eq!(built.runs(), 2);
}

#[tokio::test]
async fn a_broken_cache_repairs_itself() {
    let built = Built::new(COUNTING);
    drop(built.prepare().await.unwrap());
    fs::remove_file(built.cached().join("built")).unwrap();
    let again = built.prepare().await.unwrap();
    assert_eq!(fs::read_to_string(again.work().join("built")).unwrap(), "first\nsecond\n");
    assert_eq!(built.runs(), 2);
    drop(again);
    for entry in fs::read_dir(built.cache.path().join("prepared")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "seal") {
            fs::write(path, "{").unwrap();
        }
    }
    built.prepare().await.unwrap();
    assert_eq!(built.runs(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_at_once_set_up_once() {
    let built = Built::new(COUNTING);
    let (a, b, c) = tokio::join!(built.prepare(), built.prepare(), built.prepare());
    for prepared in [a.unwrap(), b.unwrap(), c.unwrap()] {
        assert_eq!(fs::read_to_string(prepared.work().join("built")).unwrap(), "first\nsecond\n");
    }
    assert_eq!(built.runs(), 1);
    assert!(built.cached().exists());
}

#[tokio::test]
async fn a_failing_setup_shows_its_output_and_leaves_nothing() {
    let built = Built::new("  - [sh, -c, 'echo compiling; echo no such header >&2; exit 4']\n  - [sh, -c, 'echo run >> OUTSIDE/runs']\n");
    let error = built.prepare().await.unwrap_err();
    assert!(error.is_the_learners());
    let text = error.to_string();
    assert!(text.contains("ended with exit code 4") && text.contains("\n    compiling") && text.contains("\n    no such header"), "{text}");
    assert_eq!(built.runs(), 0, "nothing runs after a failure");
    assert!(folders(&built.cache.path().join("prepared")).is_empty());
    let absent = Built::new("  - [no-such-tool-anywhere, ci]\n").prepare().await.unwrap_err().to_string();
    assert!(absent.contains("no-such-tool-anywhere is not installed"), "{absent}");
}

#[tokio::test]
async fn a_cancelled_setup_leaves_nothing() {
    let built = Built::new("  - [sh, -c, 'echo run >> OUTSIDE/runs; sleep 600']\n");
    {
        let preparing = built.prepare();
        tokio::select! {
            _ = preparing => panic!("it sleeps for ten minutes"),
            () = until(|| built.runs() == 1) => {}
        }
    }
    assert!(folders(&built.cache.path().join("prepared")).is_empty());
    assert!(kgrade::world::guard::marked_processes(&built.mark).is_empty());
}

#[tokio::test]
async fn setup_gets_the_way_to_the_network_but_no_secret() {
    let built = Built::new("  - [sh, -c, 'env > built']\n");
    let mut context = built.context();
    for (name, value) in
        [("HTTPS_PROXY", "the-proxy"), ("GITHUB_TOKEN", "planted"), ("UV_PUBLISH_TOKEN", "planted"), ("AWS_SECRET", "planted")]
    {
        context.environment.retain(|(other, _)| other != name);
        context.environment.push((name.into(), value.into()));
    }
    let prepared = prepare(&Submission::open(built.submission.path()).unwrap(), &context).await.unwrap();
    let text = fs::read_to_string(prepared.work().join("built")).unwrap();
    assert!(text.contains("HTTPS_PROXY=the-proxy") && text.contains("\nHOME=") || text.starts_with("HOME="), "{text}");
    assert!(!text.contains("planted"), "{text}");
}

#[tokio::test]
async fn what_setup_rebuilds_and_what_nobody_needs_is_not_copied() {
    let built = Built::new("  - [npm, --version]\n");
    for path in
        ["node_modules/x/index.js", "target/app.jar", ".git/HEAD", ".kgrade/progress.jsonl", "lab-02/__pycache__/x.pyc", ".venv/pyvenv.cfg"]
    {
        let path = built.submission.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }
    let prepared = built.prepare().await.unwrap();
    for absent in ["node_modules", ".git", ".kgrade", "lab-02/__pycache__", ".venv"] {
        assert!(!prepared.work().join(absent).exists(), "{absent}");
    }
    assert!(prepared.work().join("target/app.jar").exists(), "npm does not rebuild it");
}

#[tokio::test]
async fn links_and_executable_bits_survive_the_copy() {
    let ready = ready("").await;
    let folder = ready.submission.path();
    std::os::unix::fs::symlink("lab-02/producer.py", folder.join("link")).unwrap();
    fs::write(folder.join("run"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(folder.join("run"), std::os::unix::fs::PermissionsExt::from_mode(0o555)).unwrap();
    let prepared = prepare(&Submission::open(folder).unwrap(), &context(&ready.guard, &ready.mark)).await.unwrap();
    assert_eq!(fs::read_link(prepared.work().join("link")).unwrap(), Path::new("lab-02/producer.py"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(prepared.work().join("run")).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o755, "the copy may be changed");
}
