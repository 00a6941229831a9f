//! `advertised-listeners`: the cluster can be reached where it sends its clients.

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::{Amount, Compared};
use super::containers::{named, not_running, publishing};
use super::view::{count, seconds};
use super::{Answer, Expect, Finding, Kind, View};
use crate::outcome::{Mismatch, Subject};
use crate::run::CheckCtx;
use crate::timeline::What;
use crate::timeline::docker::{AdvertisedSeen, ContainerSeen, ListenersSeen};

/// The cluster answers at its bootstrap address, and every broker that it names can be reached there from this machine.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdvertisedListeners {
    /// How many brokers the cluster names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brokers: Option<Amount>,
}

impl Kind for AdvertisedListeners {
    const DOC: &'static str = "The cluster answers at its bootstrap address, and every broker that it names can be reached from this machine.\n\n\
        A client connects to the bootstrap address only to ask where the brokers are; from then on it goes where they say, to `advertised.listeners`. \
        A broker in a container that names itself `kafka:9092` is found by other containers and by nobody else: a client on this machine connects, and then waits for ever.";
    const EXAMPLE: &'static str = "advertised-listeners: { brokers: { exactly: 1 } }";

    fn lint(&self) -> Vec<Finding> {
        if self.brokers.is_some_and(Amount::allows_none) {
            return vec![Finding::at("brokers", "a cluster has at least one broker", "ask for `{ at_least: 1 }`, or leave it out")];
        }
        Vec::new()
    }
}

impl Expect for AdvertisedListeners {
    async fn observe(&self, ctx: &CheckCtx) -> Result<()> {
        let seen = ctx.look_at_listeners().await;
        ctx.recorder().append(What::ListenersSeen { seen });
        Ok(())
    }

    fn judge(&self, view: &View<'_>) -> Answer {
        let Some((since, seen)) = view.timeline.docker().listeners() else {
            return Answer::NotShown("the cluster was never asked where its clients are to go".to_owned());
        };
        let expected = format!("a Kafka at {} whose brokers can be reached from this machine", seen.bootstrap);
        let mismatch = if let Some(silent) = &seen.silent {
            unanswered(seen, silent)
        } else if let Some(lost) = seen.brokers.iter().find(|broker| broker.problem.is_some()) {
            unreachable(seen, lost)
        } else {
            let number = seen.brokers.len() as u64;
            match self.brokers.filter(|wanted| wanted.compare(number) != Compared::Right) {
                None => return Answer::holds(number),
                Some(wanted) => {
                    let names = seen.brokers.iter().map(|broker| format!("broker {} at {}:{}", broker.node, broker.host, broker.port));
                    let message = format!("the cluster at {} has {}, not {wanted}", seen.bootstrap, count(number, "broker"));
                    let cause = "a broker that is not named has ended, or has not found the others: look at its container and its log";
                    Mismatch::new(message, "", count(number, "broker")).witnesses(names).cause(cause)
                }
            }
        };
        Answer::NotYet(Mismatch { expected, observed: format!("{}, since {} into the run", mismatch.observed, seconds(*since)), ..mismatch })
    }
}

/// Nobody answers at the bootstrap address.
fn unanswered(seen: &ListenersSeen, silent: &str) -> Mismatch {
    let message = format!("no Kafka answers at {}", seen.bootstrap);
    let mismatch = Mismatch::new(message, "", silent);
    match &seen.container {
        None => mismatch.cause("no container that publishes that port is to be seen: start the cluster with docker compose up -d, or correct its `ports:` (docker ps shows them)"),
        Some(container) => match not_running(container) {
            Some(stopped) => Mismatch { cause: stopped.cause, ..mismatch }.witnesses(stopped.witnesses.into_iter().chain([stopped.message])),
            // Between two starts it runs, for a moment.
            None if container.restarts > 0 => mismatch.cause(format!(
                "{} publishes that port, but its broker does not come up: it has ended and was started again {}. Its log says why: docker logs {}",
                named(container),
                count(container.restarts, "time"),
                container.name
            )),
            None => mismatch.cause(format!(
                "{} publishes that port, but its broker does not answer: it is still starting, it has died inside, or it listens on another port or on 127.0.0.1 of its container only \
                 (KAFKA_LISTENERS must hold 0.0.0.0 or no host); its log says: docker logs {}",
                named(container),
                container.name
            )),
        },
    }
}

/// A broker that its clients on this machine cannot reach.
fn unreachable(seen: &ListenersSeen, lost: &AdvertisedSeen) -> Mismatch {
    let AdvertisedSeen { node, host, port, problem } = lost;
    let message = format!("the Kafka at {} answers, but sends its clients to {host}:{port}, which cannot be reached from this machine", seen.bootstrap);
    let observed = format!("broker {node} advertises {host}:{port}: {}", problem.as_deref().unwrap_or_default());
    let others = seen.brokers.iter().filter(|broker| broker.node != *node && broker.problem.is_some());
    let witnesses = others.map(|other| format!("broker {} advertises {}:{}: {}", other.node, other.host, other.port, other.problem.as_deref().unwrap_or_default()));
    Mismatch::new(message, "", observed).witnesses(witnesses).cause(setting(seen, lost)).about(Subject::AdvertisedListeners)
}

/// What to set, in the words of the container that it is set in.
fn setting(seen: &ListenersSeen, lost: &AdvertisedSeen) -> String {
    let why = "a client asks the bootstrap address only where the brokers are, and then goes where `advertised.listeners` sends it";
    let address = seen.bootstrap.split(',').next().unwrap_or(&seen.bootstrap);
    let Some(ContainerSeen { name, service, advertised_listeners, ports, .. }) = &seen.container else {
        return format!("{why}; set `advertised.listeners` of that broker to an address that this machine knows, for example PLAINTEXT://{address}");
    };
    let place = service.as_ref().map_or(format!("container {name}"), |service| format!("service `{service}`"));
    let wrong = format!("://{}:{}", lost.host, lost.port);
    let right = format!("://{address}");
    let with = |end: &str| advertised_listeners.as_deref()?.split(',').map(str::trim).find(|listener| listener.ends_with(end));
    let name = |listener: &str| listener.split("://").next().unwrap_or_default().to_owned();
    // There is a listener for this machine, and the published port leads to another.
    if let (Some(meant), Some(reached)) = (with(&right).map(name), with(&wrong).map(name)) {
        let port = address.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or(9092);
        let inner = ports.iter().find(|seen| seen.host_port == port).map_or(lost.port, |seen| i32::from(seen.port));
        return format!(
            "{why}. Port {port} of this machine leads to port {inner} of {place}, where the listener {reached} is, for clients in its network; the one for this machine is {meant}: \
             let `ports:` lead to the port that KAFKA_LISTENERS gives {meant}, for example {}",
            publishing(port, port)
        );
    }
    match advertised_listeners {
        Some(now) => {
            let right = match with(&wrong) {
                Some(listener) => now.replace(listener, &listener.replace(&wrong, &right)),
                None => format!("PLAINTEXT://{address}"),
            };
            format!(
                "{why}. KAFKA_ADVERTISED_LISTENERS of {place} is `{now}`: set it to `{right}`. \
                 If other containers need {}:{} too, give them a listener of their own with another name and port (KAFKA_LISTENERS, KAFKA_LISTENER_SECURITY_PROTOCOL_MAP)",
                lost.host, lost.port
            )
        }
        None => format!("{why}; set KAFKA_ADVERTISED_LISTENERS of {place} to `PLAINTEXT://{address}`"),
    }
}

#[cfg(test)]
mod tests;
