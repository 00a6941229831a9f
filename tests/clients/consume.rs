//! Consumers of every group protocol read the same records and commit the same offsets, and the wire tells each commit.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use kgrade::timeline::wire::Api;
use kgrade::world::kafka::Outgoing;

use super::client::{Client, Way};
use super::wire::{SYNC_GROUP, Seen};
use super::world::World;

const COUNT: usize = 300;

pub async fn reads_and_commits_the_same(world: &World, client: &Client) -> Result<()> {
    let topic = format!("{}-consume", client.name);
    world.kafka.create_topic(&topic, 6).await?;
    world.kafka.produce(&topic, events(COUNT)).await?;
    let stored: BTreeSet<String> = world
        .records(&topic)
        .await?
        .into_iter()
        .map(|(partition, offset, key, value)| format!("{partition} {offset} {key} {value}"))
        .collect();
    let ways = client.protocols.iter().map(|protocol| (*protocol, "sync")).chain([("classic", "async")]);
    for (protocol, how) in ways {
        let mut committed = Vec::new();
        for way in Way::BOTH {
            let group = way.name(client, &format!("consumer-{protocol}-{how}"));
            let count = COUNT.to_string();
            let printed = client.run(world, way, &group, &["consume", &group, &topic, protocol, how, &count]).await?;
            ensure!(printed.len() == COUNT, "{group} printed {} records", printed.len());
            ensure!(printed.into_iter().collect::<BTreeSet<_>>() == stored, "{group} printed others than were stored");
            committed.push(world.kafka.committed(&group, &topic).await?);
        }
        ensure!(committed[0].values().sum::<i64>() == 300, "{protocol}, {how}, direct: {:?}", committed[0]);
        ensure!(committed[0] == committed[1], "{protocol}, {how}: {committed:?}");
        let group = Way::Tapped.name(client, &format!("consumer-{protocol}-{how}"));
        let timeline = world.recorder.timeline();
        let seen = Seen::of(&timeline, client, &group)?;
        seen.fetched(&topic, COUNT)?;
        seen.committed(&group, &topic, &committed[1], how == "sync")?;
        seen.joined_and_left(&group, protocol)?;
    }
    Ok(())
}

/// Records as the produce role makes them.
pub fn events(count: usize) -> Vec<Outgoing> {
    let event = |nth: usize| Outgoing {
        key: Some(format!("key-{}", nth % 24).into_bytes()),
        value: Some(format!("value {nth}").into_bytes()),
        ..Outgoing::default()
    };
    (0..count).map(event).collect()
}

impl Seen<'_> {
    /// Every commit that was taken is a next offset, the last is what the group has, and when each record was committed by itself, each was seen.
    fn committed(&self, group: &str, topic: &str, group_has: &BTreeMap<i32, i64>, each: bool) -> Result<()> {
        let commits = self.commits(group, topic);
        let mut last = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for commit in &commits {
            ensure!(commit.accepted(), "{commit:?}");
            ensure!(!commit.transactional && *commit.instance == *self.instance, "{commit:?}");
            last.insert(commit.partition, commit.offset);
            seen.insert((commit.partition, commit.offset));
        }
        ensure!(last == *group_has, "on the wire {last:?}, in the group {group_has:?}");
        let expected: i64 = group_has.values().sum();
        if each {
            let offsets = group_has.iter().flat_map(|(partition, end)| (1..=*end).map(|offset| (*partition, offset)));
            let missing: Vec<_> = offsets.filter(|place| !seen.contains(place)).collect();
            ensure!(missing.is_empty(), "{} of {expected} commits were not seen: {missing:?}", missing.len());
        }
        ensure!(commits.len() >= 6, "{} commits", commits.len());
        Ok(())
    }

    fn joined_and_left(&self, group: &str, protocol: &str) -> Result<()> {
        let about = |api: Api| self.exchanges(api).filter(|exchange| exchange.request.group() == Some(group)).count();
        let counts: Vec<(Api, usize)> = if protocol == "consumer" {
            vec![(Api::CONSUMER_GROUP_HEARTBEAT, 2)]
        } else {
            vec![(Api::JOIN_GROUP, 1), (SYNC_GROUP, 1), (Api::LEAVE_GROUP, 1)]
        };
        for (api, at_least) in counts {
            ensure!(about(api) >= at_least, "{} {api}", about(api));
        }
        let classic = about(Api::JOIN_GROUP) > 0;
        ensure!(classic == (protocol != "consumer"), "classic: {classic}");
        Ok(())
    }
}
