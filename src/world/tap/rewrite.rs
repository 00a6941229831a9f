//! A cluster that kgrade did not start, and where its clients may be sent.

/// The hosts that a cluster may send a program to.
#[derive(Debug, Clone, Default)]
pub struct Allow {
    /// Hosts besides the loopback interface, as the cluster names them.
    pub hosts: Vec<String>,
}
