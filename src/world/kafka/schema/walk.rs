//! The walk: every length and count in a frame is held against the bytes that are there.

use thiserror::Error;

use super::table::{Field, Message, Shape};

/// The most elements of arrays and tagged fields that one frame may have. At some 300 bytes for an element this bounds what decoding
/// a frame allocates to about 30 MB.
pub const MOST: usize = 100_000;

/// What is wrong with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Flaw {
    /// Kafka has no such version.
    #[error("version {0} of it is not known")]
    Version(i16),
    /// A length or count beyond the end.
    #[error("it claims {claimed} more bytes and has {left}")]
    Short {
        /// How many there should be, at least.
        claimed: usize,
        /// How many there are.
        left: usize,
    },
    /// A length below −1, of more than 32 bits, or other than that of the field.
    #[error("a length in it is impossible")]
    Length,
    /// More elements than [`MOST`].
    #[error("it has more than {MOST} elements")]
    TooMany,
    /// Bytes after the last field.
    #[error("{0} bytes are left over")]
    LeftOver(usize),
}

impl Message {
    /// Walks a whole body: afterwards every length and count in it is known to be covered.
    ///
    /// # Errors
    /// The first flaw.
    pub fn walk(&self, version: i16, body: &[u8]) -> Result<(), Flaw> {
        self.visit(version, body, |_, _| {})
    }

    /// Walks a whole body and shows each field that is no array and no struct, by name and value: a number's bytes, text without its
    /// length, `None` for null.
    ///
    /// # Errors
    /// The first flaw.
    pub fn visit<'a>(&self, version: i16, body: &'a [u8], visitor: impl FnMut(&str, Option<&'a [u8]>)) -> Result<(), Flaw> {
        match self.front(version, body, &mut { MOST }, visitor)? {
            [] => Ok(()),
            rest => Err(Flaw::LeftOver(rest.len())),
        }
    }

    /// As [`Message::walk`], but there may be only so many `elements`, which are taken off, and more may follow: it is returned.
    ///
    /// # Errors
    /// The first flaw.
    pub fn walk_within<'a>(&self, version: i16, body: &'a [u8], elements: &mut usize) -> Result<&'a [u8], Flaw> {
        self.front(version, body, elements, |_, _| {})
    }

    fn front<'a>(
        &self,
        version: i16,
        body: &'a [u8],
        elements: &mut usize,
        visitor: impl FnMut(&str, Option<&'a [u8]>),
    ) -> Result<&'a [u8], Flaw> {
        if !self.has(version) {
            return Err(Flaw::Version(version));
        }
        let mut walk = Walk { rest: body, elements, version, flexible: self.is_flexible(version), visitor };
        walk.fields(&self.fields)?;
        Ok(walk.rest)
    }
}

/// Skips the tagged fields of a header.
///
/// # Errors
/// The first flaw.
pub(in crate::world) fn tags(bytes: &[u8]) -> Result<&[u8], Flaw> {
    let mut walk = Walk { rest: bytes, elements: &mut { MOST }, version: 0, flexible: true, visitor: |_: &str, _| {} };
    walk.tagged(&[])?;
    Ok(walk.rest)
}

struct Walk<'a, 'e, V> {
    rest: &'a [u8],
    /// How many more there may be.
    elements: &'e mut usize,
    version: i16,
    flexible: bool,
    visitor: V,
}

impl<'a, V: FnMut(&str, Option<&'a [u8]>)> Walk<'a, '_, V> {
    fn fields(&mut self, fields: &[Field]) -> Result<(), Flaw> {
        let version = self.version;
        for field in fields.iter().filter(|field| field.tag.is_none() && field.has(version)) {
            self.shape(&field.name, &field.shape)?;
        }
        if self.flexible { self.tagged(fields) } else { Ok(()) }
    }

    fn tagged(&mut self, fields: &[Field]) -> Result<(), Flaw> {
        for _ in 0..self.uvarint()? {
            self.count(1)?;
            let tag = self.uvarint()?;
            let len = self.uvarint()? as usize;
            let value = self.take(len)?;
            // The decoder reads a tag that it knows by its type and not by its length: both must agree.
            if let Some(known) = fields.iter().find(|field| field.tag == Some(tag) && field.has(self.version)) {
                let after = std::mem::replace(&mut self.rest, value);
                self.shape(&known.name, &known.shape)?;
                if !self.rest.is_empty() {
                    return Err(Flaw::Length);
                }
                self.rest = after;
            }
        }
        Ok(())
    }

    fn shape(&mut self, name: &str, shape: &Shape) -> Result<(), Flaw> {
        match shape {
            Shape::Fixed(len) => {
                let value = self.take(*len)?;
                (self.visitor)(name, Some(value));
                Ok(())
            }
            Shape::Text | Shape::Bytes => {
                let len = match shape {
                    Shape::Text if !self.flexible => length(i16::from_be_bytes(self.array()?).into())?,
                    _ => self.length()?,
                };
                let value = len.map(|len| self.take(len)).transpose()?;
                (self.visitor)(name, value);
                Ok(())
            }
            Shape::Array(element) => {
                let count = self.length()?.unwrap_or(0);
                // No element is shorter than a byte.
                let least = if let Shape::Fixed(len) = **element { count.saturating_mul(len) } else { count };
                if least > self.rest.len() {
                    return Err(Flaw::Short { claimed: least, left: self.rest.len() });
                }
                self.count(count)?;
                (0..count).try_for_each(|_| self.shape(name, element))
            }
            Shape::Struct(fields) => self.fields(fields),
            Shape::Maybe(fields) => match i8::from_be_bytes(self.array()?) {
                1 => self.fields(fields),
                -1 => Ok(()),
                _ => Err(Flaw::Length),
            },
        }
    }

    /// The length of bytes or the count of an array; `None` for null.
    fn length(&mut self) -> Result<Option<usize>, Flaw> {
        if self.flexible { Ok((self.uvarint()? as usize).checked_sub(1)) } else { length(i32::from_be_bytes(self.array()?)) }
    }

    /// Exactly what the decoder reads, or a flaw: it would let bits beyond the 32nd fall, and end after five bytes in any case.
    fn uvarint(&mut self) -> Result<u32, Flaw> {
        let mut value: u64 = 0;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(value).map_err(|_| Flaw::Length);
            }
        }
        Err(Flaw::Length)
    }

    fn count(&mut self, elements: usize) -> Result<(), Flaw> {
        *self.elements = self.elements.checked_sub(elements).ok_or(Flaw::TooMany)?;
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let short = Flaw::Short { claimed: N, left: self.rest.len() };
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(short)?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Flaw> {
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(Flaw::Short { claimed: len, left: self.rest.len() })?;
        self.rest = rest;
        Ok(bytes)
    }
}

/// A length as written without compact encoding; −1 is null.
fn length(len: i32) -> Result<Option<usize>, Flaw> {
    if len == -1 { Ok(None) } else { usize::try_from(len).map(Some).map_err(|_| Flaw::Length) }
}
