//! Frames of real clients and a real broker.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use super::{Read, clients, folder, frames};
use crate::timeline::wire::{Request, Response};
use crate::world::tap::read::{TopicIds, head};

/// What the frames of a client are read as, a line each, is kept beside them. `SNAPSHOTS=overwrite` writes it again.
#[test]
fn frames_of_real_clients_are_read_as_ever() {
    assert!(clients().len() >= 7, "{:?}", clients());
    for client in clients() {
        let topics = TopicIds::default();
        let mut told = String::new();
        for recorded in frames(&client) {
            let read =
                recorded.read(&topics).unwrap_or_else(|unread| panic!("{client}: {} v{}: {unread:?}", recorded.api, recorded.version));
            let (way, json) = match &read {
                Read::Request(request) => ("→", serde_json::to_string(request).unwrap()),
                Read::Response(response) => ("←", serde_json::to_string(response).unwrap()),
            };
            writeln!(told, "{way} {} v{} {json}", recorded.api, recorded.version).unwrap();
        }
        let kept = folder().join(&client).with_extension("events");
        if std::env::var_os("SNAPSHOTS").is_some_and(|mode| mode == "overwrite") {
            fs::write(&kept, &told).unwrap();
        }
        let kept = fs::read_to_string(&kept).unwrap();
        for (number, (told, kept)) in told.lines().zip(kept.lines()).enumerate() {
            assert_eq!(told, kept, "{client}, line {}", number + 1);
        }
        assert_eq!(told, kept, "{client}");
    }
}

#[test]
fn the_heads_of_requests_are_those_of_the_clients() {
    let mut ids = BTreeSet::new();
    for client in clients() {
        for recorded in frames(&client).into_iter().filter(|recorded| !recorded.answer) {
            let head = head(&recorded.frame).unwrap();
            assert_eq!((head.api, head.version), (recorded.api, recorded.version));
            ids.extend(head.client);
        }
    }
    assert!(ids.iter().any(|id| &**id == "a-client"), "{ids:?}");
    assert!(ids.iter().any(|id| id.starts_with("aiokafka-")), "{ids:?}");
}

/// Every kind of request that an event has is among the frames, so that the lines above mean something.
#[test]
fn the_recorded_frames_have_all_kinds() {
    let (mut requests, mut responses) = (BTreeSet::new(), BTreeSet::new());
    let kind = |json: serde_json::Value| match json {
        serde_json::Value::String(kind) => kind,
        json => json.as_object().unwrap().keys().next().unwrap().clone(),
    };
    for client in clients() {
        let topics = TopicIds::default();
        for recorded in frames(&client) {
            match recorded.read(&topics).unwrap() {
                Read::Request(request) => requests.insert(kind(serde_json::to_value::<Request>(request).unwrap())),
                Read::Response(response) => responses.insert(kind(serde_json::to_value::<Response>(response).unwrap())),
            };
        }
    }
    let expected = [
        "add-offsets-to-txn",
        "add-partitions-to-txn",
        "api-versions",
        "consumer-group-heartbeat",
        "create-topics",
        "delete-topics",
        "end-txn",
        "fetch",
        "find-coordinator",
        "heartbeat",
        "init-producer-id",
        "join-group",
        "leave-group",
        "list-offsets",
        "metadata",
        "offset-commit",
        "offset-fetch",
        "other",
        "produce",
        "share-group-heartbeat",
        "sync-group",
        "txn-offset-commit",
    ];
    assert_eq!(requests, expected.map(str::to_owned).into());
    let expected = [
        "consumer-group-heartbeat",
        "fetch",
        "find-coordinator",
        "init-producer-id",
        "join-group",
        "offsets",
        "other",
        "partitions",
        "plain",
        "produce",
        "sync-group",
        "topics",
    ];
    assert_eq!(responses, expected.map(str::to_owned).into());
}
