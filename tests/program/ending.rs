use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::ChildStdout;

use kgrade::world::guard::{Guard, marked_processes};
use kgrade::world::program::{Exit, Launch, Signal, Submission, prepare, spawn};

use super::bench::*;

const DAEMON: &str = "import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(os.getpid())
        print('ready')
        time.sleep(600)
    os._exit(0)
os.wait()
";

/// The id that a daemon printed.
async fn daemon(heard: &Heard) -> u32 {
    heard.line("ready").await;
    heard.stdout()[0].parse().unwrap()
}

#[tokio::test]
async fn a_signal_reaches_the_whole_group() {
    let script = "import signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', 'import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: (print(\"child\"), sys.exit())); print(\"up\"); time.sleep(600)'])
def stop(*_):
    child.wait()
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
time.sleep(600)
";
    let ready = ready(script).await;
    let (process, heard) = ready.start().await;
    heard.line("up").await;
    process.signal(Signal::TERM);
    assert_eq!(process.exited().await.code, Some(0));
    assert_eq!(heard.stdout(), ["up", "child"]);
    assert!(process.group_is_gone());
}

#[tokio::test]
async fn what_ignores_sigterm_is_killed() {
    let ready = ready("import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up')\nwhile True: time.sleep(1)\n").await;
    let (process, heard) = ready.start().await;
    heard.line("up").await;
    process.signal(Signal::TERM);
    assert!(!process.group_is_gone());
    assert!(process.kill_tree().await);
    assert_eq!(process.exit(), Some(Exit { code: None, signal: Some(9) }));
    assert!(!is_alive(process.pid()));
    // Nothing is left to signal, and that is no error.
    process.signal(Signal::TERM);
}

#[tokio::test]
async fn a_daemon_that_left_session_and_parents_goes_with_the_tree() {
    let ready = ready(DAEMON).await;
    let (process, heard) = ready.start().await;
    let daemon = daemon(&heard).await;
    assert_eq!(process.exited().await.code, Some(0));
    assert!(process.group_is_gone() && is_alive(daemon));
    assert!(process.kill_tree().await);
    assert!(!is_alive(daemon));
    assert!(marked_processes(&ready.mark).is_empty());
}

#[tokio::test]
async fn a_daemon_that_shed_its_environment_goes_with_the_tree_or_with_the_copy() {
    let script = DAEMON.replace(
        "        print(os.getpid())\n        print('ready')\n        time.sleep(600)",
        "        os.execve('/bin/sh', ['sh', '-c', 'echo $$; echo ready; while true; do sleep 1; done'], {'PATH': '/usr/bin:/bin'})",
    );
    let ready = ready(&script).await;
    let (process, heard) = ready.start().await;
    let daemon = daemon(&heard).await;
    process.exited().await;
    process.kill_tree().await;
    drop(process);
    drop(ready.prepared);
    until(|| !is_alive(daemon)).await;
}

#[tokio::test]
async fn dropping_a_process_kills_its_tree() {
    let ready = ready(DAEMON).await;
    let (process, heard) = ready.start().await;
    let daemon = daemon(&heard).await;
    drop(process);
    assert!(!is_alive(daemon));
    until(|| marked_processes(&ready.mark).is_empty()).await;
}

#[tokio::test]
async fn killing_one_instance_leaves_the_other_alone() {
    let ready = ready(DAEMON).await;
    let (first, heard_first) = ready.start().await;
    let (second, heard_second) = ready.start_as(Launch { instance: "producer-2".to_owned(), ..ready.launch() }).await;
    let (one, two) = (daemon(&heard_first).await, daemon(&heard_second).await);
    assert!(first.kill_tree().await);
    assert!(!is_alive(one) && is_alive(two));
    assert!(second.kill_tree().await);
    assert!(!is_alive(two));
}

#[tokio::test]
async fn a_program_that_never_ends_and_deletes_its_folder_harms_its_own_copy_only() {
    let ready = ready("import os, shutil, time\nshutil.rmtree(os.getcwd())\nprint('gone')\ntime.sleep(600)\n").await;
    let other = ready.prepared.fresh_copy().await.unwrap();
    let (process, heard) = ready.start().await;
    heard.line("gone").await;
    assert!(!ready.prepared.work().join("lab-02").exists());
    assert!(other.work().join("lab-02/producer.py").exists());
    assert!(ready.submission.path().join("lab-02/producer.py").exists());
    assert!(process.kill_tree().await);
}

#[tokio::test]
async fn a_copy_goes_away_also_when_it_was_made_read_only() {
    let ready = ready("import os\nos.makedirs('a/b')\nopen('a/b/c', 'w').close()\nos.chmod('a/b', 0o555)\nos.chmod('a', 0)\n").await;
    let (process, _) = ready.start().await;
    process.exited().await;
    let work = ready.prepared.work();
    assert!(work.exists());
    drop((process, ready.prepared));
    assert!(!work.parent().unwrap().exists());
}

/// The part of the next test that is killed: a grader with a watchdog, a copy, and a program with a daemon.
#[tokio::test]
#[ignore = "started by the test below"]
async fn grader_that_will_be_killed() {
    let Ok(mark) = std::env::var("KGRADE_TEST_MARK") else { return };
    let guard = Guard::start(env!("CARGO_BIN_EXE_kgrade").as_ref()).unwrap();
    let submission = folder(&[("lab-02/producer.py", DAEMON)]);
    let _folder = guard.folder(submission.path());
    let opened = Submission::open(submission.path()).unwrap();
    let prepared = prepare(&opened, &context(&guard, &mark)).await.unwrap();
    let ready = Ready { prepared, guard, mark, submission };
    let heard = Heard::default();
    let _process = spawn(&ready.prepared, ready.launch(), &ready.guard, heard.listener()).await.unwrap();
    println!("\ndaemon {}", daemon(&heard).await);
    println!("folder {}", ready.prepared.work().parent().unwrap().display());
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn kill_nine_of_the_grader_leaves_nothing() {
    let mark = mark();
    let mut grader = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ending::grader_that_will_be_killed", "--ignored", "--nocapture"])
        .env("KGRADE_TEST_MARK", &mark)
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(grader.stdout.take().unwrap()).lines();
    let pid: u32 = after(&mut lines, "daemon ").await.parse().unwrap();
    let folder = after(&mut lines, "folder ").await;
    assert!(is_alive(pid) && std::path::Path::new(&folder).exists());
    grader.kill().await.unwrap();
    until(|| !is_alive(pid) && marked_processes(&mark).is_empty() && !std::path::Path::new(&folder).exists()).await;
}

/// The rest of the next line that begins so.
async fn after(lines: &mut Lines<BufReader<ChildStdout>>, prefix: &str) -> String {
    let reading = async {
        loop {
            let line = lines.next_line().await.unwrap().expect("the grader ended early");
            if let Some(rest) = line.strip_prefix(prefix) {
                return rest.to_owned();
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap()
}
