//! Where a cluster that kgrade did not start may send a program.

use std::net::IpAddr;

/// The hosts that the brokers of a cluster may name as theirs. The tap connects to wherever they send it, from this machine: a cluster that
/// names other hosts than the person did may reach what only this machine can.
#[derive(Debug, Clone, Default)]
pub struct Allow {
    hosts: Vec<String>,
}

impl Allow {
    /// The loopback interface, this machine by its own name, and these hosts: each a name or an address, also as `HOST:PORT`.
    #[must_use]
    pub fn hosts<'a>(hosts: impl IntoIterator<Item = &'a str>) -> Self {
        let own = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let hosts = hosts.into_iter().map(|host| plain(without_port(host)));
        Self { hosts: hosts.chain([plain(&own)]).filter(|host| !host.is_empty()).collect() }
    }

    /// Why a broker must not be where the cluster says that it is, and what to do; `None` when it may.
    #[must_use]
    pub fn refusal(&self, node: i32, host: &str, port: i32) -> Option<String> {
        let said = format!(
            "the cluster sends clients to broker {node} at {host}:{port}, which is neither this machine nor a host that you named: \
             if that is right, allow it with `--allow-endpoint {host}`; if not, correct `advertised.listeners` of that broker"
        );
        (!self.permits(host)).then_some(said)
    }

    fn permits(&self, host: &str) -> bool {
        let host = plain(host);
        let is_loopback = host.parse::<IpAddr>().map_or(host == "localhost", |address| address.to_canonical().is_loopback());
        is_loopback || self.hosts.contains(&host)
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        // An IPv6 address without brackets has no port.
        Some((name, port)) if port.parse::<u16>().is_ok() && (!name.contains(':') || name.ends_with(']')) => name,
        _ => host,
    }
}

/// A host as it is compared: names do not differ by case or a dot at their end.
fn plain(host: &str) -> String {
    let host = host.trim().trim_end_matches('.');
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_who_was_named() {
        let allow = Allow::hosts(["Broker.example.org:9092", "[2001:db8::1]:9092", "2001:db8::2", "10.0.0.7"]);
        for host in [
            "localhost",
            "LOCALHOST.",
            "127.0.0.1",
            "127.8.8.8",
            "::1",
            "::ffff:127.0.0.1",
            "broker.example.org",
            "broker.example.org.",
            "2001:db8::1",
            "2001:db8::2",
            "10.0.0.7",
        ] {
            assert!(allow.permits(host), "{host}");
        }
        for host in ["", "kafka", "localhost.example.org", "10.0.0.8", "169.254.169.254", "example.org", "0.0.0.0"] {
            assert!(!allow.permits(host), "{host}");
        }
    }
}
