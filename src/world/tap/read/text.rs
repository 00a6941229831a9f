//! Text from the wire, as events keep it.

use crate::timeline::event::Name;

/// The longest text that an event keeps, in bytes. Kafka's topic names have at most 249; what is longer is cut.
pub const LONGEST: usize = 256;

/// A name as events keep it.
pub(super) fn name(text: &str) -> Name {
    if text.len() <= LONGEST {
        return text.into();
    }
    let ends = text.char_indices().map(|(at, character)| at + character.len_utf8());
    let end = ends.take_while(|end| *end <= LONGEST).last().unwrap_or(0);
    text.get(..end).unwrap_or_default().into()
}

/// The same of bytes that may not be UTF-8.
pub(super) fn lossy(bytes: &[u8]) -> Name {
    // A few more bytes than are kept: a character that is cut in two must not show as damage.
    name(&String::from_utf8_lossy(bytes.get(..LONGEST + 4).unwrap_or(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(&*name("orders"), "orders");
        assert_eq!(name(&"a".repeat(LONGEST + 1)).len(), LONGEST);
        let cut = lossy("€".repeat(200).as_bytes());
        assert_eq!((cut.len(), cut.contains('\u{fffd}')), (255, false));
        assert_eq!(&*lossy(b"a\xffb"), "a\u{fffd}b");
    }
}
