//! What crosses the wire as it happens: one line for each request with its answer. Pure, and bounded in memory however long it goes on.

use std::collections::{BTreeMap, HashMap};

use console::{Color, measure_text_width, pad_str, truncate_str};
use serde_json::{Value, json};

use super::wire_line;
use crate::outcome::sanitize;
use crate::timeline::event::{Event, Name, What};
use crate::timeline::filter::RequestFilter;
use crate::timeline::wire::{Api, Foreign, Request, Response, Side, Unread};

/// Requests that wait for their answer, of all connections together. Beyond that, answers come without their requests.
const OPEN: usize = 20_000;
/// Connections that are known by their client.
const CONNECTIONS: usize = 10_000;
/// Columns of a client's name.
const CLIENT: usize = 16;
/// Below this many columns there is no room for it.
const NARROW: usize = 110;
/// Kafka's `MEMBER_ID_REQUIRED`: the coordinator's usual answer to who joins for the first time (KIP-394).
const MEMBER_ID_REQUIRED: i16 = 79;
/// Columns of an API's name with its version.
const API: usize = 22;
/// Columns that are left for what was asked in any case.
const LEAST: usize = 12;
/// A line is cut to this when it goes to no terminal.
const LONGEST: usize = 4_000;

/// What to show, and how.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Only these requests.
    pub filter: RequestFilter,
    /// Only clients whose client id or library holds this.
    pub client: Option<String>,
    /// Also heartbeats, fetches that bring nothing, and connections.
    pub all: bool,
    /// Lines of JSON.
    pub json: bool,
    /// Columns of the terminal, when it is one.
    pub width: Option<usize>,
    /// Whether to colour.
    pub color: bool,
}

/// Looks at events and makes lines of them.
#[derive(Debug)]
pub struct WireView {
    wanted: Wanted,
    connections: BTreeMap<u64, Connection>,
    open: HashMap<(u64, i32), Open>,
    tally: BTreeMap<Api, Tally>,
    foreign: u64,
}

#[derive(Debug, Default)]
struct Connection {
    client: Option<Name>,
    software: Option<Name>,
    node: i32,
}

#[derive(Debug)]
struct Open {
    at: u64,
    api: Api,
    version: i16,
    request: Request,
}

#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    requests: u64,
    errors: u64,
    unread: u64,
}

impl WireView {
    /// A view of what is wanted.
    #[must_use]
    pub fn new(wanted: Wanted) -> Self {
        Self { wanted, connections: BTreeMap::new(), open: HashMap::new(), tally: BTreeMap::new(), foreign: 0 }
    }

    /// The line above all others. None for JSON.
    #[must_use]
    pub fn heading(&self) -> Option<String> {
        (!self.wanted.json).then(|| self.cut(&format!("{}what → answer", self.columns("seconds", "conn", "client", "request"))))
    }

    /// What there is to show now, lines without their ends.
    pub fn see(&mut self, event: Event) -> Vec<String> {
        let at = event.at;
        match event.what {
            What::Connected { connection, node, .. } => {
                if self.connections.len() < CONNECTIONS {
                    self.connections.insert(connection, Connection { node, ..Connection::default() });
                }
                self.aside(at, connection, &opened(node), json!({ "connected": { "node": node } }))
            }
            What::Disconnected { connection, by, reason } => self.disconnected(at, connection, by, reason.as_deref()),
            What::NotKafka { connection, speaks } => {
                self.foreign += 1;
                self.always(at, connection, foreign(speaks), json!({ "not_kafka": speaks }))
            }
            What::Requested { connection, correlation, api, version, client, request, .. } => {
                self.requested(connection, client, &request);
                self.tally(api).requests += 1;
                let open = Open { at, api, version, request };
                if is_acks_0(&open.request) {
                    return self.exchange(connection, &open, None, "no answer with acks=0");
                }
                if self.open.len() < OPEN {
                    self.open.insert((connection, correlation), open);
                }
                Vec::new()
            }
            What::Responded { connection, correlation, response, .. } => {
                let Some(open) = self.open.remove(&(connection, correlation)) else { return Vec::new() };
                if is_bad(&response) {
                    self.tally(open.api).errors += 1;
                }
                self.exchange(connection, &open, Some((at, &response)), "")
            }
            What::Unread { connection, from, api, version, bytes, reason } => {
                self.unread(at, connection, from, (api, version), bytes, reason)
            }
            _ => Vec::new(),
        }
    }

    /// How many requests there were, by API: the last words.
    #[must_use]
    pub fn summary(&self) -> String {
        let total: u64 = self.tally.values().map(|tally| tally.requests).sum();
        if total == 0 {
            return match self.foreign {
                0 => "no client came: did it get the address above as its bootstrap servers?\n".to_owned(),
                _ => "no client spoke Kafka's plain protocol\n".to_owned(),
            };
        }
        let mut text = format!("{total} request{}\n", if total == 1 { "" } else { "s" });
        let mut rows: Vec<_> = self.tally.iter().filter(|(_, tally)| tally.requests + tally.unread > 0).collect();
        rows.sort_by_key(|(api, tally)| (u64::MAX - tally.requests, **api));
        for (api, tally) in rows {
            text += &format!("  {:>8} {api}", tally.requests);
            if tally.errors > 0 {
                text += &format!(", {} with an error", tally.errors);
            }
            if tally.unread > 0 {
                text += &format!(", {} not read", tally.unread);
            }
            text.push('\n');
        }
        text
    }

    fn requested(&mut self, connection: u64, client: Option<Name>, request: &Request) {
        let Some(known) = self.connections.get_mut(&connection) else { return };
        if let Some(client) = client {
            known.client = Some(client);
        }
        if let Request::ApiVersions { software: Some(software), .. } = request {
            known.software = Some(software.clone());
        }
    }

    fn disconnected(&mut self, at: u64, connection: u64, by: Side, reason: Option<&str>) -> Vec<String> {
        let mut keys: Vec<_> = self.open.keys().filter(|(of, _)| *of == connection).copied().collect();
        keys.sort_unstable();
        let left = keys.iter().filter_map(|key| self.open.remove(key));
        // Who ends while a fetch waits for something new missed nothing.
        let is_usual = |open: &Open| by == Side::Client && open.api == Api::FETCH && !self.wanted.all;
        let left: Vec<_> = left.collect::<Vec<_>>().into_iter().filter(|open| !is_usual(open)).collect();
        let mut lines: Vec<_> = left.iter().flat_map(|open| self.exchange(connection, open, None, "no answer before the end")).collect();
        let who = match by {
            Side::Client => "the client",
            Side::Broker => "the broker",
            Side::Tap => "the tap",
        };
        let text = format!("closed by {who}{}", reason.map(|reason| format!(": {reason}")).unwrap_or_default());
        let value = json!({ "disconnected": { "by": by, "reason": reason } });
        // When the tap itself closes a connection, the person should know why.
        lines.extend(if reason.is_some() { self.always(at, connection, &text, value) } else { self.aside(at, connection, &text, value) });
        self.connections.remove(&connection);
        lines
    }

    fn unread(&mut self, at: u64, connection: u64, from: Side, (api, version): (Api, i16), bytes: u64, reason: Unread) -> Vec<String> {
        self.tally(api).unread += 1;
        if !self.is_of_client(connection) || self.wanted.filter.needs_contents() || !self.is_api(api) {
            return Vec::new();
        }
        let what = if from == Side::Client { "request" } else { "answer" };
        let text = format!("{what} of {bytes} bytes passed on without being read: {}", wire_line::unread(reason));
        if self.wanted.json {
            let value = json!({ "unread": { "from": from, "api": api, "version": version, "bytes": bytes, "reason": reason } });
            return self.json(at, connection, value);
        }
        vec![self.line(at, connection, &format!("{api} v{version}"), ("", &text), false)]
    }

    fn exchange(&self, connection: u64, open: &Open, answer: Option<(u64, &Response)>, otherwise: &str) -> Vec<String> {
        let response = answer.map(|(_, response)| response);
        let is_wanted = self.is_of_client(connection) && self.wanted.filter.matches(open.api, &open.request);
        if !is_wanted || !self.wanted.all && wire_line::is_idle(open.api, response) {
            return Vec::new();
        }
        let took = answer.map(|(at, _)| at.saturating_sub(open.at));
        if self.wanted.json {
            let value = json!({
                "api": open.api,
                "version": open.version,
                "request": open.request,
                "answer": response,
                "ms": took.map(millis),
            });
            return self.json(open.at, connection, value);
        }
        let answered = response.map_or_else(|| otherwise.to_owned(), wire_line::response);
        let asked = wire_line::request(&open.request);
        let took = took.map(|took| format!(" ({:.1} ms)", millis(took))).unwrap_or_default();
        let is_bad = response.map_or(!is_acks_0(&open.request), is_bad);
        let said = format!("→ {answered}{took}");
        vec![self.line(open.at, connection, &format!("{} v{}", open.api, open.version), (&asked, &said), is_bad)]
    }

    /// A line about a connection that only who wants all wants.
    fn aside(&self, at: u64, connection: u64, text: &str, value: Value) -> Vec<String> {
        if self.wanted.all && self.is_of_client(connection) { self.always(at, connection, text, value) } else { Vec::new() }
    }

    fn always(&self, at: u64, connection: u64, text: &str, value: Value) -> Vec<String> {
        if self.wanted.json { self.json(at, connection, value) } else { vec![self.line(at, connection, "", ("", text), false)] }
    }

    fn json(&self, at: u64, connection: u64, what: Value) -> Vec<String> {
        let known = self.connections.get(&connection);
        let mut value = json!({
            "at_ms": millis(at),
            "connection": connection,
            "node": known.map(|known| known.node),
            "client": known.and_then(|known| known.client.clone()),
            "software": known.and_then(|known| known.software.clone()),
        });
        if let (Value::Object(value), Value::Object(what)) = (&mut value, what) {
            value.extend(what);
        }
        vec![value.to_string()]
    }

    /// A line: what was `asked` gives way to what was `said` when both do not fit.
    fn line(&self, at: u64, connection: u64, api: &str, (asked, said): (&str, &str), is_bad: bool) -> String {
        let known = self.connections.get(&connection);
        let client = known.and_then(|known| known.client.as_deref().filter(|client| !client.is_empty()).or(known.software.as_deref()));
        let front = self.columns(&format!("{:.3}", millis(at) / 1000.0), &format!("#{connection}"), client.unwrap_or("?"), api);
        let [asked, said] = [asked, said].map(|text| sanitize::one_line(&sanitize::terminal(text)));
        let room = self.width().saturating_sub(measure_text_width(&front) + measure_text_width(&said) + 1).max(LEAST);
        let asked = truncate_str(&asked, room, "…");
        let space = if asked.is_empty() || said.is_empty() { "" } else { " " };
        let line = self.cut(&format!("{front}{asked}{space}{said}"));
        if is_bad && self.wanted.color { console::style(line).fg(Color::Red).force_styling(true).to_string() } else { line }
    }

    fn width(&self) -> usize {
        self.wanted.width.unwrap_or(LONGEST)
    }

    /// What stands before what was asked.
    fn columns(&self, time: &str, connection: &str, client: &str, api: &str) -> String {
        let fitted = |text: &str, width: usize| {
            let text = truncate_str(text, width, "…").into_owned();
            pad_str(&text, width, console::Alignment::Left, None).into_owned()
        };
        let client = fitted(&sanitize::one_line(&sanitize::terminal(client)), CLIENT);
        let client = if self.width() < NARROW { String::new() } else { format!("{client} ") };
        let api = if measure_text_width(api) > API { api.to_owned() } else { fitted(api, API) };
        format!("{time:>9} {connection:>5} {client}{api} ")
    }

    fn cut(&self, line: &str) -> String {
        truncate_str(line.trim_end(), self.width(), "…").into_owned()
    }

    fn is_of_client(&self, connection: u64) -> bool {
        let Some(wanted) = &self.wanted.client else { return true };
        let wanted = wanted.to_lowercase();
        let known = self.connections.get(&connection);
        known.is_some_and(|known| [&known.client, &known.software].into_iter().flatten().any(|name| name.to_lowercase().contains(&wanted)))
    }

    fn is_api(&self, api: Api) -> bool {
        self.wanted.filter.api.is_empty() || self.wanted.filter.api.contains(&api)
    }

    fn tally(&mut self, api: Api) -> &mut Tally {
        self.tally.entry(api).or_default()
    }
}

fn is_acks_0(request: &Request) -> bool {
    matches!(request, Request::Produce { acks: 0, .. })
}

fn is_bad(response: &Response) -> bool {
    response.error().is_some_and(|code| code != MEMBER_ID_REQUIRED)
}

fn opened(node: i32) -> String {
    if node < 0 { "connected to the bootstrap server".to_owned() } else { format!("connected to broker {node}") }
}

fn foreign(speaks: Foreign) -> &'static str {
    match speaks {
        Foreign::Tls => "speaks TLS on a port without: set security.protocol=PLAINTEXT in the client (or SASL_PLAINTEXT)",
        Foreign::Http => "speaks HTTP: this is no web server, but a port for Kafka clients",
        Foreign::Unknown => "does not speak Kafka's protocol",
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds for people")]
fn millis(nanos: u64) -> f64 {
    (nanos / 1000) as f64 / 1000.0
}

#[cfg(test)]
mod tests;
