//! Labs that are not there, and lab files that are wrong. What lint says about each mistake is in `tests/lint.rs`.

use crate::grading::{Bench, root};

#[test]
fn an_unknown_lab_gets_a_suggestion() {
    let bench = Bench::with_solution();
    bench.run(bench.command("lab-2")).expect(2, &["there is no lab `lab-2`", "did you mean `lab-02`?"]);
    bench.run(bench.command("somewhere/lab.yaml")).expect(2, &["somewhere/lab.yaml"]);
    bench.assert_clean();
}

#[test]
fn an_unknown_check_is_a_usage_error() {
    let bench = Bench::with_solution();
    let mut command = bench.command("lab-02");
    command.args(["--only", "topics"]);
    bench.run(command).expect(2, &["no check and no tag `topics`", "`topic`"]);
}

#[test]
fn a_wrong_lab_file_is_refused_at_its_place() {
    let bench = Bench::new();
    for (name, place, what) in [
        ("unknown-key", "9:5", "unknown key `withn`"),
        ("duplicate-key", "9:5", "`points`"),
        ("cycle", "5:57", "wait for each other"),
        ("unknown-variable", "11:", "`topci`"),
        ("vacuous-setting", "10:9", "at least one partition"),
        ("expects-nothing", "15:5", "expects nothing"),
        ("watch-without-invariants", "11:9", "nothing to watch"),
    ] {
        let mut command = bench.kgrade();
        command.current_dir(root().join("fixtures/lint")).arg(format!("./{name}.yaml")).arg("--submission").arg(bench.path("submission"));
        let ended = bench.run(command);
        ended.expect(2, &[&format!("{name}.yaml:{place}"), what, "help:"]);
        let caret = ended.stderr.lines().any(|line| line.contains('─') && line.trim_start().starts_with('·'));
        assert!(caret, "the place is not marked: {ended}");
        assert_eq!(ended.stdout, "", "{ended}");
    }
    bench.assert_clean();
}
