//! Two instances of one group, both with the same client id: the second joins, the first leaves. The tap tells them apart.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use kgrade::timeline::wire::{Api, Response};

use super::client::{Client, Running, Way};
use super::wire::{HEARTBEAT, Seen};
use super::world::{PATIENCE, World, until};

/// How often in a row a group is found stable before it counts as settled, and how long it is from look to look. Together it is more than the
/// interval of heartbeats (3 s): a client may come through both rebalances by its answers to JoinGroup and SyncGroup alone, and beats only then.
const STABLE_LOOKS: u32 = 40;
const LOOK: Duration = Duration::from_millis(100);

const ALL: &str = "owns 0 1 2 3 4 5";

pub async fn shares_alike(world: &World, client: &Client) -> Result<()> {
    let topic = format!("{}-rebalance", client.name);
    world.kafka.create_topic(&topic, 6).await?;
    for protocol in client.protocols {
        let (direct, tapped) =
            tokio::join!(share(world, client, Way::Direct, &topic, protocol), share(world, client, Way::Tapped, &topic, protocol));
        ensure!(direct? == tapped?, "{protocol}: the programs ended otherwise");
        let name = |which: &str| Way::Tapped.name(client, &format!("{which}-{protocol}"));
        let group = name("rebalance");
        let timeline = world.recorder.timeline();
        let [first, second] = [Seen::of(&timeline, client, &name("first"))?, Seen::of(&timeline, client, &name("second"))?];
        let members = [first.members(&group), second.members(&group)];
        ensure!(members.iter().all(|members| !members.is_empty()), "{protocol}: {members:?}");
        ensure!(members[0].is_disjoint(&members[1]), "{protocol}: {members:?}");
        for seen in [&first, &second] {
            let beats = if *protocol == "consumer" { Api::CONSUMER_GROUP_HEARTBEAT } else { HEARTBEAT };
            ensure!(seen.exchanges(beats).count() > 0, "{protocol}: {} sent no heartbeat", seen.instance);
            let all = (0..6).collect::<BTreeSet<_>>();
            ensure!(seen.assignments(&topic).contains(&all), "{protocol}: {} was never seen to get all", seen.instance);
            let half = |partitions: &BTreeSet<i32>| partitions.len() == 3;
            ensure!(seen.assignments(&topic).iter().any(half), "{protocol}: {} was never seen to get half", seen.instance);
            if *protocol != "consumer" {
                ensure!(seen.exchanges(Api::LEAVE_GROUP).count() > 0, "{protocol}: {} did not leave", seen.instance);
            }
        }
    }
    Ok(())
}

/// Plays it on one way and gives back the exit codes.
async fn share(world: &World, client: &Client, way: Way, topic: &str, protocol: &str) -> Result<Vec<i32>> {
    let name = |which: &str| way.name(client, &format!("{which}-{protocol}"));
    let group = name("rebalance");
    let words = ["rebalance", &group, topic, protocol];
    let first = client.start(world, way, &name("first"), &words).await?;
    first.says("the first owns all", |lines| lines.last().is_some_and(|line| line == ALL)).await?;
    let second = client.start(world, way, &name("second"), &words).await?;
    until("each owns half", || {
        let (left, right) = (owned(&first), owned(&second));
        left.len() == 3 && right.len() == 3 && left.is_disjoint(&right)
    })
    .await
    .with_context(|| format!("{:?} and {:?}", first.printed(), second.printed()))?;
    settled(world, &group).await?;
    first.terminate();
    let mut codes = vec![first.end(&[0, 143]).await?.0];
    second.says("the second owns all", |lines| lines.last().is_some_and(|line| line == ALL)).await?;
    second.terminate();
    codes.push(second.end(&[0, 143]).await?.0);
    Ok(codes)
}

/// Waits until the group is stable and its clients have come out of the rebalance: both print what they own in the middle of it, and what a client does
/// that is ended there is another story (kafka-python may then not leave its group, and the coordinator waits for its session to expire).
async fn settled(world: &World, group: &str) -> Result<()> {
    let mut stable_for = 0;
    let waiting = async {
        while stable_for < STABLE_LOOKS {
            let stable = world.kafka.describe_group(group).await?.is_some_and(|seen| seen.state == "Stable" && seen.members.len() == 2);
            stable_for = if stable { stable_for + 1 } else { 0 };
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, waiting).await.context("the group never became stable")?
}

fn owned(running: &Running) -> BTreeSet<String> {
    running.printed().last().map(|line| line.split(' ').skip(1).map(str::to_owned).collect()).unwrap_or_default()
}

impl Seen<'_> {
    /// The member ids that the coordinator gave it.
    fn members(&self, group: &str) -> BTreeSet<String> {
        let about = self.all().filter(|exchange| exchange.request.group() == Some(group));
        about
            .filter_map(|exchange| match exchange.response {
                Some((_, Response::JoinGroup { error: 0, member, .. })) => Some(member.to_string()),
                Some((_, Response::ConsumerGroupHeartbeat { error: 0, member: Some(member), .. })) => Some(member.to_string()),
                _ => None,
            })
            .collect()
    }

    /// The partitions that it was given, each time.
    fn assignments(&self, topic: &str) -> Vec<BTreeSet<i32>> {
        let given = self.all().filter_map(|exchange| match exchange.response {
            Some((_, Response::SyncGroup { error: 0, assigned })) => Some(assigned),
            Some((_, Response::ConsumerGroupHeartbeat { error: 0, assigned: Some(assigned), .. })) => Some(assigned),
            _ => None,
        });
        given.map(|places| places.iter().filter(|place| &*place.topic == topic).map(|place| place.partition).collect()).collect()
    }
}
