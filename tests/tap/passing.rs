//! What goes through, and when it is told.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use kgrade::timeline::event::What;
use kgrade::timeline::wire::{Api, Side, Unread};
use kgrade::world::tap::Limits;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::peers::*;

/// Every byte comes through, in pieces of any size, whatever it is, kept or not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_byte_comes_through_as_it_was() {
    for (seed, limits) in [
        (1, Limits::default()),
        (2, Limits { frame: 1000, ..Limits::default() }),
        (3, Limits { kept: 0, ..Limits::default() }),
        (4, Limits { kept: 100_000, frame: 300_000, ..Limits::default() }),
    ] {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut sent = Vec::new();
        for correlation in 0..300 {
            let longest = if correlation % 20 == 0 { 400_000 } else { 2_000 };
            let mut body = vec![0; rng.random_range(0..longest)];
            rng.fill(&mut body[..]);
            sent.extend_from_slice(&match correlation % 3 {
                // Of those that go on whatever is in them: some that there are, and some that there are not.
                0 => request(
                    Api([rng.random_range(1..27), rng.random_range(100..200)][rng.random_range(0..2)]),
                    rng.random_range(0..20),
                    correlation,
                    &body,
                ),
                1 => produce(correlation, 1, body.len()),
                _ => heartbeat(correlation),
            });
        }
        let echo = Broker::serving(Came::default(), |mut stream| async move {
            let (mut from, mut to) = stream.split();
            let _ = tokio::io::copy(&mut from, &mut to).await;
        });
        let stage = Stage::before(echo.await, limits).await;
        let (mut from, mut to) = stage.client().await.stream.into_split();
        let bytes = Bytes::from(sent);
        let mut rest = bytes.clone();
        let writing = tokio::spawn(async move {
            while !rest.is_empty() {
                let piece = rest.split_to(rng.random_range(1..=50_000.min(rest.len())));
                to.write_all(&piece).await.unwrap();
            }
            to
        });
        let mut back = vec![0; bytes.len()];
        patiently(from.read_exact(&mut back)).await.unwrap();
        assert!(back == bytes, "with seed {seed} other bytes came back");
        drop((from, writing.await.unwrap()));
        patiently(stage.seat.quiet()).await;
        assert_eq!(stage.tap.kept_bytes(), 0);
        let told = |what: &What| matches!(what, What::Requested { .. } | What::Unread { from: Side::Client, .. });
        assert_eq!(stage.count(told), 300, "every request is told, read or not");
    }
}

#[tokio::test]
async fn a_request_is_told_before_the_broker_has_it_and_an_answer_before_the_program() {
    let recorder: Arc<Mutex<Option<kgrade::timeline::Recorder>>> = Arc::default();
    let late = Arc::new(Mutex::new(0));
    let (seen, counted) = (Arc::clone(&recorder), Arc::clone(&late));
    let broker = Broker::new(move |frame| {
        let recorder = seen.lock().unwrap().clone().unwrap();
        let id = i32::from_be_bytes(frame[4..8].try_into().unwrap());
        let told = recorder
            .timeline()
            .events()
            .iter()
            .any(|event| matches!(&event.what, What::Requested { correlation, .. } if *correlation == id));
        *counted.lock().unwrap() += u32::from(!told);
        answer(frame)
    });
    let stage = Stage::before(broker.await, Limits::default()).await;
    *recorder.lock().unwrap() = Some(stage.recorder.clone());
    let mut client = stage.client().await;
    for id in 0..200 {
        assert!(client.is_served(id).await);
        assert_eq!(stage.count(|what| matches!(what, What::Responded { correlation, .. } if *correlation == id)), 1);
    }
    assert_eq!(*late.lock().unwrap(), 0);
}

#[tokio::test]
async fn answers_find_their_requests_out_of_order_and_acks_0_has_none() {
    let broker = Broker::serving(Came::default(), |mut stream| async move {
        let mut answers = Vec::new();
        for _ in 0..3 {
            answers.extend(answer(&frame(&mut stream).await.unwrap()).map(|answer| framed(&answer)));
        }
        answers.reverse();
        stream.write_all(&answers.concat()).await.unwrap();
        let _ = frame(&mut stream).await;
    });
    let stage = Stage::before(broker.await, Limits::default()).await;
    let mut client = stage.client().await;
    client.send(&produce(1, 0, 10)).await;
    client.beat(2).await;
    client.beat(3).await;
    assert_eq!((client.answered().await, client.answered().await), (Some(3), Some(2)));
    stage.read(|timeline| {
        let answered: Vec<_> = timeline.exchanges(INSTANCE).map(|one| (one.correlation, one.response.is_some())).collect();
        assert_eq!(answered, [(2, true), (3, true)]);
    });
    // The records are no batch, so this one could not be read; it went on all the same.
    assert_eq!(stage.count(|what| matches!(what, What::Unread { api: Api::PRODUCE, reason: Unread::Damaged, .. })), 1);
}

#[tokio::test]
async fn who_ends_a_connection_is_told() {
    let stage = Stage::new().await;
    let mut client = stage.client().await;
    assert!(client.is_served(1).await);
    drop(client);
    stage.until(|what| matches!(what, What::Disconnected { by: Side::Client, .. })).await;

    let hangs_up = Broker::serving(Came::default(), |mut stream| async move {
        let request = frame(&mut stream).await.unwrap();
        stream.write_all(&framed(&answer(&request).unwrap())).await.unwrap();
    });
    let stage = Stage::before(hangs_up.await, Limits::default()).await;
    let mut client = stage.client().await;
    client.beat(1).await;
    assert_eq!(client.answered().await, Some(1), "the last answer still comes");
    assert_eq!(client.next().await, None);
    stage.until(|what| matches!(what, What::Disconnected { by: Side::Broker, .. })).await;
}

#[tokio::test]
async fn an_answer_still_comes_to_a_client_that_only_listens() {
    let stage = Stage::new().await;
    let mut client = stage.client().await;
    client.beat(1).await;
    client.stream.shutdown().await.unwrap();
    assert_eq!(client.answered().await, Some(1));
    assert!(client.is_closed().await);
    stage.until(|what| matches!(what, What::Responded { .. })).await;
}
