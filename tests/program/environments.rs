use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use kgrade::world::guard::Guard;
use kgrade::world::program::{Doors, Launch, Limits, PrepareContext, PrepareError, Prepared, Stdin, Submission, prepare, spawn};
use tempfile::TempDir;

use super::bench::*;

const SHOW: &str = "import kgrade_tiny, sys\nprint(kgrade_tiny.VALUE, kgrade_tiny.__file__.startswith(sys.prefix))\n";

/// A package as a wheel, made here: no network.
fn wheel(folder: &Path) {
    let script = "import sys, zipfile
with zipfile.ZipFile(sys.argv[1] + '/kgrade_tiny-1.0-py3-none-any.whl', 'w') as wheel:
    wheel.writestr('kgrade_tiny.py', 'VALUE = 42')
    info = 'kgrade_tiny-1.0.dist-info/'
    wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: kgrade-tiny\\nVersion: 1.0\\n')
    wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(info + 'RECORD', 'kgrade_tiny.py,,\\n' + ''.join(info + name + ',,\\n' for name in ('METADATA', 'WHEEL', 'RECORD')))
";
    assert!(Command::new("python3").args(["-c", script]).arg(folder).status().unwrap().success());
}

struct Site {
    submission: TempDir,
    cache: TempDir,
    guard: Guard,
    mark: String,
    environment: Vec<(OsString, OsString)>,
}

impl Site {
    fn new(requirements: &str) -> Self {
        let submission = folder(&[("lab-02/producer.py", SHOW), ("requirements.txt", requirements)]);
        let mut environment = kgrade::world::program::grader_environment();
        environment.retain(|(name, _)| !name.to_string_lossy().starts_with("PIP_") || name == "PIP_CERT");
        Self { submission, cache: folder(&[]), guard: Guard::none(), mark: mark(), environment }
    }

    /// Makes the environment without any index.
    fn offline(mut self) -> Self {
        wheel(self.submission.path());
        self.environment.push(("PIP_NO_INDEX".into(), "1".into()));
        self
    }

    /// Puts commands before all others on the search path.
    fn with_commands(&mut self, folder: &Path) {
        let path = self.environment.iter().find(|(name, _)| name == "PATH").unwrap().1.clone();
        let path = std::env::join_paths(std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path))).unwrap();
        self.environment.push(("PATH".into(), path));
    }

    /// As on a machine that has no uv: one that can do nothing comes before it. The folder must live as long as the site.
    fn without_uv(&mut self) -> TempDir {
        let fake = folder(&[]);
        command(fake.path(), "uv", "#!/bin/sh\nexit 127\n");
        self.with_commands(fake.path());
        fake
    }

    async fn prepare(&self) -> Result<Prepared, PrepareError> {
        let environment = self.environment.clone();
        let context = PrepareContext { cache: self.cache.path().to_owned(), environment, ..context(&self.guard, &self.mark) };
        prepare(&Submission::open(self.submission.path()).unwrap(), &context).await
    }

    async fn run(&self, prepared: &Prepared) -> Vec<String> {
        let heard = Heard::default();
        let (command, env, stdin) = (words("python lab-02/producer.py"), Vec::new(), Stdin::None);
        let launch = Launch {
            command,
            env,
            mark: self.mark.clone(),
            instance: "producer-1".into(),
            stdin,
            limits: Limits::default(),
            doors: Doors::default(),
        };
        let process = spawn(prepared, launch, &self.guard, heard.listener()).await.unwrap();
        process.exited().await;
        [heard.stdout(), heard.lines(kgrade::world::program::Stream::Stderr)].concat()
    }

    /// The environments in the cache.
    fn environments(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.cache.path().join("python")).into_iter().flatten().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_dir()).collect()
    }
}

fn command(folder: &Path, name: &str, script: &str) {
    fs::write(folder.join(name), script).unwrap();
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn a_pinned_package_is_fetched_once_and_kept() {
    let mut site = Site::new("six==1.17.0\n");
    site.environment = kgrade::world::program::grader_environment();
    fs::write(site.submission.path().join("lab-02/producer.py"), "import six\nprint(six.__version__)\n").unwrap();
    let prepared = site.prepare().await.unwrap();
    assert_eq!(site.run(&prepared).await, ["1.17.0"]);
    drop(prepared);
    // From here on without an index: it must come from the cache.
    let environments = site.environments();
    assert_eq!(environments.len(), 1);
    site.environment.push(("PIP_NO_INDEX".into(), "1".into()));
    site.environment.retain(|(name, _)| name != "PIP_FIND_LINKS");
    fs::write(site.submission.path().join("another"), "file").unwrap();
    let prepared = site.prepare().await.unwrap();
    assert_eq!(site.run(&prepared).await, ["1.17.0"]);
    assert_eq!(site.environments(), environments);
    assert_eq!(fs::read_dir(site.submission.path()).unwrap().count(), 3, "nothing is written into the submission");
}

#[tokio::test]
async fn a_broken_environment_is_built_again() {
    let site = Site::new("./kgrade_tiny-1.0-py3-none-any.whl\n").offline();
    let prepared = site.prepare().await.unwrap();
    assert_eq!(site.run(&prepared).await, ["42 True"]);
    drop(prepared);
    let environments = site.environments();
    fs::remove_file(environments[0].join("environment/bin/python")).unwrap();
    let prepared = site.prepare().await.unwrap();
    assert_eq!(site.run(&prepared).await, ["42 True"]);
    assert_eq!(site.environments().len(), 1);
    assert_ne!(site.environments(), environments);
}

#[tokio::test]
async fn without_ensurepip_even_an_old_pip_fills_the_environment() {
    let mut site = Site::new("./kgrade_tiny-1.0-py3-none-any.whl\n").offline();
    let fake = site.without_uv();
    debian(fake.path(), "case \"$*\" in *--version*) echo pip 20.3.4;; *) exec \"$real\" \"$@\";; esac");
    let prepared = site.prepare().await.unwrap();
    assert_eq!(site.run(&prepared).await, ["42 True"]);
    drop(prepared);
    // And when there is no pip either, the message says what to install.
    debian(fake.path(), "echo No module named pip >&2; exit 1");
    fs::write(site.submission.path().join("another"), "file").unwrap();
    let error = site.prepare().await.unwrap_err();
    assert!(matches!(error, PrepareError::NoVenv { .. }));
    assert!(!error.is_the_learners());
    let text = error.to_string();
    assert!(text.contains("apt install python3-venv") && text.contains("ensurepip is not available"), "{text}");
}

/// A `python3` like Debian's without the package python3-venv; `pip` is what it does for `-m pip`.
fn debian(folder: &Path, pip: &str) {
    let real = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap().stdout;
    let real = String::from_utf8(real).unwrap();
    let script = format!(
        "#!/bin/sh\nreal={real}\ncase \"$*\" in\n*'-m venv'*--without-pip*) exec \"$real\" \"$@\";;\n\
         *'-m venv'*) echo 'ensurepip is not available' >&2; exit 1;;\n*'-m virtualenv'*) exit 1;;\n*'-m pip'*) {pip};;\n\
         *-I*) \"$real\" \"$@\" | sed \"s|$real|$0|\";;\n*) exec \"$real\" \"$@\";;\nesac\n",
        real = real.trim()
    );
    command(folder, "python3", &script);
}

#[tokio::test]
async fn when_uv_fails_pip_has_its_turn() {
    let mut site = Site::new("./kgrade_tiny-1.0-py3-none-any.whl\n").offline();
    let fake = folder(&[]);
    command(fake.path(), "uv", &format!("#!/bin/sh\necho \"$@\" >> {}/calls\nexit 2\n", fake.path().display()));
    site.with_commands(fake.path());
    let prepared = site.prepare().await.unwrap();
    assert_eq!(site.run(&prepared).await, ["42 True"]);
    assert!(fs::read_to_string(fake.path().join("calls")).unwrap().starts_with("venv "));
}

#[tokio::test]
async fn a_requirement_that_does_not_exist_is_named() {
    let site = Site::new("kgrade-no-such-package==9.9\n").offline();
    let error = site.prepare().await.unwrap_err();
    assert!(error.is_the_learners());
    let text = error.to_string();
    assert!(text.starts_with("the packages of requirements.txt cannot be installed: kgrade-no-such-package==9.9 cannot be had"), "{text}");
    assert!(text.contains("\n    ERROR: No matching distribution"), "{text}");
    assert!(site.environments().is_empty(), "nothing half-made stays");
}

#[tokio::test]
async fn an_index_that_cannot_be_reached_is_not_the_learners_fault() {
    let mut site = Site::new("six==1.17.0\n");
    let _fake = site.without_uv();
    for (name, value) in
        [("PIP_INDEX_URL", "http://127.0.0.1:1/simple"), ("PIP_RETRIES", "1"), ("NO_PROXY", "127.0.0.1"), ("no_proxy", "127.0.0.1")]
    {
        site.environment.push((name.into(), value.into()));
    }
    let error = site.prepare().await.unwrap_err();
    assert!(!error.is_the_learners(), "{error}");
    assert!(error.to_string().contains("the package index cannot be reached; check the network"), "{error}");
}

#[tokio::test]
async fn the_courses_packages_serve_when_the_submission_names_none() {
    let site = Site::new("").offline();
    let wheel = site.submission.path().join("kgrade_tiny-1.0-py3-none-any.whl");
    fs::remove_file(site.submission.path().join("requirements.txt")).unwrap();
    let course = format!("{}\n", wheel.display());
    let (cache, environment) = (site.cache.path().to_owned(), site.environment.clone());
    let context = PrepareContext { cache, environment, course_requirements: &course, ..context(&site.guard, &site.mark) };
    let prepared = prepare(&Submission::open(site.submission.path()).unwrap(), &context).await.unwrap();
    assert_eq!(site.run(&prepared).await, ["42 True"]);
}

#[tokio::test]
async fn setup_may_install_into_an_environment_of_its_own() {
    let site = Site::new("# nothing\n").offline();
    let manifest = "kgrade: 1\nsetup:\n  - [python, -m, pip, install, --quiet, ./kgrade_tiny-1.0-py3-none-any.whl]\n";
    fs::write(site.submission.path().join("kgrade.yaml"), manifest).unwrap();
    for _ in 0..2 {
        let prepared = site.prepare().await.unwrap();
        assert_eq!(site.run(&prepared).await, ["42 True"]);
    }
    assert!(site.environments().is_empty(), "the shared environments are not touched");
    let prepared = fs::read_dir(site.cache.path().join("prepared")).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir());
    assert_eq!(prepared.count(), 1);
}

#[tokio::test]
async fn without_python_the_message_says_what_to_install() {
    let mut site = Site::new("");
    let empty = folder(&[]);
    site.environment.push(("PATH".into(), empty.path().into()));
    let error = site.prepare().await.unwrap_err();
    assert!(matches!(error, PrepareError::NoPython));
    assert!(error.to_string().contains("apt install python3 python3-venv"));
    let old =
        "#!/bin/sh\necho '{\"executable\": \"/x\", \"version\": [3, 8, 1], \"tag\": \"t\", \"platform\": \"p\", \"machine\": \"m\"}'\n";
    command(empty.path(), "python3", old);
    assert!(matches!(site.prepare().await.unwrap_err(), PrepareError::NoPython), "3.8 is too old");
}
