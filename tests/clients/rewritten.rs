//! A cluster that knows nothing of the tap: its answers are changed, and no client ever finds the way past it.

use anyhow::{Result, ensure};
use kgrade::timeline::event::Name;
use kgrade::timeline::wire::{Api, Request, Response};
use kgrade::timeline::{Recorder, Timeline};
use kgrade::world::tap::{Allow, Tap};

use super::client::Client;
use super::consume::events;
use super::wire::Seen;
use super::world::{World, until};

const COUNT: usize = 300;

/// Produces, consumes, commits and runs transactions through a tap in rewrite mode. The cluster behind it is a seat of the other tap: that
/// one counts who comes to the address that the cluster names.
pub async fn never_leads_past_the_tap(world: &World, client: &Client) -> Result<()> {
    let name = |what: &str| format!("{}-{what}-rewritten", client.name);
    let gate: Name = format!("rewritten/{}", client.name).into();
    let cluster = world.tap.seat(&gate).await?;
    let recorder = Recorder::default();
    let tap = Tap::rewriting(recorder.clone(), vec![cluster.bootstrap().to_owned()], Allow::default());

    let (source, group, first, second, id) = (name("source"), name("transfer"), name("debits"), name("credits"), name("transfer-id"));
    for (topic, partitions) in [(&source, 6), (&first, 3), (&second, 3)] {
        world.kafka.create_topic(topic, partitions).await?;
    }
    world.kafka.produce(&source, events(COUNT)).await?;
    let count = COUNT.to_string();
    let instance: Name = format!("clients/{group}").into();
    let seat = tap.seat(&instance).await?;
    let words = ["transactions", &group, &source, &first, &second, &id, &count];
    let printed = client.start_at(world, Some(seat), &group, &words).await?.end(&[0]).await?.1;
    ensure!(printed == ["done 300"], "{printed:?}");
    for topic in [&first, &second] {
        let stored = world.records(topic).await?.len();
        ensure!(stored == COUNT + 1, "{topic}: {stored} records, the aborted one included");
    }
    let committed: i64 = world.kafka.committed(&group, &source).await?.values().sum();
    ensure!(committed == 300, "{committed} committed");

    let plain = name("producer");
    let seat = tap.seat(&format!("clients/{plain}").into()).await?;
    let topic = name("plain");
    world.kafka.create_topic(&topic, 6).await?;
    let target = format!("{topic}=default");
    let printed = client.start_at(world, Some(seat), &plain, &["produce", &count, &target]).await?.end(&[0]).await?.1;
    ensure!(printed == [format!("{topic} failed 0")], "{printed:?}");
    ensure!(world.records_of(&topic, COUNT).await?.len() == COUNT, "not all records of {topic} are there");

    let ours = {
        let timeline = recorder.timeline();
        let transfer = Seen::of(&timeline, client, &group)?;
        transfer.fetched(&source, COUNT)?;
        for topic in [&first, &second] {
            transfer.produced(topic, |_, _| Ok(0))?.check(topic, COUNT + 1, false)?;
        }
        names_ports_of_the_tap(&timeline, &instance)?;
        timeline.connections(&instance).chain(timeline.connections(&format!("clients/{plain}"))).count()
    };
    until("all connections have ended at the cluster", || {
        world.recorder.timeline().connections(&gate).all(|connection| connection.closed.is_some())
    })
    .await?;
    let theirs = world.recorder.timeline().connections(&gate).count();
    ensure!(ours == theirs, "{ours} connections through the tap, {theirs} at the cluster");
    Ok(())
}

/// It was told where brokers are, and went there: not all connections are to the bootstrap server.
fn names_ports_of_the_tap(timeline: &Timeline, instance: &str) -> Result<()> {
    let to_brokers = timeline.connections(instance).filter(|connection| connection.node >= 0).count();
    ensure!(to_brokers > 0, "no connection to a broker that the cluster named");
    let asked = |api: Api| timeline.exchanges(instance).filter(move |exchange| exchange.api == api);
    ensure!(asked(Api::METADATA).count() > 0, "no Metadata");
    let coordinators = timeline.exchanges(instance).filter(|exchange| {
        matches!(
            (exchange.request, exchange.response),
            (Request::FindCoordinator { .. }, Some((_, Response::FindCoordinator { error: 0, .. })))
        )
    });
    ensure!(coordinators.count() > 0, "no FindCoordinator that was answered");
    Ok(())
}
