//! Producers of every setting store the same records in the same places, and the wire tells how.

use anyhow::{Result, ensure};
use kgrade::timeline::wire::{Compression, Request};

use super::client::{Client, Way};
use super::wire::Seen;
use super::world::{Record, World};

const COUNT: usize = 300;

pub async fn stores_the_same(world: &World, client: &Client) -> Result<()> {
    let topic = |way: Way, setting: &str| way.name(client, &format!("produce-{setting}"));
    let run = async |way: Way| {
        let mut targets = Vec::new();
        for setting in client.settings {
            world.kafka.create_topic(&topic(way, setting.name), 6).await?;
            targets.push(format!("{}={}", topic(way, setting.name), setting.name));
        }
        let count = COUNT.to_string();
        let words: Vec<&str> = ["produce", &count].into_iter().chain(targets.iter().map(String::as_str)).collect();
        let printed = client.run(world, way, &way.name(client, "producer"), &words).await?;
        let expected: Vec<String> = client.settings.iter().map(|setting| format!("{} failed 0", topic(way, setting.name))).collect();
        ensure!(printed == expected, "{way:?}: {printed:#?}");
        anyhow::Ok(())
    };
    let (direct, tapped) = tokio::join!(run(Way::Direct), run(Way::Tapped));
    direct?;
    tapped?;

    for setting in client.settings {
        let direct = world.records_of(&topic(Way::Direct, setting.name), COUNT).await?;
        let tapped = world.records_of(&topic(Way::Tapped, setting.name), COUNT).await?;
        ensure!(direct.len() == COUNT, "{}: {} records", setting.name, direct.len());
        ensure!(direct == tapped, "{}: {}", setting.name, first_difference(&direct, &tapped));
    }
    let timeline = world.recorder.timeline();
    let seen = Seen::of(&timeline, client, &Way::Tapped.name(client, "producer"))?;
    for setting in client.settings {
        seen.produced(&topic(Way::Tapped, setting.name), |exchange, batches| {
            let Request::Produce { acks, .. } = exchange.request else { return Ok(0) };
            ensure!(*acks == setting.acks, "acks {acks}");
            ensure!(exchange.response.is_some() == (setting.acks != 0), "answered: {}", exchange.response.is_some());
            for batch in batches {
                ensure!((batch.producer_id >= 0) == setting.idempotent, "{batch:?}");
                ensure!([setting.compression, Compression::None].contains(&batch.compression), "{batch:?}");
                ensure!(!batch.transactional, "{batch:?}");
            }
            let compressed = batches.iter().filter(|batch| batch.compression != Compression::None);
            Ok(compressed.map(|batch| batch.records).sum::<u32>())
        })?
        .check(setting.name, COUNT, setting.compression != Compression::None)?;
    }
    Ok(())
}

/// Where two topics differ.
fn first_difference(direct: &[Record], tapped: &[Record]) -> String {
    match direct.iter().zip(tapped).find(|(left, right)| left != right) {
        Some((left, right)) => format!("direct {left:?}, tapped {right:?}"),
        None => format!("direct {} records, tapped {}", direct.len(), tapped.len()),
    }
}
