//! SASL: tokens pass and are never told.

use bytes::Bytes;
use kgrade::timeline::event::What;
use kgrade::timeline::wire::Api;
use kgrade::world::tap::Limits;

use crate::peers::*;

const SECRET: &[u8] = b"\0alice\0alice-secret";

/// A broker that takes tokens without a header between a handshake of version 0 and the end of authentication.
async fn broker(tokens: usize) -> Broker {
    Broker::new(move |frame| {
        let is_request = [SASL_HANDSHAKE, HEARTBEAT, Api(36)].iter().any(|api| frame.starts_with(&api.0.to_be_bytes()));
        match (is_request, tokens) {
            (true, _) => answer(frame),
            // The answer to a PLAIN token is empty.
            (false, 1) => Some(Bytes::new()),
            (false, _) => Some(Bytes::from_static(b"r=nonce,s=salt,i=4096")),
        }
    })
    .await
}

fn contains_secret(stage: &Stage) -> bool {
    let text = stage.read(|timeline| format!("{:?}", timeline.events()));
    ["secret", "nonce", "biws", "YIIC"].iter().any(|part| text.contains(part))
}

#[tokio::test]
async fn plain_after_a_handshake_of_version_0() {
    let stage = Stage::before(broker(1).await, Limits::default()).await;
    let mut client = stage.client().await;
    client.send(&request(SASL_HANDSHAKE, 0, 1, b"\0\x05PLAIN")).await;
    assert_eq!(client.answered().await, Some(1));
    client.send(&framed(SECRET)).await;
    assert_eq!(client.next().await, Some(Bytes::new()));
    assert!(client.is_served(2).await && client.is_served(3).await);
    assert_eq!(stage.broker.came.lock().unwrap()[1], SECRET);
    assert!(!contains_secret(&stage));
    assert_eq!(stage.read(|timeline| timeline.exchanges(INSTANCE).filter(|one| one.response.is_some()).count()), 2);
    assert_eq!(stage.count(|what| matches!(what, What::NotKafka { .. })), 0);
}

#[tokio::test]
async fn scram_in_several_steps_and_an_empty_token() {
    let stage = Stage::before(broker(3).await, Limits::default()).await;
    let mut client = stage.client().await;
    client.send(&request(SASL_HANDSHAKE, 0, 1, b"\0\x0dSCRAM-SHA-256")).await;
    assert_eq!(client.answered().await, Some(1));
    for token in [&b"n,,n=alice,r=nonce"[..], b"c=biws,r=nonce,p=secret", b""] {
        client.send(&framed(token)).await;
        assert!(client.next().await.is_some_and(|answer| answer.starts_with(b"r=nonce")));
    }
    assert!(client.is_served(9).await);
    assert!(!contains_secret(&stage));
}

#[tokio::test]
async fn gssapi_without_a_handshake() {
    let stage = Stage::before(broker(2).await, Limits::default()).await;
    let mut client = stage.client().await;
    client.send(&framed(b"\x60\x82\x02\x8aYIIC-ticket")).await;
    assert!(client.next().await.is_some());
    assert!(client.is_served(1).await);
    assert!(!contains_secret(&stage));
    assert_eq!(stage.count(|what| matches!(what, What::NotKafka { .. })), 0);
}

#[tokio::test]
async fn tokens_with_a_header_and_again_later() {
    let stage = Stage::before(broker(1).await, Limits::default()).await;
    let mut client = stage.client().await;
    for round in 0..2 {
        client.send(&request(SASL_HANDSHAKE, 1, 10 * round, b"\0\x05PLAIN")).await;
        assert_eq!(client.answered().await, Some(10 * round));
        let token = [&[0, 0, 0, 19][..], SECRET].concat();
        client.send(&request(Api(36), 1, 10 * round + 1, &token)).await;
        assert_eq!(client.answered().await, Some(10 * round + 1));
        assert!(client.is_served(10 * round + 2).await);
    }
    assert!(!contains_secret(&stage));
}
