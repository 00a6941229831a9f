//! Children that are not kgrade: scripts that end in every way.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use tempfile::TempDir;

use super::*;

const PASS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/outcomes/full-pass.json");

/// A script in place of kgrade, and an order for it.
fn stage(script: &str, limit: Duration) -> (TempDir, Policy, Order) {
    let folder = tempfile::tempdir().unwrap();
    let kgrade = folder.path().join("kgrade");
    fs::write(
        &kgrade,
        format!(
            "#!/bin/sh\nfor word in \"$@\"; do case $word in --full-evidence=*) into=$(dirname \"${{word#*=}}\");; esac; done\n{script}\n"
        ),
    )
    .unwrap();
    fs::set_permissions(&kgrade, fs::Permissions::from_mode(0o755)).unwrap();
    let into = folder.path().join("into");
    fs::create_dir(&into).unwrap();
    let order = Order { id: "ada".to_owned(), learner: Some("-ada".to_owned()), folder: folder.path().to_owned(), into };
    let policy = Policy {
        kgrade,
        lab: "lab-02".to_owned(),
        checks: None,
        sandbox: "none".to_owned(),
        late: None,
        seed: None,
        jobs: None,
        timeout_scale: None,
        limit,
        options: vec!["--only".to_owned(), "topic".to_owned()],
    };
    (folder, policy, order)
}

async fn run(script: &str) -> Ending {
    let (_folder, policy, order) = stage(script, Duration::from_secs(60));
    let mut child = Child::start(&policy, &order).unwrap();
    child.ready().await;
    child.grade().await
}

async fn reason(script: &str) -> (String, bool) {
    match run(script).await {
        Ending::NotGraded { why, again } => (why, again),
        Ending::Graded(outcome) => panic!("graded: {outcome:?}"),
    }
}

#[tokio::test]
async fn a_result_is_taken_when_it_adds_up_and_fits_the_end() {
    let good = format!("echo ready; read go; [ \"$go\" = go ] && cp {PASS} \"$into/result.json\"; exit 0");
    let Ending::Graded(outcome) = run(&good).await else { panic!("not graded") };
    assert_eq!((outcome.score, outcome.complete), (100, true));
    for (script, said) in [
        (good.replace("exit 0", "exit 1"), "is not the one that kgrade ended with"),
        (good.replace("exit 0", "sed -i '0,/\"score\": 100/s//\"score\": 99/' \"$into/result.json\"; exit 0"), "does not add up"),
        (good.replace("exit 0", "echo x >> \"$into/result.json\"; exit 0"), "it is not JSON"),
        ("echo ready; read go; exit 0".to_owned(), "open result.json"),
        (format!("echo ready; read go; ln -s {PASS} \"$into/result.json\"; exit 0"), "open result.json"),
        ("echo ready; read go; mkfifo \"$into/result.json\"; exit 0".to_owned(), "is no file"),
        ("echo ready; read go; mkdir \"$into/result.json\"; exit 0".to_owned(), "is no file"),
        ("echo ready; read go; truncate -s 40M \"$into/result.json\"; exit 0".to_owned(), "more than 32 MiB"),
    ] {
        let (why, again) = reason(&script).await;
        assert!(why.contains(said) && again, "{script}: {why}");
    }
}

#[tokio::test]
async fn each_end_has_its_reason() {
    for (script, said, again) in [
        ("echo 'error: there is no Java' >&2; exit 3", "there is no Java", true),
        ("exit 3", "the environment could not be used", true),
        ("echo 'error: there is no lab' >&2; exit 2", "there is no lab", true),
        ("exit 4", "no check was selected", true),
        ("echo ready; read go; exit 130", "it was interrupted", true),
        ("echo ready; read go; kill -9 $$", "the kgrade that graded it was ended by signal 9", true),
        ("echo ready; read go; echo 'thread main panicked' >&2; exit 101", "ended with code 101: thread main panicked", true),
    ] {
        assert_eq!(reason(script).await, (reason_with(said), again), "{script}");
    }
    fn reason_with(said: &str) -> String {
        if said.starts_with("ended with") { format!("the kgrade that graded it {said}") } else { said.to_owned() }
    }
}

#[tokio::test]
async fn a_hang_is_ended() {
    for (script, said) in
        [("sleep 600", "not ready after 1.0 s"), ("echo ready; read go; sleep 600", "was not done after 1.0 s and was ended")]
    {
        let (_folder, policy, order) = stage(script, Duration::from_secs(1));
        let mut child = Child::start(&policy, &order).unwrap();
        child.ready().await;
        let Ending::NotGraded { why, again: false } = child.grade().await else { panic!("{script}") };
        assert!(why.contains(said), "{why}");
    }
}

#[tokio::test]
async fn a_flood_on_its_pipes_holds_nobody_up() {
    let flood = "head -c 3000000 /dev/zero | tr '\\0' x; echo; head -c 3000000 /dev/zero | tr '\\0' y >&2; echo end >&2; exit 3";
    let (why, _) = reason(&format!("echo ready; read go; {flood}")).await;
    assert!(why.len() <= SAID && why.ends_with("yend"), "{} bytes", why.len());
    let (why, _) = reason(flood).await;
    assert!(why.ends_with("yend"));
}

#[tokio::test]
async fn what_is_dropped_is_gone_and_what_is_let_go_ends_in_order() {
    let script = "echo ready; while read line; do :; done; touch \"$into/struck\"; exit 130";
    let (_folder, policy, order) = stage(script, Duration::from_secs(60));
    let mut child = Child::start(&policy, &order).unwrap();
    child.ready().await;
    child.end().await;
    assert!(order.into.join("struck").exists());

    let mut child = Child::start(&policy, &order).unwrap();
    child.ready().await;
    let pid = child.pid().unwrap();
    drop(child);
    let begun = Instant::now();
    while fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(begun.elapsed() < Duration::from_secs(10), "it still runs");
        tokio::task::yield_now().await;
    }
}

#[test]
fn the_command_line_says_what_the_policy_says() {
    let (_folder, mut policy, order) = stage("", Duration::from_secs(1));
    (policy.sandbox, policy.seed, policy.jobs, policy.timeout_scale) = ("bwrap".to_owned(), Some(7), Some(3), Some(1.5));
    let said: Vec<String> = words(&policy, &order).unwrap().into_iter().map(|word| word.into_string().unwrap()).collect();
    assert_eq!(&said[..4], ["lab-02", "--hold", "--official", "--quiet"]);
    for word in ["--learner=-ada", "--sandbox=bwrap", "--seed=7", "--jobs=3", "--timeout-scale=1.5", "--only"] {
        assert!(said.iter().any(|other| other == word), "{word} is not in {said:?}");
    }
    policy.sandbox = "none".to_owned();
    assert!(!words(&policy, &order).unwrap().iter().any(|word| word.to_string_lossy().starts_with("--sandbox")));
}

#[test]
fn a_child_inherits_no_secret() {
    for name in ["KGRADE_SIGNING_KEY", "GITHUB_STEP_SUMMARY", "github_token", "DB_PASSWORD", "AWS_ACCESS_KEY_ID", "KAFKA_BOOTSTRAP_SERVERS"]
    {
        assert!(is_withheld(name), "{name}");
    }
    for name in ["PATH", "HOME", "JAVA_HOME", "KGRADE_CACHE", "HTTPS_PROXY", "DOCKER_HOST", "LC_ALL"] {
        assert!(!is_withheld(name), "{name}");
    }
}
