//! `client-report`: a program says which client it uses and which topics the broker has.

use std::collections::BTreeSet;

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::client::Client;
use super::json_line::{Printed, printed};
use super::view::count;
use super::{Answer, Evidence, Expect, Kind, Reference, View};
use crate::outcome::Mismatch;
use crate::run::CheckCtx;
use crate::timeline::What;
use crate::timeline::event::Name;

/// An instance printed one JSON line with `client`, `version` and `topics`, and they are those that the broker knows.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientReport {
    /// The instance.
    pub by: String,
}

const FIELDS: [&str; 3] = ["client", "version", "topics"];

impl Kind for ClientReport {
    const DOC: &'static str = "A program printed one JSON line, `{\"client\": …, \"version\": …, \"topics\": […]}`, and it is true: the client library is the one that came to the broker, \
        the version is that library's, and the topics are those of the cluster.\n\n\
        Kafka's internal topics (`__consumer_offsets` and others that begin with two underscores) may be named or left out. \
        A topic that the grader creates just before the program runs shows that the program asked, and did not print a list of its own.";
    const EXAMPLE: &'static str = "client-report: { by: first }";

    fn references(&self) -> Vec<Reference> {
        vec![Reference::Instance(self.by.clone())]
    }
}

impl Expect for ClientReport {
    async fn observe(&self, ctx: &CheckCtx) -> Result<()> {
        let topics = ctx.kafka().topics().await?.iter().map(|name| name.as_str().into()).collect();
        ctx.recorder().append(What::TopicsListed { topics });
        Ok(())
    }

    fn judge(&self, view: &View<'_>) -> Answer {
        if view.timeline.listings().is_empty() {
            return Answer::NotShown("the topics of the cluster were never listed".to_owned());
        }
        let object = match printed(view, &self.by, &FIELDS) {
            Printed::Object(object, _) => object,
            Printed::Wrong(mismatch) => return Answer::NotYet(mismatch),
        };
        let seen = Seen::of(view, &self.by);
        let problem = client(&object, &seen).or_else(|| version(&object, &seen)).or_else(|| topics(view, &object));
        if let Some(mismatch) = problem {
            return Answer::NotYet(mismatch);
        }
        let mut evidence = Evidence::of(1);
        if !seen.came {
            evidence.remarks.push(
                "your program did not go through the address in KAFKA_BOOTSTRAP_SERVERS; the programs of the next labs have to read it".to_owned(),
            );
        }
        Answer::Holds(evidence)
    }
}

/// What came to the broker.
struct Seen {
    /// Whether the program connected to the address that it was given.
    came: bool,
    client: Client,
    /// The library's version, as it says itself.
    version: Option<String>,
}

impl Seen {
    fn of(view: &View<'_>, instance: &str) -> Self {
        let full = view.full_name(instance);
        let came = view.timeline.connections(&full).next().is_some();
        let version = view.timeline.connections(&full).find_map(|connection| connection.software.as_ref().map(|(_, version)| version.to_string()));
        Self { came, client: Client::of(view, &full), version }
    }
}

/// Names under which people know the library; none when any name is as good.
fn names(client: Client) -> &'static [&'static str] {
    match client {
        Client::ConfluentPython | Client::Librdkafka => &["confluent", "rdkafka"],
        Client::KafkaPython => &["kafka-python", "kafka"],
        Client::Aiokafka => &["aiokafka"],
        Client::Java => &["kafka-clients", "java", "apache"],
        Client::Kafkajs => &["kafkajs"],
        Client::FranzGo => &["franz", "kgo"],
        Client::Sarama => &["sarama"],
        Client::KafkaGo => &["kafka-go", "segmentio"],
        Client::Other => &[],
    }
}

fn client(object: &Map<String, Value>, seen: &Seen) -> Option<Mismatch> {
    let expected = "`client`: the name of your Kafka client library, such as \"confluent-kafka\"";
    let said = match object.get("client").and_then(Value::as_str).map(str::trim) {
        Some(said) if !said.is_empty() => said,
        _ => return Some(Mismatch::new("`client` is not the name of a library", expected, told(object, "client"))),
    };
    let known = names(seen.client);
    let plain = said.to_lowercase().replace(['_', ' '], "-");
    // `kafka` is kafka-python's name in `import`, and part of most others'.
    let is = |name: &&str| if *name == "kafka" { plain == *name } else { plain.contains(*name) };
    if known.is_empty() || known.iter().any(is) {
        return None;
    }
    let message = format!("`client` is \"{said}\", but the library that came to the broker is another");
    Some(Mismatch::new(message, expected, format!("\"{said}\"; on the wire: {}", known.first().copied().unwrap_or_default())))
}

fn version(object: &Map<String, Value>, seen: &Seen) -> Option<Mismatch> {
    let expected = "`version`: the version of that library as a text, such as \"2.16.1\"";
    let said = match object.get("version") {
        Some(Value::String(said)) => said.trim().trim_start_matches('v'),
        Some(Value::Array(items)) if items.first().is_some_and(Value::is_string) => {
            let mismatch = Mismatch::new("`version` is a list, not a text", expected, told(object, "version"));
            return Some(mismatch.cause("this function returns a pair: take its first item, `[0]`"));
        }
        _ => return Some(Mismatch::new("`version` is not a text", expected, told(object, "version"))),
    };
    let numbers = said.split('.').take_while(|part| part.starts_with(|sign: char| sign.is_ascii_digit())).count();
    if numbers < 2 {
        return Some(Mismatch::new(format!("`version` is \"{said}\", which is no version"), expected, told(object, "version")));
    }
    // A program that did not come to the address it was given was not seen, and old clients do not say their version.
    let theirs = seen.version.as_ref()?;
    if theirs.contains(said) || said.contains(theirs.trim_start_matches('v')) {
        return None;
    }
    let observed = format!("\"{said}\"; the library told the broker {theirs}");
    let mismatch = Mismatch::new(format!("`version` is \"{said}\", but the library says that it is {theirs}"), expected, observed);
    Some(mismatch.cause("ask the library for its version (`confluent_kafka.version()`, `kafka.__version__`) instead of writing it down"))
}

fn topics(view: &View<'_>, object: &Map<String, Value>) -> Option<Mismatch> {
    let expected = "`topics`: the names of all topics of the cluster, as a list of texts";
    let Some(listed) = object.get("topics").and_then(Value::as_array).and_then(|items| items.iter().map(Value::as_str).collect::<Option<Vec<_>>>())
    else {
        let mismatch = Mismatch::new("`topics` is not a list of names", expected, told(object, "topics"));
        return Some(mismatch.cause("in Python, `sorted(admin.list_topics(timeout=10).topics)` gives the names alone"));
    };
    let listed: BTreeSet<&str> = listed.into_iter().collect();
    let listings = view.timeline.listings();
    // Topics may come and go while the program runs: what was there all the time must be named, and what was never there must not.
    let known = |name: &str| listings.iter().any(|listing| listing.contains(name));
    let lasting: BTreeSet<&Name> = listings.iter().flatten().filter(|name| listings.iter().all(|listing| listing.contains(*name))).collect();
    let created: BTreeSet<&Name> = listings.last().into_iter().flatten().filter(|name| view.timeline.is_created(name)).collect();
    let missing: Vec<&str> = lasting.union(&created).map(|name| &***name).filter(|name| !listed.contains(name)).collect();
    let extra: Vec<&str> = listed.iter().copied().filter(|name| !known(name) && !name.starts_with("__")).collect();
    let observed = format!("{} listed", count(listed.len() as u64, "topic"));
    if !missing.is_empty() {
        let own = missing.iter().find(|name| view.timeline.is_created(name));
        let message = format!("`topics` leaves out {} that the cluster has", count(missing.len() as u64, "topic"));
        let mismatch = Mismatch::new(message, expected, observed).witnesses(missing.iter().map(|name| (*name).to_owned()));
        return Some(match own {
            Some(own) => mismatch.cause(format!(
                "the grader created {own} just before it started your program: ask the broker each time (`AdminClient.list_topics()`), and print all that it answers"
            )),
            None => mismatch,
        });
    }
    if !extra.is_empty() {
        let message = format!("`topics` names {} that the cluster does not have", count(extra.len() as u64, "topic"));
        let mismatch = Mismatch::new(message, expected, observed).witnesses(extra.iter().map(|name| (*name).to_owned()));
        return Some(mismatch.cause("does your program ask another cluster? It is the one in KAFKA_BOOTSTRAP_SERVERS that counts"));
    }
    None
}

fn told(object: &Map<String, Value>, field: &str) -> String {
    let text = object.get(field).map_or_else(|| "nothing".to_owned(), Value::to_string);
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::testing::{Story, assert_says};
    use crate::timeline::event::Stream;

    const YAML: &str = "client-report: { by: first }";

    fn listed(story: Story, topics: &[&str]) -> Story {
        story.then(What::TopicsListed { topics: topics.iter().map(|name| (*name).into()).collect() })
    }

    /// The cluster has topics `a` and `b` all the time, and `fresh` since the grader made it; `late` comes after the program ran.
    fn story(line: &str) -> Story {
        let story = listed(Story::new(), &["a", "b", "gone"]).then(What::TopicCreated { topic: "fresh".into(), partitions: 1 }).start("first");
        let story = story.then(What::Line { instance: "c/first".into(), stream: Stream::Stdout, text: line.to_owned() }).exit("first", 0);
        listed(story, &["a", "b", "fresh", "late"])
    }

    fn line(client: &str, version: &str, topics: &str) -> String {
        format!("{{\"client\": {client}, \"version\": {version}, \"topics\": {topics}}}")
    }

    const ALL: &str = "[\"fresh\", \"a\", \"b\"]";

    #[test]
    fn what_was_there_all_the_time_must_be_listed_and_nothing_else() {
        for topics in [ALL, "[\"a\", \"b\", \"fresh\", \"late\"]", "[\"a\", \"b\", \"fresh\", \"gone\", \"__consumer_offsets\"]"] {
            assert_says(&story(&line("\"confluent-kafka\"", "\"2.16.1\"", topics)), YAML, "holds (1)", &["KAFKA_BOOTSTRAP_SERVERS"]);
        }
        for (topics, begins, words) in [
            ("[\"a\", \"b\"]", "not yet: `topics` leaves out 1 topic", "created fresh just before"),
            ("[\"a\", \"fresh\"]", "not yet: `topics` leaves out 1 topic", "- b"),
            ("[\"a\", \"b\", \"fresh\", \"x\"]", "not yet: `topics` names 1 topic that the cluster does not have", "- x"),
            ("{\"a\": 1}", "not yet: `topics` is not a list of names", "list_topics"),
            ("[1]", "not yet: `topics` is not a list of names", "[1]"),
            ("[]", "not yet: `topics` leaves out 3 topics", "fresh"),
        ] {
            assert_says(&story(&line("\"confluent-kafka\"", "\"2.16.1\"", topics)), YAML, begins, &[words]);
        }
    }

    #[test]
    fn the_library_and_its_version() {
        for (client, version, begins) in [
            ("\"\"", "\"2.16.1\"", "not yet: `client` is not the name"),
            ("null", "\"2.16.1\"", "not yet: `client` is not the name"),
            ("\"confluent-kafka\"", "\"latest\"", "not yet: `version` is \"latest\", which is no version"),
            ("\"confluent-kafka\"", "[\"2.16.1\", 34603264]", "not yet: `version` is a list"),
            ("\"confluent-kafka\"", "2.16", "not yet: `version` is not a text"),
            ("\"kafka-python\"", "\"v3.0.12\"", "holds (1)"),
        ] {
            assert_says(&story(&line(client, version, ALL)), YAML, begins, &[]);
        }
    }

    #[test]
    fn what_came_to_the_broker_is_compared() {
        let seen = |client, version: Option<&str>| Seen { came: true, client, version: version.map(str::to_owned) };
        let object = |name: &str, version: &str| Map::from_iter([("client".to_owned(), name.into()), ("version".to_owned(), version.into())]);
        for (name, client_seen, right) in [
            ("confluent_kafka", Client::ConfluentPython, true),
            ("librdkafka", Client::ConfluentPython, true),
            ("kafka-python", Client::ConfluentPython, false),
            ("confluent-kafka", Client::KafkaPython, false),
            ("kafka", Client::KafkaPython, true),
            ("aiokafka", Client::Aiokafka, true),
            ("my-own", Client::Other, true),
        ] {
            assert_eq!(client(&object(name, "1.0"), &seen(client_seen, None)).is_none(), right, "{name}");
        }
        for (said, told, right) in [
            ("2.16.1", Some("2.16.1-rdkafka-2.16.0"), true),
            ("2.16.0", Some("2.16.1-rdkafka-2.16.0"), true),
            ("1.0.0", Some("2.16.1-rdkafka-2.16.0"), false),
            ("1.22.2", Some("v1.22.2"), true),
            ("0.14.0", None, true),
        ] {
            assert_eq!(version(&object("x", said), &seen(Client::Other, told)).is_none(), right, "{said} {told:?}");
        }
    }

    #[test]
    fn without_a_line_or_a_look() {
        assert_says(&Story::new(), YAML, "not shown", &[]);
        assert_says(&story("hello"), YAML, "not yet", &[]);
    }
}
