use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::timeline::What;
use crate::timeline::wire::Side;

/// A peer that says everything back.
async fn echo() -> Node {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    Node { id: 1, address }
}

#[tokio::test]
async fn a_connection_belongs_to_the_instance_whose_port_it_came_to() {
    let recorder = Recorder::default();
    let tap = Tap::advertised(recorder.clone(), 2, 1).unwrap();
    let seats = [tap.seat(&"check/a".into()).await.unwrap(), tap.seat(&"check/b".into()).await.unwrap()];
    // It waits for the broker to be there.
    let mut early = TcpStream::connect(seats[1].bootstrap()).await.unwrap();
    let node = echo().await;
    tap.attach(vec![vec![node.clone()], vec![node]]);
    early.write_all(b"\0\0\0\x0chello, world").await.unwrap();
    let mut answer = [0; 16];
    early.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"\0\0\0\x0chello, world");
    drop(early);
    seats[1].quiet().await;

    let timeline = recorder.timeline();
    let connections: Vec<_> = timeline.connections("check/b").collect();
    assert_eq!(connections.len(), 1);
    assert!(matches!(connections[0].closed, Some((_, Side::Client))));
    assert_eq!(timeline.connections("check/a").count(), 0);
}

#[tokio::test]
async fn a_seat_that_is_left_closes_its_connections_and_is_free_again() {
    let recorder = Recorder::default();
    let tap = Tap::advertised(recorder.clone(), 1, 1).unwrap();
    tap.attach(vec![vec![echo().await]]);
    let seat = tap.seat(&"check/a".into()).await.unwrap();
    let mut stream = TcpStream::connect(seat.bootstrap()).await.unwrap();
    stream.write_all(b"\0\0\0\x0aping, pong").await.unwrap();
    let mut answer = [0; 14];
    stream.read_exact(&mut answer).await.unwrap();
    drop(seat);
    assert_eq!(stream.read(&mut answer).await.unwrap_or(0), 0);
    assert!(recorder.timeline().events().iter().any(|event| matches!(event.what, What::Disconnected { by: Side::Tap, .. })));
    tap.seat(&"check/b".into()).await.unwrap();
}
