//! Bytes on the timeline, kept small: the content up to a cap, a digest beyond it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// How many bytes of one payload are kept.
pub const CAP: usize = 64 * 1024;

/// Bytes that a learner's program or the grader sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Payload {
    kept: Vec<u8>,
    len: u64,
    digest: Option<[u8; 32]>,
}

impl Payload {
    /// Keeps the bytes up to [`CAP`]; beyond it also their SHA-256.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let kept = bytes.get(..CAP).unwrap_or(bytes).to_vec();
        let digest = (bytes.len() > CAP).then(|| Sha256::digest(bytes).into());
        Self { kept, len: bytes.len() as u64, digest }
    }

    /// The bytes that were kept: all of them, unless [`Payload::is_cut`].
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.kept
    }

    /// The full length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether only the beginning was kept.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.digest.is_some()
    }
}

/// The saved form: text where the bytes are UTF-8 that somebody could read, base64 otherwise.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    len: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

impl Saved {
    fn of(bytes: &[u8]) -> Self {
        // JSON writes six characters for a control character: a record of zeros would grow by that, and it is no text to read.
        let controls = bytes.iter().filter(|byte| byte.is_ascii_control()).count();
        match std::str::from_utf8(bytes) {
            Ok(text) if controls * 4 <= bytes.len() => Self { text: Some(text.to_owned()), base64: None, len: None, sha256: None },
            _ => Self { text: None, base64: Some(encode(bytes)), len: None, sha256: None },
        }
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        match (&self.text, &self.base64) {
            (Some(text), None) => Ok(text.clone().into_bytes()),
            (None, Some(base64)) => decode(base64),
            _ => Err("a payload needs either text or base64".to_owned()),
        }
    }
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn decode(text: &str) -> Result<Vec<u8>, String> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).map_err(|error| format!("not base64: {error}"))
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut saved = Saved::of(&self.kept);
        if let Some(digest) = &self.digest {
            saved.len = Some(self.len);
            saved.sha256 = Some(encode(digest));
        }
        saved.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let saved = Saved::deserialize(deserializer)?;
        let kept = saved.bytes().map_err(Error::custom)?;
        let digest = match &saved.sha256 {
            Some(text) => Some(
                decode(text).and_then(|bytes| bytes.try_into().map_err(|_| "a SHA-256 has 32 bytes".to_owned())).map_err(Error::custom)?,
            ),
            None => None,
        };
        Ok(Self { len: saved.len.unwrap_or(kept.len() as u64), kept, digest })
    }
}

/// Records of one partition, read together. All their bytes stand in one buffer: a million small records stay cheap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordBlock {
    /// The partition.
    pub partition: i32,
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    offset: i64,
    timestamp: i64,
    start: u32,
    // −1 is Kafka's null.
    key: i32,
    value: i32,
    headers: u32,
}

/// One record, borrowed from its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// Milliseconds since 1970-01-01 UTC, as the producer or the broker set it; −1 for none.
    pub timestamp: i64,
    /// The key; `None` is null.
    pub key: Option<&'a [u8]>,
    /// The value up to [`CAP`] bytes; `None` is null (a tombstone).
    pub value: Option<&'a [u8]>,
    /// The headers as JSON text of an array of `[name, value]`; empty for none.
    pub headers: &'a [u8],
}

impl Record<'_> {
    /// The headers in order: names, and values where they are not null. A value that is not UTF-8 has U+FFFD in place of what cannot be read.
    #[must_use]
    pub fn header_list(&self) -> Vec<(String, Option<String>)> {
        serde_json::from_slice(self.headers).unwrap_or_default()
    }
}

impl RecordBlock {
    /// An empty block for a partition.
    #[must_use]
    pub fn new(partition: i32) -> Self {
        Self { partition, ..Self::default() }
    }

    /// Adds a record. Values beyond [`CAP`] are cut: nothing a lab compares is longer.
    pub fn push(&mut self, offset: i64, timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>, headers: &[u8]) {
        let start = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let mut add = |bytes: Option<&[u8]>| match bytes {
            Some(bytes) => {
                let kept = bytes.get(..CAP).unwrap_or(bytes);
                self.bytes.extend_from_slice(kept);
                i32::try_from(kept.len()).unwrap_or(i32::MAX)
            }
            None => -1,
        };
        let (key, value) = (add(key), add(value));
        let headers = u32::try_from(add(Some(headers))).unwrap_or(0);
        self.entries.push(Entry { offset, timestamp, start, key, value, headers });
    }

    /// The records in offset order.
    pub fn records(&self) -> impl ExactSizeIterator<Item = Record<'_>> {
        self.entries.iter().map(|entry| {
            let mut at = entry.start as usize;
            let mut take = |len: i32| {
                let len = usize::try_from(len).ok()?;
                let slice = self.bytes.get(at..at + len);
                at += len;
                slice
            };
            let (key, value) = (take(entry.key), take(entry.value));
            let headers = take(i32::try_from(entry.headers).unwrap_or(0)).unwrap_or(&[]);
            Record { partition: self.partition, offset: entry.offset, timestamp: entry.timestamp, key, value, headers }
        })
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes of keys, values and headers are kept.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedBlock {
    partition: i32,
    records: Vec<SavedRecord>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedRecord {
    o: i64,
    ts: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    k: Option<Saved>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    v: Option<Saved>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    h: String,
}

impl Serialize for RecordBlock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let records = self
            .records()
            .map(|record| SavedRecord {
                o: record.offset,
                ts: record.timestamp,
                k: record.key.map(Saved::of),
                v: record.value.map(Saved::of),
                h: String::from_utf8_lossy(record.headers).into_owned(),
            })
            .collect();
        SavedBlock { partition: self.partition, records }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RecordBlock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let saved = SavedBlock::deserialize(deserializer)?;
        let mut block = Self::new(saved.partition);
        for record in saved.records {
            let bytes = |saved: Option<Saved>| saved.map(|saved| saved.bytes()).transpose().map_err(Error::custom);
            let (key, value) = (bytes(record.k)?, bytes(record.v)?);
            block.push(record.o, record.ts, key.as_deref(), value.as_deref(), record.h.as_bytes());
        }
        Ok(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_gives_back_what_was_pushed_also_after_saving() {
        let mut block = RecordBlock::new(3);
        block.push(7, 1000, Some(b"u-01"), Some(b"{}"), b"");
        block.push(8, 1001, None, Some(&[0xff, 0xfe]), b"[[\"a\",\"b\"]]");
        block.push(9, 1002, Some(b""), None, b"");
        let saved = serde_json::to_string(&block).unwrap();
        let read: RecordBlock = serde_json::from_str(&saved).unwrap();
        assert_eq!(read, block);
        let records: Vec<_> = block.records().collect();
        assert_eq!(records[0].key, Some(&b"u-01"[..]));
        assert_eq!(records[1].key, None);
        assert_eq!(records[1].value, Some(&[0xff, 0xfe][..]));
        assert_eq!(records[1].headers, b"[[\"a\",\"b\"]]");
        assert_eq!(records[2].key, Some(&b""[..]));
        assert_eq!(records[2].value, None);
    }

    #[test]
    fn zeros_do_not_grow_when_they_are_saved() {
        let payload = Payload::new(&[0; 3000]);
        let saved = serde_json::to_string(&payload).unwrap();
        assert!(saved.len() < 4100, "{} bytes", saved.len());
        assert_eq!(serde_json::from_str::<Payload>(&saved).unwrap(), payload);
        // Text stays text, line ends included.
        assert_eq!(serde_json::to_string(&Payload::new(b"one line\n\tand another\n")).unwrap(), r#"{"text":"one line\n\tand another\n"}"#);
    }

    #[test]
    fn a_long_payload_is_cut_and_still_tells_its_length() {
        let payload = Payload::new(&vec![b'x'; CAP + 1]);
        assert!(payload.is_cut());
        assert_eq!(payload.len(), CAP as u64 + 1);
        let read: Payload = serde_json::from_str(&serde_json::to_string(&payload).unwrap()).unwrap();
        assert_eq!(read, payload);
    }
}
