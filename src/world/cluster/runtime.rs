//! Where the cluster of a run comes from: the value of `--cluster`.

use std::str::FromStr;

/// Where the cluster comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Runtime {
    /// kgrade runs Apache Kafka itself, in a Java process of its own.
    #[default]
    Jvm,
    /// kgrade runs Apache Kafka in a container.
    Docker,
    /// A cluster that is already there: `HOST:PORT[,HOST:PORT…]`. kgrade never stops it.
    External(String),
}

/// Why a value of `--cluster` was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not a cluster: {reason}; write `jvm`, `docker`, or HOST:PORT[,HOST:PORT…]")]
pub struct BadRuntime {
    value: String,
    reason: String,
}

impl BadRuntime {
    /// What is wrong with the value.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl FromStr for Runtime {
    type Err = BadRuntime;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        match value {
            "jvm" => return Ok(Self::Jvm),
            "docker" => return Ok(Self::Docker),
            _ => {}
        }
        let bad = |reason: String| BadRuntime { value: value.to_owned(), reason };
        for address in value.split(',') {
            check_address(address).map_err(bad)?;
        }
        Ok(Self::External(value.to_owned()))
    }
}

/// One `HOST:PORT`; an IPv6 host is in brackets.
fn check_address(address: &str) -> Result<(), String> {
    let (host, port) = address.rsplit_once(':').ok_or_else(|| format!("`{address}` has no port (Kafka's usual one is 9092)"))?;
    let bare_ipv6 = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
    if host.is_empty() || bare_ipv6 || host.contains(|c: char| c.is_whitespace() || c == '/') {
        return Err(format!("`{host}` is not a host name (an IPv6 address goes in brackets)"));
    }
    match port.parse::<u16>() {
        Ok(port) if port > 0 => Ok(()),
        _ => Err(format!("`{port}` is not a port (1 to 65535)")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_three_forms() {
        assert_eq!("jvm".parse(), Ok(Runtime::Jvm));
        assert_eq!("docker".parse(), Ok(Runtime::Docker));
        for value in ["localhost:9092", "a:1,b:65535", "[::1]:9092"] {
            assert_eq!(value.parse(), Ok(Runtime::External(value.to_owned())));
        }
    }

    #[test]
    fn says_what_is_wrong_with_an_address() {
        for (value, reason) in [
            ("localhost", "`localhost` has no port"),
            ("", "has no port"),
            ("a:0", "`0` is not a port"),
            ("a:65536", "`65536` is not a port"),
            ("a:9092,", "has no port"),
            (":9092", "is not a host name"),
            ("::1:9092", "brackets"),
            ("http://a:9092", "is not a host name"),
        ] {
            let message = value.parse::<Runtime>().unwrap_err().to_string();
            assert!(message.contains(reason), "{value}: {message}");
        }
    }
}
