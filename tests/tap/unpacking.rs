//! Batches that unpack to more than anybody has memory for do not reach the broker, and no program changes the broker.

use bytes::{BufMut, Bytes, BytesMut};
use kgrade::timeline::event::What;
use kgrade::timeline::wire::{Api, Compression, Side};
use kgrade::world::tap::Limits;

use crate::peers::*;

const SNAPPY: u8 = 2;
const ZSTD: u8 = 4;

/// `Produce` version 3 with one batch of these compressed records for partition 0 of topic `t`.
fn packed(correlation: i32, acks: i16, codec: u8, records: &[u8]) -> Bytes {
    let mut body = BytesMut::new();
    body.put_i16(-1);
    body.put_i16(acks);
    body.put_i32(1000);
    body.put_i32(1);
    body.put_slice(b"\0\x01t");
    body.put_i32(1);
    body.put_i32(0);
    body.put_i32(i32::try_from(61 + records.len()).unwrap());
    body.put_i64(0);
    body.put_i32(i32::try_from(49 + records.len()).unwrap());
    body.put_i32(0);
    body.put_u8(2);
    body.put_i32(0);
    body.put_slice(&[0, codec]);
    body.put_bytes(0, 61 - 23);
    body.put_slice(records);
    request(PRODUCE, 3, correlation, &body)
}

/// Nine bytes of snappy that say that they are two gigabytes.
const LIAR: &[u8] = b"\xff\xff\xff\xff\x07\xf0\xf0\xf0\xf0";

/// So many blocks of zstd of 128 KiB each, four bytes long.
fn zeros(blocks: usize) -> Vec<u8> {
    let block = [&((128_u32 << 10) << 3 | 2).to_le_bytes()[..3], b"\0"].concat();
    [&b"\x28\xb5\x2f\xfd\x00\x38"[..], &block.repeat(blocks), &[1, 0, 0]].concat()
}

/// The error code in an answer to `Produce` 3 for one partition.
fn error(answer: &Bytes) -> i16 {
    i16::from_be_bytes(answer[4 + 4 + 3 + 4 + 4..][..2].try_into().unwrap())
}

#[tokio::test]
async fn a_batch_that_unpacks_to_too_much_is_answered_as_one_that_is_too_large() {
    let stage = Stage::new().await;
    let mut client = stage.client().await;
    client.send(&packed(1, 1, SNAPPY, LIAR)).await;
    let answer = client.next().await.unwrap();
    assert_eq!((correlation(&answer), error(&answer)), (1, 10));
    client.send(&packed(2, 1, ZSTD, &zeros(3))).await;
    assert_eq!(client.answered().await, Some(2), "384 KiB are let through");
    assert!(client.is_served(3).await);
    assert_eq!(stage.broker.correlations(), [2, 3]);
    let told = stage.until(|what| matches!(what, What::Oversized { .. })).await;
    let What::Oversized { topic, partition: 0, compression: Compression::Snappy, packed: 9, limit, .. } = told.what else {
        panic!("{told:?}")
    };
    assert_eq!((&*topic, limit), ("t", 64 << 20));
}

#[tokio::test]
async fn one_that_has_begun_to_go_on_is_answered_and_the_connection_closed() {
    let stage = Stage::new().await;
    let mut client = stage.client().await;
    let long = packed(1, 1, ZSTD, &zeros(100_000));
    client.send(&long[..100_000]).await;
    client.send(&long[100_000..]).await;
    let answer = client.next().await.unwrap();
    assert_eq!((correlation(&answer), error(&answer)), (1, 10));
    assert!(client.is_closed().await);
    assert_eq!(stage.broker.correlations(), [] as [i32; 0]);
    let told = stage.until(|what| matches!(what, What::Disconnected { by: Side::Tap, .. })).await;
    assert!(format!("{told:?}").contains("a batch of records unpacks to too much"), "{told:?}");
}

#[tokio::test]
async fn without_an_answer_to_give_the_connection_is_closed() {
    let stage = Stage::new().await;
    let mut client = stage.client().await;
    client.send(&packed(1, 0, SNAPPY, LIAR)).await;
    assert!(client.is_closed().await);
    assert_eq!(stage.broker.correlations(), [] as [i32; 0]);
}

#[tokio::test]
async fn what_is_too_long_to_look_into_goes_on_only_when_it_is_not_compressed() {
    let stage = Stage::within(Limits { frame: 1000, ..Limits::default() }).await;
    let mut client = stage.client().await;
    client.send(&packed(1, 1, 0, &[7; 10_000])).await;
    assert_eq!(client.answered().await, Some(1));
    client.send(&packed(2, 1, ZSTD, &zeros(3_000))).await;
    assert!(client.is_closed().await);
    assert_eq!(stage.broker.correlations(), [1]);
}

#[tokio::test]
async fn small_batches_have_a_limit_together() {
    let stage = Stage::new().await;
    let mut client = stage.client().await;
    for id in 1..=4 {
        client.send(&packed(id, 1, ZSTD, &zeros(400))).await;
        assert_eq!(client.answered().await, Some(id));
    }
    assert_eq!(stage.broker.correlations(), [1, 2], "50 MiB each, and 128 MiB for all");
}

#[tokio::test]
async fn no_program_changes_the_broker() {
    let stage = Stage::new().await;
    for (api, body) in [(33, &b"\0\0\0\x01\x04\0\x011\0\0\0\0\0"[..]), (49, b"\0\0\0\0\0"), (27, b"")] {
        let mut client = stage.client().await;
        client.send(&request(Api(api), 0, 1, body)).await;
        assert!(client.is_closed().await);
    }
    assert_eq!(stage.broker.correlations(), [] as [i32; 0]);
    let told = stage.count(|what| matches!(what, What::Disconnected { reason: Some(reason), .. } if reason.contains("no program may")));
    assert_eq!(told, 3);
    let mut client = stage.client().await;
    client.send(&request(Api(33), 0, 1, b"\0\0\0\x01\x02\0\x01t\0\0\0\0\0")).await;
    assert_eq!(client.answered().await, Some(1), "settings of topics are theirs");
}
