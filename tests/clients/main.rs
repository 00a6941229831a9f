//! No difference to direct, every request seen: six Kafka clients, each in every role of `fixtures/clients`, against one real broker,
//! once on its own listener and once through the tap.
//!
//! `cargo test --test clients kafkajs` runs those of one client. A client is skipped where its tool chain is not installed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod admin;
mod client;
mod consume;
mod faults;
mod produce;
mod rebalance;
mod rewritten;
mod transactions;
mod wire;
mod world;

use libtest_mimic::{Arguments, Failed, Trial};

use client::{CLIENTS, Client};
use world::World;

type Test = fn(&'static World, &'static Client) -> Result<(), Failed>;

/// Why kafka-python shares nothing here, with the tap and without it alike (decision 022). `--include-ignored` runs it.
const FLAW: &str = "kafka-python 3.0.12 does not always start its heartbeats";

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(2);
    let roles: [(&str, Test); 9] = [
        ("produce", |world, client| world.run(produce::stores_the_same(world, client))),
        ("consume", |world, client| world.run(consume::reads_and_commits_the_same(world, client))),
        ("transactions", |world, client| world.run(transactions::write_the_same(world, client))),
        ("rebalance", |world, client| world.run(rebalance::shares_alike(world, client))),
        ("rewritten", |world, client| world.run(rewritten::never_leads_past_the_tap(world, client))),
        ("admin", |world, client| world.run(admin::creates_and_describes(world, client))),
        ("faults-produce", |world, client| world.run(faults::producers_try_again(world, client))),
        ("faults-commit", |world, client| world.run(faults::a_held_commit_shows_who_waits(world, client))),
        ("faults-connect", |world, client| world.run(faults::a_refused_client_comes_again(world, client))),
    ];
    let trials = CLIENTS.iter().flat_map(|client| {
        let missing = client.missing_tool();
        // aiokafka gives up at the first connection that is refused.
        let roles = roles.into_iter().filter(|(role, _)| !(client.name == "aiokafka" && *role == "faults-connect"));
        roles.map(move |(role, test)| {
            let trial = Trial::test(format!("{}::{role}", client.name), move || test(World::shared(), client));
            let known = (client.name == "kafka-python" && role == "rebalance").then(|| FLAW.to_owned());
            let why = missing.map(|tool| format!("needs {tool}")).or(known);
            trial.with_ignored_flag(why.is_some()).with_kind(why.unwrap_or_default())
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}
