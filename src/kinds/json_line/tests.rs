//! Which line counts, and what is said when none does.

use super::{Printed, printed};
use crate::kinds::View;
use crate::kinds::testing::Story;
use crate::timeline::event::{Stream, What};

fn story(lines: &[&str]) -> Story {
    lines.iter().fold(Story::new().start("diagnose"), |story, text| {
        story.then(What::Line { instance: "c/diagnose".into(), stream: Stream::Stdout, text: (*text).to_owned() })
    })
}

fn answer(story: &Story) -> String {
    match printed(&View::new(&story.timeline, "c", &story.data), "diagnose", &["findings"]) {
        Printed::Object(object, _) => serde_json::to_string(&object).expect("it was JSON"),
        Printed::Wrong(wrong) => format!("{} | {} | {}", wrong.message, wrong.observed, wrong.cause.unwrap_or_default()),
    }
}

#[test]
fn the_line_is_told_by_its_fields() {
    for lines in [
        &[r#"{"findings": []}"#][..],
        &[r#"  {"findings": []}  "#],
        &["looking at 12 topics", "", r#"{"findings": []}"#, "done"],
        // kafkajs logs so on standard output.
        &[r#"{"level":"INFO","logger":"kafkajs","message":"[Admin] connected"}"#, r#"{"findings": []}"#],
        &["[1, 2]", "42", r#"{"findings": []}"#],
    ] {
        assert_eq!(answer(&story(lines)), r#"{"findings":[]}"#, "{lines:?}");
    }
}

#[test]
fn a_program_that_takes_too_long_is_told_so() {
    let running = Story::new().start("diagnose");
    assert!(answer(&running).contains("was still running when its time was over"), "{}", answer(&running));
    assert!(!answer(&running.exit("diagnose", 0)).contains("still running"));
}

#[test]
fn what_is_wrong_is_said_with_the_way_out() {
    for (lines, says) in [
        (&[][..], &["printed nothing on its standard output", "no line"][..]),
        (&[r#"{"findings": []}"#, r#"{"findings": []}"#], &["printed 2 lines with `findings`", "print it once"]),
        (&["{'findings': [{'problem': 'hot-key', 'partition': None}]}"], &["a Python dict, not JSON", "print(json.dumps(result))"]),
        (&["{'findings': []}", "done"], &["a Python dict, not JSON"]),
        (&["\u{feff}{\"findings\": []}"], &["a byte order mark (U+FEFF)", "utf-8-sig"]),
        (&[r#""{\"findings\": []}""#], &["a JSON string that holds the object", "json.dumps() once"]),
        (&[r#"[{"problem": "hot-key"}]"#], &["a JSON array", "an object that holds `findings`"]),
        (&["{", r#"  "findings": []"#, "}"], &["spread over several lines", "without indent"]),
        (&["checking", "{", r#"  "findings": []"#, "}", "done"], &["spread over several lines"]),
        (&[r#"INFO:root:{"findings": []}"#], &["other text stands before it"]),
        (&[r#"{"Findings": []}"#], &["the object has no `findings`", "upper and lower case"]),
        (&["{ findings: [] }"], &["the line is no JSON (key must be a string", "JSON.stringify"]),
        (&[r#"{"findings": ["#], &["the line is no JSON (EOF"]),
        (&["all is well"], &["the line is no JSON", "all is well"]),
        (&["null"], &["the line is null"]),
    ] {
        let text = answer(&story(lines));
        for words in says {
            assert!(text.contains(words), "{lines:?}: `{words}` in: {text}");
        }
    }
}

#[test]
fn standard_error_is_not_the_place() {
    let there = story(&[]).line("diagnose", r#"{"findings": []}"#);
    assert!(answer(&there).starts_with("`diagnose` printed its result on standard error"), "{}", answer(&there));
    let both = story(&[r#"{"findings": []}"#]).line("diagnose", r#"{"findings": []}"#);
    assert_eq!(answer(&both), r#"{"findings":[]}"#);
}

#[test]
fn a_crash_explains_that_nothing_was_printed() {
    let crashed = story(&[]).line("diagnose", "KeyError: 'x'").exit("diagnose", 1);
    assert!(answer(&crashed).contains("ended with exit code 1"), "{}", answer(&crashed));
    assert!(answer(&story(&[&"x".repeat(500)])).contains("xxx …"));
}
