//! The ports of brokers on 127.0.0.1.

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
    /// Picks ports that are free at this moment for this many brokers, `learners` each for LEARNER listeners; the first of all may be a certain
    /// one. They can be taken until the broker has them: whoever starts it must look.
    ///
    /// # Errors
    /// When the machine has no free port.
    pub fn choose(first: Option<u16>, learners: usize, brokers: usize) -> io::Result<Vec<Self>> {
        // All are held until all are known, so they differ from each other.
        let mut held = Vec::new();
        let mut all = (0..brokers).map(|_| Self::hold(learners, &mut held)).collect::<io::Result<Vec<_>>>()?;
        if let (Some(wanted), Some(any)) = (first, all.first_mut().and_then(|ports| ports.learners.first_mut())) {
            *any = wanted;
        }
        Ok(all)
    }

    fn hold(learners: usize, held: &mut Vec<TcpListener>) -> io::Result<Self> {
        let mut port = || {
            let listener = free()?;
            let port = listener.local_addr()?.port();
            held.push(listener);
            Ok::<_, io::Error>(port)
        };
        Ok(Self { admin: port()?, controller: port()?, learners: (0..learners).map(|_| port()).collect::<io::Result<_>>()? })
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
        let brokers = Ports::choose(None, 3, 2).unwrap();
        let all: BTreeSet<_> =
            brokers.iter().flat_map(|ports| ports.learners.iter().copied().chain([ports.admin, ports.controller])).collect();
        assert_eq!((brokers.len(), all.len()), (2, 10));
        assert_eq!(Ports::choose(Some(9092), 2, 1).unwrap()[0].learners.first(), Some(&9092));
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
