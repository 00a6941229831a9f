//! Workers on a queue in a real Kafka: killed, stopped, held up, and yet each submission has exactly one result, and the right one.
//!
//! What stands in place of grading is a script with known results, where grading itself does not matter. What is asserted is read from the
//! topics, with a reader that sees what was committed and nothing else.

// What clippy allows inside test functions, for the functions that they share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod stage;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use kgrade::cohort::queue::{Ended, Published};
use rustix::process::Signal;
use stage::{PATIENCE, Stage, Worker, until};

#[test]
fn two_hundred_submissions_and_three_workers_that_are_killed() {
    let mut stage = Stage::new("kills");
    for nth in 0..200 {
        stage.submit(&format!("learner-{nth:03}"), nth % 101, "sleep 0.03");
    }
    assert_eq!(stage.add(&[]), "200 submissions added for lab-02\n");
    let mut workers: Vec<Worker> = (0..3).map(|_| stage.worker(&["--drain"])).collect();
    // Each is killed at a moment of which it knows nothing, once some more has been done.
    let mut kills = 0;
    while kills < 8 {
        let before = stage.done().0;
        until("some more are graded", || {
            assert!(workers.iter_mut().all(Worker::is_alive), "a worker ended by itself");
            stage.done().0 >= (before + 6).min(190)
        });
        std::thread::sleep(Duration::from_millis(u64::from(rand::random::<u8>())));
        let victim = usize::from(rand::random::<u8>()) % workers.len();
        assert!(workers[victim].is_alive(), "{}", workers[victim].said());
        workers[victim].kill();
        workers[victim] = stage.worker(&["--drain"]);
        kills += 1;
    }
    stage.wait_until_done();
    for worker in &mut workers {
        assert_eq!(worker.end(), Some(0), "{}", worker.said());
    }
    stage.assert_graded_exactly_once();
    let begun = stage.begun();
    let again: Vec<_> = begun.iter().filter(|(_, times)| **times > 1).collect();
    assert!(begun.len() == 200 && again.len() <= 2 * kills, "only what was in hand is graded again: {again:?}");
    let left: Vec<_> = fs::read_dir(stage.path("out")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lab-02"], "killed workers leave no folders");

    // Taken out, it is all there.
    let output = stage.queue("results", &["--out", &stage.path("collected").display().to_string()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.starts_with("lab-02: 200 of 200 submissions graded\n"), "{text}");
    for id in stage.truth.keys() {
        let folder = stage.path("collected/results").join(id);
        let mut evidence = String::new();
        let packed = fs::File::open(folder.join("evidence.jsonl.gz")).unwrap();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(packed), &mut evidence).unwrap();
        assert_eq!(evidence, format!("{{\"evidence of\":\"{id}\"}}\n"));
        assert!(folder.join("result.json").exists() && folder.join("report.html").exists());
    }
    let gradebook = fs::read_to_string(stage.path("collected/gradebook.csv")).unwrap();
    assert_eq!(gradebook.lines().count(), 201);
    assert_eq!(stage.add(&[]), "0 submissions added for lab-02\n200 submissions graded already\n");
}

#[test]
fn a_long_grade_does_not_cost_a_worker_its_place() {
    let mut stage = Stage::new("long");
    // Three times as long as both of the limits: the session's, and that between two polls.
    stage.submit("slow", 80, "sleep 20");
    stage.submit("slower", 70, "");
    stage.add(&["--partitions", "1"]);
    let mut worker = stage.worker(&["--no-ahead"]);
    until("it is graded", || stage.begun().contains_key("slow"));
    let status = String::from_utf8(stage.queue("status", &[]).stdout).unwrap();
    assert!(
        status.contains("waiting      1\nin hand      1\ngraded       0\n") && status.contains(": slow for lab-02, since "),
        "{status}"
    );
    let (members, generation) = (stage.members(), stage.generation());
    assert_eq!(members.len(), 1);
    stage.wait_until_done();
    assert_eq!((stage.members(), stage.generation()), (members, generation), "the member is the same, in the same generation");
    worker.signal(Signal::TERM);
    assert_eq!(worker.end(), Some(130));
    stage.assert_graded_exactly_once();
    assert!(stage.begun().values().all(|times| *times == 1));
}

#[test]
fn more_workers_share_the_partitions_and_the_work() {
    let mut stage = Stage::new("share");
    for nth in 0..24 {
        stage.submit(&format!("s{nth}"), 50, "while [ ! -e \"$FAKE/go\" ]; do sleep 0.1; done; sleep 0.2");
    }
    stage.add(&["--partitions", "6"]);
    let shares = |wanted: &[usize]| {
        until("the partitions are shared", || {
            let mut shares: Vec<usize> = stage.members().values().map(Vec::len).collect();
            shares.sort_unstable();
            shares == wanted
        });
    };
    let mut workers = vec![stage.worker(&["--drain"])];
    shares(&[6]);
    workers.push(stage.worker(&["--drain"]));
    shares(&[3, 3]);
    workers.push(stage.worker(&["--drain"]));
    shares(&[2, 2, 2]);
    fs::write(stage.path("fake/go"), "").unwrap();
    for worker in &mut workers {
        assert_eq!(worker.end(), Some(0));
    }
    stage.assert_graded_exactly_once();
    let by: BTreeSet<String> = stage.results().into_iter().map(|result| result.worker).collect();
    assert_eq!(by.len(), 3, "all three have graded");
}

#[test]
fn a_worker_that_stood_still_says_nothing_that_another_one_has_said() {
    let mut stage = Stage::new("zombie");
    stage.submit("ada", 60, "while [ ! -e \"$FAKE/go\" ]; do sleep 0.1; done");
    stage.add(&["--partitions", "1"]);
    let zombie = stage.worker(&[]);
    until("it has begun", || stage.begun().get("ada") == Some(&1));
    // It stands still with the grade in hand, which is done meanwhile, and its group gives it up.
    zombie.signal(Signal::STOP);
    fs::write(stage.path("fake/go"), "").unwrap();
    let mut other = stage.worker(&["--drain"]);
    assert_eq!(other.end(), Some(0), "{}", other.said());
    let results = stage.results();
    zombie.signal(Signal::CONT);
    until("it lets go", || zombie.said().contains("another worker"));
    assert_eq!(stage.results(), results);
    stage.assert_graded_exactly_once();
    // It is of use again.
    stage.submit("ben", 40, "");
    stage.add(&[]);
    stage.wait_until_done();
    stage.assert_graded_exactly_once();
}

#[test]
fn a_submission_that_ends_its_workers_is_given_up_and_its_neighbour_is_not() {
    let mut stage = Stage::new("killer");
    for nth in 0..4 {
        stage.submit(&format!("innocent-{nth}"), 90, "sleep 0.1");
    }
    // The parent of what stands in place of kgrade is the worker.
    stage.submit("killer", 0, "kill -9 $PPID; sleep 1");
    stage.add(&["--partitions", "1"]);
    let mut deaths = 0;
    let mut worker = stage.worker(&["--drain"]);
    let begun = Instant::now();
    while stage.done().0 < 5 {
        assert!(begun.elapsed() < PATIENCE, "never done");
        if !worker.is_alive() {
            deaths += 1;
            worker = stage.worker(&["--drain"]);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(worker.end(), Some(5));
    assert_eq!((deaths, stage.begun()["killer"]), (3, 3));
    let results = stage.results();
    let errors: Vec<&Published> = results.iter().filter(|result| result.outcome().is_none()).collect();
    assert!(matches!(&errors[..], [one] if one.id == "killer" && one.tries == 3), "{errors:?}");
    let Ended::Error { why } = &errors[0].ended else { unreachable!() };
    assert!(why.starts_with("3 workers ended while they had it in hand"), "{why}");
    assert_eq!(results.len(), 5);
}

#[test]
fn records_of_others_do_no_harm() {
    let mut stage = Stage::new("hostile");
    stage.submit("ada", 100, "");
    stage.add(&["--partitions", "1"]);
    let good = {
        let mut seen = Vec::new();
        stage.read_submissions(&mut seen);
        String::from_utf8(seen.remove(0)).unwrap()
    };
    let hostile: &[Option<&[u8]>] = &[None, Some(b""), Some(b"\xff\x00"), Some(b"{}"), Some(&[b'['; 60_000]), Some(&[b'x'; 66_000])];
    for bytes in hostile {
        stage.inject(0, *bytes);
    }
    // A record may not say how it is graded.
    stage.inject(0, Some(good.replacen('{', "{\"sandbox\":\"none\",", 1).as_bytes()));
    stage.inject(0, Some(good.replace("\"ada\"", "\"../../ada\"").as_bytes()));
    stage.submit("ben", 10, "");
    stage.add(&[]);
    let mut worker = stage.worker(&["--drain"]);
    assert_eq!(worker.end(), Some(5), "{}", worker.said());
    let results = stage.results();
    assert_eq!(results.len(), 2 + hostile.len() + 2);
    let (read, unread): (Vec<_>, Vec<_>) = results.iter().partition(|result| result.outcome().is_some());
    assert_eq!(read.iter().map(|result| result.id.as_str()).collect::<Vec<_>>(), ["ada", "ben"]);
    for result in unread {
        assert!(matches!(&result.ended, Ended::Error { why } if why.starts_with("the record cannot be read: ")), "{result:?}");
    }
    assert_eq!(stage.begun().len(), 2);
    let status = String::from_utf8(stage.queue("status", &[]).stdout).unwrap();
    assert!(status.contains("waiting      0\n") && status.contains("graded       2\n") && status.contains("errors       8\n"), "{status}");
}

#[test]
fn what_is_added_twice_is_graded_once_and_what_is_changed_again() {
    let mut stage = Stage::new("twice");
    stage.submit("ada", 30, "sleep 0.2");
    stage.add(&["--partitions", "1"]);
    assert_eq!(stage.add(&[]), "0 submissions added for lab-02\n1 submission in the queue already\n");
    // Another program adds it once more, and does not look.
    let mut seen = Vec::new();
    stage.read_submissions(&mut seen);
    stage.inject(0, Some(&seen[0]));
    assert_eq!(stage.worker(&["--drain"]).end(), Some(0));
    assert_eq!(stage.begun()["ada"], 1);
    stage.assert_graded_exactly_once();
    // Other work of the same learner.
    stage.submit("ada", 40, "");
    assert_eq!(stage.add(&[]), "1 submission added for lab-02\n");
    assert_eq!(stage.worker(&["--drain"]).end(), Some(0));
    let scores: Vec<u32> = stage.results().iter().map(|result| result.outcome().unwrap().score).collect();
    assert_eq!(scores, [30, 40]);
    // What was changed after it was added is not what was added; added again, it is.
    stage.submit("ada", 50, "");
    stage.add(&[]);
    fs::write(stage.path("cohort/ada/program.py"), "changed").unwrap();
    assert_eq!(stage.worker(&["--drain"]).end(), Some(5));
    assert!(matches!(&stage.results()[2].ended, Ended::Error { why } if why.contains("has changed")));
    stage.submit("ada", 50, "");
    assert_eq!(stage.add(&[]), "1 submission added for lab-02\n");
    assert_eq!(stage.worker(&["--drain"]).end(), Some(0));
    assert_eq!(stage.results()[3].outcome().unwrap().score, 50);
}

#[test]
fn what_was_left_undecided_is_tried_a_second_time() {
    let mut stage = Stage::new("undecided");
    let undecided = "cp \"$FAKE/undecided\" \"$(dirname \"$evidence\")/result.json\"; exit 5";
    stage.submit("ada", 100, &format!("if mkdir \"$FAKE/once\"; then {undecided}; fi"));
    stage.undecided("ada", "undecided");
    stage.submit("ben", 40, "");
    stage.add(&[]);
    assert_eq!(stage.worker(&["--drain"]).end(), Some(0));
    assert_eq!((stage.begun()["ada"], stage.begun()["ben"]), (2, 1));
    stage.assert_graded_exactly_once();
}

#[test]
fn a_group_that_kafka_has_forgotten_grades_nothing_again() {
    let mut stage = Stage::new("forgotten");
    for id in ["ada", "ben", "cyd"] {
        stage.submit(id, 70, "");
    }
    stage.add(&["--partitions", "2"]);
    assert_eq!(stage.worker(&["--drain"]).end(), Some(0));
    stage.forget_offsets();
    assert_eq!(stage.done().0, 0);
    let mut worker = stage.worker(&["--drain"]);
    assert_eq!(worker.end(), Some(0), "{}", worker.said());
    stage.wait_until_done();
    stage.assert_graded_exactly_once();
    assert!(stage.begun().values().all(|times| *times == 1));
}

#[test]
fn a_worker_that_is_asked_to_end_finishes_or_puts_back_what_it_has() {
    let mut stage = Stage::new("ending");
    stage.submit("ada", 20, "while [ ! -e \"$FAKE/go\" ]; do sleep 0.1; done");
    stage.submit("ben", 25, "");
    stage.add(&["--partitions", "1"]);
    let mut worker = stage.worker(&[]);
    until("it has begun", || stage.begun().len() == 1);
    // Twice: at once.
    worker.signal(Signal::INT);
    worker.signal(Signal::TERM);
    assert_eq!(worker.end(), Some(130), "{}", worker.said());
    assert!(stage.results().is_empty() && stage.members().is_empty(), "it has left its group");
    // Once: after what is in hand.
    let mut worker = stage.worker(&[]);
    until("it has begun again", || stage.begun().values().sum::<usize>() == 2);
    worker.signal(Signal::TERM);
    fs::write(stage.path("fake/go"), "").unwrap();
    assert_eq!(worker.end(), Some(130));
    assert_eq!(stage.results().len(), 1);
    assert_eq!(stage.worker(&["--drain"]).end(), Some(0));
    stage.assert_graded_exactly_once();
}

/// A table names a folder, and a branch in a repository; one has a due time of its own.
#[test]
fn a_table_of_folders_and_repositories_is_graded_as_it_was_added() {
    let mut stage = Stage::new("table");
    for id in ["ada", "ben"] {
        stage.submit(id, 60, "cp \"$submission/program.py\" \"$FAKE/$id.seen\"; [ -z \"$late\" ] || cp \"$late\" \"$FAKE/$id.late\"");
    }
    let (cohort, repository) = (stage.path("cohort"), stage.path("cohort/ben"));
    let git = |words: &[&str]| {
        let person = ["-c", "user.name=B", "-c", "user.email=b@example.org", "-c", "commit.gpgsign=false"];
        let done = Command::new("git").arg("-C").arg(&repository).args(person).args(words).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    for words in [&["init", "-q", "-b", "main"][..], &["add", "."], &["commit", "-qm", "done"]] {
        git(words);
    }
    let table = "id,name,path,commit,due\nada,Ada Lovelace,ada,,2026-12-01T12:00:00Z\nben,,ben,main,\n";
    fs::write(cohort.join("table.csv"), table).unwrap();
    let table = cohort.join("table.csv").display().to_string();
    let output = stage.queue("add", &["lab-02", &table, "--partitions", "1"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "2 submissions added for lab-02\n", "{}", String::from_utf8_lossy(&output.stderr));
    // The branch goes on; what was added stays.
    fs::write(repository.join("program.py"), "too late").unwrap();
    git(&["commit", "-qam", "more"]);
    let mut worker = stage.worker(&["--drain", "--root", &cohort.display().to_string()]);
    assert_eq!(worker.end(), Some(0), "{}", worker.said());
    stage.assert_graded_exactly_once();
    let seen = |name: &str| fs::read_to_string(stage.path("fake").join(name)).unwrap_or_default();
    assert_eq!((seen("ada.seen"), seen("ben.seen")), ("# ada: 60\n".to_owned(), "# ben: 60\n".to_owned()));
    assert!(seen("ada.late").contains("2026-12-01T12:00:00Z") && seen("ben.late").is_empty());
    assert_eq!(stage.results().iter().filter_map(|result| result.name.as_deref()).collect::<Vec<_>>(), ["Ada Lovelace"]);
}

#[test]
fn a_worker_that_can_grade_nothing_does_not_go_through_the_queue() {
    let mut stage = Stage::new("broken");
    for nth in 0..6 {
        stage.submit(&format!("s{nth}"), 10, "[ -e \"$FAKE/mended\" ] || { echo 'error: there is no Java' >&2; exit 3; }");
    }
    stage.add(&["--partitions", "1"]);
    let mut worker = stage.worker(&["--drain"]);
    assert_eq!(worker.end(), Some(3));
    assert!(worker.said().contains("this machine may be to blame: there is no Java"), "{}", worker.said());
    assert_eq!(stage.results().len(), 2, "those before it was sure");
    fs::write(stage.path("fake/mended"), "").unwrap();
    // What got an error is graded when it is added again.
    assert_eq!(stage.add(&[]), "2 submissions added for lab-02\n4 submissions in the queue already\n");
    assert_eq!(stage.worker(&["--drain"]).end(), Some(0));
    let graded = stage.results().iter().filter(|result| result.outcome().is_some()).count();
    assert_eq!((graded, stage.results().len()), (6, 8));
}

/// With real grading: right and wrong programs, each with a broker of its own.
#[test]
fn right_and_wrong_programs_are_told_apart() {
    let mut stage = Stage::new("real");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lab-02");
    for (id, source, points) in [("right", "solution", 10), ("wrong", "mistakes/wrong-partition-count", 0)] {
        copy(&root.join(source), &stage.path("cohort").join(id));
        stage.truth.insert(id.to_owned(), points);
    }
    stage.add(&[]);
    let mut worker = stage.worker(&["--real", "--drain", "--", "--only", "topic"]);
    assert_eq!(worker.end(), Some(0), "{}", worker.said());
    stage.assert_graded_exactly_once();
    let evidence: Vec<_> =
        stage.results().iter().map(|result| matches!(&result.ended, Ended::Graded(graded) if graded.evidence.is_some())).collect();
    assert_eq!(evidence, [true, true]);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &target) } else { _ = fs::copy(entry.path(), target).unwrap() }
    }
}
