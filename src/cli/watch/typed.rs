//! Keys, from the bytes that a terminal sends.

/// The end of what was pasted, where the terminal marks that.
const PASTED: &[u8] = b"\x1b[201~";
/// The beginning of it, after the escape and the bracket.
const PASTE: &[u8] = b"200~";
/// Nobody types so many keys between two looks: it was pasted, in a terminal that does not mark that.
const AT_ONCE: usize = 4;
/// No sequence has more signs.
const LONGEST: usize = 32;

/// Tells the keys from arrows, pasted text and letters of other scripts, which are nobody's command.
#[derive(Debug, Default)]
pub struct Typed {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Plain,
    /// After an escape.
    Escape,
    /// One more sign belongs to it.
    Last,
    /// In a control sequence, after its bracket.
    Sequence(Vec<u8>),
    /// In pasted text, with so much of its end.
    Pasted(usize),
}

impl Typed {
    /// The keys in what was read at once. Capital letters mean the same.
    pub fn keys(&mut self, block: &[u8]) -> Vec<char> {
        let mut keys: Vec<char> = block.iter().filter_map(|byte| self.key(*byte)).collect();
        // An escape with nothing behind it is the key of that name; what comes next does not belong to it.
        if matches!(self.state, State::Escape | State::Last) {
            self.state = State::Plain;
        }
        if keys.len() > AT_ONCE {
            keys.clear();
        }
        keys
    }

    fn key(&mut self, byte: u8) -> Option<char> {
        let (next, key) = match std::mem::take(&mut self.state) {
            State::Plain if byte == 0x1b => (State::Escape, None),
            State::Plain => (State::Plain, byte.is_ascii_graphic().then(|| char::from(byte.to_ascii_lowercase()))),
            State::Escape if byte == b'[' => (State::Sequence(Vec::new()), None),
            State::Escape if byte == b'O' => (State::Last, None),
            State::Escape if byte == 0x1b => (State::Escape, None),
            State::Escape | State::Last => (State::Plain, None),
            State::Sequence(mut signs) => {
                signs.push(byte);
                let next = match byte {
                    0x40..=0x7e if signs == PASTE => State::Pasted(0),
                    0x40..=0x7e => State::Plain,
                    _ if signs.len() < LONGEST => State::Sequence(signs),
                    _ => State::Plain,
                };
                (next, None)
            }
            State::Pasted(seen) => {
                let seen = if PASTED.get(seen) == Some(&byte) { seen + 1 } else { usize::from(byte == 0x1b) };
                (if seen == PASTED.len() { State::Plain } else { State::Pasted(seen) }, None)
            }
        };
        self.state = next;
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(blocks: &[&[u8]]) -> String {
        let mut typed = Typed::default();
        blocks.iter().flat_map(|block| typed.keys(block)).collect()
    }

    #[test]
    fn keys_are_keys() {
        assert_eq!(typed(&[b"r", b"H", b"?", b"\n \x04\x7f", b"nq"]), "rh?nq");
    }

    #[test]
    fn arrows_function_keys_and_other_scripts_are_none() {
        assert_eq!(typed(&[b"\x1b[A", b"\x1bOP", b"\x1b[1;5C", b"\x1b[15~", b"\x1bq", "qüß日🙂".as_bytes()]), "q");
        assert_eq!(typed(&[b"\x1b", b"q"]), "q", "the key of that name, and then another");
        assert_eq!(typed(&[b"\x1b[1", b";5", b"Cl"]), "l", "in pieces");
        assert_eq!(typed(&[&[b"\x1b[".as_slice(), &[b'1'; 40]].concat(), b"t"]).chars().last(), Some('t'), "one that never ends");
    }

    #[test]
    fn what_is_pasted_does_nothing() {
        assert_eq!(typed(&[b"\x1b[200~quit\x1b[A\x1b\x1b[201~h"]), "h");
        assert_eq!(typed(&[b"\x1b[200~q", b"q\x1b[20", b"1~", b"l"]), "l", "in pieces");
        assert_eq!(typed(&[b"producer = Producer(q)", b"r"]), "r", "without marks");
    }

    #[test]
    fn no_bytes_break_it() {
        for seed in 0..64_u64 {
            let noise: Vec<u8> = (0..512_u64).map(|at| u8::try_from((at * 7919 + seed * 104_729) * 31 / 7 % 256).unwrap()).collect();
            let mut typed = Typed::default();
            for block in noise.chunks(7) {
                assert!(typed.keys(block).len() <= AT_ONCE);
            }
        }
    }
}
