//! How many submissions of lab-02 are graded in a minute, against the plain way: for one submission after another, a cold Kafka is formatted
//! and started with Kafka's own scripts' classes, the same checks are run on it, and it is stopped.
//!
//! `cargo bench --bench cohort` grades a cohort of 24 (right and wrong programs) with 2, 4 and 6 workers, and 2 of them the plain way.
//! `cargo bench --bench cohort -- 60 4,8 bwrap` grades 60, with 4 and with 8 workers, in a sandbox. Worth reading only on a quiet machine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a program for people, not for learners")]

use std::collections::HashMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kgrade::world::cluster::{self, CacheDir, ClusterContext, Found, Host};
use kgrade::world::guard::Guard;
use kgrade::world::progress::Silent;
use serde_json::Value;

/// What the cohort is made of: as many right programs as wrong ones.
const FIXTURES: &[&str] = &[
    "solution",
    "mistakes/auto-commit",
    "solution-kafka-python",
    "mistakes/no-key",
    "solution",
    "mistakes/no-flush",
    "solution-aiokafka",
    "mistakes/ignores-sigterm",
];

/// Linux tells processor time in ticks of 10 ms.
const TICK: f64 = 0.01;

fn main() {
    // `cargo test` starts benches too; only `cargo bench` means it.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let size: usize = words.first().and_then(|word| word.parse().ok()).unwrap_or(24);
    let workers: Vec<usize> =
        words.get(1).map_or_else(|| vec![2, 4, 6], |word| word.split(',').map(|number| number.parse().unwrap()).collect());
    let sandbox = words.get(2).map_or("none", String::as_str);
    let folder = tempfile::tempdir().unwrap();
    let cohort = cohort(folder.path(), size);
    // Fills the cache: Kafka, its first start, the Python environment.
    let warm = folder.path().join("warm");
    batch(&cohort, &warm, 1, sandbox, &["--only-ids", "s000"]);
    check(&warm, 1);

    let cores = thread::available_parallelism().map_or(0, usize::from);
    println!("lab-02, {size} submissions, {cores} cores, sandbox {sandbox}\n");
    println!(
        "| way | submissions a minute | of the processors | of that the grader | the brokers | learners' programs | a worker's memory at most |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut plain = Vec::new();
    for (name, jobs) in [("plain, one check after another", "1"), ("plain, checks side by side", "6")] {
        let two: Vec<PathBuf> = FIXTURES.iter().take(2).map(|fixture| fixtures().join(fixture)).collect();
        let (rate, used) = measured(|| two.iter().for_each(|submission| by_hand(submission, jobs)), two.len());
        println!("| {name} | {rate:.2} | {} |", used.told(1));
        plain.push(rate);
    }
    for workers in workers {
        let out = folder.path().join(format!("out-{workers}"));
        let (rate, used) = measured(|| batch(&cohort, &out, workers, sandbox, &[]), size);
        check(&out, size);
        let ratios: Vec<String> = plain.iter().map(|plain| format!("{:.1}×", rate / plain)).collect();
        println!("| `kgrade batch`, {workers} workers | {rate:.2} ({}) | {} |", ratios.join(" and "), used.told(workers));
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lab-02")
}

/// A folder with copies of the fixtures.
fn cohort(folder: &Path, size: usize) -> PathBuf {
    let cohort = folder.join("cohort");
    for (number, fixture) in FIXTURES.iter().cycle().take(size).enumerate() {
        let to = cohort.join(format!("s{number:03}"));
        fs::create_dir_all(&to).unwrap();
        assert!(Command::new("cp").arg("-r").arg(fixtures().join(fixture).join(".")).arg(&to).status().unwrap().success());
    }
    cohort
}

fn batch(cohort: &Path, out: &Path, workers: usize, sandbox: &str, more: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kgrade"));
    command.args(["batch", "lab-02"]).arg(cohort).arg("--out").arg(out).args(["--quiet", "--sandbox", sandbox]);
    command.args(["--workers", &workers.to_string()]).args(more).env_remove("KGRADE_CHECKS").stdout(Stdio::null());
    let code = command.status().unwrap().code();
    // 5: some have no grade. Which do, is looked at afterwards.
    assert!(matches!(code, Some(0 | 5)), "the batch ended with {code:?}");
}

/// That every submission has its grade: right programs all points, wrong ones fewer.
fn check(out: &Path, size: usize) {
    for (number, fixture) in FIXTURES.iter().cycle().take(size).enumerate() {
        let text = fs::read_to_string(out.join(format!("results/s{number:03}/result.json"))).unwrap();
        let outcome: Value = serde_json::from_str(&text).unwrap();
        let right = outcome["score"] == outcome["max_score"];
        assert_eq!(right, fixture.starts_with("solution"), "s{number:03}, {fixture}: {} of {}", outcome["score"], outcome["max_score"]);
    }
}

/// One submission the plain way.
fn by_hand(submission: &Path, jobs: &str) {
    let host = Host::from_env();
    let context = ClusterContext { cache: CacheDir::of(&host), host, guard: Guard::none(), progress: Arc::new(Silent) };
    let found = cluster::fetch(&context).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (port, controller) = (free(), free());
    let settings = format!(
        "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\nadvertised.listeners=PLAINTEXT://127.0.0.1:{port}\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\ncontroller.listener.names=CONTROLLER\n\
         inter.broker.listener.name=PLAINTEXT\nlog.dirs={}\noffsets.topic.replication.factor=1\n\
         transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\nauto.create.topics.enable=false\n",
        folder.path().join("data").display()
    );
    let file = folder.path().join("server.properties");
    fs::write(&file, settings).unwrap();
    let format = ["format", "--cluster-id", "MkU3OEVBNTcwNTJENDM2Qg", "--config"];
    assert!(java(&found, "kafka.tools.StorageTool").args(format).arg(&file).status().unwrap().success());
    let mut broker = java(&found, "kafka.Kafka").arg(&file).spawn().unwrap();
    let address = format!("127.0.0.1:{port}");
    while cluster::reach(&address).is_err() {
        assert!(broker.try_wait().unwrap().is_none(), "the broker ended");
        thread::sleep(Duration::from_millis(50));
    }
    let mut grade = Command::new(env!("CARGO_BIN_EXE_kgrade"));
    grade.args(["lab-02", "--quiet", "--jobs", jobs, "--cluster", &address, "--submission"]).arg(submission);
    let code = grade.env_remove("KGRADE_CHECKS").stdout(Stdio::null()).status().unwrap().code();
    assert!(matches!(code, Some(0 | 1)), "it ended with {code:?}");
    stop(&mut broker);
}

fn java(found: &Found, main: &str) -> Command {
    let jars = std::env::join_paths(&found.jars).unwrap();
    let mut command = Command::new(&found.java);
    // As kafka-server-start.sh has it.
    command.args(["-Xmx1G", "-Xms1G", "-XX:+UseG1GC", "-cp"]).arg(jars).arg(main).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn stop(broker: &mut Child) {
    let pid = rustix::process::Pid::from_raw(broker.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    broker.wait().unwrap();
}

/// Processor time by what it was for, in seconds, and the most memory that kgrade and its brokers had at one moment, in bytes.
#[derive(Default)]
struct Used {
    grader: f64,
    brokers: f64,
    programs: f64,
    seconds: f64,
    memory: u64,
}

impl Used {
    fn told(&self, workers: usize) -> String {
        let all = self.grader + self.brokers + self.programs;
        let part = |of: f64| format!("{:.0} %", of / all * 100.0);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let memory = (self.memory / (workers as u64).max(1)) >> 20;
        let (whole, split) = (all / self.seconds / cores as f64 * 100.0, [part(self.grader), part(self.brokers), part(self.programs)]);
        format!("{whole:.0} % | {} | {memory} MiB", split.join(" | "))
    }
}

/// Does some work, and says how many a minute that is, and what it used.
fn measured(work: impl FnOnce(), count: usize) -> (f64, Used) {
    let done = Arc::new(AtomicBool::new(false));
    let watched = Arc::clone(&done);
    let watcher = thread::spawn(move || watch(&watched));
    let begun = Instant::now();
    work();
    let seconds = begun.elapsed().as_secs_f64();
    done.store(true, Ordering::Release);
    let used = Used { seconds, ..watcher.join().unwrap() };
    (count as f64 / seconds * 60.0, used)
}

/// Looks at everything that this process started, until it is done. What lives and dies between two looks is not seen.
fn watch(done: &AtomicBool) -> Used {
    let mut last: HashMap<i32, (String, f64)> = HashMap::new();
    let mut memory = 0;
    while !done.load(Ordering::Acquire) {
        let mut now = 0;
        for (pid, name, seconds) in descendants() {
            if name == "kgrade" || name == "java" {
                now += resident(pid);
            }
            last.insert(pid, (name, seconds));
        }
        memory = memory.max(now);
        thread::sleep(Duration::from_millis(100));
    }
    let mut used = Used { memory, ..Used::default() };
    for (name, seconds) in last.into_values() {
        match name.as_str() {
            "kgrade" | "internal-watchdog" => used.grader += seconds,
            "java" => used.brokers += seconds,
            _ => used.programs += seconds,
        }
    }
    used
}

/// What this process started: number, name, and its own processor time in seconds.
fn descendants() -> Vec<(i32, String, f64)> {
    let mut rows = HashMap::new();
    for entry in fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some((head, tail)) = stat.rsplit_once(") ") else { continue };
        let name = head.split_once('(').map_or("", |(_, name)| name).to_owned();
        let fields: Vec<&str> = tail.split(' ').collect();
        let number = |index: usize| fields[index].parse::<f64>().unwrap();
        rows.insert(pid, (fields[1].parse::<i32>().unwrap(), name, (number(11) + number(12)) * TICK));
    }
    let own = std::process::id().cast_signed();
    let is_ours = |pid: i32| {
        let mut at = pid;
        while let Some((parent, ..)) = rows.get(&at) {
            if *parent == own {
                return true;
            }
            at = *parent;
        }
        false
    };
    rows.iter().filter(|(pid, _)| is_ours(**pid)).map(|(pid, (_, name, seconds))| (*pid, name.clone(), *seconds)).collect()
}

/// What a process has in memory, in bytes; pages that it shares with others are shared out.
fn resident(pid: i32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) << 10
}
