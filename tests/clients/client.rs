//! The clients, and their programs as processes.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use kgrade::timeline::event::Name;
use kgrade::timeline::wire::Compression;
use kgrade::world::cluster::{CacheDir, Host};
use kgrade::world::program::{
    self, Doors, Launch, Limits, PrepareContext, Prepared, Process, ProgramEvent, Signal, Stdin, Stream, Submission, grader_environment,
};
use kgrade::world::progress::Silent;
use kgrade::world::tap::Seat;
use tokio::sync::OnceCell;

use super::world::{PATIENCE, World, until};

/// How long a program's connections may take to end after it has.
const FAREWELL: Duration = Duration::from_secs(60);

/// A client library and what its program in `fixtures/clients` can do.
pub struct Client {
    pub name: &'static str,
    /// What is needed beside Python.
    tool: Option<&'static str>,
    pub settings: &'static [Setting],
    /// The setting that is not idempotent and asks for an answer.
    pub plain: &'static str,
    pub protocols: &'static [&'static str],
    /// The name that it tells of itself in `ApiVersions`; `None` when it tells none.
    pub software: Option<&'static str>,
    /// What its client ids begin with.
    pub client_id: &'static str,
    prepared: OnceCell<(Prepared, Vec<String>)>,
}

/// A setting of a producer and how it shows on the wire.
pub struct Setting {
    pub name: &'static str,
    pub acks: i16,
    pub idempotent: bool,
    /// The codec of all batches that are compressed.
    pub compression: Compression,
}

const fn set(name: &'static str, acks: i16, idempotent: bool, compression: Compression) -> Setting {
    Setting { name, acks, idempotent, compression }
}

use Compression::{Gzip, Lz4, None as Plain, Snappy, Zstd};

pub static CLIENTS: [Client; 6] = [
    Client {
        name: "confluent-kafka",
        tool: None,
        settings: &[
            set("default", -1, false, Plain),
            set("acks0", 0, false, Plain),
            set("idempotent", -1, true, Plain),
            set("gzip", -1, false, Gzip),
            set("lz4", -1, false, Lz4),
            set("zstd", -1, false, Zstd),
        ],
        plain: "default",
        protocols: &["classic", "cooperative", "consumer"],
        software: Some("confluent-kafka-python"),
        client_id: "a-client",
        prepared: OnceCell::const_new(),
    },
    Client {
        name: "kafka-python",
        tool: None,
        settings: &[
            set("default", -1, true, Plain),
            set("acks0", 0, false, Plain),
            set("idempotent", -1, true, Plain),
            set("plain", -1, false, Plain),
            set("gzip", -1, true, Gzip),
        ],
        plain: "plain",
        protocols: &["classic", "cooperative"],
        software: Some("kafka-python"),
        client_id: "a-client",
        prepared: OnceCell::const_new(),
    },
    Client {
        name: "aiokafka",
        tool: None,
        settings: &[
            set("default", 1, false, Plain),
            set("acks0", 0, false, Plain),
            set("idempotent", -1, true, Plain),
            set("gzip", 1, false, Gzip),
        ],
        plain: "default",
        protocols: &["classic"],
        software: None,
        client_id: "aiokafka-",
        prepared: OnceCell::const_new(),
    },
    Client {
        name: "kafkajs",
        tool: Some("node"),
        settings: &[
            set("default", -1, false, Plain),
            set("acks0", 0, false, Plain),
            set("idempotent", -1, true, Plain),
            set("gzip", -1, false, Gzip),
        ],
        plain: "default",
        protocols: &["classic"],
        software: None,
        client_id: "a-client",
        prepared: OnceCell::const_new(),
    },
    Client {
        name: "franz-go",
        tool: Some("go"),
        settings: &[
            set("default", -1, true, Snappy),
            set("acks0", 0, false, Snappy),
            set("idempotent", -1, true, Snappy),
            set("plain", -1, false, Snappy),
            set("gzip", -1, true, Gzip),
            set("lz4", -1, true, Lz4),
            set("zstd", -1, true, Zstd),
        ],
        plain: "plain",
        protocols: &["classic", "cooperative"],
        software: Some("kgo"),
        client_id: "a-client",
        prepared: OnceCell::const_new(),
    },
    Client {
        name: "java",
        tool: Some("mvn"),
        settings: &[
            set("default", -1, true, Plain),
            set("acks0", 0, false, Plain),
            set("idempotent", -1, true, Plain),
            set("plain", -1, false, Plain),
            set("gzip", -1, true, Gzip),
            set("lz4", -1, true, Lz4),
            set("zstd", -1, true, Zstd),
        ],
        plain: "plain",
        protocols: &["classic", "cooperative", "consumer"],
        software: Some("apache-kafka-java"),
        client_id: "a-client",
        prepared: OnceCell::const_new(),
    },
];

/// How a program comes to the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Direct,
    Tapped,
}

impl Way {
    pub const BOTH: [Self; 2] = [Self::Direct, Self::Tapped];

    /// A name for what belongs to a run on this way.
    pub fn name(self, client: &Client, what: &str) -> String {
        let way = if self == Self::Direct { "direct" } else { "tapped" };
        format!("{}-{what}-{way}", client.name)
    }
}

impl Client {
    /// The tool that it needs and this machine lacks.
    pub fn missing_tool(&self) -> Option<&'static str> {
        self.tool.filter(|tool| Host::from_env().find(tool).is_none())
    }

    async fn prepared(&self, world: &World) -> Result<&(Prepared, Vec<String>)> {
        let make = async || {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/clients").join(self.name);
            let submission = Submission::open(&folder)?;
            let command = submission.command("clients", "client", &[])?;
            let cache = CacheDir::of(&Host::from_env());
            let context = PrepareContext {
                cache: cache.path().to_owned(),
                guard: &world.guard,
                progress: &Silent,
                mark: "clients-test",
                course_requirements: "",
                commands: vec![command.clone()],
                environment: grader_environment(),
                sandbox: None,
            };
            anyhow::Ok((program::prepare(&submission, &context).await?, command))
        };
        self.prepared.get_or_try_init(make).await
    }

    /// Starts its program in a role, as `clients/NAME`.
    pub async fn start(&self, world: &World, way: Way, name: &str, words: &[&str]) -> Result<Running> {
        let seat = if way == Way::Tapped { Some(world.tap.seat(&format!("clients/{name}").into()).await?) } else { None };
        self.start_at(world, seat, name, words).await
    }

    /// The same at a certain seat, or directly.
    pub async fn start_at(&self, world: &World, seat: Option<Seat>, name: &str, words: &[&str]) -> Result<Running> {
        let (prepared, command) = self.prepared(world).await.with_context(|| format!("prepare {}", self.name))?;
        let instance: Name = format!("clients/{name}").into();
        let bootstrap = seat.as_ref().map_or(world.direct(), Seat::bootstrap).to_owned();
        let launch = Launch {
            command: command.iter().cloned().chain(words.iter().map(|word| (*word).to_owned())).collect(),
            env: vec![("KAFKA_BOOTSTRAP_SERVERS".to_owned(), bootstrap)],
            mark: format!("clients-{}", std::process::id()),
            instance: name.to_owned(),
            stdin: Stdin::None,
            limits: Limits::default(),
            doors: Doors::default(),
        };
        let lines = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&lines);
        let process = program::spawn(prepared, launch, &world.guard, move |event| {
            if let ProgramEvent::Line { stream, text } = event {
                heard.lock().unwrap().push((stream, text));
            }
        })
        .await?;
        Ok(Running { process, lines, seat, instance })
    }

    /// Runs its program in a role to the end, which must be a good one, and gives back what it printed.
    pub async fn run(&self, world: &World, way: Way, name: &str, words: &[&str]) -> Result<Vec<String>> {
        Ok(self.start(world, way, name, words).await?.end(&[0]).await?.1)
    }
}

/// A program that runs.
pub struct Running {
    process: Process,
    lines: Arc<Mutex<Vec<(Stream, String)>>>,
    seat: Option<Seat>,
    pub instance: Name,
}

impl Running {
    /// The lines of standard output so far.
    pub fn printed(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        lines.iter().filter(|(stream, _)| *stream == Stream::Stdout).map(|(_, text)| text.clone()).collect()
    }

    /// Waits for what it has printed.
    pub async fn says(&self, what: &str, so: impl Fn(&[String]) -> bool) -> Result<()> {
        until(what, || so(&self.printed()) || self.process.exit().is_some()).await.with_context(|| format!("{:?}", self.lines.lock()))?;
        ensure!(so(&self.printed()), "{} ended, and never: {what}\n{:?}", self.instance, self.lines.lock());
        Ok(())
    }

    pub fn terminate(&self) {
        self.process.signal(Signal::TERM);
    }

    /// Waits for its end, with one of these exit codes, and for that of its connections. Gives back its code and what it printed.
    pub async fn end(self, codes: &[i32]) -> Result<(i32, Vec<String>)> {
        let exit = tokio::time::timeout(PATIENCE, self.process.exited()).await;
        let shown = || format!("{} {exit:?}\n{:#?}", self.instance, self.lines.lock());
        let code = exit.as_ref().ok().and_then(|exit| exit.code).filter(|code| codes.contains(code)).with_context(shown)?;
        if let Some(seat) = &self.seat {
            tokio::time::timeout(FAREWELL, seat.quiet()).await.with_context(|| format!("connections stay open: {}", shown()))?;
        }
        Ok((code, self.printed()))
    }
}
