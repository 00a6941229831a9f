//! What the judge of records says of formats and headers, with near misses.

use base64::Engine as _;
use serde_json::{Value, json};

use crate::kinds::testing::{Story, assert_says};
use crate::lab::data::{DataSet, DataSpec, Event, EventSchema, Format};
use crate::timeline::{RecordBlock, What};

const MSGPACK: &str = "records: { topic: t, of: typed, format: msgpack, values: equal }";
const AVRO: &str = "records: { topic: t, of: typed, format: avro, values: equal }";
const HEADER: &str = "records: { topic: t, headers: { content-type: application/avro } }";

const NO_AVRO: &str = "not yet: none of the 5 records holds an Avro record of the schema";
const NO_MSGPACK: &str = "not yet: none of the 5 records holds a MessagePack map";

fn set() -> DataSet {
    let spec = DataSpec { generate: Some("user-events".into()), count: Some(5), ..DataSpec::default() };
    spec.make(11).map_err(|bad| bad.message).unwrap()
}

/// Five events in a topic, their values made by `value`.
fn written(value: impl Fn(&Event, &EventSchema) -> Vec<u8>) -> Story {
    let set = set();
    let schema = set.schema.clone().unwrap();
    set.events.iter().fold(Story::new().topic(Some(2)).data("typed", set.clone()), |story, event| story.record(0, None, Some(&value(event, &schema))))
}

fn encoded(format: Format) -> impl Fn(&Event, &EventSchema) -> Vec<u8> {
    move |event, schema| format.encode(event, schema).unwrap()
}

fn after(front: &[u8], event: &Event, schema: &EventSchema) -> Vec<u8> {
    [front, &Format::Avro.encode(event, schema).unwrap()].concat()
}

/// The event with one field changed.
fn with(event: &Event, name: &str, value: Value) -> Event {
    let mut json = event.json.clone();
    json[name] = value;
    Event { line: json.to_string(), json, ..event.clone() }
}

#[test]
fn each_format_is_read_by_its_own_decoder() {
    for (format, spec) in [(Format::Msgpack, MSGPACK), (Format::Avro, AVRO)] {
        assert_says(&written(encoded(format)), spec, "holds (5)", &[]);
        let changed = written(|event, schema| format.encode(&with(event, "seq", json!(99)), schema).unwrap());
        assert_says(&changed, spec, "not yet: 5 records differ from their events", &["`seq` is 99, not 1"]);
        let cut = written(|event, schema| format.encode(event, schema).unwrap()[..9].to_vec());
        assert_says(&cut, spec, "not yet: none of the 5 records holds", &["!base64"]);
    }
    assert_says(&written(encoded(Format::Json)), "records: { topic: t, of: typed, format: json, values: equal }", "holds (5)", &[]);
}

#[test]
fn another_format() {
    let json = "the value is JSON text, not";
    assert_says(&written(encoded(Format::Json)), AVRO, NO_AVRO, &["observed JSON text: {\"event_id\"", json, "schemaless_writer"]);
    assert_says(&written(encoded(Format::Json)), MSGPACK, NO_MSGPACK, &[json, "msgpack.packb"]);
    assert_says(&written(encoded(Format::Msgpack)), AVRO, NO_AVRO, &["observed MessagePack: 1"]);
    assert_says(&written(encoded(Format::Avro)), MSGPACK, NO_MSGPACK, &["observed Avro: "]);
}

#[test]
fn envelopes() {
    let base64 = |bytes: Vec<u8>| base64::engine::general_purpose::STANDARD.encode(bytes).into_bytes();
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes();
    assert_says(&written(|event, schema| base64(after(b"", event, schema))), AVRO, NO_AVRO, &["observed base64 text of Avro: ", "a Kafka value is bytes"]);
    assert_says(&written(|event, schema| hex(after(b"", event, schema))), AVRO, NO_AVRO, &["observed hexadecimal text of Avro"]);
    let msgpack = |event: &Event, schema: &EventSchema| Format::Msgpack.encode(event, schema).unwrap();
    assert_says(&written(|event, schema| base64(msgpack(event, schema))), MSGPACK, NO_MSGPACK, &["observed base64 text of MessagePack"]);
    assert_says(&written(|event, schema| after(&[0, 0, 0, 0, 1], event, schema)), AVRO, NO_AVRO, &["observed Confluent's wire format", "a schema id"]);
    let single = [0xc3, 0x01, 1, 2, 3, 4, 5, 6, 7, 8];
    assert_says(&written(|event, schema| after(&single, event, schema)), AVRO, NO_AVRO, &["observed Avro's single-object encoding"]);
    assert_says(&written(|event, schema| after(b"Obj\x01\x02", event, schema)), AVRO, NO_AVRO, &["observed an Avro object container file", "schemaless_writer"]);
    let printed = |event: &Event, schema: &EventSchema| format!("b'{}'", msgpack(event, schema).escape_ascii()).into_bytes();
    assert_says(&written(printed), MSGPACK, NO_MSGPACK, &["observed Python's way to print an object", "str(…)"]);
    let twice = |event: &Event, _: &EventSchema| {
        let mut bytes = Vec::new();
        rmpv::encode::write_value(&mut bytes, &event.line.as_str().into()).unwrap();
        bytes
    };
    assert_says(&written(twice), MSGPACK, NO_MSGPACK, &["observed a MessagePack string that holds JSON text", "encoded twice"]);
}

#[test]
fn fields_in_another_order() {
    let reordered = |nth: usize| move |event: &Event, schema: &EventSchema| schema.other_orders(&event.json)[nth].encode(&event.json).unwrap();
    let in_event = "the fields stand in the order event_id, user_id, seq, action, amount_cents, ts, note, and the schema in AVRO_SCHEMA has another";
    let order = format!("- the schema in AVRO_SCHEMA had this order in this run: {}", set().schema.unwrap().names().collect::<Vec<_>>().join(", "));
    assert_says(&written(reordered(0)), AVRO, NO_AVRO, &["observed Avro with its fields in another order", in_event, &order]);
    assert_says(&written(reordered(1)), AVRO, NO_AVRO, &["in the order action, amount_cents, event_id"]);
    let base64 = |event: &Event, schema: &EventSchema| base64::engine::general_purpose::STANDARD.encode(reordered(0)(event, schema)).into_bytes();
    assert_says(&written(base64), AVRO, NO_AVRO, &["base64 text of Avro with its fields in another order"]);
}

#[test]
fn numbers_and_texts_of_other_types() {
    let typed = |name: &'static str, value: Value| written(move |event, schema| Format::Msgpack.encode(&with(event, name, value.clone()), schema).unwrap());
    assert_says(&typed("seq", json!("1")), MSGPACK, "not yet: 5 records differ", &["`seq` is \"1\", not 1"]);
    let floats = written(|event, schema| {
        let seq = event.json["seq"].as_f64().unwrap();
        Format::Msgpack.encode(&with(event, "seq", json!(seq)), schema).unwrap()
    });
    assert_says(&floats, MSGPACK, "holds (5)\nwhole numbers are written as floats", &[]);
    assert_says(&typed("seq", json!(1.5)), MSGPACK, "not yet: 5 records differ", &["`seq` is 1.5"]);
    assert_says(&typed("more", json!(null)), MSGPACK, "not yet: 5 records differ", &["`more` is not in the event"]);
}

/// A record with these headers.
fn with_headers(headers: &[(&str, Option<&str>)]) -> Story {
    let mut block = RecordBlock::new(0);
    let text = if headers.is_empty() { String::new() } else { serde_json::to_string(headers).unwrap() };
    block.push(0, 0, None, Some(b"x"), text.as_bytes());
    Story::new().topic(Some(1)).then(What::RecordsSeen { topic: "t".into(), block })
}

#[test]
fn headers() {
    let right = ("content-type", Some("application/avro"));
    assert_says(&with_headers(&[right]), HEADER, "holds (1)", &[]);
    assert_says(&with_headers(&[("trace", None), right, ("trace", Some("2"))]), HEADER, "holds (1)", &[]);
    let not = "not yet: 1 of 1 record does not have the header `content-type: application/avro`";
    assert_says(&with_headers(&[]), HEADER, not, &["1 of 1 record without any header", "headers=[(\"content-type\", b\"application/avro\")]"]);
    assert_says(&with_headers(&[("trace", Some("2"))]), HEADER, not, &["observed for example `trace: 2`", "headers=[("]);
    assert_says(&with_headers(&[("Content-Type", right.1)]), HEADER, not, &["the header is called `Content-Type` here"]);
    assert_says(&with_headers(&[("content_type", right.1)]), HEADER, not, &["the header is called `content_type` here"]);
    assert_says(&with_headers(&[("content-type", Some("application/json"))]), HEADER, not, &["of another format"]);
    assert_says(&with_headers(&[("content-type", Some("b'application/avro'"))]), HEADER, not, &["quotes that are not part of it"]);
    assert_says(&with_headers(&[("content-type", Some("application/avro; v=1"))]), HEADER, not, &["its value is exactly"]);
    assert_says(&with_headers(&[right, ("content-type", Some("application/json"))]), HEADER, not, &["more than once"]);
    assert_says(&with_headers(&[("content-type", None)]), HEADER, not, &["`content-type` with a null value"]);
}
