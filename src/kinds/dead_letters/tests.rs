//! What the judge of dead letters says, with near misses.

use crate::kinds::testing::{Story, assert_says, event};
use crate::lab::data::{DataSet, Record};
use crate::timeline::{RecordBlock, What};

const BAD: &str = "dead-letters: { topic: dlq, from: t, every: [bad] }";
const MORE: &str = "dead-letters: { topic: dlq, from: t, every: [bad, unnamed] }";
const NONE: &str = "dead-letters: { topic: dlq, from: t, none: true }";
const WHY: (&str, &str) = ("error", "not JSON");
const TRACE: (&str, &str) = ("trace-id", "t-1");
const JSON: (&str, &str) = ("content-type", "application/json");

fn record(label: &str, key: Option<&str>, value: Option<&[u8]>, headers: &[(&str, &str)]) -> Record {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Record { key: key.map(|key| key.as_bytes().to_vec()), value: value.map(<[u8]>::to_vec), event: None, label: Some(label.to_owned()), headers }
}

/// Two events, and three bad records on partition 0.
fn story() -> Story {
    let bad = vec![
        record("cut JSON", Some("k-1"), Some(b"{\"a\": "), &[JSON, TRACE]),
        record("bytes", None, Some(&[0x87, 0xa8, b'e']), &[("content-type", "application/msgpack")]),
        record("nothing", Some("k-3"), None, &[]),
    ];
    let unnamed = vec![record("JSON without a type", Some("k-4"), Some(b"{\"event_id\": \"e-9\"}"), &[TRACE])];
    Story::new().data("bad", DataSet::of_records(bad)).data("unnamed", DataSet::of_records(unnamed)).produce("events").produce("bad").start("first").dlq(Some(1))
}

impl Story {
    fn dlq(self, partitions: Option<i32>) -> Self {
        let seen = partitions.map(|_| Vec::new());
        self.then(What::TopicSeen { topic: "dlq".into(), partitions: seen })
    }

    /// A dead letter at this offset.
    fn letter(self, offset: i64, key: Option<&str>, value: Option<&[u8]>, headers: &[(&str, &str)]) -> Self {
        let mut block = RecordBlock::new(0);
        let headers = if headers.is_empty() { String::new() } else { serde_json::to_string(headers).unwrap() };
        block.push(offset, 0, key.map(str::as_bytes), value, headers.as_bytes());
        self.then(What::RecordsSeen { topic: "dlq".into(), block })
    }

    fn cut_json(self, offset: i64) -> Self {
        self.letter(offset, Some("k-1"), Some(b"{\"a\": "), &[WHY, TRACE, JSON])
    }

    fn bytes(self, offset: i64) -> Self {
        self.letter(offset, None, Some(&[0x87, 0xa8, b'e']), &[("content-type", "application/msgpack"), WHY])
    }

    fn nothing(self, offset: i64) -> Self {
        self.letter(offset, Some("k-3"), None, &[WHY, ("source-offset", "5")])
    }

    /// The other two, so that nothing more is to come.
    fn others(self) -> Self {
        self.bytes(1).nothing(2)
    }
}

#[test]
fn all_as_they_were() {
    assert_says(&story().cut_json(0).bytes(1).nothing(2), BAD, "holds (3)", &[]);
    assert_says(&story().nothing(0).cut_json(1).bytes(2), BAD, "holds (3)", &[]);
}

#[test]
fn nothing_to_look_at() {
    assert_says(&Story::new(), BAD, "not shown: topic dlq was never looked at", &[]);
    assert_says(&story().dlq(None), BAD, "not shown: there is no topic dlq", &[]);
    assert_says(&story(), BAD, "not yet: none of the 3 bad records is in the dead-letter topic", &["cut JSON (partition 0, offset 3)", "KAFKA_DLQ_TOPIC"]);
}

#[test]
fn some_are_missing() {
    let message = "not yet: 1 of 3 bad records is not in the dead-letter topic";
    assert_says(&story().cut_json(0).bytes(1), BAD, message, &["- nothing (", "unknown or missing content type"]);
    assert_says(&story().cut_json(0).nothing(1), BAD, message, &["- bytes (", "catch the decoder's error"]);
    let guessed = story().post("first", Some("e-9"), b"{}").cut_json(0).bytes(1).nothing(2);
    assert_says(&guessed, MORE, "not yet: 1 of 4 bad records is not in", &["JSON without a type: posted to the sink at", "is a guess"]);
    let crashed = story().cut_json(0).exit("first", 1).gone("first");
    assert_says(&crashed, BAD, "not yet: 2 of 3 bad records are not", &["`first` ended with exit code 1"]);
}

#[test]
fn changed_values() {
    let value = |value: &[u8]| story().letter(0, Some("k-1"), Some(value), &[WHY, TRACE, JSON]).others();
    let message = "violated: 1 of 3 dead letters has another value";
    assert_says(&value(b"{\"error\": \"x\", \"value\": \"{\\\"a\\\": \"}"), BAD, message, &["cut JSON (", "into a JSON object"]);
    assert_says(&value(b"{\"value\": \"eyJhIjog\"}"), BAD, message, &["as base64 text into a JSON object"]);
    assert_says(&value(b"b'{\"a\": '"), BAD, message, &["str(…)"]);
    assert_says(&value(b"{\"a\":"), BAD, message, &["(5 bytes), not `{\"a\": ` (6 bytes)", "decoded or encoded on its way"]);
    let replaced = "\u{fffd}\u{fffd}e".as_bytes();
    assert_says(&story().letter(0, Some("k-3"), Some(b""), &[WHY]).cut_json(1).bytes(2), BAD, message, &["the value is empty", "not null", "a null is a null"]);
    assert_says(&story().letter(0, None, Some(replaced), &[WHY]), BAD, "violated: the dead-letter topic holds 1 record that nobody wrote", &[]);
    // Without a key, a value that was wrapped is still told to be the one inside.
    let letter = serde_json::json!({ "value": "{\"a\": ", "error": "x" }).to_string();
    assert_says(&story().bytes(0).letter(1, None, Some(letter.as_bytes()), &[]), BAD, "not yet: 1 of 2 dead letters has another value", &["cut JSON ("]);
}

#[test]
fn changed_keys_and_headers() {
    let of = |key, headers: &[(&str, &str)]| story().letter(0, key, Some(b"{\"a\": "), headers).others();
    assert_says(&of(None, &[WHY, TRACE, JSON]), BAD, "violated: 1 of 3 dead letters has another key", &["the key is null, not `k-1`"]);
    let lost = "violated: 1 of 3 dead letters has lost a header";
    assert_says(&of(Some("k-1"), &[WHY, JSON]), BAD, lost, &["`trace-id: t-1` is not there"]);
    assert_says(&of(Some("k-1"), &[WHY, JSON, ("trace-id", "t-2")]), BAD, lost, &["`trace-id` is `t-2`, not `t-1`"]);
    let silent = "violated: 1 of 3 dead letters does not say why";
    assert_says(&of(Some("k-1"), &[TRACE, JSON]), BAD, silent, &["there is no header `error`"]);
    assert_says(&of(Some("k-1"), &[TRACE, JSON, ("error", " ")]), BAD, silent, &["the header `error` is empty"]);
}

#[test]
fn more_than_once_or_strange() {
    let twice = story().cut_json(0).bytes(1).nothing(2).cut_json(3);
    assert_says(&twice, BAD, "violated: one record was sent to the dead-letter topic more than once", &["partition 0, offset 0 and partition 0, offset 3"]);
    let strange = story().letter(0, None, Some(b"something went wrong"), &[WHY]);
    assert_says(&strange, BAD, "violated: the dead-letter topic holds 1 record that nobody wrote to topic t", &["something went wrong"]);
}

#[test]
fn events_are_no_dead_letters() {
    let letter = |story: Story| story.letter(0, Some("u-01"), Some(event(3).line.as_bytes()), &[WHY]);
    let refused = letter(story().begin("first", 3).answer(3, 503));
    for spec in [BAD, NONE] {
        assert_says(&refused, spec, "violated: one event that can be decoded is in the dead-letter topic", &["event e-000003 (partition 0, offset 1)", "answered 503", "dead letter at partition 0, offset 0"]);
        assert_says(&letter(story()), spec, "violated: one event that can be decoded", &["takes for undecodable what it has to decode", "!503"]);
    }
    let wrapped = story().letter(0, None, Some(format!("{{\"failed\": {}}}", event(3).line).as_bytes()), &[WHY]);
    assert_says(&wrapped, NONE, "violated: one event that can be decoded", &[]);
    assert_says(&story().letter(0, None, Some(b"?"), &[]), NONE, "violated: the dead-letter topic holds 1 record that nobody wrote", &[]);
}

#[test]
fn that_there_is_none_is_shown_by_deliveries() {
    assert_says(&story(), NONE, "holds (0)", &[]);
    assert_says(&story().deliver("first", 1..=4), NONE, "holds (4)", &[]);
}
