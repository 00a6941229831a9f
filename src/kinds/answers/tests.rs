use std::collections::BTreeMap;

use crate::kinds::testing::{Story, assert_says};
use crate::timeline::{RecordBlock, What};

const YAML: &str = "answers: { file: a.yaml, topic: t, questions: { partitions: { partitions: {} }, end: { end_offset: { partition: 0 } }, \
    record: { record: {} }, next: { next_offset: { partition: 0 } } } }";

/// Partition 0 has `a`, `b` and `007`, partition 1 has `a`, partition 2 nothing. Each record is one second after the one before.
fn story(answers: &str) -> Story {
    story_saved(answers, None)
}

fn story_saved(answers: &str, saved_ms: Option<i64>) -> Story {
    let read = |story: Story, partition: i32, offset: i64, seconds: i64, value: &str| {
        let mut block = RecordBlock::new(partition);
        block.push(offset, seconds * 1000, None, Some(value.as_bytes()), b"");
        story.then(What::RecordsSeen { topic: "t".into(), block })
    };
    let story = Story::new().topic(Some(3));
    let story = [(0, 0, 1, "a"), (0, 1, 2, "b"), (1, 0, 3, "a"), (0, 2, 4, "007")]
        .into_iter()
        .fold(story, |story, (partition, offset, seconds, value)| read(story, partition, offset, seconds, value));
    let story = story.then(What::EndSeen { topic: "t".into(), ends: BTreeMap::from([(0, 3), (1, 1), (2, 0)]) });
    story.then(What::FileSeen { path: "a.yaml".into(), text: Some(answers.to_owned()), saved_ms })
}

fn sheet(partitions: &str, end: &str, record: &str, next: &str) -> String {
    format!("partitions: {partitions}\nend: {end}\nrecord: {record}\nnext: {next}\n")
}

const RECORD: &str = "{ text: b, partition: 0, offset: 1 }";

#[test]
fn right_answers_in_any_style() {
    for answers in [
        sheet("3", "3", RECORD, "3"),
        sheet("\"3\"", "3", "{ text: ' b ', partition: '0', offset: 1 }", "3"),
        sheet("3", "3", "{ text: 007, partition: 0, offset: 2 }", "3"),
        sheet("3", "3", "{ text: a, partition: 1, offset: 0 }", "3"),
        r#"{"partitions": 3, "end": 3, "record": {"text": "b", "partition": 0, "offset": 1}, "next": 3, "note": "x"}"#.to_owned(),
    ] {
        assert_says(&story(&answers), YAML, "holds (4)", &[]);
    }
}

#[test]
fn what_is_not_there_yet() {
    assert_says(&Story::new(), YAML, "not shown", &[]);
    assert_says(&story(""), YAML, "not yet: a.yaml is not filled in yet", &["partitions: not filled in yet"]);
    assert_says(&story(&sheet("", "", "{ text: , partition: , offset: }", "")), YAML, "not yet: a.yaml is not filled in yet", &[]);
    assert_says(&story(&sheet("3", "", RECORD, "3")), YAML, "not yet: 1 of 4 answers in a.yaml is not right: end", &["end: not filled in yet"]);
    assert_says(&story("partition: 3"), YAML, "not yet", &["partitions: not there; is `partition` meant?"]);
    let gone = story("x: 1").then(What::FileSeen { path: "a.yaml".into(), text: None, saved_ms: None });
    assert_says(&gone, YAML, "not yet: there is no file a.yaml", &["starter"]);
}

#[test]
fn what_cannot_be_read() {
    for text in ["a: [1", "just words", "- 1\n- 2", "a: 1\na: 2"] {
        assert_says(&story(text), YAML, "not yet: a.yaml cannot be read: it is not", &["a space after the colon"]);
    }
    let typed = sheet("three", "[3]", "b", "3.5");
    let words = ["partitions: a whole number", "end: a whole number", "record: three values", "next: a whole number", "observed 0 of 4 answers right"];
    assert_says(&story(&typed), YAML, "not yet: all 4 answers in a.yaml are not right", &words);
}

#[test]
fn wrong_answers_are_explained() {
    for (answers, words) in [
        (sheet("2", "3", RECORD, "3"), "t has 3 partitions. They are numbered from 0"),
        (sheet("6", "3", RECORD, "3"), "t has 3 partitions (`kafka-topics.sh"),
        (sheet("3", "2", RECORD, "3"), "partition 0 ends at 3. Offset 2 is that of the last record"),
        (sheet("3", "4", RECORD, "3"), "the number of records in all partitions together"),
        (sheet("3", "1", RECORD, "3"), "1 is the end of partition 1"),
        (sheet("3", "0", RECORD, "3"), "look again"),
        (sheet("3", "9", RECORD, "3"), "kafka-get-offsets.sh"),
        (sheet("3", "3", RECORD, "4"), "the next record of partition 0 gets offset 3. The end offset is that number already"),
        (sheet("3", "3", RECORD, "2"), "gets offset 3. Offset 2 is that of the last record"),
        (sheet("3", "3", "{ text: b, partition: 1, offset: 0 }", "3"), "`b` stands at partition 0, offset 1: the two numbers are swapped; at partition 1, offset 0 stands `a`"),
        (sheet("3", "3", "{ text: a, partition: 2, offset: 0 }", "3"), "and in 1 other place; there is no record at partition 2"),
        (sheet("3", "3", "{ text: zebra, partition: 0, offset: 0 }", "3"), "no record of t has the text `zebra`; at partition 0, offset 0 stands `a`"),
        (sheet("3", "3", "{ text: b, partition: 0 }", "3"), "`offset` is not filled in yet"),
        (sheet("3", "3", "{ text: b, partition: 0, offset: last }", "3"), "are whole numbers"),
    ] {
        assert_says(&story(&answers), YAML, "not yet: 1 of 4 answers in a.yaml is not right", &[words, "observed 3 of 4 answers right"]);
    }
}

#[test]
fn an_end_that_was_right_when_it_was_saved_stays_right() {
    let two = sheet("3", "2", RECORD, "2");
    assert_says(&story_saved(&two, Some(3_500)), YAML, "holds (4)", &[]);
    assert_says(&story_saved(&two, Some(4_000)), YAML, "not yet: 2 of 4 answers", &[]);
    assert_says(&story_saved(&sheet("3", "1", RECORD, "1"), Some(3_500)), YAML, "not yet: 2 of 4 answers", &[]);
    assert_says(&story_saved(&sheet("3", "3", RECORD, "3"), Some(3_500)), YAML, "holds (4)", &[]);
}
