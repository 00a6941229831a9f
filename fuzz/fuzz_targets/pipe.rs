//! A connection through the whole tap: what both sides say, cut into pieces anywhere.
//!
//! Input: a byte for the tap (as it is, with faults, rewriting), a byte for the size of the pieces, two bytes for how much the client says,
//! then what the client says and what the broker says.
//!
//! Whatever is said, both ends must come to an end, and without faults and rewriting each gets a beginning of what the other said.

#![no_main]

use std::cell::RefCell;
use std::time::Duration;

use kgrade::timeline::Recorder;
use kgrade::timeline::filter::RequestFilter;
use kgrade::timeline::wire::Api;
use kgrade::world::tap::fault::{Fault, Rule, Which};
use kgrade::world::tap::{Allow, Limits, Node, Seat, Tap};
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// Far longer than an exchange takes: to come here is to hang.
const PATIENCE: Duration = Duration::from_secs(20);

struct World {
    runtime: Runtime,
    broker: TcpListener,
    /// As it is, with faults, rewriting.
    taps: Vec<(Tap, Seat)>,
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::new(World::new());
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (broker, taps) = runtime.block_on(async {
            let broker = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = broker.local_addr().unwrap().to_string();
            let recorder = Recorder::telling(|event| drop(serde_json::to_string(&event).unwrap()));
            let mut taps = Vec::new();
            for faulty in [false, true] {
                let limits = Limits {
                    frame: 32 << 10,
                    kept: 64 << 10,
                    pending: 8,
                    connections: usize::MAX,
                    opened: u64::MAX,
                    linger: Duration::from_millis(5),
                    ..Limits::default()
                };
                let tap = Tap::advertised_within(recorder.clone(), 1, 1, limits).unwrap();
                tap.attach(vec![vec![Node { id: 1, address: address.clone() }]]);
                if faulty {
                    arm(&tap);
                }
                let seat = tap.seat(&"check/program".into()).await.unwrap();
                taps.push((tap, seat));
            }
            let tap = Tap::rewriting(recorder, vec![address], Allow::default());
            let seat = tap.seat(&"check/program".into()).await.unwrap();
            taps.push((tap, seat));
            (broker, taps)
        });
        Self { runtime, broker, taps }
    }

    fn exchange(&self, mode: u8, size: usize, asked: &[u8], told: &[u8]) {
        let (_, seat) = &self.taps[usize::from(mode) % self.taps.len()];
        self.runtime.block_on(async {
            let ends = async {
                let client = TcpStream::connect(seat.bootstrap()).await.unwrap();
                let client = end(client, asked, size, false);
                let broker = async {
                    let (broker, _) = self.broker.accept().await.unwrap();
                    end(broker, told, size, true).await
                };
                let ends = tokio::join!(client, broker);
                seat.quiet().await;
                ends
            };
            let (answered, arrived) = tokio::time::timeout(PATIENCE, ends).await.expect("both ends come to an end");
            if usize::from(mode) % self.taps.len() == 0 {
                assert!(asked.starts_with(&arrived), "the broker got what the client did not say");
                assert!(told.starts_with(&answered), "the client got what the broker did not say");
            }
        });
    }
}

/// Faults of every kind that takes no time, each for APIs of its own.
fn arm(tap: &Tap) {
    let faults = [
        (Fault::Answer { error: 7 }, vec![Api::PRODUCE, Api::OFFSET_COMMIT, Api::JOIN_GROUP, Api(12), Api(14), Api(22)]),
        (Fault::Replace { error: 16 }, vec![Api::METADATA, Api::FETCH, Api(2), Api(9), Api(10), Api::END_TXN, Api(24), Api(68)]),
        (Fault::DropRequest, vec![Api::LEAVE_GROUP]),
        (Fault::DropResponse, vec![Api(19)]),
    ];
    for (number, (fault, api)) in faults.into_iter().enumerate() {
        tap.faults().arm(Rule {
            check: "check".into(),
            name: format!("fault {number}").into(),
            instances: Which::All,
            filter: RequestFilter { api, ..RequestFilter::default() },
            nth: 1,
            count: None,
            lasts: None,
            predicate: None,
            fault,
        });
    }
}

/// Says everything in pieces and hears everything. The one that answers says a piece for each that it hears, and the rest at the end.
async fn end(mut stream: TcpStream, words: &[u8], size: usize, answers: bool) -> Vec<u8> {
    stream.set_nodelay(true).unwrap();
    let (mut from, mut to) = stream.split();
    let mut heard = Vec::new();
    let mut pieces = words.chunks(size);
    if answers {
        while from.read_buf(&mut heard).await.is_ok_and(|bytes| bytes > 0) {
            if let Some(piece) = pieces.next()
                && to.write_all(piece).await.is_err()
            {
                return heard;
            }
        }
    }
    for piece in pieces {
        if to.write_all(piece).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let _ = to.shutdown().await;
    let _ = from.read_to_end(&mut heard).await;
    heard
}

fuzz_target!(|input: &[u8]| {
    let [mode, size, high, low, words @ ..] = input else { return };
    let middle = usize::from(u16::from_be_bytes([*high, *low])).min(words.len());
    let (asked, told) = words.split_at(middle);
    WORLD.with_borrow(|world| world.exchange(*mode, usize::from(*size) * 4 + 1, asked, told));
});
