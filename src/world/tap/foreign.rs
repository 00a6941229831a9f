//! Peers that do not speak Kafka, by their first bytes.

use crate::timeline::wire::Foreign;

const VERBS: [&[u8]; 9] = [b"GET ", b"POST", b"PUT ", b"HEAD", b"DELE", b"OPTI", b"PATC", b"CONN", b"PRI "];

/// What a peer speaks that does not begin as a Kafka client does.
pub(super) fn language(start: &[u8]) -> Foreign {
    if start.starts_with(&[0x16, 0x03]) {
        // A TLS record with a handshake: the hello.
        Foreign::Tls
    } else if VERBS.iter().any(|verb| start.starts_with(verb)) {
        Foreign::Http
    } else {
        Foreign::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hellos_and_verbs() {
        assert_eq!(language(b"\x16\x03\x01\x02\0\x01\0"), Foreign::Tls);
        assert_eq!(language(b"GET / HTTP/1.1\r\n"), Foreign::Http);
        assert_eq!(language(b"PRI * HTTP/2.0\r\n"), Foreign::Http);
        assert_eq!(language(b"SSH-2.0-x"), Foreign::Unknown);
        assert_eq!(language(b"\x16"), Foreign::Unknown);
    }
}
