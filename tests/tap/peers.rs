//! A client and a broker that can do what real ones do not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use kgrade::timeline::event::{Event, Name, What};
use kgrade::timeline::wire::Api;
use kgrade::timeline::{Recorder, Timeline};
use kgrade::world::tap::{Limits, Node, Seat, Tap};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What hangs is a failure.
const PATIENCE: Duration = Duration::from_secs(20);

pub const HEARTBEAT: Api = Api(12);
pub const PRODUCE: Api = Api::PRODUCE;
pub const SASL_HANDSHAKE: Api = Api(17);

/// A tap with one seat in front of one broker.
pub struct Stage {
    pub recorder: Recorder,
    pub tap: Tap,
    pub seat: Seat,
    pub broker: Broker,
}

pub const INSTANCE: &str = "check/first";

impl Stage {
    pub async fn new() -> Self {
        Self::within(Limits::default()).await
    }

    pub async fn within(limits: Limits) -> Self {
        Self::before(Broker::new(answer).await, limits).await
    }

    pub async fn before(broker: Broker, limits: Limits) -> Self {
        let recorder = Recorder::default();
        let tap = Tap::advertised_within(recorder.clone(), 1, 1, limits).unwrap();
        tap.attach(vec![vec![broker.node()]]);
        let seat = tap.seat(&Name::from(INSTANCE)).await.unwrap();
        Self { recorder, tap, seat, broker }
    }

    pub async fn client(&self) -> Client {
        Client { stream: TcpStream::connect(self.seat.bootstrap()).await.unwrap() }
    }

    /// Waits until the timeline has an event.
    pub async fn until(&self, is: impl Fn(&What) -> bool) -> Event {
        let found = self.recorder.until(|timeline| timeline.events().iter().find(|event| is(&event.what)).cloned());
        patiently(found).await
    }

    /// How many such events there are.
    pub fn count(&self, is: impl Fn(&What) -> bool) -> usize {
        self.recorder.timeline().events().iter().filter(|event| is(&event.what)).count()
    }

    pub fn read<T>(&self, read: impl FnOnce(&Timeline) -> T) -> T {
        read(&self.recorder.timeline())
    }
}

/// Fails when it takes too long.
pub async fn patiently<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("nothing came")
}

/// Polls a condition that no event tells of.
pub async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let poll = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, poll).await.unwrap_or_else(|_| panic!("it never came to be: {what}"));
}

/// A client that sends whatever it is told to.
pub struct Client {
    pub stream: TcpStream,
}

impl Client {
    pub async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// A `Heartbeat` with this correlation id.
    pub async fn beat(&mut self, correlation: i32) {
        self.send(&heartbeat(correlation)).await;
    }

    /// The next frame, without its length; `None` when the connection is closed.
    pub async fn next(&mut self) -> Option<Bytes> {
        patiently(frame(&mut self.stream)).await
    }

    /// The correlation id of the next answer.
    pub async fn answered(&mut self) -> Option<i32> {
        self.next().await.map(|frame| correlation(&frame))
    }

    /// Sends a heartbeat and sees it answered.
    pub async fn is_served(&mut self, id: i32) -> bool {
        self.beat(id).await;
        self.answered().await == Some(id)
    }

    /// Whether the tap closes the connection, whatever comes before.
    pub async fn is_closed(&mut self) -> bool {
        let mut rest = [0; 4096];
        patiently(async { while self.stream.read(&mut rest).await.is_ok_and(|bytes| bytes > 0) {} }).await;
        true
    }
}

/// Everything that came to a broker.
pub type Came = Arc<Mutex<Vec<Bytes>>>;

/// A broker that answers each frame with what `script` says.
pub struct Broker {
    address: String,
    pub came: Came,
}

impl Broker {
    pub async fn new(script: impl Fn(&Bytes) -> Option<Bytes> + Send + Sync + 'static) -> Self {
        let came = Came::default();
        let (seen, script) = (Arc::clone(&came), Arc::new(script));
        Self::serving(came, move |mut stream| {
            let (seen, script) = (Arc::clone(&seen), Arc::clone(&script));
            async move {
                while let Some(frame) = frame(&mut stream).await {
                    let answer = script(&frame);
                    seen.lock().unwrap().push(frame);
                    if let Some(answer) = answer
                        && stream.write_all(&framed(&answer)).await.is_err()
                    {
                        return;
                    }
                }
            }
        })
        .await
    }

    /// A broker that does something else with each connection.
    pub async fn serving<F: Future<Output = ()> + Send + 'static>(came: Came, serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
        Self { address, came }
    }

    pub fn node(&self) -> Node {
        Node { id: 1, address: self.address.clone() }
    }

    /// The correlation ids that came, in order.
    pub fn correlations(&self) -> Vec<i32> {
        self.came.lock().unwrap().iter().map(|frame| i32::from_be_bytes(frame[4..8].try_into().unwrap())).collect()
    }
}

/// What a broker answers that has no errors: nothing to `acks=0`, an error code 0 to a heartbeat, only the header to what it does not know.
pub fn answer(frame: &Bytes) -> Option<Bytes> {
    let api = Api(i16::from_be_bytes(frame[..2].try_into().unwrap()));
    let mut answer = BytesMut::from(&frame[4..8]);
    match api {
        PRODUCE if kgrade::world::tap::read::acks(frame) == Some(0) => return None,
        // Version 3: no topics, no throttling.
        PRODUCE => answer.put_slice(&[0; 8]),
        HEARTBEAT => answer.put_i16(0),
        _ => {}
    }
    Some(answer.freeze())
}

pub async fn frame(stream: &mut TcpStream) -> Option<Bytes> {
    let length = stream.read_i32().await.ok()?;
    let mut frame = vec![0; usize::try_from(length).ok()?];
    stream.read_exact(&mut frame).await.ok()?;
    Some(frame.into())
}

pub fn framed(frame: &[u8]) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_u32(u32::try_from(frame.len()).unwrap());
    bytes.put_slice(frame);
    bytes.freeze()
}

pub fn correlation(answer: &Bytes) -> i32 {
    i32::from_be_bytes(answer[..4].try_into().unwrap())
}

/// A request with its length: header version 1 and this body.
pub fn request(api: Api, version: i16, correlation: i32, body: &[u8]) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_i16(api.0);
    bytes.put_i16(version);
    bytes.put_i32(correlation);
    string(&mut bytes, "tester");
    bytes.put_slice(body);
    framed(&bytes)
}

/// `Heartbeat` version 0 for member `m` of group `g`.
pub fn heartbeat(correlation: i32) -> Bytes {
    let mut body = BytesMut::new();
    string(&mut body, "g");
    body.put_i32(1);
    string(&mut body, "m");
    request(HEARTBEAT, 0, correlation, &body)
}

/// `Produce` version 3 with so many bytes that are no record batch.
pub fn produce(correlation: i32, acks: i16, bytes: usize) -> Bytes {
    let mut body = BytesMut::new();
    body.put_i16(-1);
    body.put_i16(acks);
    body.put_i32(1000);
    body.put_i32(1);
    string(&mut body, "t");
    body.put_i32(1);
    body.put_i32(0);
    body.put_i32(i32::try_from(bytes).unwrap());
    body.put_bytes(7, bytes);
    request(PRODUCE, 3, correlation, &body)
}

fn string(bytes: &mut BytesMut, text: &str) {
    bytes.put_i16(i16::try_from(text.len()).unwrap());
    bytes.put_slice(text.as_bytes());
}
