//! The sink: the grader's HTTP service that stands for the learner's work.
//!
//! A program POSTs each event's JSON to its `SINK_URL`; a 2xx answer means processed. Every instance has a path of its own
//! (`/deliver/<check>/<instance>`), so the sink knows who delivered. What arrives and how it is answered goes on the timeline;
//! an answer is recorded before its first byte leaves, so nothing that the answer causes can be recorded earlier.

mod rules;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::routing::any;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};

pub use self::rules::CheckSink;
use self::rules::{Rules, Step};
use crate::timeline::{Payload, Recorder, What};

/// What a request to another path is answered.
const NOT_HERE: &str = "POST each event to the address in SINK_URL\n";

/// The largest body that is read, in bytes.
const LARGEST_BODY: usize = 1024 * 1024;

/// A running sink. Stops when dropped.
#[derive(Debug)]
pub struct Sink {
    address: SocketAddr,
    state: Arc<SinkState>,
    server: JoinHandle<()>,
}

/// A further socket on which the sink is reached, until this is dropped.
#[derive(Debug)]
pub struct Served {
    task: AbortHandle,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Debug)]
struct SinkState {
    recorder: Recorder,
    rules: Rules,
    next: AtomicU64,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Sink {
    /// Starts the sink on a free port of the loopback interface.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(recorder: Recorder) -> Result<Self> {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("bind the sink to a port of 127.0.0.1")?;
        let address = listener.local_addr().context("read the sink's address")?;
        let state = Arc::new(SinkState { recorder, rules: Rules::default(), next: AtomicU64::new(1) });
        let server = tokio::spawn(serve(listener, Arc::clone(&state), None));
        Ok(Self { address, state, server })
    }

    /// The port on which it is reached.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Takes requests from a further socket too: the one on which an instance in a sandbox reaches the sink. Whatever comes from there is that
    /// instance's; a path of another one is not found. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the socket cannot be used.
    pub fn serve(&self, listener: std::net::TcpListener, check: &str, instance: &str) -> io::Result<Served> {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let only = Some((check.to_owned(), instance.to_owned()));
        Ok(Served { task: tokio::spawn(serve(listener, Arc::clone(&self.state), only)).abort_handle() })
    }

    /// What an instance gets as `SINK_URL`.
    #[must_use]
    pub fn url(&self, check: &str, instance: &str) -> String {
        format!("http://{}/deliver/{}/{}", self.address, escape(check), escape(instance))
    }

    /// The sink as one check steers it.
    #[must_use]
    pub fn of_check(&self, check: &str) -> CheckSink {
        self.state.rules.of_check(check)
    }
}

/// Answers requests on a socket, for ever; with `only`, those of one instance of a check.
async fn serve(listener: tokio::net::TcpListener, state: Arc<SinkState>, only: Option<(String, String)>) {
    let router = Router::new()
        .route("/deliver/{check}/{instance}", any(deliver))
        .fallback(|| async { (StatusCode::NOT_FOUND, NOT_HERE) })
        .with_state(Way { state, only: only.map(Arc::new) });
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the sink ended");
    }
}

/// A way to the sink.
#[derive(Debug, Clone)]
struct Way {
    state: Arc<SinkState>,
    only: Option<Arc<(String, String)>>,
}

/// Percent-encodes a path segment.
fn escape(segment: &str) -> String {
    let mut escaped = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// One request. When the client goes away, the server drops this future: the guard then records that nobody got the answer.
async fn deliver(
    State(Way { state, only }): State<Way>,
    Path((check, instance)): Path<(String, String)>,
    request: Request,
) -> (StatusCode, &'static str) {
    if only.is_some_and(|only| only.0 != check || only.1 != instance) {
        return (StatusCode::NOT_FOUND, NOT_HERE);
    }
    if request.method() != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, "POST each event to this address\n");
    }
    let Some(body) = read_body(request.into_body()).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "an event is at most 1 MiB\n");
    };
    let event = event_id(&body);
    let id = state.next.fetch_add(1, Ordering::Relaxed);
    let (nth, step) = state.rules.next(&check, event.as_deref());
    state.recorder.append(What::DeliveryBegun {
        delivery: id,
        instance: format!("{check}/{instance}").into(),
        nth,
        event: event.as_deref().map(Into::into),
        body: Payload::new(&body),
    });
    let mut watcher = Watcher { recorder: &state.recorder, delivery: id, open: true };
    let status = match step {
        Step::Answer(status, delay) => {
            tokio::time::sleep(delay).await;
            status
        }
        Step::Hold(release) => {
            state.recorder.append(What::DeliveryHeld { delivery: id });
            released(release).await
        }
    };
    watcher.open = false;
    state.recorder.append(What::DeliveryAnswered { delivery: id, status });
    (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), "")
}

async fn read_body(body: Body) -> Option<Bytes> {
    to_bytes(body, LARGEST_BODY).await.ok()
}

/// The `event_id` in the body, where there is one.
fn event_id(body: &[u8]) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    json.get("event_id")?.as_str().map(str::to_owned)
}

/// Waits for the status with which a held delivery is answered.
async fn released(mut release: watch::Receiver<Option<u16>>) -> u16 {
    loop {
        if let Some(status) = *release.borrow_and_update() {
            return status;
        }
        if release.changed().await.is_err() {
            // The check is over: whoever still waits is about to be killed.
            return 503;
        }
    }
}

struct Watcher<'a> {
    recorder: &'a Recorder,
    delivery: u64,
    open: bool,
}

impl Drop for Watcher<'_> {
    fn drop(&mut self) {
        if self.open {
            self.recorder.append(What::DeliveryAbandoned { delivery: self.delivery });
        }
    }
}
