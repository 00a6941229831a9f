//! Submissions that cannot be graded, or only in part.

use crate::grading::{Bench, check, solution, verdicts};

#[test]
fn a_folder_that_is_missing_or_empty_is_said_with_what_to_do() {
    let bench = Bench::new();
    bench.run(bench.command("lab-02")).expect(3, &["holds no files", "--submission"]);
    std::fs::remove_dir(bench.path("submission")).unwrap();
    bench.run(bench.command("lab-02")).expect(3, &["there is no folder", "--submission"]);
    bench.write("submission", "a file");
    bench.run(bench.command("lab-02")).expect(3, &["is not a folder", "--submission"]);
    bench.assert_clean();
}

#[test]
fn without_a_consumer_the_producer_is_graded_and_the_missing_file_is_named() {
    let bench = Bench::new();
    bench.write("submission/lab-02/producer.py", solution("producer.py"));
    let ended = bench.run(bench.reporting("lab-02"));
    ended.expect(1, &[]);
    let report = bench.json();
    for id in ["topic", "json", "keyed"] {
        assert_eq!(check(&report, id)["verdict"], "passed", "{ended}");
    }
    for id in ["consume-all", "manual-commit"] {
        assert_eq!(check(&report, id)["verdict"], "failed", "{ended}");
        let message = check(&report, id)["message"].as_str().unwrap();
        assert!(message.contains("no file lab-02/consumer.py"), "{message}");
    }
    assert!(verdicts(&report).iter().all(|(_, verdict)| ["passed", "failed", "skipped"].contains(verdict)), "{ended}");
    assert!(ended.stdout.contains("lab-02/consumer.py"), "{ended}");
    bench.assert_clean();
}

#[test]
fn a_syntax_error_is_shown_as_python_says_it() {
    let bench = Bench::with_solution();
    bench.write("submission/lab-02/producer.py", "import os\n\ndef main(:\n    pass\n");
    bench.write("submission/lab-02/consumer.py", "import os\n\nwhile True\n    pass\n");
    let mut command = bench.reporting("lab-02");
    command.args(["--only", "topic,consume-all"]);
    let ended = bench.run(command);
    ended.expect(1, &[]);
    let report = bench.json();
    assert_eq!(verdicts(&report), [("topic", "failed"), ("consume-all", "failed")], "{ended}");
    for (id, line) in [("topic", "def main(:"), ("consume-all", "while True")] {
        let check = check(&report, id).to_string();
        assert!(check.contains("SyntaxError") && check.contains(line), "{check}");
    }
    assert!(ended.stdout.contains("SyntaxError: ") && ended.stdout.contains("def main(:"), "{ended}");
    bench.assert_clean();
}
