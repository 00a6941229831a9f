//! Faults at work on real clients: what is lost, refused or late at the tap is met as a broker's would be.

use std::time::Duration;

use anyhow::{Result, ensure};
use kgrade::timeline::filter::RequestFilter;
use kgrade::timeline::wire::{Api, FaultUse};
use kgrade::world::tap::fault::{Direction, Fault, Rule, Which};

use super::client::{Client, Running, Way};
use super::consume::events;
use super::world::{World, until};

/// Kafka's `NOT_ENOUGH_REPLICAS`, which every client meets with another try.
const NOT_ENOUGH_REPLICAS: i16 = 19;
/// What all instances of the tests are called before the `/`.
const CHECK: &str = "clients";

/// A fault on the first `Produce` of one record, and what must come of it.
struct Story {
    name: &'static str,
    fault: Fault,
    count: u64,
    /// What is recorded of it, in order.
    did: &'static [FaultUse],
    /// Copies of the record in the topic: without idempotence, with it.
    copies: [usize; 2],
    /// `Produce` requests at least.
    requests: usize,
}

const STORIES: [Story; 5] = [
    Story { name: "lost-ack", fault: Fault::DropResponse, count: 1, did: &[FaultUse::ResponseDropped], copies: [2, 1], requests: 2 },
    Story { name: "lost-request", fault: Fault::DropRequest, count: 1, did: &[FaultUse::RequestDropped], copies: [1, 1], requests: 2 },
    Story {
        name: "refused-three-times",
        fault: Fault::Answer { error: NOT_ENOUGH_REPLICAS },
        count: 3,
        did: &[FaultUse::Answered(NOT_ENOUGH_REPLICAS); 3],
        copies: [1, 1],
        requests: 4,
    },
    Story {
        name: "stored-but-told-refused",
        fault: Fault::Replace { error: NOT_ENOUGH_REPLICAS },
        count: 1,
        did: &[FaultUse::Replaced(NOT_ENOUGH_REPLICAS)],
        copies: [2, 1],
        requests: 2,
    },
    Story {
        name: "late",
        fault: Fault::Delay { side: Direction::Response, by: Duration::from_millis(700) },
        count: 1,
        did: &[FaultUse::ResponseHeld, FaultUse::Released],
        copies: [1, 1],
        requests: 1,
    },
];

fn rule(name: &str, instance: &str, api: Option<Api>, fault: Fault, count: Option<u64>) -> Rule {
    Rule {
        check: CHECK.into(),
        name: name.into(),
        instances: Which::One(instance.into()),
        filter: RequestFilter { api: api.into_iter().collect(), ..RequestFilter::default() },
        nth: 1,
        count,
        lasts: None,
        predicate: None,
        fault,
    }
}

/// A producer of one record, plain and idempotent, meets each fault with another try.
pub async fn producers_try_again(world: &World, client: &Client) -> Result<()> {
    for story in &STORIES {
        let run = |idempotent: bool| produce(world, client, story, idempotent);
        let (plain, idempotent) = tokio::join!(run(false), run(true));
        plain?;
        idempotent?;
    }
    Ok(())
}

async fn produce(world: &World, client: &Client, story: &Story, idempotent: bool) -> Result<()> {
    let setting = if idempotent { "idempotent" } else { client.plain };
    let name = format!("{}-{}-{setting}", client.name, story.name);
    world.kafka.create_topic(&name, 1).await?;
    world.tap.faults().arm(rule(&name, &name, Some(Api::PRODUCE), story.fault, Some(story.count)));
    let printed = client.run(world, Way::Tapped, &name, &["produce", "1", &format!("{name}={setting}")]).await?;
    world.tap.faults().disarm(CHECK, &name);
    ensure!(printed == [format!("{name} failed 0")], "{name}: {printed:?}");

    let copies = world.records(&name).await?.len();
    ensure!(copies == story.copies[usize::from(idempotent)], "{name}: {copies} copies");
    let timeline = world.recorder.timeline();
    let produces: Vec<_> = timeline.exchanges(&format!("{CHECK}/{name}")).filter(|exchange| exchange.api == Api::PRODUCE).collect();
    ensure!(produces.len() >= story.requests, "{name}: {} Produce requests", produces.len());
    let did: Vec<(u64, FaultUse)> = produces.iter().flat_map(|exchange| exchange.faults.iter().copied()).collect();
    ensure!(did.iter().map(|(_, did)| *did).eq(story.did.iter().copied()), "{name}: {did:?}");
    if let (Fault::Delay { by, .. }, [(held, _), (released, _)]) = (story.fault, did.as_slice()) {
        ensure!(u128::from(released - held) >= by.as_nanos(), "{name}: held for {} ns only", released - held);
    }
    Ok(())
}

/// While the answer to a commit is held, who commits synchronously does not go on, who commits asynchronously does.
pub async fn a_held_commit_shows_who_waits(world: &World, client: &Client) -> Result<()> {
    const COUNT: usize = 5;
    let topic = format!("{}-held", client.name);
    world.kafka.create_topic(&topic, 1).await?;
    world.kafka.produce(&topic, events(COUNT)).await?;
    let name = |how: &str| format!("{topic}-{how}");
    let start = async |how: &str| {
        let name = name(how);
        let fault = Fault::Hold { side: Direction::Response };
        world.tap.faults().arm(rule(&name, &name, Some(Api::OFFSET_COMMIT), fault, Some(1)));
        let running = client.start(world, Way::Tapped, &name, &["consume", &name, &topic, "classic", how, &COUNT.to_string()]).await?;
        until("the answer to a commit is held", || commits(world, &name).iter().any(|(_, faults)| !faults.is_empty())).await?;
        anyhow::Ok(running)
    };
    let end = async |how: &str, running: Running| {
        let name = name(how);
        ensure!(world.tap.faults().release(CHECK, &name), "{name}: the fault is gone");
        let (_, printed) = running.end(&[0]).await?;
        world.tap.faults().disarm(CHECK, &name);
        ensure!(printed.len() == COUNT, "{name}: {printed:?}");
        let committed = world.kafka.committed(&name, &topic).await?;
        ensure!(committed.get(&0) == Some(&5), "{name}: {committed:?}");
        Ok(())
    };

    let waiting = start("sync").await?;
    // In the time that the whole life of the other takes, the first would have gone on if it did not wait.
    let going_on = start("async").await?;
    going_on.says("all records, though a commit is held", |lines| lines.len() == COUNT).await?;
    end("async", going_on).await?;
    ensure!(waiting.printed().len() == 1 && commits(world, &name("sync")).len() == 1, "it went on: {:?}", waiting.printed());
    end("sync", waiting).await?;

    let commits = commits(world, &name("sync"));
    let released = commits[0].1.iter().find(|(_, did)| *did == FaultUse::Released).map(|(at, _)| *at);
    ensure!(released.is_some() && commits.iter().skip(1).all(|(at, _)| Some(*at) > released), "{commits:?}");
    Ok(())
}

/// When an instance's commits arrived at the tap, and what faults did to each.
fn commits(world: &World, name: &str) -> Vec<(u64, Vec<(u64, FaultUse)>)> {
    let timeline = world.recorder.timeline();
    let instance = format!("{CHECK}/{name}");
    let exchanges = timeline.exchanges(&instance).filter(|exchange| exchange.api == Api::OFFSET_COMMIT);
    exchanges.map(|exchange| (exchange.at, exchange.faults.to_vec())).collect()
}

/// Connections are refused until the fault ends; then the program's work is done as if nothing had been.
pub async fn a_refused_client_comes_again(world: &World, client: &Client) -> Result<()> {
    let name = format!("{}-refused", client.name);
    world.kafka.create_topic(&name, 1).await?;
    world.tap.faults().arm(rule(&name, &name, None, Fault::Refuse, None));
    let running = client.start(world, Way::Tapped, &name, &["produce", "1", &format!("{name}={}", client.plain)]).await?;
    let refused = || {
        let timeline = world.recorder.timeline();
        timeline.connections(&format!("{CHECK}/{name}")).filter(|connection| connection.closed.is_some()).count()
    };
    until("it was refused twice", || refused() >= 2).await?;
    world.tap.faults().disarm(CHECK, &name);
    let (_, printed) = running.end(&[0]).await?;
    ensure!(printed == [format!("{name} failed 0")], "{printed:?}");
    let copies = world.records(&name).await?.len();
    ensure!(copies == 1, "{copies} copies");
    Ok(())
}
