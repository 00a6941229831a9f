//! Real frames, broken frames, and what is special about some.

mod broken;
mod recorded;
mod special;

use std::fs;
use std::path::PathBuf;

use bytes::Bytes;

use super::{TopicIds, request, response};
use crate::timeline::wire::{Api, Request, Response, Unread};

/// A frame as it was recorded between a client and a broker.
#[derive(Clone)]
struct Recorded {
    answer: bool,
    api: Api,
    version: i16,
    frame: Bytes,
}

impl Recorded {
    fn read(&self, topics: &TopicIds) -> Result<Read, Unread> {
        if self.answer {
            response(self.api, self.version, &self.frame, topics).map(Read::Response)
        } else {
            request(&self.frame, topics).map(Read::Request)
        }
    }
}

#[derive(Debug, PartialEq)]
enum Read {
    Request(Request),
    Response(Response),
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/frames")
}

/// The frames of a file in the order in which they were sent: `request|response API VERSION HEX`.
fn frames(client: &str) -> Vec<Recorded> {
    let text = fs::read_to_string(folder().join(client).with_extension("txt")).unwrap();
    let frames = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let [kind, api, version, hex] = words[..] else { panic!("{line}") };
        let api = api.parse().map(Api).ok().or_else(|| Api::named(api)).unwrap_or_else(|| panic!("{api}"));
        Recorded { answer: kind == "response", api, version: version.parse().unwrap(), frame: bytes(hex).into() }
    });
    frames.collect()
}

/// The bytes of a line of hexadecimal digits.
fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// The files with frames.
fn clients() -> Vec<String> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}
