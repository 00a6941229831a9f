//! A topic is created and described as it is directly.

use anyhow::{Result, ensure};
use kgrade::timeline::wire::Request;

use super::client::{Client, Way};
use super::wire::{CREATE_TOPICS, Seen};
use super::world::World;

pub async fn creates_and_describes(world: &World, client: &Client) -> Result<()> {
    for way in Way::BOTH {
        let topic = way.name(client, "admin");
        let printed = client.run(world, way, &topic, &["admin", &topic]).await?;
        ensure!(printed == ["partitions 0 1 2"], "{way:?}: {printed:?}");
        let described = world.kafka.describe_topic(&topic).await?;
        ensure!(described.is_some_and(|partitions| partitions.len() == 3), "{way:?}: not three partitions");
    }
    let topic = Way::Tapped.name(client, "admin");
    let timeline = world.recorder.timeline();
    let seen = Seen::of(&timeline, client, &topic)?;
    let created: Vec<_> = seen
        .exchanges(CREATE_TOPICS)
        .filter_map(|exchange| match exchange.request {
            Request::CreateTopics { topics, validate_only: false } => Some(topics),
            _ => None,
        })
        .flatten()
        .collect();
    ensure!(created.len() == 1 && *created[0].name == *topic && created[0].partitions == 3, "{created:?}");
    Ok(())
}
