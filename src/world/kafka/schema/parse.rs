//! Reads `messages.txt`; what its lines mean stands at its top.

use std::collections::BTreeMap;
use std::iter::Peekable;

use anyhow::{Context, Result, bail, ensure};
use kafka_protocol::protocol::VersionRange;

use super::table::{Field, Message, Shape};

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Request,
    Response,
    Subscription,
    Assignment,
}

impl Kind {
    pub(super) fn of_data(name: &str) -> Option<Self> {
        match name {
            "ConsumerProtocolSubscription" => Some(Self::Subscription),
            "ConsumerProtocolAssignment" => Some(Self::Assignment),
            _ => None,
        }
    }
}

/// The lines with their depth: 0 for a message, more for its fields.
type Lines<'a, I> = Peekable<I>;

pub(super) fn parse(text: &str) -> Result<BTreeMap<(Kind, i16), Message>> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut lines = lines.map(|line| (line.len() - line.trim_start().len(), line.trim_start())).peekable();
    let mut messages = BTreeMap::new();
    while let Some((depth, line)) = lines.next() {
        ensure!(depth == 0, "`{line}` belongs to no message");
        let words: Vec<&str> = line.split(' ').collect();
        let (kind, key, name, versions, flexible) = match *words.as_slice() {
            [kind, key, name, versions] => (kind, key, name, versions, None),
            [kind, key, name, versions, "flexible", flexible] => (kind, key, name, versions, Some(flexible)),
            _ => bail!("`{line}` is not the head of a message"),
        };
        let (kind, key) = match kind {
            "request" => (Kind::Request, key.parse()?),
            "response" => (Kind::Response, key.parse()?),
            _ => (Kind::of_data(name).with_context(|| format!("`{name}` is not known"))?, 0),
        };
        let flexible = flexible.map(range).transpose()?.map(|range| range.min);
        let versions = range(versions)?;
        let fields = fields(&mut lines, 2, versions)?;
        messages.insert((kind, key), Message { versions, flexible, fields });
    }
    Ok(messages)
}

/// The fields at a depth, those of structs and arrays included.
fn fields<'a, I: Iterator<Item = (usize, &'a str)>>(lines: &mut Lines<'a, I>, depth: usize, within: VersionRange) -> Result<Vec<Field>> {
    let mut found = Vec::new();
    while let Some((_, line)) = lines.next_if(|(at, _)| *at == depth) {
        for word in line.split(' ') {
            found.push(field(lines, depth, within, word).with_context(|| format!("`{word}` is not a field"))?);
        }
    }
    Ok(found)
}

fn field<'a, I: Iterator<Item = (usize, &'a str)>>(
    lines: &mut Lines<'a, I>,
    depth: usize,
    within: VersionRange,
    word: &str,
) -> Result<Field> {
    let (name, rest) = word.split_once(':').context("it has no type")?;
    let (rest, tag) = match rest.split_once('#') {
        Some((rest, tag)) => (rest, Some(tag.parse()?)),
        None => (rest, None),
    };
    let (kind, versions) = match rest.split_once('@') {
        Some((kind, versions)) => (kind, range(versions)?),
        None => (rest, within),
    };
    let shape = match kind {
        "[]" => Shape::Array(Box::new(Shape::Struct(fields(lines, depth + 2, versions)?))),
        "{}" => Shape::Struct(fields(lines, depth + 2, versions)?),
        "?{}" => Shape::Maybe(fields(lines, depth + 2, versions)?),
        _ => match kind.strip_prefix("[]") {
            Some(element) => Shape::Array(Box::new(scalar(element)?)),
            None => scalar(kind)?,
        },
    };
    Ok(Field { name: name.to_owned(), versions, tag, shape })
}

fn scalar(kind: &str) -> Result<Shape> {
    Ok(match kind {
        "bool" | "int8" => Shape::Fixed(1),
        "int16" | "uint16" => Shape::Fixed(2),
        "int32" | "uint32" => Shape::Fixed(4),
        "int64" | "float64" => Shape::Fixed(8),
        "uuid" => Shape::Fixed(16),
        "string" => Shape::Text,
        "bytes" => Shape::Bytes,
        _ => bail!("there is no type `{kind}`"),
    })
}

/// `3+`, `0-4` or `7`.
fn range(text: &str) -> Result<VersionRange> {
    let (min, max) = match (text.strip_suffix('+'), text.split_once('-')) {
        (Some(min), _) => (min.parse()?, i16::MAX),
        (None, Some((min, max))) => (min.parse()?, max.parse()?),
        (None, None) => (text.parse()?, text.parse()?),
    };
    Ok(VersionRange { min, max })
}
