//! Real grading: a broker for each submission, programs that do their worst, and kills of the batch in the middle.

use kgrade::outcome::Tier;
use kgrade::report::cohort::State;

use crate::hall::{Hall, LAB, names};
use crate::processes::until;

/// Ends the kgrade that grades it: without a sandbox, nothing keeps a program from that.
const KILLER: &str = "kill -9 $PPID\nsleep 600\n";
/// Ends the broker of its grading, which is a child of the same kgrade, and then fails the check.
const BREAKER: &str = r#"
for stat in /proc/[0-9]*/stat; do
  read -r pid name state parent rest <"$stat" || continue
  if [ "$parent" = "$PPID" ] && [ "$name" = "(java)" ]; then kill -9 "$pid" && touch broken; fi
done 2>/dev/null
sleep 5
[ -e broken ] && exit 7
"#;

#[test]
fn right_wrong_and_worse_submissions_with_kills_in_between() {
    let hall = Hall::new(&[]);
    hall.write("lab.yaml", LAB);
    let right = ["ada", "bob", "cy", "dan"];
    for id in right {
        hall.write(&format!("cohort/{id}/program.sh"), "exit 0\n");
    }
    hall.write("cohort/wrong/program.sh", "echo sorry >&2\nexit 7\n");
    hall.write("cohort/killer/program.sh", KILLER);
    hall.write("cohort/breaker/program.sh", BREAKER);
    hall.write("cohort/empty/.gitkeep", "");
    hall.write("cohort/manifest/kgrade.yaml", "kgrade: 1\nlabs: 7\n");
    let batch = |words: &[&str]| {
        let mut command =
            hall.kgrade(&["batch", "./lab.yaml", "cohort", "--out", "out", "--sandbox", "none", "--workers", "2", "--resume"]);
        command.args(words);
        command
    };
    for kill in 1..=2 {
        let mut running = hall.start(batch(&[]));
        until("some are graded", || {
            (hall.journal("out").records.values().filter(|record| record.state == State::Graded).count() >= kill).then_some(())
        });
        running.kill().unwrap();
        running.wait().unwrap();
        if kill == 1 {
            hall.assert_clean();
        }
    }
    // This time at once, while the graders of before still end.
    let before = hall.journal("out");
    let said = hall.ends(batch(&[]), 5);
    let told = hall.told("out");
    for id in right {
        assert_eq!(told[id], (State::Graded, Some(100), String::new()), "{said}");
    }
    assert_eq!((told["wrong"].0, told["wrong"].1), (State::Graded, Some(0)), "{said}");
    assert_eq!((told["empty"].0, told["empty"].1), (State::Graded, Some(0)), "it has a file, and no program");
    assert_eq!(told["breaker"].0, State::Incomplete, "without a broker nothing is decided: {said}");
    for (id, why) in [("killer", "was ended by signal 9"), ("manifest", "kgrade.yaml")] {
        assert!(told[id].0 == State::Error && told[id].2.contains(why), "{id}: {:?}", told[id]);
    }
    assert!(told["manifest"].2.starts_with("kgrade.yaml:2:"), "a file is named as its learner names it: {:?}", told["manifest"]);
    for (id, record) in before.records.iter().filter(|(_, record)| record.state == State::Graded) {
        assert_eq!(&hall.journal("out").records[id], record, "{id} was graded again");
    }
    assert_eq!(
        names(&hall.path("out/results/wrong")),
        ["evidence.jsonl.gz", "junit.xml", "learner-evidence.jsonl.gz", "report.html", "report.md", "result.json"]
    );
    let graded = hall.cohort("out").submissions.into_iter().find_map(|entry| entry.graded).unwrap();
    assert_eq!((graded.tier, graded.sandbox.as_str()), (Tier::Official, "none"));
    let seeds: std::collections::BTreeSet<u64> =
        hall.cohort("out").submissions.iter().filter_map(|entry| Some(entry.graded.as_ref()?.seed)).collect();
    assert!(seeds.len() > 1, "each draws its own seed");
    let markdown = std::fs::read_to_string(hall.path("out/results/wrong/report.md")).unwrap();
    assert!(!markdown.contains(hall.path("").to_str().unwrap()), "a learner's report names no folder of the instructor's: {markdown}");
    let said = hall.ends(hall.kgrade(&["replay", "out/evidence/wrong.jsonl.gz"]), 1);
    assert!(said.contains("The program ends well"), "{said}");
    let said = hall.ends(hall.kgrade(&["replay", "out/evidence", "--out", "regraded", "--yes"]), 0);
    assert!(said.contains("7 runs judged again: 0 changed, 7 as before"), "{said}");
    hall.assert_clean();
}

#[test]
fn a_held_grader_ends_with_the_one_who_started_it() {
    use std::io::{BufRead as _, BufReader, Write as _};
    let hall = Hall::new(&[]);
    hall.write("lab.yaml", LAB);
    hall.write("cohort/slow/program.sh", "touch started\nsleep 600\n");
    for released in [false, true] {
        let mut command = hall.kgrade(&["./lab.yaml", "--hold", "--quiet", "--submission", "cohort/slow"]);
        let piped = std::process::Stdio::piped;
        let mut grader = command.stdin(piped()).stdout(piped()).stderr(piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(grader.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        let mut input = grader.stdin.take().unwrap();
        if released {
            input.write_all(b"go\n").unwrap();
            let started = || names(&hall.path("tmp")).into_iter().any(|name| hall.path("tmp").join(name).join("work/started").exists());
            until("the program runs", || started().then_some(()));
        }
        drop(input);
        let ended = grader.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(130), "{}", String::from_utf8_lossy(&ended.stderr));
        hall.assert_clean();
    }
}
