//! The shape of a line: what is left when everything is masked that differs between two good runs.

use std::collections::BTreeSet;

/// Shorter texts would be found by accident in other words.
const SHORTEST: usize = 3;

/// The groups of hex digits in a UUID.
const UUID: [usize; 5] = [8, 4, 4, 4, 12];

/// The length of a UUID with its hyphens.
const UUID_LEN: usize = 36;

/// Kafka writes its own ids as 22 signs of base64: member ids of the new consumer protocol, topic ids.
const KAFKA_ID: usize = 22;

/// Hides numbers, random ids and the texts of events.
pub struct Mask {
    /// Every form of every text, longest first: a short one may be part of a long one.
    texts: Vec<String>,
}

impl Mask {
    /// A mask for these texts, in every form in which a program may print them.
    pub fn new<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let forms: BTreeSet<String> = texts.collect::<BTreeSet<_>>().into_iter().flat_map(forms).filter(|form| form.len() >= SHORTEST).collect();
        let mut texts: Vec<_> = forms.into_iter().collect();
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        Self { texts }
    }

    /// A line with everything masked.
    pub fn shape(&self, line: &str) -> String {
        let mut masked = line.trim().to_owned();
        for text in &self.texts {
            if masked.contains(text.as_str()) {
                masked = masked.replace(text, "…");
            }
        }
        // An empty text, and a text with quotes of the other sort around it, look like any text.
        for quoted in ["\"…\"", "'…'", "\"\"", "''"] {
            masked = masked.replace(quoted, "…");
        }
        let mut shape = String::with_capacity(masked.len());
        let mut rest = masked.as_str();
        while let Some(sign) = rest.chars().next() {
            let id = random_id(rest);
            let word = rest.len() - rest.trim_start_matches(|sign: char| sign.is_ascii_alphanumeric()).len();
            let taken = if id > 0 { id } else { word.max(sign.len_utf8()) };
            let (piece, after) = rest.split_at(taken);
            match piece {
                _ if id > 0 || is_hex_number(piece) => push_number(&mut shape),
                _ => piece.chars().for_each(|sign| if sign.is_ascii_digit() { push_number(&mut shape) } else { shape.push(sign) }),
            }
            rest = after;
        }
        shape
    }
}

/// Numbers in a row count as one: offset 9 and offset 10 have one shape.
fn push_number(shape: &mut String) {
    if !shape.ends_with('#') {
        shape.push('#');
    }
}

/// A text as it is, in JSON, in JSON of ASCII only, and as Python shows it; of several lines, each line by itself.
fn forms(text: &str) -> Vec<String> {
    let json = serde_json::Value::from(text).to_string();
    let json = json.get(1..json.len() - 1).unwrap_or_default();
    let ascii = json.chars().fold(String::new(), |mut ascii, sign| {
        if sign.is_ascii() {
            ascii.push(sign);
        } else {
            sign.encode_utf16(&mut [0; 2]).iter().for_each(|unit| ascii.push_str(&format!("\\u{unit:04x}")));
        }
        ascii
    });
    let python = json.replace("\\\"", "\"").replace('\u{200d}', "\\u200d");
    let lines = text.lines().map(|line| line.trim().to_owned());
    lines.chain([text.trim().to_owned(), json.to_owned(), ascii, python]).collect()
}

/// A word of hex digits that holds a digit, as object addresses and parts of ids are: `6d06d69c`, `0x7f3a`.
fn is_hex_number(word: &str) -> bool {
    let digits = word.strip_prefix("0x").unwrap_or(word);
    digits.contains(|sign: char| sign.is_ascii_digit()) && digits.chars().all(|sign| sign.is_ascii_hexdigit())
}

/// How many bytes of a random id stand at the beginning: a UUID, or an id of Kafka's own.
fn random_id(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut groups = text.get(..UUID_LEN).unwrap_or_default().split('-');
    let hex = |group: &str| group.bytes().take_while(u8::is_ascii_hexdigit).count();
    if UUID.iter().all(|len| groups.next().is_some_and(|group| group.len() == *len && hex(group) == *len)) {
        return UUID_LEN;
    }
    let run = bytes.iter().take(KAFKA_ID + 1).take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).count();
    let has = |what: fn(&u8) -> bool| bytes.iter().take(run).any(what);
    if run == KAFKA_ID && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) { run } else { 0 }
}
