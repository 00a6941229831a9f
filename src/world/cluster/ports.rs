//! The ports of one broker on 127.0.0.1.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

/// Where one broker listens. All on 127.0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// For the learner's programs.
    pub learner: u16,
    /// For the grader itself.
    pub admin: u16,
    /// For the brokers among themselves.
    pub controller: u16,
}

impl Ports {
    /// Picks ports that are free at this moment. They can be taken until the broker has them: whoever starts it must look.
    ///
    /// # Errors
    /// When the machine has no free port.
    pub fn choose(learner: Option<u16>) -> io::Result<Self> {
        // All are held until all are known, so they differ from each other.
        let held = [free()?, free()?, free()?];
        let mut ports = [0; 3];
        for (port, listener) in ports.iter_mut().zip(&held) {
            *port = listener.local_addr()?.port();
        }
        let [any, admin, controller] = ports;
        Ok(Self { learner: learner.unwrap_or(any), admin, controller })
    }
}

fn free() -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
}

/// Whether somebody listens on this port of 127.0.0.1, or it cannot be listened on for another reason.
#[must_use]
pub fn is_taken(port: u16) -> bool {
    let address = (Ipv4Addr::LOCALHOST, port).into();
    TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_ok() || TcpListener::bind(address).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_different_ports_and_the_wanted_one() {
        let ports = Ports::choose(None).unwrap();
        assert!(ports.learner != ports.admin && ports.admin != ports.controller && ports.learner != ports.controller);
        assert_eq!(Ports::choose(Some(9092)).unwrap().learner, 9092);
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
