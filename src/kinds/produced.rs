//! `produced`: how a program writes to a topic: acknowledgements, idempotence, compression, batches, what was sent again.

mod answered;
mod batches;
mod pace;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) use self::batches::Written;
use super::amount::{Amount, Compared};
use super::client::Client;
use super::traffic::{Traffic, describe, moment};
use super::view::{count, seconds};
use super::{Answer, Evidence, Expect, Finding, Kind, Reference, View};
use crate::outcome::{Mismatch, Subject};
use crate::timeline::event::Signal;
use crate::timeline::wire::{Api, Batch, Compression, Request};
use crate::timeline::{Exchange, Instance};

/// How a program writes to a topic. All that is named must hold; it must have written at least once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Produced {
    /// The topic.
    pub topic: String,
    /// The instance; without it, every instance of the check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Every request asks for these acknowledgements: 0, 1 or -1 (all).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acks: Option<i16>,
    /// Every batch is, or none is, from an idempotent producer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<bool>,
    /// Every batch is, or none is, part of a transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transactional: Option<bool>,
    /// Every batch that is compressed is compressed so; `none` for no compression at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<Compression>,
    /// At least so many percent of the records are in compressed batches: clients leave a batch as it is when compression would not make it smaller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compressed_percent: Option<u8>,
    /// On average at least so many records are in a batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records_per_batch: Option<u64>,
    /// How many records it wrote. What the client library sent again counts once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<Amount>,
    /// How many requests it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<Amount>,
    /// How many requests it took, compared with another program that wrote as much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<Against>,
    /// How many batches the client library sent again, because no answer came or one that allows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resent: Option<Amount>,
}

/// Another program to compare with.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Against {
    /// The other instance.
    pub instance: String,
    /// The topic that it wrote to; the same one without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// At most so many percent of its requests.
    pub percent: u8,
}

impl Kind for Produced {
    const DOC: &'static str = "How a program writes to a topic, read from its Produce requests and the headers of its batches.\n\n\
        `acks` and idempotence decide what can be lost or doubled; batches and compression decide what it costs. A batch that was sent again is told by its sequence number \
        (idempotent) or by its unchanged checksum: that is the client library's retry. A program that sends an event again makes a new batch, which `records` shows.";
    const EXAMPLE: &'static str = "produced: { topic: $(topic), by: first, acks: -1, idempotent: true }";

    fn references(&self) -> Vec<Reference> {
        let names = self.by.iter().chain(self.against.as_ref().map(|against| &against.instance));
        names.map(|name| Reference::Instance(name.clone())).collect()
    }

    fn lint(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        if self.acks.is_some_and(|acks| !(-1..=1).contains(&acks)) {
            found.push(Finding::at("acks", "acks is 0, 1 or -1 (all)", "use one of these"));
        }
        if self.idempotent == Some(true) && self.acks.is_some_and(|acks| acks != -1) {
            found.push(Finding::at("acks", "an idempotent producer asks for acks=-1 (all)", "write `acks: -1`, or leave one of the two out"));
        }
        if self.compressed_percent.is_some_and(|percent| percent > 100) {
            found.push(Finding::at("compressed_percent", "more than all records", "write a number up to 100"));
        }
        if self.compression == Some(Compression::None) && self.compressed_percent.is_some_and(|percent| percent > 0) {
            found.push(Finding::at("compression", "`none` contradicts `compressed_percent`", "keep one of them"));
        }
        if self.compression == Some(Compression::Unknown) {
            found.push(Finding::at("compression", "no batch is compressed with an unknown codec", "name one: gzip, snappy, lz4, zstd, or none"));
        }
        if self.compressed_percent == Some(0) || self.records_per_batch.is_some_and(|records| records < 2) || [self.requests, self.records].contains(&Some(Amount::AtLeast(0))) {
            found.push(Finding::new("one of the numbers always holds", "ask for more than that, or leave it out"));
        }
        found
    }
}

impl Expect for Produced {
    fn judge(&self, view: &View<'_>) -> Answer {
        let traffic = Traffic::of(view, self.by.as_deref());
        if let Some(reason) = traffic.silence() {
            return Answer::NotShown(reason);
        }
        let exchanges = traffic.exchanges();
        let written = Written::of(&exchanges, &self.topic);
        let about = About { view, spec: self, traffic: &traffic };
        if let Some(mismatch) = about.wrong_request(&written) {
            return Answer::Violated(mismatch);
        }
        if let Some(reason) = traffic.blind(&[Api::PRODUCE]) {
            return Answer::NotShown(reason);
        }
        if written.requests.is_empty() {
            let message = format!("{} wrote nothing to topic {}", traffic.who(), self.topic);
            return Answer::NotYet(view.with_ends(Mismatch::new(message, "records in the topic", "no Produce request for it")));
        }
        let numbers = [
            about.requests(&written),
            about.resent(&written),
            about.per_batch(&written),
            about.compressed(&written),
            about.records(&written),
            about.against(&written),
        ];
        let unfit = numbers.into_iter().flatten().next();
        unfit.unwrap_or_else(|| Answer::Holds(Evidence::of(written.requests.len() as u64)))
    }
}

/// What is judged, by whom.
struct About<'v, 'a> {
    view: &'v View<'a>,
    spec: &'v Produced,
    traffic: &'v Traffic<'a>,
}

impl About<'_, '_> {
    /// The first request or batch that is not as every one must be.
    fn wrong_request(&self, written: &Written<'_>) -> Option<Mismatch> {
        let Produced { acks, idempotent, transactional, compression, .. } = self.spec;
        let producing = |exchange: &Exchange<'_>| Client::of(self.view, &exchange.connection.instance).producing();
        if let Some(wanted) = *acks {
            let wrong: Vec<_> = written.requests.iter().filter(|request| !matches!(request.request, Request::Produce { acks, .. } if *acks == wanted)).collect();
            if let Some(first) = wrong.first() {
                let seen = match first.request {
                    Request::Produce { acks, .. } => *acks,
                    _ => wanted,
                };
                let message = format!("{} asked for acks={}, not acks={}", self.traffic.who(), acks_name(seen), acks_name(wanted));
                let setting = producing(first).acks(wanted);
                let meaning = match wanted {
                    0 => format!("{setting} sends and waits for no answer: the quickest way, and nobody knows what arrived"),
                    1 => format!("{setting} waits for the leader alone: what it has not passed on yet is lost when it dies"),
                    _ => format!("{setting} makes a write count only when all in-sync replicas have it"),
                };
                let unset = seen == producing(first).usual_acks && wrong.len() == written.requests.len();
                let told = if unset { format!("acks={} is what your client asks for, also when nothing is set; {meaning}", acks_name(seen)) } else { meaning };
                return Some(self.each(message, format!("acks={} in every Produce request", acks_name(wanted)), &wrong.iter().map(|exchange| **exchange).collect::<Vec<_>>()).cause(told).about(Subject::Acks));
            }
        }
        let idempotence = |batch: &Batch| batch.producer_id >= 0;
        if let Some((wanted, wrong)) = unlike(written, *idempotent, idempotence) {
            let message = if wanted { "is not from an idempotent producer" } else { "is from an idempotent producer" };
            let told = wrong.first().map(|first| format!("set {}: Kafka then recognises a batch that is sent again", producing(first).idempotence));
            let mismatch = self.each(self.some_batch(message), "a producer id in every batch, or in none, as asked".to_owned(), &wrong);
            return Some(if wanted { told.map_or(mismatch.clone(), |told| mismatch.cause(told).about(Subject::Idempotence)) } else { mismatch });
        }
        if let Some((wanted, wrong)) = unlike(written, *transactional, |batch| batch.transactional) {
            let message = if wanted { "is outside any transaction" } else { "is part of a transaction" };
            return Some(self.each(self.some_batch(message), "every batch in a transaction, or none, as asked".to_owned(), &wrong));
        }
        let codec = (*compression)?;
        let (wanted, wrong) = unlike(written, Some(true), |batch| batch.compression == codec || (batch.compression == Compression::None && codec != Compression::None))?;
        let first = written.batches.iter().map(|(_, batch)| batch.compression).find(|seen| *seen != codec && *seen != Compression::None).unwrap_or(Compression::None);
        let message = self.some_batch(&format!("is compressed with {}", first.name()));
        wanted.then(|| self.each(message, format!("compression `{}`", codec.name()), &wrong))
    }

    fn some_batch(&self, what: &str) -> String {
        format!("a batch that {} wrote to topic {} {what}", self.traffic.who(), self.spec.topic)
    }

    fn each(&self, message: String, expected: String, wrong: &[&Exchange<'_>]) -> Mismatch {
        let observed = format!("{} otherwise", count(wrong.len() as u64, "request"));
        let mismatch = Mismatch::new(message, expected, observed).witnesses(wrong.iter().map(|exchange| describe(exchange)));
        wrong.iter().take(1).fold(mismatch, |mismatch, first| mismatch.moment(moment(first)))
    }

    fn requests(&self, written: &Written<'_>) -> Option<Answer> {
        self.amount(self.spec.requests?, written.requests.len() as u64, "Produce request", "sent")
    }

    fn records(&self, written: &Written<'_>) -> Option<Answer> {
        let answer = self.amount(self.spec.records?, written.records(|_| true), "record", "wrote")?;
        let killed = self.by().and_then(|by| by.signals.iter().find(|(_, signal)| *signal == Signal::Kill));
        Some(match (answer, killed) {
            (Answer::NotYet(mismatch), Some((at, _))) => {
                Answer::NotYet(mismatch.cause(format!("it was still at work when kgrade killed it at {}", seconds(*at))))
            }
            (answer, _) => answer,
        })
    }

    /// The instance that is judged, where one is named.
    fn by(&self) -> Option<&Instance> {
        self.view.instance(self.spec.by.as_deref()?)
    }

    fn resent(&self, written: &Written<'_>) -> Option<Answer> {
        let wanted = self.spec.resent?;
        let answer = self.amount(wanted, written.resent.len() as u64, "batch", "sent again")?;
        let again = written.resent.iter().map(|exchange| describe(exchange));
        Some(match answer {
            Answer::Violated(mismatch) => Answer::Violated(mismatch.witnesses(again)),
            other => other,
        })
    }

    fn amount(&self, wanted: Amount, seen: u64, noun: &str, did: &str) -> Option<Answer> {
        let compared = wanted.compare(seen);
        if compared == Compared::Right {
            return None;
        }
        let seen = if noun == "batch" && seen != 1 { format!("{seen} batches") } else { count(seen, noun) };
        let message = format!("{} {did} {seen} to topic {}", self.traffic.who(), self.spec.topic);
        let mismatch = Mismatch::new(message, wanted.to_string(), seen);
        Some(if compared == Compared::TooMany { Answer::Violated(mismatch) } else { Answer::NotYet(self.view.with_ends(mismatch)) })
    }

    fn compressed(&self, written: &Written<'_>) -> Option<Answer> {
        let wanted = u64::from(self.spec.compressed_percent?);
        let total = written.records(|_| true);
        let compressed = written.records(|batch| batch.compression != Compression::None);
        if compressed * 100 >= wanted * total {
            return None;
        }
        let (who, setting) = (self.traffic.who(), self.producing().compression);
        let (message, cause) = if compressed == 0 {
            (format!("no batch of {who} is compressed"), format!("{setting} turns it on: lz4, zstd, snappy or gzip"))
        } else {
            let message = format!("{compressed} of {} that {who} wrote are in compressed batches", count(total, "record"));
            (message, format!("{setting} chooses how batches are compressed; a batch of one small record hardly shrinks, and may be left as it is"))
        };
        let mismatch = Mismatch::new(message, format!("at least {wanted} % of the records in compressed batches"), format!("{} %", compressed * 100 / total.max(1)));
        Some(Answer::NotYet(mismatch.cause(cause).about(Subject::Compression)))
    }

    fn per_batch(&self, written: &Written<'_>) -> Option<Answer> {
        let wanted = self.spec.records_per_batch?;
        let (records, batches) = (written.records(|_| true), written.batches.len() as u64);
        let pace = self.by().and_then(pace::of);
        if records >= wanted * batches {
            let reason = pace.filter(|_| records < 2 * wanted * batches).and_then(|pace| pace::filled(&pace));
            return reason.map(Answer::NotShown);
        }
        let average = records as f64 / batches.max(1) as f64;
        let message = format!("a batch of {} holds {average:.1} records on average", self.traffic.who());
        let observed = format!("{} in {batches} batches", count(records, "record"));
        // Who waits for so long gets fewer records when fewer come.
        if let Some(pace) = pace.filter(|pace| average >= wanted as f64 * pace::given(pace)) {
            return Some(Answer::NotShown(pace::too_slow(pace)));
        }
        let mismatch = Mismatch::new(message, format!("at least {wanted} records in a batch on average"), observed);
        let needed = pace.map(|pace| format!("; {wanted} records take {} ms to come at {} a second", wanted * 1000 / u64::from(pace.rate.max(1)), pace.rate));
        Some(Answer::NotYet(mismatch.cause(format!("{}{}", self.growing(average), needed.unwrap_or_default())).about(Subject::Batching)))
    }

    fn against(&self, written: &Written<'_>) -> Option<Answer> {
        let against = self.spec.against.as_ref()?;
        let other = Traffic::of(self.view, Some(&against.instance));
        if let Some(reason) = other.silence().or_else(|| other.blind(&[Api::PRODUCE])) {
            return Some(Answer::NotShown(reason));
        }
        let exchanges = other.exchanges();
        let theirs = Written::of(&exchanges, against.topic.as_deref().unwrap_or(&self.spec.topic));
        let (own, their) = (written.requests.len() as u64, theirs.requests.len() as u64);
        if their == 0 {
            return Some(Answer::NotShown(format!("{} wrote nothing that could be compared with", other.who())));
        }
        let instance = self.view.instance(&against.instance);
        let paces = (self.by().and_then(pace::of), instance.and_then(pace::of));
        let percent = own * 100 / their;
        if own * 100 <= their * u64::from(against.percent) {
            return pace::lucky(paces, percent, against.percent).map(Answer::NotShown);
        }
        let per_batch = written.records(|_| true) as f64 / (written.batches.len() as f64).max(1.0);
        let late = || paces.0.filter(|own| pace::waited(own, per_batch)).and_then(|_| answered::late(&theirs)).map(answered::too_late);
        if let Some(reason) = pace::unlucky(paces, per_batch).or_else(late) {
            return Some(Answer::NotShown(reason));
        }
        let message = format!("{} took {}, {} took {their}", self.traffic.who(), count(own, "Produce request"), other.who());
        let mismatch = Mismatch::new(message, format!("at most {} % of them", against.percent), format!("{percent} %"));
        let late = instance.and_then(|instance| instance.fed).zip(theirs.requests.first()).filter(|((fed, pace), first)| pace.is_some() && first.at > *fed);
        let cause = match late {
            Some(_) => format!("{} read all of its input before it sent anything, so that its batches were full whatever its settings are: send each event as soon as its line was read", other.who()),
            None if paces.0.is_some_and(|own| pace::waited(&own, per_batch)) => {
                format!("{0} batches as much as {1}: what makes batches grow ({2}) is to be set for {1} only", other.who(), self.traffic.who(), self.producing().batching)
            }
            None => self.growing(per_batch),
        };
        Some(Answer::NotYet(mismatch.cause(cause).about(Subject::Batching)))
    }

    /// What makes batches larger that hold so many records on average.
    fn growing(&self, average: f64) -> String {
        let growing = format!("batches grow with {}", self.producing().batching);
        if average < 2.0 { format!("each event is sent alone: a flush() or a wait for the answer after each one leaves nothing to be batched; {growing}") } else { growing }
    }

    fn producing(&self) -> super::client::Producing {
        self.traffic.instances().first().map_or(Client::Other, |instance| Client::of(self.view, instance)).producing()
    }
}

/// Acknowledgements as people know them: -1 is `all` in every client's settings.
fn acks_name(acks: i16) -> String {
    if acks == -1 { "-1 (all)".to_owned() } else { acks.to_string() }
}

/// The requests with a batch that is not as wanted, if there are any.
fn unlike<'w, 'a>(written: &'w Written<'a>, wanted: Option<bool>, is: impl Fn(&Batch) -> bool) -> Option<(bool, Vec<&'w Exchange<'a>>)> {
    let wanted = wanted?;
    let mut wrong: Vec<_> = written.batches.iter().filter(|(_, batch)| is(batch) != wanted).map(|(exchange, _)| *exchange).collect();
    wrong.dedup_by_key(|exchange| (exchange.connection.id, exchange.correlation));
    (!wrong.is_empty()).then_some((wanted, wrong))
}

#[cfg(test)]
mod tests;
