//! The table against `kafka-protocol`: frames are made by the table and read by the crate, and the other way round.

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestKind, ResponseKind};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::parse::parse;
use super::{Field, Flaw, MOST, Message, Shape, request, response};

/// A frame made by the table, and where its lengths and counts are.
struct Made {
    frame: Vec<u8>,
    /// Where a length stands and how many bytes it takes there; 0 for a compact one.
    lengths: Vec<(usize, usize)>,
    version: i16,
    flexible: bool,
    random: ChaCha8Rng,
    most: usize,
}

impl Made {
    /// `most` elements in each array at most.
    fn new(message: &Message, version: i16, seed: u64, most: usize) -> Self {
        let random = ChaCha8Rng::seed_from_u64(seed);
        let mut made = Self { frame: Vec::new(), lengths: Vec::new(), version, flexible: message.is_flexible(version), random, most };
        made.fields(&message.fields);
        made
    }

    fn fields(&mut self, fields: &[Field]) {
        let version = self.version;
        let (tagged, plain): (Vec<&Field>, Vec<&Field>) = fields
            .iter()
            .filter(|field| (field.versions.min..=field.versions.max).contains(&version))
            .partition(|field| field.tag.is_some());
        plain.iter().for_each(|field| self.shape(&field.shape));
        if !self.flexible {
            assert!(tagged.is_empty(), "a tagged field in a version that has none");
            return;
        }
        let known = if self.most == 0 { 0 } else { tagged.len() };
        let unknown = usize::from(self.most > 0 && self.random.random_ratio(1, 4));
        self.uvarint(known + unknown);
        for field in &tagged[..known] {
            self.uvarint(field.tag.unwrap() as usize);
            let outside = std::mem::take(&mut self.frame);
            let before = std::mem::take(&mut self.lengths);
            self.shape(&field.shape);
            let value = std::mem::replace(&mut self.frame, outside);
            let within = std::mem::replace(&mut self.lengths, before);
            self.lengths.push((self.frame.len(), 0));
            self.uvarint(value.len());
            self.lengths.extend(within.into_iter().map(|(at, width)| (self.frame.len() + at, width)));
            self.frame.extend(value);
        }
        if unknown > 0 {
            self.uvarint(1000);
            self.lengths.push((self.frame.len(), 0));
            self.uvarint(3);
            self.frame.extend(*b"new");
        }
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            // 0 and 1 only: booleans and enumerations stay what they are when they are written again.
            Shape::Fixed(len) => {
                self.frame.extend(vec![0; len - 1]);
                let last = self.random.random_range(0..2);
                self.frame.push(last);
            }
            Shape::Text | Shape::Bytes => {
                let len = self.random.random_range(0..=self.most);
                self.length(if matches!(shape, Shape::Text) { 2 } else { 4 }, len);
                self.frame.extend(vec![b'a'; len]);
            }
            Shape::Array(element) => {
                let count = self.random.random_range(0..=self.most);
                self.length(4, count);
                (0..count).for_each(|_| self.shape(element));
            }
            Shape::Struct(fields) => self.fields(fields),
            Shape::Maybe(fields) => {
                if self.most > 0 && self.random.random_ratio(2, 3) {
                    self.frame.push(1);
                    self.fields(fields);
                } else {
                    self.frame.push(0xff);
                }
            }
        }
    }

    fn length(&mut self, width: usize, len: usize) {
        if self.flexible {
            self.lengths.push((self.frame.len(), 0));
            self.uvarint(len + 1);
        } else {
            self.lengths.push((self.frame.len(), width));
            self.frame.extend(&u32::try_from(len).unwrap().to_be_bytes()[4 - width..]);
        }
    }

    fn uvarint(&mut self, value: usize) {
        let mut value = value;
        while value >= 0x80 {
            self.frame.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.frame.push(value as u8);
    }

    /// The frame with one length or count in it as large as can be written, and as it would be one or many more than there is room for.
    fn inflated(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.lengths.iter().flat_map(|(at, width)| {
            let (before, after) = (&self.frame[..*at], &self.frame[*at..]);
            let many = self.frame.len() + 2;
            let (claims, own): (Vec<Vec<u8>>, usize) = match width {
                2 => (vec![vec![0x7f, 0xff], u16::try_from(many).unwrap().to_be_bytes().into(), vec![0x80, 0]], 2),
                4 => (vec![vec![0x7f, 0xff, 0xff, 0xff], (many as u32).to_be_bytes().into(), vec![0x80, 0, 0, 0]], 4),
                _ => {
                    let own = after.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
                    let most = vec![0xff, 0xff, 0xff, 0xff, 0x0f];
                    let beyond = vec![0xff, 0xff, 0xff, 0xff, 0x7f];
                    (vec![most, beyond, vec![0xff; 6], vec![many as u8 | 0x80, (many >> 7) as u8 | 0x80, (many >> 14) as u8]], own)
                }
            };
            claims.into_iter().map(move |claim| [before, &claim, &after[own..]].concat())
        })
    }
}

/// Requests that the crate names among its versions and cannot decode.
const UNREADABLE: [(ApiKey, i16); 3] = [(ApiKey::OffsetCommit, 10), (ApiKey::OffsetFetch, 10), (ApiKey::InitProducerId, 6)];

/// All messages that both the table and the crate have, in all versions that both have.
fn messages() -> impl Iterator<Item = (ApiKey, bool, &'static Message, i16)> {
    ApiKey::iter().flat_map(|key| {
        let both = [(false, request(key as i16)), (true, response(key as i16))];
        both.into_iter().flat_map(move |(answer, message)| {
            let message = message.into_iter().filter(move |_| !key.valid_versions().is_empty());
            message.flat_map(move |message| {
                let versions = key.valid_versions().intersect(&message.versions);
                let versions = (versions.min..=versions.max).filter(move |version| answer || !UNREADABLE.contains(&(key, *version)));
                versions.map(move |version| (key, answer, message, version))
            })
        })
    })
}

/// Reads a frame with the crate and writes it again.
fn again(key: ApiKey, answer: bool, version: i16, frame: &[u8]) -> BytesMut {
    let mut bytes = Bytes::copy_from_slice(frame);
    let mut written = BytesMut::new();
    let name = format!("{key:?} v{version}, answer: {answer}");
    if answer {
        let read = ResponseKind::decode(key, &mut bytes, version).unwrap_or_else(|error| panic!("{name}: {error}"));
        read.encode(&mut written, version).unwrap_or_else(|error| panic!("{name}: {error}"));
    } else {
        let read = RequestKind::decode(key, &mut bytes, version).unwrap_or_else(|error| panic!("{name}: {error}"));
        read.encode(&mut written, version).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    assert!(bytes.is_empty(), "{name}: {} bytes left", bytes.len());
    written
}

#[test]
fn the_table_is_read_and_complete() {
    let table = parse(include_str!("messages.txt")).unwrap();
    assert_eq!(table.len(), 2 * 77 + 2);
    let missing: Vec<String> = ApiKey::iter().filter(|key| request(*key as i16).is_none()).map(|key| format!("{key:?}")).collect();
    let of_brokers = [
        "Vote",
        "BeginQuorumEpoch",
        "EndQuorumEpoch",
        "AlterPartition",
        "Envelope",
        "FetchSnapshot",
        "BrokerRegistration",
        "BrokerHeartbeat",
        "AllocateProducerIds",
        "ControllerRegistration",
        "AssignReplicasToDirs",
        "UpdateRaftVoter",
    ];
    assert_eq!(missing, of_brokers, "what clients never ask");
    assert!(messages().count() > 500, "{}", messages().count());
}

#[test]
fn table_and_decoder_agree_in_every_version() {
    for (key, answer, message, version) in messages() {
        for seed in 0..12 {
            let made = Made::new(message, version, seed, seed as usize / 3);
            assert_eq!(message.walk(version, &made.frame), Ok(()), "{key:?} v{version}, answer: {answer}");
            let written = again(key, answer, version, &made.frame);
            assert_eq!(message.walk(version, &written), Ok(()), "{key:?} v{version}, answer: {answer}");
            assert_eq!(again(key, answer, version, &written), written, "{key:?} v{version}, answer: {answer}");
        }
    }
}

#[test]
fn a_frame_that_ends_early_is_refused() {
    for (key, answer, message, version) in messages() {
        let made = Made::new(message, version, 5, 2);
        for cut in 0..made.frame.len() {
            let flaw = message.walk(version, &made.frame[..cut]).expect_err("it is cut");
            assert!(matches!(flaw, Flaw::Short { .. }), "{key:?} v{version}, answer: {answer}, cut at {cut}: {flaw}");
        }
        let longer = [&made.frame[..], &[0]].concat();
        assert_eq!(message.walk(version, &longer), Err(Flaw::LeftOver(1)), "{key:?} v{version}, answer: {answer}");
    }
}

#[test]
fn a_length_that_claims_too_much_is_refused() {
    let mut tried = 0;
    for (key, answer, message, version) in messages() {
        let made = Made::new(message, version, 7, 2);
        for frame in made.inflated() {
            let flaw = message.walk(version, &frame).expect_err("more is claimed than there is");
            assert!(matches!(flaw, Flaw::Short { .. } | Flaw::Length), "{key:?} v{version}, answer: {answer}: {flaw}");
            tried += 1;
        }
    }
    assert!(tried > 4_000, "{tried}");
}

#[test]
fn there_may_be_so_many_elements_and_no_more() {
    let metadata = request(ApiKey::Metadata as i16).unwrap();
    let topics = |count: usize| [&u32::try_from(count).unwrap().to_be_bytes()[..], &vec![0; 2 * count]].concat();
    assert_eq!(metadata.walk(1, &topics(MOST)), Ok(()));
    assert_eq!(metadata.walk(1, &topics(MOST + 1)), Err(Flaw::TooMany));
    // Tagged fields that nobody knows are elements too.
    let telemetry = request(ApiKey::GetTelemetrySubscriptions as i16).unwrap();
    let tags = |count: usize| {
        let count_of = [count as u8 | 0x80, (count >> 7) as u8 | 0x80, (count >> 14) as u8];
        [&[0; 16][..], &count_of, &[9, 0].repeat(count)].concat()
    };
    assert_eq!(telemetry.walk(0, &tags(MOST)), Ok(()));
    assert_eq!(telemetry.walk(0, &tags(MOST + 1)), Err(Flaw::TooMany));
}

#[test]
fn null_is_written_in_one_way_only() {
    let metadata = request(ApiKey::Metadata as i16).unwrap();
    assert_eq!(metadata.walk(1, &[0xff, 0xff, 0xff, 0xff]), Ok(()));
    assert_eq!(metadata.walk(1, &[0xff, 0xff, 0xff, 0xfe]), Err(Flaw::Length));
    assert_eq!(metadata.walk(12, &[0, 1, 0, 0]), Ok(()));
    let beat = response(ApiKey::ConsumerGroupHeartbeat as i16).unwrap();
    let answer = |present: &[u8]| [&[0; 16], present].concat();
    assert_eq!(beat.walk(0, &answer(&[0xff, 0])), Ok(()));
    assert_eq!(beat.walk(0, &answer(&[1, 1, 0, 0])), Ok(()));
    // The decoder takes anything but 1 for null, Kafka anything but a negative number for fields.
    assert_eq!(beat.walk(0, &answer(&[0, 0])), Err(Flaw::Length));
    assert_eq!(metadata.walk(99, &[]), Err(Flaw::Version(99)));
}

#[test]
fn a_known_tag_has_the_length_of_its_field() {
    // Fetch v12: the cluster's id is tag 0.
    let fetch = request(ApiKey::Fetch as i16).unwrap();
    let asked = |tags: &[u8]| [&[0; 25][..], &[1, 1, 1], tags].concat();
    assert_eq!(fetch.walk(12, &asked(&[1, 0, 2, 2, b'c'])), Ok(()));
    assert_eq!(fetch.walk(12, &asked(&[1, 0, 3, 2, b'c', 0])), Err(Flaw::Length));
    assert_eq!(fetch.walk(12, &asked(&[1, 0, 1, 2, b'c'])), Err(Flaw::Short { claimed: 1, left: 0 }));
}
