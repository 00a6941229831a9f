//! What a check's programs said to Kafka, as far as it was seen: the reading glass of the kinds that judge the wire.

use super::view::{count, seconds, short_name};
use super::{Finding, View};
use crate::outcome::Moment;
use crate::timeline::filter::RequestFilter;
use crate::timeline::wire::{Api, Foreign, Isolation};
use crate::timeline::{Connection, Exchange, Timeline};
use crate::world::kafka::Code;

/// The traffic of one program instance, or of all of a check.
pub struct Traffic<'a> {
    timeline: &'a Timeline,
    /// Full names.
    instances: Vec<&'a str>,
    /// The name that the lab gave, if it named one.
    by: Option<String>,
}

impl<'a> Traffic<'a> {
    /// The traffic of an instance (`as`, or `check/as`); of every instance of the check without one.
    #[must_use]
    pub fn of(view: &View<'a>, by: Option<&str>) -> Self {
        let instances = match by {
            Some(name) => view.instance_name(name).into_iter().collect(),
            None => view.timeline.instances_of(view.check).into_iter().map(|(name, _)| &**name).collect(),
        };
        Self { timeline: view.timeline, instances, by: by.map(str::to_owned) }
    }

    /// The full names of its instances.
    #[must_use]
    pub fn instances(&self) -> &[&'a str] {
        &self.instances
    }

    /// The programs in words: `` `first` ``, or `your program`.
    #[must_use]
    pub fn who(&self) -> String {
        self.by.as_ref().map_or_else(|| "your program".to_owned(), |name| format!("`{}`", short_name(name)))
    }

    /// All exchanges, in the order of their requests.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange<'a>> {
        let mut all: Vec<_> = self.instances.iter().flat_map(|instance| self.timeline.exchanges(instance)).collect();
        if self.instances.len() > 1 {
            all.sort_by_key(|exchange| exchange.at);
        }
        all
    }

    /// All connections, in the order of their opening.
    #[must_use]
    pub fn connections(&self) -> Vec<&'a Connection> {
        let mut all: Vec<_> = self.instances.iter().flat_map(|instance| self.timeline.connections(instance)).collect();
        all.sort_by_key(|connection| connection.id);
        all
    }

    /// Why nothing can be said at all, when nothing of the programs was seen on the wire.
    #[must_use]
    pub fn silence(&self) -> Option<String> {
        let who = self.who();
        if self.instances.is_empty() {
            return Some(format!("{who} was not started"));
        }
        if self.instances.iter().any(|instance| self.timeline.exchanges(instance).next().is_some()) {
            return None;
        }
        let connections = self.connections();
        let foreign = connections.iter().find_map(|connection| connection.foreign);
        Some(match foreign {
            Some(Foreign::Tls) => format!(
                "{who} speaks TLS to a plaintext listener, so no request was seen: leave security.protocol out, or set it to PLAINTEXT"
            ),
            Some(Foreign::Http) => {
                format!("{who} speaks HTTP to Kafka's port, so no request was seen: SINK_URL and KAFKA_BOOTSTRAP_SERVERS may be mixed up")
            }
            Some(Foreign::Unknown) => format!("{who} sends something that is not Kafka's protocol, so no request was seen"),
            None if connections.is_empty() => {
                format!("no request of {who} was seen on the wire: it may connect elsewhere than KAFKA_BOOTSTRAP_SERVERS")
            }
            None => format!("{who} connected, but no request of it could be read"),
        })
    }

    /// Why the absence of a request shows nothing: frames of these APIs (all, when there are none) that were not read or not kept.
    #[must_use]
    pub fn blind(&self, apis: &[Api]) -> Option<String> {
        let concerned = |api: &Api| apis.is_empty() || apis.contains(api);
        let total = |of: fn(&'a Timeline, &str) -> Option<&'a std::collections::BTreeMap<Api, u64>>| {
            let maps = self.instances.iter().filter_map(|instance| of(self.timeline, instance));
            maps.flatten().filter(|(api, _)| concerned(api)).map(|(_, number)| number).sum::<u64>()
        };
        let (unread, spared) = (total(Timeline::unread), total(Timeline::spared));
        let who = self.who();
        match (unread, spared) {
            (0, 0) => None,
            (0, spared) => Some(format!(
                "of {} that {who} exchanged only the number was kept, so what is in them is not known",
                count(spared, "frame")
            )),
            (unread, _) => {
                Some(format!("{} that {who} exchanged could not be read, so what is in them is not known", count(unread, "frame")))
            }
        }
    }
}

/// One exchange as a witness: `OffsetCommit v9 at 3.204 s by client id "rdkafka" on connection 4 to broker 1: NOT_COORDINATOR (16)`.
#[must_use]
pub fn describe(exchange: &Exchange<'_>) -> String {
    let client = exchange.client.map_or_else(String::new, |client| format!(" by client id \"{client}\""));
    let connection = exchange.connection;
    let who = short_name(&connection.instance);
    let error = exchange.error().and_then(Code::of).map(|code| format!(", answered {code}")).unwrap_or_default();
    format!(
        "{} at {} from `{who}`{client} on connection {} to broker {}{error}",
        exchange.api,
        seconds(exchange.at),
        connection.id,
        connection.node
    )
}

/// When an exchange began, and whose it is.
#[must_use]
pub fn moment(exchange: &Exchange<'_>) -> Moment {
    Moment::at(exchange.at).of(&exchange.connection.instance)
}

/// The requests of a filter in words: `2 Produce requests about topic t with acks=-1`; without a number for one that is not there.
#[must_use]
pub fn requests(filter: &RequestFilter, number: Option<u64>) -> String {
    let apis = filter.api.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    let noun = if apis.is_empty() { "request".to_owned() } else { format!("{apis} request") };
    let noun = number.map_or(noun.clone(), |number| count(number, &noun));
    let qualities = qualities(filter);
    if qualities.is_empty() { noun } else { format!("{noun} {qualities}") }
}

/// What a filter asks for beyond the API, in words: `about topic t with acks=-1`.
#[must_use]
pub fn qualities(filter: &RequestFilter) -> String {
    let list = |numbers: &[i32]| numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let yes_or_no = |wanted: Option<bool>, yes: &str, no: &str| wanted.map(|wanted| if wanted { yes.to_owned() } else { no.to_owned() });
    let words = [
        filter.topic.as_ref().map(|topic| format!("about topic {topic}")),
        filter.partition.map(|partition| format!("about partition {partition}")),
        (!filter.only_partitions.is_empty()).then(|| format!("about no partition but {}", list(&filter.only_partitions))),
        filter.group.as_ref().map(|group| format!("of group {group}")),
        filter.transactional_id.as_ref().map(|id| format!("of transactional id {id}")),
        filter.acks.map(|acks| format!("with acks={acks}")),
        yes_or_no(filter.idempotent, "from an idempotent producer", "from a producer that is not idempotent"),
        yes_or_no(filter.transactional, "in a transaction", "outside any transaction"),
        yes_or_no(filter.compressed, "with every batch compressed", "with no batch compressed"),
        filter.isolation.map(|isolation| {
            format!("with isolation {}", if isolation == Isolation::ReadCommitted { "read_committed" } else { "read_uncommitted" })
        }),
        yes_or_no(filter.commit, "that commits", "that aborts"),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What no request can be: settings of a filter that contradict its APIs.
#[must_use]
pub fn impossible(filter: &RequestFilter, setting: &'static str) -> Vec<Finding> {
    let produce = filter.acks.is_some() || filter.idempotent.is_some() || filter.transactional.is_some() || filter.compressed.is_some();
    let lacks = |named: bool, apis: &[Api]| named && !filter.api.is_empty() && !filter.api.iter().any(|api| apis.contains(api));
    let (fetch, end) = ([Api::FETCH, Api::named("ListOffsets").unwrap_or(Api::FETCH)], [Api::END_TXN]);
    let mut found = Vec::new();
    if lacks(produce, &[Api::PRODUCE]) {
        found.push(Finding::at(
            setting,
            "only Produce requests have acks and batches, and `api` does not name it",
            "add `Produce` to `api`, or leave these words out",
        ));
    }
    if lacks(filter.isolation.is_some(), &fetch) {
        found.push(Finding::at(
            setting,
            "only Fetch and ListOffsets requests have an isolation",
            "add `Fetch` to `api`, or leave `isolation` out",
        ));
    }
    if lacks(filter.commit.is_some(), &end) {
        found.push(Finding::at(setting, "only EndTxn requests commit or abort", "add `EndTxn` to `api`, or leave `commit` out"));
    }
    if usize::from(produce) + usize::from(filter.isolation.is_some()) + usize::from(filter.commit.is_some()) > 1 {
        found.push(Finding::at(setting, "no request is a Produce, a Fetch and an EndTxn at once", "use one filter for each"));
    }
    if filter.acks.is_some_and(|acks| !(-1..=1).contains(&acks)) {
        found.push(Finding::at(setting, "acks is 0, 1 or -1 (all)", "use one of these"));
    }
    if let Some(partition) = filter.partition
        && !filter.only_partitions.is_empty()
        && !filter.only_partitions.contains(&partition)
    {
        found.push(Finding::at(
            setting,
            format!("partition {partition} is not among `only_partitions`"),
            "name it there, or leave one of the two out",
        ));
    }
    found
}
