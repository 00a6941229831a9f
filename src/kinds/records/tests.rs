//! What the judge of records says, with near misses.

use crate::kinds::testing::wire::{batch, create_topics, produce};
use crate::kinds::testing::{Story, assert_says, event};
use crate::timeline::wire::{Coded, Compression, FaultUse, Response};
use crate::timeline::{RecordBlock, What};

const VALUES: &str = "records: { topic: t, of: events, count: { exactly: 6 }, values: equal }";
const KEYED: &str =
    "records: { topic: t, of: events, key: { field: user_id }, partition: consistent, order: { by: seq, per: user_id }, partitions_used: { at_least: 2 } }";

fn story() -> Story {
    Story::new().topic(Some(2))
}

/// All six events, their values made by `value`.
fn values(value: impl Fn(&str) -> String) -> Story {
    (1..=6).fold(story(), |story, nth| {
        let event = event(nth);
        story.record(i32::from(nth.is_multiple_of(2)), Some(&event.key), Some(value(&event.line).as_bytes()))
    })
}

/// All six events, with key and partition from `place`.
fn placed(place: impl Fn(u32) -> (i32, Option<String>)) -> Story {
    (1..=6).fold(story(), |story, nth| {
        let (partition, key) = place(nth);
        story.record(partition, key.as_deref(), Some(event(nth).line.as_bytes()))
    })
}

fn user(nth: u32) -> i32 {
    i32::from(nth.is_multiple_of(2))
}

#[test]
fn values_that_are_the_events() {
    assert_says(&story().arrived(1..=6), VALUES, "holds (6)", &[]);
    let spaced = |line: &str| line.replace("\":", "\" :  ").replace('ü', "\\u00fc");
    assert_says(&values(spaced), VALUES, "holds (6)", &[]);
    let turned = |line: &str| {
        let fields: serde_json::Map<_, _> = serde_json::from_str(line).unwrap();
        serde_json::Value::Object(fields.into_iter().rev().collect()).to_string()
    };
    assert_says(&values(turned), VALUES, "holds (6)", &[]);
}

#[test]
fn nothing_to_look_at() {
    assert_says(&Story::new(), VALUES, "not shown: topic t was never looked at", &[]);
    assert_says(&Story::new().topic(None), VALUES, "not yet: topic t does not exist", &[]);
    assert_says(&story(), VALUES, "not yet: topic t is empty\nexpected 6 records", &[]);
    assert_says(&story(), "records: { topic: t, count: { at_least: 1 } }", "not yet: topic t is empty\nexpected at least 1 record\n", &[]);
    let crashed = story().start("producer").line("producer", "KeyError: 'x'").exit("producer", 1);
    assert_says(&crashed, VALUES, "not yet: topic t is empty", &["cause `producer` ended with exit code 1", "it last wrote: KeyError: 'x'"]);
}

#[test]
fn nothing_of_another_checks_program_arrived() {
    let asked = |story: Story| story.start("topic/producer").ask("topic/producer", create_topics(&["t"]));
    let flush = "cause `producer` ended with exit code 0, and Kafka had confirmed none of its events";
    assert_says(&asked(story()).exit("topic/producer", 0), VALUES, "not yet: topic t is empty", &[flush, "Call flush() before the end"]);
    assert_says(&asked(story()), VALUES, "not yet: topic t is empty", &["!flush"]);
    let other = story().start("other/consumer").connect("other/consumer").exit("other/consumer", 0);
    assert_says(&other, VALUES, "not yet: topic t is empty", &["!flush"]);
}

#[test]
fn batches_that_were_not_let_through() {
    let oversized = |topic: &str| What::Oversized {
        connection: 1,
        correlation: 1,
        topic: topic.into(),
        partition: 3,
        compression: Compression::Zstd,
        packed: 2000,
        limit: 64 << 20,
    };
    let all = || story().arrived(1..=6);
    assert_says(
        &all().then(oversized("t")).then(oversized("t")),
        VALUES,
        "violated: a batch of 2000 bytes of zstd unpacks to more than 64 MiB",
        &["observed 2 batches not let through, the first for partition 3", "cause a broker unpacks every batch"],
    );
    assert_says(&all().then(oversized("other")), VALUES, "holds (6)", &[]);
}

#[test]
fn too_many_or_too_few() {
    let one_more = story().arrived(1..=6).record(0, None, Some(b"{}"));
    assert_says(&one_more, VALUES, "not yet: one record is none of the events", &["observed 1 of 7 records", "partition 0, offset 3: {}"]);
    assert_says(&one_more, "records: { topic: t, count: { exactly: 6 } }", "not yet: the topic holds 7 records, not 6\n", &[]);
    let twice = story().arrived(1..=6).arrived([2]);
    assert_says(&twice, VALUES, "not yet: one event is in topic t more than once", &["event e-000002: partition 1, offset 0 and partition 1, offset 3"]);

    let flush = "the missing events are the last ones: they were still in the producer's buffer when the program ended. send() and produce() only queue an event; call flush() before the end";
    let per_key = "of each key, the last events are missing: they were still in the producer's buffer";
    assert_says(&story().arrived(1..=5), VALUES, "not yet: 1 of 6 events never arrived", &["event e-000006 (line 6 of the input)", flush]);
    assert_says(&story().arrived([1, 2, 4, 5, 6]), VALUES, "not yet: 1 of 6 events never arrived", &["e-000003", "!flush"]);
    // The last batch of one partition arrived, that of the other did not.
    assert_says(&story().arrived([1, 2, 3, 5]), VALUES, "not yet: 2 of 6 events never arrived", &[per_key]);
    // The last event is missing, but so is one before others of its user.
    assert_says(&story().arrived([1, 4, 5]), VALUES, "not yet: 3 of 6 events never arrived", &["!flush"]);
    assert_says(&story().arrived([1, 2]), "records: { topic: t, count: { at_least: 3 } }", "not yet: the topic holds 2 records, not 3 or more\nexpected at least 3 records", &[]);
    assert_says(&story().arrived([1, 2, 3]), "records: { topic: t, count: { at_least: 3 } }", "holds (3)", &[]);
}

#[test]
fn values_of_another_form() {
    let python = |line: &str| line.replace("\"seq", "'seq").replace("{\"", "{'").replace('"', "'");
    assert_says(&values(python), VALUES, "not yet: none of the 6 records holds a JSON object", &["json.dumps(event).encode()"]);
    let double = |line: &str| serde_json::Value::from(line).to_string();
    assert_says(&values(double), VALUES, "not yet: none of the 6 records holds a JSON object", &["encoded as JSON twice"]);
    assert_says(&values(|line| format!("[{line}]")), VALUES, "not yet: none of the 6", &["a JSON array"]);
    let one_cut = story().arrived(1..=5).record(1, Some("u-02"), Some(b"{\"event_id\": "));
    assert_says(&one_cut, VALUES, "not yet: 1 of 6 records does not hold a JSON object", &["partition 1, offset 2", "!cause"]);
    for (value, shown) in [(None, "a null value"), (Some(&b""[..]), "an empty value")] {
        assert_says(&story().arrived(1..=5).record(1, Some("u-02"), value), VALUES, "not yet: 1 of 6", &[shown, "the event went into the key"]);
    }
}

#[test]
fn changed_values() {
    let text = |line: &str| line.replace("\"seq\":2", "\"seq\":\"2\"");
    assert_says(&values(text), VALUES, "not yet: 2 records differ from their events", &["event e-000003: `seq` is \"2\", not 2"]);
    let less = |line: &str| line.replace(",\"action\":\"login\"", "");
    assert_says(&values(less), VALUES, "not yet: 6 records differ", &["`action` is missing", "and 1 more"]);
    let more = |line: &str| line.replacen('{', "{\"sent\":1,", 1);
    assert_says(&values(more), VALUES, "not yet: 6 records differ", &["`sent` is not in the event"]);
    let ascii = story().arrived(1..=5).record(1, Some("u-02"), Some(event(6).line.replace('ü', "?").as_bytes()));
    assert_says(&ascii, VALUES, "not yet: one record differs from its event", &["`note` is"]);
}

#[test]
fn keys() {
    assert_says(&story().arrived(1..=6), KEYED, "holds (6)", &["!quotes"]);
    let quoted = placed(|nth| (user(nth), Some(format!("\"{}\"", event(nth).key))));
    assert_says(&quoted, KEYED, "holds (6)\n6 keys are written with quotes", &[]);
    let none = placed(|nth| (user(nth), None));
    assert_says(&none, KEYED, "not yet: none of the 6 records has the event's `user_id` as key", &["all 6 records without a key", "key=event[\"user_id\"]"]);
    let one_without = placed(|nth| (user(nth), (nth != 4).then(|| event(nth).key)));
    assert_says(&one_without, KEYED, "not yet: 1 of 6 records does not have the event's", &["observed 1 of 6 records without a key"]);
    let constant = placed(|_| (0, Some("u-01".to_owned())));
    assert_says(&constant, KEYED, "not yet: 3 of 6 records do not have the event's", &["every record has the same key `u-01`"]);
    let two_wrong = placed(|nth| (user(nth), Some(if nth > 4 { "x".to_owned() } else { event(nth).key })));
    assert_says(&two_wrong, KEYED, "not yet: 2 of 6 records do not have the event's", &["!every record has the same key"]);
    let other = placed(|nth| (user(nth), Some(event(nth).id)));
    assert_says(&other, KEYED, "not yet: none of the 6", &["the key is the event's `event_id`", "expected `u-01`"]);
    let python = placed(|nth| (user(nth), Some(format!("b'{}'", event(nth).key))));
    assert_says(&python, KEYED, "not yet: none of the 6", &["Python's way to print bytes"]);
    let spaced = placed(|nth| (user(nth), Some(format!("{} ", event(nth).key))));
    assert_says(&spaced, KEYED, "not yet: none of the 6", &["the plain text of `user_id`"]);
}

#[test]
fn a_wrong_value_is_no_wrong_key_and_an_unknown_value_shows_nothing() {
    let python = values(|line| format!("b'{line}'"));
    assert_says(&python, KEYED, "holds (6)", &[]);
    let unknown = placed(|nth| (user(nth), Some(event(nth).key)));
    assert_says(&unknown, KEYED, "holds (6)", &[]);
    let hidden = values(|_| "AAAA".to_owned());
    assert_says(&hidden, KEYED, "not shown: no record of topic t can be told to be one of the events", &[]);
    assert_says(&hidden, VALUES, "not yet: none of the 6 records holds a JSON object", &[]);
}

#[test]
fn places() {
    let split = placed(|nth| (if nth == 5 { 1 } else { user(nth) }, Some(event(nth).key)));
    assert_says(&split, KEYED, "not yet: the records of one key are spread over several partitions", &["key `u-01`: partitions 0, 1"]);
    let none = "records: { topic: t, partition: consistent }";
    assert_says(&placed(|nth| (user(nth), None)), none, "not yet: no record has a key", &[]);
    let together = placed(|nth| (0, Some(event(nth).key)));
    assert_says(&together, KEYED, "not yet: all records stand on one partition\nexpected at least 2 partitions in use", &["!same key"]);
    let two = "records: { topic: t, partitions_used: { at_least: 3 } }";
    assert_says(&story().arrived(1..=6), two, "not yet: all records stand on 2 partitions", &[]);
}

#[test]
fn order() {
    const ORDER: &str = "records: { topic: t, of: events, order: { by: seq, per: user_id } }";
    assert_says(&story().arrived([2, 1, 3, 4, 6, 5]), ORDER, "holds (6)", &[]);
    let swapped = story().arrived([1, 2, 5, 3, 4, 6]);
    assert_says(&swapped, ORDER, "not yet: events of one `user_id` are out of order", &["`seq` 2 of u-01 comes after 3", "observed 1 record out of order"]);
    // Offsets ascend on each partition, but nobody can tell the order between them.
    let apart = placed(|nth| (i32::from(nth > 2), Some(event(nth).key)));
    assert_says(&apart, ORDER, "not yet: events of one `user_id` stand on several partitions", &["u-01: partitions 0, 1", "need the same key"]);
    // Repeats are another check's business, in place and at the end.
    assert_says(&story().arrived([1, 1, 2, 3, 4, 5, 6]), ORDER, "holds (7)", &[]);
    assert_says(&story().arrived(1..=6).arrived(1..=6), ORDER, "holds (12)", &[]);
}

#[test]
fn a_broker_that_was_not_ready_is_not_held_against_a_producer() {
    const ORDER: &str = "records: { topic: t, of: events, order: { by: seq, per: user_id } }";
    let asked = || produce(-1, vec![batch(6, |_| {})]);
    let answer = |partition, error| {
        let partitions = vec![Coded { topic: "t".into(), partition, error }];
        Response::Produce { partitions, base_offsets: vec![if error == 0 { 0 } else { -1 }] }
    };
    let behind = |story: Story| story.arrived([5, 1, 3, 2, 4, 6]);
    let begun = || story().start("first").connect_with("first", "confluent-kafka-python");
    for error in [3, 5, 6] {
        let refused = begun().ask("first", asked()).reply("first", answer(0, error));
        let holds = ["first records of partition 0 of the new topic", "With enable.idempotence=true a client keeps the order"];
        assert_says(&behind(refused.ask("first", asked()).reply("first", answer(0, 0))), ORDER, "holds (6)", &holds);
    }
    const FAILS: &str = "not yet: events of one `user_id` are out of order";
    let wrong = |story| assert_says(&behind(story), ORDER, FAILS, &["with enable.idempotence on"]);
    // Never refused; another partition was; for another reason; by a fault of the check; when records stood there already.
    wrong(begun().ask("first", asked()).reply("first", answer(0, 0)));
    wrong(begun().ask("first", asked()).reply("first", answer(1, 6)));
    wrong(begun().ask("first", asked()).reply("first", answer(0, 19)));
    wrong(begun().ask("first", asked()).fault("first", FaultUse::Replaced(6)).reply("first", answer(0, 6)));
    wrong(begun().ask("first", asked()).reply("first", answer(0, 0)).ask("first", asked()).reply("first", answer(0, 6)));
    // The program itself sent in another order, as the times of its records tell.
    let refused = begun().ask("first", asked()).reply("first", answer(0, 6));
    let late = [5, 1, 3].into_iter().enumerate().fold(refused, |story, (place, nth)| {
        let (event, mut block) = (event(nth), RecordBlock::new(0));
        let place = i64::try_from(place).unwrap();
        block.push(place, 1000 + place, Some(event.key.as_bytes()), Some(event.line.as_bytes()), b"");
        story.then(What::RecordsSeen { topic: "t".into(), block })
    });
    assert_says(&late, ORDER, FAILS, &[]);
}

/// A producer's one request of a batch, to which something is done.
fn sent(producer_id: i64, did: FaultUse) -> Story {
    let batch = batch(6, |batch| batch.producer_id = producer_id);
    story().start("first").connect_with("first", "confluent-kafka-python").ask("first", produce(-1, vec![batch])).fault("first", did)
}

#[test]
fn how_often_an_event_may_be_there() {
    let times = |word: &str| format!("records: {{ topic: t, of: events, times: {word} }}");
    let (most, least, exactly) = (&times("at_most_once"), &times("at_least_once"), &times("exactly_once"));
    let some = || story().arrived([1, 2, 4]);
    assert_says(&some(), most, "holds (3)", &[]);
    assert_says(&some(), least, "not yet: 3 of 6 events never arrived", &[]);
    assert_says(&some(), exactly, "not yet: 3 of 6 events never arrived", &[]);
    let twice = || story().arrived(1..=6).arrived([2]);
    assert_says(&twice(), most, "not yet: one event is in topic t more than once", &["event e-000002: partition 1, offset 0 and partition 1, offset 3"]);
    assert_says(&twice(), least, "holds (7)", &[]);
    assert_says(&twice(), exactly, "not yet: one event is in topic t more than once", &[]);
    // A record of no event must not pass for events that are there once.
    assert_says(&story().record(0, None, Some(b"{}")), most, "not yet: no record is one of the events", &["1 record, none"]);
}

#[test]
fn what_got_lost_is_explained_by_what_was_in_the_way() {
    let refused = sent(7, FaultUse::Answered(19)).exit("first", 0);
    assert_says(&refused, VALUES, "not yet: topic t is empty", &["refused 1 Produce request of `first` with NOT_ENOUGH_REPLICAS", "`message.timeout.ms`"]);
    let partly = sent(7, FaultUse::Answered(19)).arrived(1..=4).exit("first", 0);
    assert_says(&partly, VALUES, "not yet: 2 of 6 events never arrived", &["gave up before it said yes again", "!in the producer's buffer"]);
    let dropped = sent(7, FaultUse::RequestDropped).arrived(1..=4).exit("first", 0);
    assert_says(&dropped, VALUES, "not yet: 2 of 6 events never arrived", &["was lost with a Produce request under way"]);
    let nothing = story().start("first").connect("first").arrived(1..=4).exit("first", 0);
    assert_says(&nothing, VALUES, "not yet: 2 of 6 events never arrived", &["in the producer's buffer", "!gave up"]);
}

#[test]
fn copies_are_explained_by_who_made_them() {
    let copies = |producer_id| sent(producer_id, FaultUse::ResponseDropped).arrived(1..=6).arrived(1..=6);
    assert_says(&copies(-1), VALUES, "not yet: 6 events are in topic t more than once", &["only from an idempotent producer: enable.idempotence=true"]);
    assert_says(&copies(7), VALUES, "not yet: 6 events are in topic t more than once", &["your program sent its events again itself"]);
    let without = story().start("first").connect("first").arrived(1..=6).arrived(1..=6);
    assert_says(&without, VALUES, "not yet: 6 events are in topic t more than once", &["!answer to a Produce"]);
}
