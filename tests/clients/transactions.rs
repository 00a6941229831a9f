//! Consume, transform, produce in transactions: the same results become visible, and the wire tells each step.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use kgrade::timeline::wire::{Api, Request, Response};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Message, Offset, TopicPartitionList};

use super::client::{Client, Way};
use super::consume::events;
use super::wire::Seen;
use super::world::World;

const COUNT: usize = 300;

pub async fn write_the_same(world: &World, client: &Client) -> Result<()> {
    let source = format!("{}-transactions", client.name);
    world.kafka.create_topic(&source, 6).await?;
    world.kafka.produce(&source, events(COUNT)).await?;
    let mut committed = Vec::new();
    for way in Way::BOTH {
        let name = |what: &str| way.name(client, what);
        let (group, first, second, id) = (name("transfer"), name("debits"), name("credits"), name("transfer-id"));
        for topic in [&first, &second] {
            world.kafka.create_topic(topic, 3).await?;
        }
        let count = COUNT.to_string();
        let printed = client.run(world, way, &group, &["transactions", &group, &source, &first, &second, &id, &count]).await?;
        ensure!(printed == ["done 300"], "{printed:?}");
        for (topic, word) in [(&first, "debit"), (&second, "credit")] {
            let mut visible = read_committed(world.direct(), topic).await?;
            visible.sort();
            let mut expected: Vec<_> = (0..COUNT).map(|nth| (format!("key-{}", nth % 24), format!("{word} value {nth}"))).collect();
            expected.sort();
            ensure!(visible == expected, "{topic}: {} records are visible", visible.len());
            let all = world.records(topic).await?;
            ensure!(all.len() == COUNT + 1, "{topic}: {} records, the aborted one included", all.len());
        }
        committed.push(world.kafka.committed(&group, &source).await?);
    }
    ensure!(committed[0].values().sum::<i64>() == 300, "{committed:?}");
    ensure!(committed[0] == committed[1], "{committed:?}");
    tells_each_step(world, client, &source, &committed[1])
}

fn tells_each_step(world: &World, client: &Client, source: &str, group_has: &BTreeMap<i32, i64>) -> Result<()> {
    let name = |what: &str| Way::Tapped.name(client, what);
    let (group, id) = (name("transfer"), name("transfer-id"));
    let timeline = world.recorder.timeline();
    let seen = Seen::of(&timeline, client, &group)?;

    let starts = seen.exchanges(Api::INIT_PRODUCER_ID).filter(|exchange| exchange.request.transactional_id() == Some(&id));
    let given = starts.filter_map(|exchange| match exchange.response {
        Some((_, Response::InitProducerId { error: 0, producer_id, .. })) => Some(*producer_id),
        _ => None,
    });
    let producers: Vec<i64> = given.collect();
    ensure!(!producers.is_empty(), "no InitProducerId for {id} was answered");

    let ends = |wanted: bool| {
        let ends = seen.exchanges(Api::END_TXN);
        let good = ends.filter(|exchange| exchange.response.is_some_and(|(_, response)| response.error().is_none()));
        good.filter(|exchange| matches!(exchange.request, Request::EndTxn { commit, .. } if *commit == wanted)).count()
    };
    ensure!(ends(true) >= 1 && ends(false) >= 1, "{} committed, {} aborted", ends(true), ends(false));

    for topic in [name("debits"), name("credits")] {
        let produced = seen.produced(&topic, |exchange, batches| {
            ensure!(exchange.request.transactional_id() == Some(&id), "{:?}", exchange.request.transactional_id());
            for batch in batches {
                ensure!(batch.transactional && producers.contains(&batch.producer_id), "{batch:?}");
            }
            Ok(0)
        })?;
        produced.check(&topic, COUNT + 1, false)?;
    }
    let commits = seen.commits(&group, source);
    let mut last = BTreeMap::new();
    for commit in &commits {
        ensure!(commit.transactional, "{commit:?}");
        if commit.accepted() {
            last.insert(commit.partition, commit.offset);
        }
    }
    ensure!(last == *group_has, "on the wire {last:?}, in the group {group_has:?}");
    ensure!(seen.exchanges(Api::OFFSET_COMMIT).count() == 0, "a plain OffsetCommit");
    Ok(())
}

/// Keys and values that a reader of committed records sees.
async fn read_committed(bootstrap: &str, topic: &str) -> Result<Vec<(String, String)>> {
    let (bootstrap, topic) = (bootstrap.to_owned(), topic.to_owned());
    tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .set("group.id", "clients-test-reader")
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .set("enable.partition.eof", "true")
            .create()?;
        let mut places = TopicPartitionList::new();
        for partition in 0..3 {
            places.add_partition_offset(&topic, partition, Offset::Beginning)?;
        }
        consumer.assign(&places)?;
        let (mut seen, mut ended) = (Vec::new(), 0);
        while ended < 3 {
            match consumer.poll(Duration::from_secs(30)) {
                None => bail!("{topic}: nothing arrives, not even the end"),
                Some(Err(KafkaError::PartitionEOF(_))) => ended += 1,
                Some(message) => {
                    let message = message?;
                    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
                    seen.push((text(message.key()), text(message.payload())));
                }
            }
        }
        Ok(seen)
    })
    .await?
}
