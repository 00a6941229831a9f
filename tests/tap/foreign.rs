//! Peers that do not speak Kafka.

use kgrade::timeline::event::What;
use kgrade::timeline::wire::{Api, Foreign, Side};

use crate::peers::*;

#[tokio::test]
async fn a_peer_that_does_not_speak_kafka_is_told_and_closed_and_nobody_else_minds() {
    let stage = Stage::new().await;
    let mut other = stage.client().await;
    let hello = [&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03][..], &[7; 506]].concat();
    let negative_api = request(Api(-5), 0, 1, b"");
    let cases: [(&[u8], Foreign); 8] = [
        (&hello, Foreign::Tls),
        (b"GET /subjects HTTP/1.1\r\nhost: localhost\r\n\r\n", Foreign::Http),
        (b"POST / HTTP/1.1\r\n", Foreign::Http),
        (b"\xff\xff\xff\xff", Foreign::Unknown),
        (b"\x06\x40\x00\x01", Foreign::Unknown),
        (b"\0\0\0\x07abcdefg", Foreign::Unknown),
        (b"SSH-2.0-OpenSSH_9.6\r\n", Foreign::Unknown),
        (&negative_api, Foreign::Unknown),
    ];
    for (case, (bytes, speaks)) in cases.into_iter().enumerate() {
        let mut peer = stage.client().await;
        peer.send(bytes).await;
        assert!(peer.is_closed().await);
        let told = |what: &What| matches!(what, What::NotKafka { speaks: told, .. } if *told == speaks);
        stage.until(told).await;
        assert_eq!(stage.count(|what| matches!(what, What::NotKafka { .. })), case + 1, "{speaks:?}");
        assert!(other.is_served(i32::try_from(case).unwrap()).await);
    }
    assert_eq!(stage.count(|what| matches!(what, What::Disconnected { by: Side::Tap, reason: Some(_), .. })), 8);
    assert_eq!(stage.broker.came.lock().unwrap().len(), 8, "only the other's heartbeats");
}

#[tokio::test]
async fn a_connection_may_speak_kafka_at_first() {
    let stage = Stage::new().await;
    let mut peer = stage.client().await;
    assert!(peer.is_served(1).await);
    peer.send(b"\x7f\xff\xff\xff").await;
    assert!(peer.is_closed().await);
    stage.until(|what| matches!(what, What::NotKafka { speaks: Foreign::Unknown, .. })).await;
}

#[tokio::test]
async fn a_broker_that_answers_nonsense_is_closed() {
    let broker = Broker::serving(Came::default(), |mut stream| async move {
        use tokio::io::AsyncWriteExt;
        let _ = frame(&mut stream).await;
        stream.write_all(b"\x80\0\0\0HTTP").await.unwrap();
        let _ = frame(&mut stream).await;
    });
    let stage = Stage::before(broker.await, Default::default()).await;
    let mut client = stage.client().await;
    client.beat(1).await;
    assert!(client.is_closed().await);
    let event = stage.until(|what| matches!(what, What::Disconnected { .. })).await;
    let What::Disconnected { by, reason, .. } = event.what else { unreachable!() };
    assert_eq!((by, reason.as_deref()), (Side::Tap, Some("the broker sent a frame of -2147483648 bytes")));
}

#[tokio::test]
async fn an_answer_to_nothing_is_passed_on() {
    let broker = Broker::new(|_| Some(b"\xde\xad"[..].into()));
    let stage = Stage::before(broker.await, Default::default()).await;
    let mut client = stage.client().await;
    client.beat(1).await;
    assert_eq!(client.next().await.as_deref(), Some(&b"\xde\xad"[..]));
    assert_eq!(stage.count(|what| matches!(what, What::Unread { from: Side::Broker, .. })), 1);
}
