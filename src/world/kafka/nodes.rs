//! The cluster's brokers: which to ask, and the connections to them.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use kafka_protocol::messages::{FindCoordinatorRequest, MetadataResponse};
use kafka_protocol::protocol::StrBytes;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::asked::Asked;
use super::code::Code;
use super::wire::Connection;
use crate::world::access::Credentials;

/// How long one request may take, connecting included.
pub(super) const REQUEST: Duration = Duration::from_secs(10);
/// How long a broker may take to answer a ping.
const PING: Duration = Duration::from_secs(2);
/// How long a coordinator or leader that is not ready is asked again.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many idle connections to one broker are kept.
const IDLE: usize = 8;
/// How many brokers are remembered beside the bootstrap servers.
const REMEMBERED: usize = 64;

/// The brokers. Each caller has a connection of its own while it waits, so a slow request holds up nobody else, and one that is
/// given up takes its connection with it.
pub(super) struct Nodes {
    bootstrap: Vec<String>,
    credentials: Option<Credentials>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Idle connections by address.
    idle: HashMap<String, Vec<Connection>>,
    /// Addresses by node id, as last told by Metadata.
    addresses: HashMap<i32, String>,
    /// Addresses of the coordinators by group.
    coordinators: HashMap<String, String>,
    /// Addresses that did not answer, the last one last.
    silent: Vec<String>,
}

impl Nodes {
    pub(super) fn new(bootstrap: Vec<String>, credentials: Option<Credentials>) -> Self {
        Self { bootstrap, credentials, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a broker answers: one that dies closes its connections, so one that was kept tells as much as a new one.
    pub(super) async fn ping(&self) -> Result<()> {
        // All at once: one that stands still would use up the time of the others.
        let mut asked = JoinSet::new();
        for address in self.anywhere() {
            let credentials = self.credentials.clone();
            let idle = self.idle(&address);
            asked.spawn(async move {
                let kept = match idle {
                    Some(kept) => kept.answers().await.ok(),
                    None => None,
                };
                let answers = match kept {
                    Some(kept) => Ok(kept),
                    None => Connection::open(&address, credentials.as_ref()).await,
                };
                (address, answers)
            });
        }
        let attempt = async {
            let mut last = None;
            while let Some(answers) = asked.join_next().await {
                match answers {
                    Ok((address, Ok(connection))) => {
                        self.keep(&address, connection);
                        return Ok(());
                    }
                    Ok((_, Err(error))) => last = Some(error),
                    Err(stopped) => last = Some(stopped.into()),
                }
            }
            Err(last.unwrap_or_else(|| anyhow!("no broker is known")))
        };
        timeout(PING, attempt).await.unwrap_or_else(|_| Err(anyhow!("no broker answered within {} s", PING.as_secs())))
    }

    /// Asks any broker.
    pub(super) async fn ask_any<R: Asked>(&self, request: &R) -> Result<R::Response> {
        let mut last = None;
        for address in self.anywhere() {
            match self.ask(&address, request).await {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    self.put_last(&address);
                    last = Some(error);
                }
            }
        }
        Err(last.unwrap_or_else(|| anyhow!("no broker is known")))
    }

    /// Asks the broker with this node id, which Metadata has told of.
    pub(super) async fn ask_node<R: Asked>(&self, node: i32, request: &R) -> Result<R::Response> {
        let address = self.state().addresses.get(&node).cloned();
        self.ask(&address.with_context(|| format!("the cluster names no address for broker {node}"))?, request).await
    }

    /// Asks a group's coordinator. While it answers that it is not (or not yet) the coordinator, asks again with short pauses.
    /// `refusal` finds that answer's error code; other codes are the caller's to judge.
    pub(super) async fn ask_coordinator<R: Asked>(
        &self,
        group: &str,
        request: &R,
        refusal: impl Fn(&R::Response) -> i16,
    ) -> Result<R::Response> {
        patiently(async || {
            let (address, known) = self.coordinator(group).await?;
            let answer = match self.ask(&address, request).await {
                Err(_) if known => {
                    // It may have moved since.
                    self.forget(group);
                    let (address, _) = self.coordinator(group).await?;
                    self.ask(&address, request).await
                }
                answer => answer,
            };
            if answer.is_err() {
                self.forget(group);
            }
            let answer = answer?;
            match Code::of(refusal(&answer)) {
                Some(code) if code.is_about_coordinator() => {
                    self.forget(group);
                    Err(code.into())
                }
                _ => Ok(answer),
            }
        })
        .await
    }

    /// Whether a group's coordinator has an API.
    pub(super) async fn coordinator_speaks<R: Asked>(&self, group: &str) -> Result<bool> {
        patiently(async || {
            let (address, _) = self.coordinator(group).await?;
            let connection = self.connection(&address).await?;
            let speaks = connection.speaks::<R>();
            self.keep(&address, connection);
            Ok(speaks)
        })
        .await
    }

    /// Remembers the addresses that Metadata names.
    pub(super) fn learn(&self, metadata: &MetadataResponse) {
        let mut state = self.state();
        state.addresses =
            metadata.brokers.iter().take(REMEMBERED).map(|broker| (broker.node_id.0, address(&broker.host, broker.port))).collect();
    }

    /// The coordinator's address, and whether it was known before.
    async fn coordinator(&self, group: &str) -> Result<(String, bool)> {
        if let Some(address) = self.state().coordinators.get(group) {
            return Ok((address.clone(), true));
        }
        let key = StrBytes::from_string(group.to_owned());
        let request = FindCoordinatorRequest::default().with_key_type(0).with_coordinator_keys(vec![key]);
        let answer = self.ask_any(&request).await?;
        let found = answer.coordinators.into_iter().next().context("FindCoordinator was answered with no coordinator")?;
        Code::check(found.error_code)?;
        let address = address(&found.host, found.port);
        self.state().coordinators.insert(group.to_owned(), address.clone());
        Ok((address, false))
    }

    fn forget(&self, group: &str) {
        self.state().coordinators.remove(group);
    }

    fn anywhere(&self) -> Vec<String> {
        let mut all = self.bootstrap.clone();
        let state = self.state();
        for address in state.addresses.values() {
            if !all.contains(address) {
                all.push(address.clone());
            }
        }
        all.sort_by_key(|address| state.silent.iter().position(|silent| silent == address).map_or(0, |place| place + 1));
        all
    }

    /// Lets a broker that did not answer be the last to be asked from now on: one that stands still takes its time each time.
    fn put_last(&self, address: &str) {
        let mut state = self.state();
        state.silent.retain(|known| known != address);
        state.silent.push(address.to_owned());
        if state.silent.len() > REMEMBERED {
            state.silent.remove(0);
        }
    }

    async fn ask<R: Asked>(&self, address: &str, request: &R) -> Result<R::Response> {
        let attempt = async {
            let idle = self.idle(address);
            if let Some(mut connection) = idle {
                match connection.call(request).await {
                    Ok(answer) => {
                        self.keep(address, connection);
                        return Ok(answer);
                    }
                    // The broker closes idle connections, and restarts: once more on a new one.
                    Err(error) if is_broken(&error) => {
                        self.state().idle.remove(address);
                    }
                    Err(error) => return Err(error),
                }
            }
            let mut connection = Connection::open(address, self.credentials.as_ref()).await?;
            let answer = connection.call(request).await?;
            self.keep(address, connection);
            Ok(answer)
        };
        timeout(REQUEST, attempt)
            .await
            .unwrap_or_else(|_| Err(anyhow!("the broker at {address} did not answer within {} s", REQUEST.as_secs())))
    }

    async fn connection(&self, address: &str) -> Result<Connection> {
        match self.idle(address) {
            Some(connection) => Ok(connection),
            None => timeout(REQUEST, Connection::open(address, self.credentials.as_ref()))
                .await
                .unwrap_or_else(|_| Err(anyhow!("the broker at {address} did not answer within {} s", REQUEST.as_secs()))),
        }
    }

    fn idle(&self, address: &str) -> Option<Connection> {
        self.state().idle.get_mut(address).and_then(Vec::pop)
    }

    fn keep(&self, address: &str, connection: Connection) {
        let mut state = self.state();
        let idle = state.idle.entry(address.to_owned()).or_default();
        if idle.len() < IDLE {
            idle.push(connection);
        }
    }
}

/// Tries again, with pauses that double, while the answer is that a coordinator or leader is elsewhere or not ready.
pub(super) async fn patiently<T, F>(mut attempt: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let begun = Instant::now();
    let mut pause = Duration::from_millis(10);
    loop {
        let error = match attempt().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let passing = error.downcast_ref::<Code>().is_some_and(|code| code.is_about_coordinator() || code.is_about_leader());
        if !passing || begun.elapsed() + pause > PATIENCE {
            return Err(error);
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(250));
    }
}

fn is_broken(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<std::io::Error>())
}

fn address(host: &str, port: i32) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
