//! `kgrade tap`: what a client says to a Kafka that is already there, live.

use std::io::{BufWriter, IsTerminal, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Args;
use console::Term;
use tokio::sync::{oneshot, watch};

use super::{Done, Failure, interrupt, output};
use crate::exit;
use crate::report::wire_view::{Wanted, WireView};
use crate::timeline::filter::RequestFilter;
use crate::timeline::wire::Api;
use crate::timeline::{Event, Recorder};
use crate::world::cluster::{self, ClusterError, Runtime};
use crate::world::tap::{Allow, Limits, Tap};

/// Events that wait to be shown. When whoever reads is slower than that, some are left out: the client is never held up.
const WAITING: usize = 20_000;

/// How long the last lines may take to be read.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Watch what a client says to Kafka.
#[derive(Debug, Args)]
pub struct TapArgs {
    /// The Kafka to stand in front of; of a cluster, one or more of its brokers.
    #[arg(long, value_name = "HOST:PORT", value_parser = upstream)]
    upstream: String,
    /// Where clients are to connect to; a free port when left out.
    #[arg(long, value_name = "127.0.0.1:PORT", value_parser = listen)]
    listen: Option<u16>,
    /// Only these requests, by Kafka's names: Produce,Fetch,OffsetCommit,…
    #[arg(long, value_name = "API", value_delimiter = ',', value_parser = api)]
    api: Vec<Api>,
    /// Only requests about this topic.
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    /// Only requests about this consumer group.
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Only clients with this in their client id or the name of their library.
    #[arg(long, value_name = "TEXT")]
    client: Option<String>,
    /// Also heartbeats, fetches that bring nothing, and connections.
    #[arg(long)]
    all: bool,
    /// A line of JSON for each.
    #[arg(long)]
    json: bool,
    /// Another host that the cluster may send clients to; may be repeated.
    #[arg(long = "allow-endpoint", value_name = "HOST")]
    allow_endpoint: Vec<String>,
}

fn upstream(text: &str) -> Result<String, String> {
    match text.parse() {
        Ok(Runtime::External(addresses)) => Ok(addresses),
        Ok(Runtime::Jvm | Runtime::Docker) => Err("name a Kafka that is there as HOST:PORT; `kgrade up` starts one".to_owned()),
        Err(error) => Err(format!("{}; write HOST:PORT[,HOST:PORT…]", error.reason())),
    }
}

fn listen(text: &str) -> Result<u16, String> {
    let port = text.strip_prefix("localhost:").or_else(|| text.strip_prefix(':')).unwrap_or(text).parse::<u16>();
    match (port, text.parse::<SocketAddr>()) {
        (Ok(port), _) => Ok(port),
        (_, Ok(SocketAddr::V4(address))) if address.ip().is_loopback() => Ok(address.port()),
        (_, Ok(_)) => Err("the tap is for this machine only: write 127.0.0.1:PORT".to_owned()),
        _ => Err("write 127.0.0.1:PORT".to_owned()),
    }
}

fn api(text: &str) -> Result<Api, String> {
    let named = text.parse().map(Api).ok().or_else(|| Api::named(text));
    named.ok_or_else(|| {
        "Kafka has no such request; the usual ones are Produce, Fetch, Metadata, OffsetCommit, JoinGroup, Heartbeat".to_owned()
    })
}

/// Stands in front of the cluster until Ctrl-C, or until nobody reads the lines any more.
pub fn tap(args: &TapArgs) -> Done {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.context("start the runtime").map_err(Failure::environment)?;
    let result = runtime.block_on(run(args));
    runtime.shutdown_timeout(Duration::from_millis(500));
    result
}

async fn run(args: &TapArgs) -> Done {
    let version = cluster(&args.upstream).await?;
    let (events, heard) = sync_channel(WAITING);
    let left_out = Arc::new(AtomicU64::new(0));
    let recorder = Recorder::telling(teller(events.clone(), Arc::clone(&left_out)));
    let tap = Tap::rewriting_within(recorder, addresses(args), allow(args), args.listen.unwrap_or(0), limits());
    let seat = tap.seat(&"tap/client".into()).await.map_err(|error| Failure::environment(taken(error, args.listen)))?;

    let view = WireView::new(wanted(args));
    let introduction = introduction(args, version.as_deref(), seat.bootstrap());
    if args.json {
        output::note(&introduction)
    } else {
        output::print(&introduction)
    }
    let (done, over) = oneshot::channel();
    let shower = Shower { view, heard, left_out };
    let shown = std::thread::spawn(move || {
        let view = shower.show();
        let _ = done.send(());
        view
    });
    let (interrupt, interrupted) = watch::channel(false);
    tokio::spawn(interrupt::listen(interrupt));
    tokio::select! {
        () = interrupt::happened(interrupted) => {}
        _ = over => {}
        () = tell_misled(&tap) => {}
    }
    // Dropping the seat tells of the connections that end with it.
    drop(seat);
    finish(shown, events, args).await
}

/// Says once why an answer was kept from a client. The client will go on asking, and may be let in after all when the cluster changes.
async fn tell_misled(tap: &Tap) {
    output::note(&format!("note: {}", tap.misled().await));
    std::future::pending().await
}

/// The version of Kafka there.
async fn cluster(addresses: &str) -> Result<Option<String>, Failure> {
    let asked = addresses.to_owned();
    let reached = tokio::task::spawn_blocking(move || cluster::reach(&asked)).await;
    match reached.map_err(Failure::environment)? {
        Ok(version) => Ok(version),
        // Too old to grade on, but not to look at.
        Err(ClusterError::TooOld { version, .. }) => Ok(Some(version)),
        Err(ClusterError::Unreachable { address, checked, reason }) => {
            let advice = format!("start it, or check the address with `nc -vz {checked}`; `kgrade up` starts a Kafka on localhost:9092");
            Err(Failure::environment(anyhow!("no Kafka answers at {address}: {reason}; {advice}")))
        }
        Err(other) => Err(Failure::environment(other)),
    }
}

fn addresses(args: &TapArgs) -> Vec<String> {
    args.upstream.split(',').map(str::to_owned).collect()
}

fn allow(args: &TapArgs) -> Allow {
    Allow::hosts(args.upstream.split(',').chain(args.allow_endpoint.iter().map(String::as_str)))
}

/// Nothing is kept, so there need be no end to what is looked at.
fn limits() -> Limits {
    Limits { opened: u64::MAX, detailed: u64::MAX, detailed_essential: u64::MAX, ..Limits::default() }
}

fn taken(error: anyhow::Error, port: Option<u16>) -> anyhow::Error {
    let in_use =
        error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>()).any(|cause| cause.kind() == std::io::ErrorKind::AddrInUse);
    match port {
        Some(port) if in_use => {
            anyhow!("port {port} of 127.0.0.1 is taken: choose another with `--listen`, or leave it out for a free one")
        }
        _ => error,
    }
}

fn wanted(args: &TapArgs) -> Wanted {
    Wanted {
        filter: RequestFilter { api: args.api.clone(), topic: args.topic.clone(), group: args.group.clone(), ..RequestFilter::default() },
        client: args.client.clone(),
        // Who asks for heartbeats by name wants to see them.
        all: args.all || !args.api.is_empty(),
        json: args.json,
        width: Term::stdout().size_checked().map(|(_, columns)| usize::from(columns)),
        color: console::colors_enabled(),
    }
}

fn introduction(args: &TapArgs, version: Option<&str>, bootstrap: &str) -> String {
    let kafka = version.map_or_else(|| "Kafka".to_owned(), |version| format!("Apache Kafka {version}"));
    let hidden =
        if args.all || !args.api.is_empty() { "" } else { "heartbeats and fetches that bring nothing are not shown (--all shows them); " };
    format!("{kafka} at {}: start your client with\n\n  KAFKA_BOOTSTRAP_SERVERS={bootstrap}\n\n{hidden}Ctrl-C ends it\n\n", args.upstream)
}

/// Hands events to the thread that shows them; when that cannot keep up, they are counted and left out.
fn teller(events: SyncSender<Heard>, left_out: Arc<AtomicU64>) -> impl Fn(Event) + Send + Sync {
    move |event| {
        if events.try_send(Some(event)).is_err() {
            left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What the thread that shows is told; `None` is the end.
type Heard = Option<Event>;

/// Shows events as they come, in a thread of its own: whoever reads may be slow, like a pager.
struct Shower {
    view: WireView,
    heard: Receiver<Heard>,
    left_out: Arc<AtomicU64>,
}

impl Shower {
    /// Until there are no more, or nobody reads any more: then `None`.
    fn show(mut self) -> Option<WireView> {
        let mut out = BufWriter::new(std::io::stdout());
        if let Some(heading) = self.view.heading() {
            writeln!(out, "{heading}").and_then(|()| out.flush()).ok()?;
        }
        while let Ok(Some(event)) = self.next(&mut out)? {
            for line in self.view.see(event) {
                writeln!(out, "{line}").ok()?;
            }
        }
        self.tell_left_out(&mut out)?;
        out.flush().ok()?;
        Some(self.view)
    }

    /// What comes next. What was written so far is shown before waiting for it.
    fn next(&self, out: &mut impl Write) -> Option<Result<Heard, RecvError>> {
        if let Ok(heard) = self.heard.try_recv() {
            return Some(Ok(heard));
        }
        self.tell_left_out(out)?;
        out.flush().ok()?;
        Some(self.heard.recv())
    }

    fn tell_left_out(&self, out: &mut impl Write) -> Option<()> {
        match self.left_out.swap(0, Ordering::Relaxed) {
            0 => Some(()),
            count => writeln!(out, "… {count} requests and answers are not shown: they came quicker than they were read").ok(),
        }
    }
}

/// Lets the thread show what it has heard, and sums up. `None` of a view: nobody reads any more.
async fn finish(shown: JoinHandle<Option<WireView>>, events: SyncSender<Heard>, args: &TapArgs) -> Done {
    let joined = tokio::task::spawn_blocking(move || {
        let _ = events.send(None);
        shown.join()
    });
    // A reader that does not read must not keep the command from ending.
    if let Ok(Ok(Ok(Some(view)))) = tokio::time::timeout(LAST_LINES, joined).await
        && !args.json
    {
        // In a terminal, `^C` stands at the beginning of the line.
        let gap = if std::io::stdout().is_terminal() { "\n" } else { "" };
        output::print(&format!("{gap}{}", view.summary()));
    }
    Ok(exit::ALL_PASSED)
}
