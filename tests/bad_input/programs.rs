//! Programs that do what no program should: kgrade says so, stays small, and leaves nothing of them behind.

use quick_junit::{NonSuccessKind, TestCaseStatus};

use crate::grading::{Bench, check, names, verdicts};

/// Each program misbehaves in a check of its own, all at once.
const HOSTILE: &str = "
kgrade: 1
lab: lab-90
title: Programs that misbehave
data: { events: { generate: user-events, count: 20000, users: 24 } }
programs:
  endless: { default: [sh, lab-90/endless.sh] }
  flood: { default: [sh, lab-90/flood.sh] }
  forks: { default: [sh, lab-90/forks.sh] }
  quiet: { default: [sh, lab-90/quiet.sh] }
  deaf: { default: [sh, lab-90/deaf.sh] }
  daemon: { default: [sh, lab-90/daemon.sh] }
checks:
  - id: endless
    title: The program ends
    points: 20
    hint: Let it end.
    do: [ { run: { program: endless, stdin: events, within: 3s } } ]
    expect: [ { exited: { instance: endless, codes: [0] } } ]
  - id: flood
    title: The program says little
    points: 20
    hint: Let it be quiet.
    do: [ { run: { program: flood, within: 60s } } ]
    expect: [ { exited: { instance: flood, codes: [0] } } ]
  - id: forks
    title: The program is one
    points: 20
    hint: Let it be one.
    do: [ { run: { program: forks, within: 60s } } ]
    expect: [ { exited: { instance: forks, codes: [0] } } ]
  - id: deaf
    title: The program stops when it is asked to
    points: 20
    hint: Let it stop.
    do:
      - run: { program: quiet }
      - start: { program: deaf, as: deaf }
      - await: { until: { said: { by: deaf, stream: stdout, unlike: quiet } } }
      - stop: { instance: deaf, within: 1s }
    expect: [ { exited: { instance: deaf, codes: [0, 143] } } ]
  - id: daemon
    title: The program leaves something behind
    points: 20
    hint: Let it take everything with it.
    do: [ { run: { program: daemon, within: 60s } } ]
    expect: [ { exited: { instance: daemon, codes: [0] } } ]
";

/// Ends when it is killed; reads nothing.
const ENDLESS: &str = "while :; do sleep 1; done\n";
/// One gigabyte, half of it one line, and the worst exit code.
const FLOOD: &str = "head -c 500000000 /dev/zero | tr '\\0' x\nyes 'a line of a flood' | head -c 500000000\nexit 3\n";
const FORKS: &str = "i=0\nwhile [ $i -lt 300 ]; do sleep 600 & i=$((i + 1)); done\nwait\n";
const DEAF: &str = "trap '' TERM INT\necho I hear nothing\nwhile :; do sleep 1; done\n";
const DAEMON: &str = "setsid sh -c 'cd /; trap \"\" TERM; while :; do sleep 1; done' >/dev/null 2>&1 &\n";

#[test]
fn hostile_programs_get_clear_verdicts_and_nothing_of_them_is_left() {
    let bench = Bench::new();
    bench.write("lab.yaml", HOSTILE);
    let programs = [("endless", ENDLESS), ("flood", FLOOD), ("forks", FORKS), ("quiet", "true\n"), ("deaf", DEAF), ("daemon", DAEMON)];
    for (name, script) in programs {
        bench.write(&format!("submission/lab-90/{name}.sh"), script);
    }
    let mut command = bench.reporting("lab.yaml");
    command.args(["--evidence", "run.evidence"]);
    let ended = bench.run(command);
    ended.expect(1, &[]);
    bench.assert_clean();

    let report = bench.json();
    let expected = [("endless", "failed"), ("flood", "failed"), ("forks", "failed"), ("deaf", "failed"), ("daemon", "passed")];
    assert_eq!(verdicts(&report), expected, "{ended}");
    for (id, message) in [
        ("endless", "`endless` did not end by itself: kgrade killed it"),
        ("flood", "`flood` ended with exit code 3"),
        ("forks", "processes at once; 128 are allowed"),
        ("deaf", "`deaf` did not stop: kgrade killed it"),
    ] {
        let said = check(&report, id)["message"].as_str().unwrap();
        assert!(said.contains(message), "{said}");
    }

    // What was printed is a thousand times larger than anything that is kept of it.
    assert!(ended.peak > 0 && ended.peak < 128 << 20, "kgrade held {} MiB", ended.peak >> 20);
    assert!(ended.stdout.len() < 64 << 10, "{} bytes on the terminal", ended.stdout.len());
    for (file, most) in [("report.json", 256 << 10), ("report.xml", 256 << 10), ("run.evidence", 16 << 20)] {
        let size = bench.path("out").join(file).metadata().unwrap().len();
        assert!(size < most, "{file} has {size} bytes");
    }
    assert_eq!(bench.junit().test_suites[0].test_cases.len(), expected.len());
}

/// The first check's program deletes its folder, the second one's would need it.
const DELETES: &str = "
kgrade: 1
lab: lab-90
title: A program that deletes its folder
programs: { program: { default: [sh, lab-90/program.sh] } }
checks:
  - id: deletes
    title: The program ends
    points: 50
    hint: Let it end.
    do: [ { run: { program: program } } ]
    expect: [ { exited: { instance: program, codes: [0] } } ]
  - id: afterwards
    title: The program ends again
    points: 50
    hint: Let it end.
    after: [deletes]
    do: [ { run: { program: program } } ]
    expect: [ { exited: { instance: program, codes: [0] } } ]
";

#[test]
fn a_program_that_deletes_its_folder_deletes_a_copy() {
    let bench = Bench::with_program(DELETES, "cd / && rm -rf \"$OLDPWD\"\n");
    bench.write("submission/lab-90/notes.txt", "kept");
    let ended = bench.run(bench.reporting("lab.yaml"));
    ended.expect(1, &[]);
    assert_eq!(verdicts(&bench.json()), [("deletes", "passed"), ("afterwards", "failed")], "{ended}");
    let message = check(&bench.json(), "afterwards")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("deleted"), "{message}");
    assert_eq!(names(&bench.path("submission/lab-90")), ["notes.txt", "program.sh"]);
    bench.assert_clean();
}

/// A lab of one check that fails with the program's words.
const FAILS: &str = "
kgrade: 1
lab: lab-90
title: A program that forges
programs: { program: { default: [sh, lab-90/program.sh] } }
checks:
  - id: says
    title: The program ends
    points: 100
    hint: Let it end.
    do: [ { run: { program: program } } ]
    expect: [ { exited: { instance: program, codes: [0] } } ]
";

/// Escapes for terminals, for XML, for the log of a GitHub job; octal, because not every `printf` knows `\x`.
const FORGES: &str = r#"
printf ']]></system-err></testcase><testcase name="forged" classname="lab-90"/>\n' >&2
printf '::error file=lab.yaml::forged\n::set-output name=score::100\n##[error]forged\n' >&2
printf '\033[2J\033[1;1H\033[31mred\033]0;title\007\033]8;;http://forged\033\\ \r100 of 100 points\n' >&2
printf '\000\001\010\013\177\302\233 \377\376 \357\277\277 \342\200\256\n' >&2
printf ']]>' >&2
exit 7
"#;

#[test]
fn a_program_forges_nothing_in_reports_and_terminals() {
    let bench = Bench::with_program(FAILS, FORGES);
    let mut command = bench.reporting("lab.yaml");
    command.env("GITHUB_ACTIONS", "true").args(["--report", "terminal=report.txt"]);
    let ended = bench.run(command);
    ended.expect(1, &[]);
    let report = bench.json();
    assert_eq!(verdicts(&report), [("says", "failed")], "{ended}");
    let next = check(&report, "says")["next"].as_str().unwrap();
    let typed = format!("kgrade {} --only says --submission {}", bench.path("lab.yaml").display(), bench.path("submission").display());
    assert_eq!(next, typed, "a command that can be typed as it is");
    assert!(check(&report, "says")["output"].to_string().contains("]]>"), "the words themselves are kept: {report}");

    let junit = bench.junit();
    let cases: Vec<_> = junit.test_suites.iter().flat_map(|suite| &suite.test_cases).collect();
    assert_eq!(cases.iter().map(|case| case.name.as_str()).collect::<Vec<_>>(), ["says"]);
    assert!(matches!(cases[0].status, TestCaseStatus::NonSuccess { kind: NonSuccessKind::Failure, .. }));

    for text in [&ended.stdout, &ended.stderr, &bench.read("out/report.txt"), &bench.read("out/report.xml")] {
        assert!(!text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\t')), "{text:?}");
        assert!(!text.contains('\u{202e}'), "{text:?}");
    }
    for text in [&ended.stdout, &ended.stderr] {
        assert!(text.lines().all(|line| !line.trim_start().starts_with("::") && !line.contains("##[")), "{text}");
    }
    assert!(ended.stdout.contains("forged"), "what it said is shown, harmless: {ended}");
    bench.assert_clean();
}
