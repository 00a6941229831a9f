//! Frames that are cut, changed or made to lie. Nothing may panic, and nothing may claim more memory than it has bytes.

use std::fs;

use bytes::Bytes;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::{Recorded, bytes, clients, folder, frames};
use crate::timeline::wire::{Api, Unread};
use crate::world::kafka::schema::MOST;
use crate::world::tap::read::{TopicIds, acks, head, request, response};

/// How many changed frames are read.
const TRIES: usize = 20_000;

fn all() -> Vec<Recorded> {
    clients().iter().flat_map(|client| frames(client)).collect()
}

#[test]
fn a_frame_that_is_cut_anywhere_is_damaged() {
    let topics = TopicIds::default();
    // What the newest version of ApiVersions ends with is not known.
    for recorded in all().into_iter().filter(|recorded| (recorded.api, recorded.version) != (Api(18), 5)) {
        // Every eighth place, and all of the front where header and lengths are.
        for cut in (0..recorded.frame.len()).filter(|cut| *cut < 40 || cut % 8 == 0) {
            let cut = Recorded { frame: recorded.frame.slice(..cut), ..recorded.clone() };
            assert_eq!(cut.read(&topics), Err(Unread::Damaged), "{} v{} cut at {}", cut.api, cut.version, cut.frame.len());
            if !cut.answer {
                let _ = (head(&cut.frame), acks(&cut.frame));
            }
        }
        let longer = Recorded { frame: [&recorded.frame[..], &[0]].concat().into(), ..recorded.clone() };
        assert_eq!(longer.read(&topics), Err(Unread::Damaged), "{} v{} and a byte more", longer.api, longer.version);
    }
}

/// What fuzzing has found: the smallest set of inputs that reaches all that it has reached (`fuzz/README.md`).
fn found() -> Vec<Recorded> {
    let lines = |file| fs::read_to_string(folder().join("found").join(file)).unwrap();
    let requests = lines("request.txt");
    let requests = requests.lines().map(|line| {
        let frame: Bytes = bytes(line).into();
        let (api, version) = head(&frame).map_or((Api(0), 0), |head| (head.api, head.version));
        Recorded { answer: false, api, version, frame }
    });
    let answers = lines("response.txt");
    let answers = answers.lines().map(|line| match &bytes(line)[..] {
        [api, version, frame @ ..] => {
            Recorded { answer: true, api: Api((*api).into()), version: (*version).into(), frame: Bytes::copy_from_slice(frame) }
        }
        _ => Recorded { answer: true, api: Api(0), version: 0, frame: Bytes::new() },
    });
    requests.chain(answers).collect()
}

#[test]
fn frames_that_are_changed_are_read_or_refused() {
    let (real, found, topics) = (all(), found(), TopicIds::default());
    assert!(found.len() > 500, "{}", found.len());
    let all: Vec<Recorded> = real.into_iter().chain(found).collect();
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let (mut read, mut refused) = (0, 0);
    for nth in 0..all.len() + TRIES {
        // Each once as it is.
        let recorded = all.get(nth).unwrap_or_else(|| &all[random.random_range(0..all.len())]);
        let mut bytes = recorded.frame.to_vec();
        if nth >= all.len() {
            (0..random.random_range(1..=3)).for_each(|_| change(&mut bytes, &mut random));
        }
        let changed = Recorded { frame: bytes.into(), ..recorded.clone() };
        let _ = (head(&changed.frame), acks(&changed.frame));
        match changed.read(&topics) {
            Ok(_) => read += 1,
            Err(_) => refused += 1,
        }
        // What came as an answer is no better as a request, and the other way round.
        let _ = request(&changed.frame, &topics);
        let _ = response(Api(random.random_range(-1..95)), random.random_range(-1..20), &changed.frame, &topics);
    }
    assert!(read > TRIES / 10 && refused > TRIES / 10, "read {read}, refused {refused}");
}

fn change(bytes: &mut Vec<u8>, random: &mut ChaCha8Rng) {
    const EDGES: [&[u8]; 9] = [
        &[0],
        &[0xff],
        &[0x7f, 0xff],
        &[0x80, 0],
        &[0x7f, 0xff, 0xff, 0xff],
        &[0x80, 0, 0, 0],
        &[0xff, 0xff, 0xff, 0xff],
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0, 1, 0x86, 0xa1],
    ];
    if bytes.is_empty() {
        return;
    }
    let at = random.random_range(0..bytes.len());
    match random.random_range(0..5) {
        0 => bytes[at] ^= 1 << random.random_range(0..8),
        1 => bytes[at] = random.random(),
        2 => bytes.truncate(at),
        3 => {
            let edge = EDGES[random.random_range(0..EDGES.len())];
            let end = bytes.len().min(at + edge.len());
            bytes.splice(at..end, edge.iter().copied());
        }
        _ => {
            let end = random.random_range(at..bytes.len().min(at + 64));
            let copy = bytes[at..=end].to_vec();
            bytes.splice(at..at, copy);
        }
    }
}

/// A request without client id.
fn frame(api: Api, version: i16, body: &[u8]) -> Bytes {
    [&api.0.to_be_bytes()[..], &version.to_be_bytes(), &[0, 0, 0, 1, 0xff, 0xff], body].concat().into()
}

fn count(count: usize) -> [u8; 4] {
    u32::try_from(count).unwrap().to_be_bytes()
}

#[test]
fn what_would_take_much_memory_is_too_long() {
    let topics = TopicIds::default();
    let read = |api, version, body: &[u8]| request(&frame(api, version, body), &topics).map(drop);

    // AddPartitionsToTxn v0: one topic with very many partitions, four bytes each.
    let partitions = |many: usize| [&[0; 12][..], &[0, 0, 0, 1, 0, 1, b't'], &count(many), &vec![0; 4 * many]].concat();
    assert_eq!(read(Api(24), 0, &partitions(MOST - 1)), Ok(()));
    assert_eq!(read(Api(24), 0, &partitions(MOST)), Err(Unread::TooLong));

    // Produce v3: one partition with very many batches.
    let mut batch = [0; 61];
    batch[11] = 49;
    batch[16] = 2;
    let batches = |many: usize| {
        let records = batch.repeat(many);
        [&[0xff, 0xff, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 0][..], &count(records.len()), &records].concat()
    };
    assert_eq!(read(Api::PRODUCE, 3, &batches(MOST)), Ok(()));
    assert_eq!(read(Api::PRODUCE, 3, &batches(MOST + 1)), Err(Unread::TooLong));

    // JoinGroup v1: what the members tell is counted over all assignors of the frame.
    let assignor = |topics: usize| {
        let metadata = [&[0, 0][..], &count(topics), &vec![0; 2 * topics], &[0xff; 4]].concat();
        [&[0, 1, b'a'][..], &count(metadata.len()), &metadata].concat()
    };
    let join = |topics: usize| {
        let front = [&[0, 1, b'g', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8][..], b"consumer", &count(2)].concat();
        [front, assignor(topics), assignor(topics)].concat()
    };
    assert_eq!(read(Api::JOIN_GROUP, 2, &join(MOST / 2)), Ok(()));
    assert_eq!(read(Api::JOIN_GROUP, 2, &join(MOST / 2 + 1)), Err(Unread::TooLong));
}
