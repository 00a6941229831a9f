//! The ports of one broker on 127.0.0.1.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::ops::Range;
use std::time::Duration;

/// Where one broker listens. All on 127.0.0.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ports {
    /// For the learner's programs: one LEARNER listener each.
    pub learners: Vec<u16>,
    /// For the grader itself.
    pub admin: u16,
    /// For the brokers among themselves.
    pub controller: u16,
}

impl Ports {
    /// Picks ports that are free at this moment, `learners` of them for LEARNER listeners, the first of which may be a certain one.
    /// They can be taken until the broker has them: whoever starts it must look.
    ///
    /// # Errors
    /// When the machine has no free port.
    pub fn choose(first: Option<u16>, learners: usize) -> io::Result<Self> {
        // All are held until all are known, so they differ from each other.
        let (admin, controller) = (free()?, free()?);
        let held = (0..learners).map(|_| free()).collect::<io::Result<Vec<_>>>()?;
        let port = |listener: &TcpListener| Ok::<_, io::Error>(listener.local_addr()?.port());
        let mut learners = held.iter().map(port).collect::<io::Result<Vec<_>>>()?;
        if let (Some(wanted), Some(any)) = (first, learners.first_mut()) {
            *any = wanted;
        }
        Ok(Self { learners, admin: port(&admin)?, controller: port(&controller)? })
    }
}

/// Where ports are looked for first: below those that systems hand out to outgoing connections (Linux from 32768, macOS from 49152), of
/// which a busy machine opens many between this choice and the broker's start.
const QUIET: Range<u16> = 20_000..32_000;

/// How many of them are tried before any port will do.
const TRIES: u32 = 64;

fn free() -> io::Result<TcpListener> {
    let quiet = (0..TRIES).find_map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, rand::random_range(QUIET))).ok());
    quiet.map_or_else(|| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)), Ok)
}

/// Whether somebody listens on this port of 127.0.0.1, or it cannot be listened on for another reason.
#[must_use]
pub fn is_taken(port: u16) -> bool {
    let address = (Ipv4Addr::LOCALHOST, port).into();
    TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_ok() || TcpListener::bind(address).is_err()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn different_ports_and_the_wanted_one() {
        let ports = Ports::choose(None, 3).unwrap();
        let all: BTreeSet<_> = ports.learners.iter().copied().chain([ports.admin, ports.controller]).collect();
        assert_eq!(all.len(), 5);
        assert_eq!(Ports::choose(Some(9092), 2).unwrap().learners.first(), Some(&9092));
    }

    #[test]
    fn sees_a_listener() {
        let listener = free().unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(is_taken(port));
        drop(listener);
        assert!(!is_taken(port));
    }
}
