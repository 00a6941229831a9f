//! What counts as something new.

use super::mask::Mask;
use crate::kinds::testing::{Story, assert_says};

const SAID: &str = "said: { by: with-bad, stream: stderr, unlike: plain }";

fn story(usual: &[&str], now: &[&str]) -> Story {
    let plain = usual.iter().fold(Story::new().start("plain"), |story, line| story.line("plain", line));
    now.iter().fold(plain.start("with-bad"), |story, line| story.line("with-bad", line))
}

#[test]
fn only_new_shapes_count() {
    let bad = "cannot decode partition 1 offset 40: invalid JSON";
    let usual = ["delivered e-000001 at 12", "assigned [0, 1]"];
    assert_says(&Story::new().start("plain"), SAID, "not shown: `with-bad` or `plain` was not started", &[]);
    assert_says(&story(&[], &[bad]), SAID, "holds (1)", &[]);
    assert_says(&story(&usual, &["delivered e-000005 at 999", bad, bad]), SAID, "holds (1)", &[]);
    assert_says(&story(&usual, &["delivered e-000005 at 999", "assigned [2, 10]", ""]), SAID, "not yet: your program wrote nothing on standard error that", &["observed 3 lines"]);
    assert_says(&story(&usual, &[]), SAID, "not yet: your program wrote nothing on standard error\n", &["observed no line"]);
    assert_says(&story(&[bad], &[bad]), SAID, "not yet", &[]);
    let crashed = story(&usual, &[]).exit("with-bad", 1);
    assert_says(&crashed, SAID, "not yet", &["cause `with-bad` ended with exit code 1"]);
}

#[test]
fn another_stream_is_not_looked_at() {
    let story = story(&[], &["cannot decode"]);
    assert_says(&story, "said: { by: with-bad, stream: stdout, unlike: plain }", "not yet: your program wrote nothing on standard output", &[]);
}

#[test]
fn what_differs_between_two_good_runs_is_masked() {
    let mask = Mask::new(["login", "said \"grüße\" 🎉", "two\nlines", "", "C:\\temp", "👩\u{200d}💻"].into_iter());
    for (one, other) in [
        ("offset 9", "offset 10"),
        ("took 0.31 s", "took 12.5 s"),
        ("member rdkafka-6f3aabcd-abcd-4c1e-beef-0123456789ab joined", "member rdkafka-00000000-1111-2222-3333-444444444444 joined"),
        ("memberId=dmF0kXx_QbOaB-aBcDefgh, epoch 1", "memberId=AAAAbbbbCCCCddddEEEEff, epoch 2"),
        ("<Consumer object at 0x7fa1c2d3>", "<Consumer object at 0x55deadbeef10>"),
        ("Consumer@6d06d69c", "Consumer@1b28cdfa"),
        ("got 'login'", "got \"said \\\"grüße\\\" 🎉\""),
        ("note=login", "note=said \\\"gr\\u00fc\\u00dfe\\\" \\ud83c\\udf89"),
        ("{'note': 'login'}", "{'note': 'two\\nlines'}"),
        ("{'note': 'login'}", "{'note': 'C:\\\\temp'}"),
        ("{'note': 'login'}", "{'note': ''}"),
        ("{'note': 'login'}", "{'note': '👩\\u200d💻'}"),
        ("two", "lines"),
    ] {
        assert_eq!(mask.shape(one), mask.shape(other));
    }
    for (one, other) in [("delivered 1", "skipped 1"), ("login", "KeyError"), ("a-b", "a_b"), ("abcdefab", "deadbeef")] {
        assert_ne!(mask.shape(one), mask.shape(other));
    }
}
