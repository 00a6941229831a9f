//! What is beyond a limit goes on, or is closed, and is told.

use kgrade::timeline::event::What;
use kgrade::timeline::wire::{Api, Side, Unread};
use kgrade::world::tap::Limits;

use crate::peers::*;

#[tokio::test]
async fn a_frame_that_is_too_long_goes_on_unread() {
    let stage = Stage::within(Limits { frame: 1000, ..Limits::default() }).await;
    let mut client = stage.client().await;
    client.send(&produce(1, 0, 300_000)).await;
    client.send(&produce(2, 1, 300_000)).await;
    assert_eq!(client.answered().await, Some(2), "acks=0 is known from its first bytes");
    assert!(client.is_served(3).await);
    assert_eq!(stage.broker.came.lock().unwrap()[0].len(), produce(1, 0, 300_000).len() - 4);
    let unread = |what: &What| {
        matches!(what, What::Unread { from: Side::Client, api: Api::PRODUCE, version: 3, bytes: 300_000.., reason: Unread::TooLong, .. })
    };
    assert_eq!(stage.count(unread), 2);
}

#[tokio::test]
async fn frames_that_no_memory_is_left_for_go_on_unread() {
    let stage = Stage::within(Limits { kept: 20_000, ..Limits::default() }).await;
    let mut client = stage.client().await;
    client.send(&produce(1, 1, 1_000_000)).await;
    assert_eq!(client.answered().await, Some(1));
    assert_eq!(stage.broker.came.lock().unwrap()[0], produce(1, 1, 1_000_000)[4..]);
    assert_eq!(stage.count(|what| matches!(what, What::Unread { reason: Unread::Busy, .. })), 1);
    assert!(client.is_served(2).await);
    assert!(stage.tap.kept_bytes() <= 20_000);
}

#[tokio::test]
async fn what_is_announced_takes_no_memory() {
    let stage = Stage::new().await;
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut client = stage.client().await;
        // The first bytes of a request of 8 MB.
        client.send(&produce(1, 1, 8_000_000)[..2_000]).await;
        slow.push(client);
    }
    let mut other = stage.client().await;
    assert!(other.is_served(1).await);
    assert!(stage.tap.kept_bytes() < 50 * 64 * 1024, "{}", stage.tap.kept_bytes());
    drop(slow);
    eventually("all is given back", || stage.tap.kept_bytes() == 0).await;
}

#[tokio::test]
async fn a_program_has_so_many_connections() {
    let stage = Stage::within(Limits { connections: 3, opened: 6, ..Limits::default() }).await;
    let mut open = Vec::new();
    for id in 0..3 {
        let mut client = stage.client().await;
        assert!(client.is_served(id).await);
        open.push(client);
    }
    assert!(stage.client().await.is_closed().await);
    let told = stage.until(|what| matches!(what, What::Disconnected { by: Side::Tap, .. })).await;
    assert!(format!("{told:?}").contains("the program has 3 connections open already"), "{told:?}");

    drop(open);
    patiently(stage.seat.quiet()).await;
    for id in 0..2 {
        assert!(stage.client().await.is_served(id).await);
    }
    let before = stage.count(|_| true);
    for _ in 0..5 {
        assert!(stage.client().await.is_closed().await);
    }
    patiently(stage.seat.quiet()).await;
    let told = stage.count(|what| matches!(what, What::Disconnected { reason: Some(reason), .. } if reason.contains("without a word")));
    assert_eq!(told, 1);
    assert!(stage.count(|_| true) <= before + 4, "later ones are not told at all");
}

#[tokio::test]
async fn beyond_so_many_exchanges_they_are_counted() {
    let stage = Stage::within(Limits { detailed: 10, ..Limits::default() }).await;
    let mut client = stage.client().await;
    for id in 0..25 {
        assert!(client.is_served(id).await);
    }
    // Another API has an account of its own.
    client.send(&request(Api(8), 2, 100, b"")).await;
    assert_eq!(client.answered().await, Some(100));
    assert_eq!(stage.count(|what| matches!(what, What::Requested { api: HEARTBEAT, .. })), 10);
    assert_eq!(stage.count(|what| matches!(what, What::Responded { .. })), 10);
    assert_eq!(stage.count(|what| matches!(what, What::Unread { api: Api::OFFSET_COMMIT, .. })), 1);
    let Stage { seat, recorder, .. } = stage;
    drop(seat);
    let timeline = recorder.timeline();
    assert_eq!(timeline.spared(INSTANCE).map(|spared| spared[&HEARTBEAT]), Some(15));
}

#[tokio::test]
async fn requests_that_are_never_answered_are_forgotten() {
    let broker = Broker::new(|frame| if frame[7] < 50 { None } else { answer(frame) });
    let stage = Stage::before(broker.await, Limits { pending: 5, ..Limits::default() }).await;
    let mut client = stage.client().await;
    for id in 0..50 {
        client.beat(id).await;
    }
    for id in 50..60 {
        assert!(client.is_served(id).await);
    }
    let answered = stage.read(|timeline| timeline.exchanges(INSTANCE).filter(|one| one.response.is_some()).count());
    assert_eq!(answered, 10);
}
