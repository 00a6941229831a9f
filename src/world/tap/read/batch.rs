//! The headers of record batches. Their contents are not looked at here: no checksum, and what is compressed stays so.

use crate::timeline::wire::Compression;

/// The fixed part of a batch since Kafka 0.11 (magic 2).
const HEADER: usize = 61;

/// The offset and the length that every batch and every message of old begins with.
const PREFIX: usize = 12;

/// What the header of a batch says. A message of before Kafka 0.11 (magic 0 and 1) counts as a batch of one record; when it is a
/// compressed wrapper, nobody knows how many are in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub base_offset: i64,
    pub last_offset: i64,
    pub records: u32,
    pub bytes: u32,
    pub crc: u32,
    pub compression: Compression,
    pub transactional: bool,
    /// A transaction's marker: it takes an offset, but is no record that a program gets.
    pub control: bool,
    pub first_timestamp: i64,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub base_sequence: i32,
}

/// The whole batches in the records of a partition, one after the other.
pub(super) struct Batches<'a>(&'a [u8]);

impl<'a> Batches<'a> {
    pub(super) fn new(records: Option<&'a bytes::Bytes>) -> Self {
        Self(records.map_or(&[], |records| records))
    }

    /// Whether bytes are left that are no whole batch. In a Fetch answer the last batch may be cut; in a Produce request it may not.
    pub(super) fn partial(&self) -> bool {
        !self.0.is_empty()
    }
}

impl Iterator for Batches<'_> {
    type Item = Header;

    fn next(&mut self) -> Option<Header> {
        let len = usize::try_from(i32::from_be_bytes(at(self.0, 8)?)).ok()?;
        let whole = self.0.get(..PREFIX.checked_add(len)?)?;
        let [magic] = at(whole, 16)?;
        let header = match magic {
            2 if whole.len() >= HEADER => batch(whole)?,
            0 | 1 => message(whole, magic)?,
            _ => return None,
        };
        self.0 = self.0.get(whole.len()..)?;
        Some(header)
    }
}

/// The compressed records of each whole batch.
pub(super) fn packed(records: &bytes::Bytes) -> impl Iterator<Item = (Compression, bytes::Bytes)> {
    let mut rest = records.clone();
    Batches::new(Some(records)).filter_map(move |header| {
        let length = usize::try_from(header.bytes).ok().filter(|length| *length <= rest.len())?;
        let whole = rest.split_to(length);
        let contents = if header.compression == Compression::None { None } else { contents(&whole) };
        contents.map(|contents| (header.compression, whole.slice_ref(contents)))
    })
}

/// Whether a batch of which only the first bytes are there has nothing that brokers unpack: it is not compressed, or of a form that they refuse.
pub(super) fn is_plain(start: &[u8]) -> bool {
    let (Some([magic]), Some(attributes)) = (at(start, 16), at(start, 21)) else { return false };
    magic != 2 || matches!(compression(i16::from_be_bytes(attributes)), Compression::None | Compression::Unknown)
}

/// What is behind the header of a whole batch. The compressed wrapper of before Kafka 0.11 has it as its value, behind a key.
fn contents(whole: &[u8]) -> Option<&[u8]> {
    let [magic] = at(whole, 16)?;
    if magic == 2 {
        return whole.get(HEADER..);
    }
    let key = if magic == 0 { 18 } else { 26 };
    let length = usize::try_from(i32::from_be_bytes(at(whole, key)?)).unwrap_or(0);
    whole.get(key.checked_add(4)?.checked_add(length)?.checked_add(4)?..)
}

fn batch(whole: &[u8]) -> Option<Header> {
    let base_offset = i64::from_be_bytes(at(whole, 0)?);
    let attributes = i16::from_be_bytes(at(whole, 21)?);
    Some(Header {
        base_offset,
        last_offset: base_offset.saturating_add(i32::from_be_bytes(at(whole, 23)?).into()),
        records: u32::try_from(i32::from_be_bytes(at(whole, 57)?)).unwrap_or(0),
        bytes: u32::try_from(whole.len()).unwrap_or(u32::MAX),
        crc: u32::from_be_bytes(at(whole, 17)?),
        compression: compression(attributes),
        transactional: attributes & 0x10 != 0,
        control: attributes & 0x20 != 0,
        first_timestamp: i64::from_be_bytes(at(whole, 27)?),
        producer_id: i64::from_be_bytes(at(whole, 43)?),
        producer_epoch: i16::from_be_bytes(at(whole, 51)?),
        base_sequence: i32::from_be_bytes(at(whole, 53)?),
    })
}

fn message(whole: &[u8], magic: u8) -> Option<Header> {
    let offset = i64::from_be_bytes(at(whole, 0)?);
    let [attributes] = at(whole, 17)?;
    Some(Header {
        base_offset: offset,
        last_offset: offset,
        records: 1,
        bytes: u32::try_from(whole.len()).unwrap_or(u32::MAX),
        crc: u32::from_be_bytes(at(whole, 12)?),
        compression: compression(attributes.into()),
        transactional: false,
        control: false,
        first_timestamp: if magic == 0 { -1 } else { i64::from_be_bytes(at(whole, 18)?) },
        producer_id: -1,
        producer_epoch: -1,
        base_sequence: -1,
    })
}

fn compression(attributes: i16) -> Compression {
    match attributes & 0x07 {
        0 => Compression::None,
        1 => Compression::Gzip,
        2 => Compression::Snappy,
        3 => Compression::Lz4,
        4 => Compression::Zstd,
        _ => Compression::Unknown,
    }
}

fn at<const N: usize>(bytes: &[u8], from: usize) -> Option<[u8; N]> {
    bytes.get(from..)?.first_chunk().copied()
}
