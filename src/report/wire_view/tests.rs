use super::*;
use crate::timeline::wire::{Coded, Fetched, Isolation, Position};

fn position() -> Position {
    Position { topic: "events".into(), partition: 0, offset: 11 }
}

fn commit() -> Request {
    Request::OffsetCommit { group: "g".into(), member: "m".into(), instance_id: None, generation: 3, offsets: vec![position()] }
}

fn committed(error: i16) -> Response {
    Response::Partitions { partitions: vec![Coded { topic: "events".into(), partition: 0, error }] }
}

fn fetch() -> Request {
    let (isolation, partitions) = (Isolation::ReadCommitted, vec![position()]);
    Request::Fetch { isolation, session: 0, epoch: -1, min_bytes: 1, max_bytes: 9, max_wait_ms: 500, partitions }
}

fn nothing() -> Response {
    let fetched = Fetched { topic: "events".into(), partition: 0, error: 0, high_watermark: 11, offsets: None, records: 0 };
    Response::Fetch { error: 0, session: 0, partitions: vec![fetched] }
}

/// A client that connects as connection 3, a millisecond for each event.
struct Client {
    view: WireView,
    now: u64,
    shown: Vec<String>,
}

impl Client {
    fn new(wanted: Wanted) -> Self {
        let mut client = Self { view: WireView::new(wanted), now: 1_000_000_000, shown: Vec::new() };
        client.then(What::Connected { connection: 3, instance: "tap/client".into(), node: 1 });
        client
    }

    fn then(&mut self, what: What) {
        self.now += 1_000_000;
        self.shown.extend(self.view.see(Event { at: self.now, what }));
    }

    fn asks(&mut self, correlation: i32, api: Api, request: Request) {
        let client = Some("rdkafka".into());
        self.then(What::Requested { connection: 3, correlation, api, version: 9, client, bytes: 90, request });
    }

    fn hears(&mut self, correlation: i32, response: Response) {
        self.then(What::Responded { connection: 3, correlation, bytes: 90, response });
    }

    /// The usual: a fetch that waits, and a commit meanwhile.
    fn usual(wanted: Wanted) -> Self {
        let mut client = Self::new(wanted);
        client.asks(1, Api::FETCH, fetch());
        client.asks(2, Api::OFFSET_COMMIT, commit());
        client.hears(2, committed(0));
        client.hears(1, nothing());
        client
    }
}

#[test]
fn one_line_for_a_request_with_its_answer() {
    let client = Client::usual(Wanted::default());
    assert_eq!(client.shown, ["    1.003    #3 rdkafka          OffsetCommit v9        events/0@11, group g, generation 3 → ok (1.0 ms)"]);
    assert_eq!(client.view.summary(), "2 requests\n         1 Fetch\n         1 OffsetCommit\n");
}

#[test]
fn all_shows_what_brings_nothing_too() {
    let mut client = Client::usual(Wanted { all: true, ..Wanted::default() });
    client.then(What::Disconnected { connection: 3, by: Side::Client, reason: None });
    let ends: Vec<_> = client.shown.iter().map(|line| line.split_at(40).1.trim_start()).collect();
    let fetched = "events/0@11, waits 500 ms, read_committed → nothing new (3.0 ms)";
    assert_eq!(ends.len(), 4);
    assert!(ends[0].ends_with("connected to broker 1") && ends[3].ends_with("closed by the client"), "{ends:?}");
    assert!(ends[2].ends_with(fetched), "{ends:?}");
}

#[test]
fn errors_are_named_and_counted() {
    let mut client = Client::new(Wanted { color: true, ..Wanted::default() });
    client.asks(5, Api::OFFSET_COMMIT, commit());
    client.hears(5, committed(25));
    assert!(
        client.shown[0].contains("→ UNKNOWN_MEMBER_ID (25) for events/0") && client.shown[0].starts_with("\u{1b}[31m"),
        "{:?}",
        client.shown
    );
    assert!(client.view.summary().contains("1 OffsetCommit, 1 with an error"));
}

#[test]
fn only_what_is_asked_for() {
    let filter = |text: &str| serde_json::from_str::<RequestFilter>(text).unwrap();
    let count = |wanted: Wanted| Client::usual(wanted).shown.len();
    assert_eq!(count(Wanted { filter: filter(r#"{"api": ["OffsetCommit"]}"#), ..Wanted::default() }), 1);
    assert_eq!(count(Wanted { filter: filter(r#"{"api": ["Fetch"]}"#), ..Wanted::default() }), 0);
    assert_eq!(count(Wanted { filter: filter(r#"{"topic": "other"}"#), all: true, ..Wanted::default() }), 1, "only the connection");
    assert_eq!(count(Wanted { client: Some("RDKAFKA".into()), ..Wanted::default() }), 1);
    assert_eq!(count(Wanted { client: Some("java".into()), ..Wanted::default() }), 0);
}

#[test]
fn what_gets_no_answer_is_told_when_that_is_known() {
    let mut client = Client::new(Wanted::default());
    client.asks(1, Api::PRODUCE, Request::Produce { acks: 0, timeout_ms: 1, transactional_id: None, batches: Vec::new() });
    assert!(client.shown[0].ends_with("acks=0 → no answer with acks=0"), "{:?}", client.shown);
    client.asks(2, Api::OFFSET_COMMIT, commit());
    client.then(What::Disconnected { connection: 3, by: Side::Tap, reason: Some("a reason".into()) });
    assert!(client.shown[1].contains("→ no answer before the end"), "{:?}", client.shown);
    assert!(client.shown[2].ends_with("closed by the tap: a reason"), "{:?}", client.shown);
    assert!(client.view.open.is_empty() && client.view.connections.is_empty());
}

#[test]
fn who_ends_while_a_fetch_waits_missed_nothing() {
    let count = |all| {
        let mut client = Client::new(Wanted { all, ..Wanted::default() });
        client.asks(1, Api::FETCH, fetch());
        client.then(What::Disconnected { connection: 3, by: Side::Client, reason: None });
        client.shown.iter().filter(|line| line.contains("no answer")).count()
    };
    assert_eq!((count(false), count(true)), (0, 1));
}

#[test]
fn a_line_fits_the_terminal_and_cannot_steer_it() {
    let group: Name = format!("g\u{1b}[2J\nsecond line {}", "x".repeat(80)).into();
    for (width, cut) in [(80, true), (120, true), (300, false)] {
        let mut client = Client::new(Wanted { width: Some(width), ..Wanted::default() });
        client.asks(1, Api(9), Request::OffsetFetch { groups: vec![group.clone()] });
        client.hears(1, Response::Offsets { error: 0, offsets: vec![position()] });
        let [line] = client.shown.as_slice() else { panic!("{:?}", client.shown) };
        assert!(measure_text_width(line) <= width && !line.contains(['\u{1b}', '\n']), "{line:?}");
        assert_eq!(line.contains('…'), cut, "{line:?}");
        assert!(line.ends_with("→ events/0@11 (1.0 ms)"), "the answer is always there: {line:?}");
        assert_eq!(line.contains("rdkafka"), width >= NARROW, "{line:?}");
    }
    let mut client = Client::new(Wanted { width: Some(20), ..Wanted::default() });
    client.asks(1, Api(9), Request::OffsetFetch { groups: vec![group] });
    client.hears(1, Response::Other);
    assert!(measure_text_width(&client.shown[0]) <= 20, "{:?}", client.shown);
}

#[test]
fn what_is_usual_is_no_error() {
    let mut client = Client::new(Wanted { color: true, ..Wanted::default() });
    let (member, leader) = ("m".into(), "".into());
    client.asks(1, Api::JOIN_GROUP, Request::Other);
    client.hears(1, Response::JoinGroup { error: MEMBER_ID_REQUIRED, generation: -1, member, leader, assignor: None });
    assert!(client.shown[0].contains("MEMBER_ID_REQUIRED") && !client.shown[0].contains('\u{1b}'), "{:?}", client.shown);
    assert!(!client.view.summary().contains("error"));
}

#[test]
fn json_has_a_line_for_each_and_all_of_it() {
    let client = Client::usual(Wanted { json: true, ..Wanted::default() });
    let value: Value = serde_json::from_str(&client.shown[0]).unwrap();
    assert_eq!((&value["api"], &value["client"], &value["ms"]), (&json!("OffsetCommit"), &json!("rdkafka"), &json!(1.0)));
    assert_eq!(value["request"]["offset-commit"]["offsets"][0]["offset"], json!(11));
    assert!(client.view.heading().is_none());
}

#[test]
fn a_peer_of_another_kind_is_told_what_to_do() {
    let mut client = Client::new(Wanted::default());
    client.then(What::NotKafka { connection: 3, speaks: Foreign::Tls });
    assert!(client.shown[0].contains("security.protocol=PLAINTEXT"));
    assert!(client.view.summary().starts_with("no client spoke"));
    assert!(WireView::new(Wanted::default()).summary().starts_with("no client came"));
}

#[test]
fn memory_is_bounded_when_nothing_is_answered() {
    let mut client = Client::new(Wanted::default());
    for correlation in 0..i32::try_from(OPEN).unwrap() + 5 {
        client.asks(correlation, Api::OFFSET_COMMIT, commit());
    }
    assert_eq!(client.view.open.len(), OPEN);
}
