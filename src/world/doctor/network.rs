//! What stands between programs and this machine itself: proxies, and the name `localhost`.

use std::net::{IpAddr, Ipv4Addr};

use super::{Finding, Machine, Topic};

/// What programs call this machine.
const OWN: [&str; 2] = ["localhost", "127.0.0.1"];

/// Both.
pub fn network(machine: &Machine) -> Vec<Finding> {
    vec![proxy(machine), localhost(&machine.localhost)]
}

/// Clients of HTTP send requests to a proxy unless they are told which hosts to leave out.
fn proxy(machine: &Machine) -> Finding {
    let set = |names: &[&str]| names.iter().copied().find(|name| machine.variable(name).is_some()).map(str::to_owned);
    let Some(name) = set(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]) else {
        let found = match set(&["https_proxy", "HTTPS_PROXY"]) {
            Some(name) => format!("{name} is set; it is used to fetch what is missing"),
            None => "none is set".to_owned(),
        };
        return Finding::ok(Topic::Proxy, found);
    };
    let exceptions = machine.variable("no_proxy").or_else(|| machine.variable("NO_PROXY")).unwrap_or_default();
    let left: Vec<&str> = OWN.into_iter().filter(|host| !covers(exceptions, host)).collect();
    if left.is_empty() {
        return Finding::ok(Topic::Proxy, format!("{name} is set, and no_proxy leaves this machine out"));
    }
    let wanted: Vec<&str> = exceptions.split(',').map(str::trim).filter(|entry| !entry.is_empty()).chain(left.iter().copied()).collect();
    let found = format!(
        "{name} is set, and no_proxy does not have {}: programs that you start yourself send what is for this machine to the proxy",
        left.join(" and ")
    );
    Finding::warning(Topic::Proxy, found)
        .advise("kgrade keeps the proxy from the programs that it grades; for those that you start, type")
        .command(format!("export no_proxy={list} NO_PROXY={list}", list = word(&wanted.join(","))))
}

/// One word of a shell's command line.
fn word(text: &str) -> String {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || "-_.,:/".contains(sign);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// Whether `no_proxy` names a host, as Python's clients read it.
fn covers(exceptions: &str, host: &str) -> bool {
    exceptions.split(',').map(str::trim).any(|entry| {
        let entry = entry.trim_start_matches('.').to_ascii_lowercase();
        entry == "*" || entry == host || (host == "127.0.0.1" && entry == "127.0.0.0/8")
    })
}

fn localhost(addresses: &[IpAddr]) -> Finding {
    if addresses.contains(&IpAddr::V4(Ipv4Addr::LOCALHOST)) {
        return Finding::ok(Topic::Localhost, "is 127.0.0.1");
    }
    let known: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let found = if known.is_empty() { "has no address".to_owned() } else { format!("is {}, and not 127.0.0.1", known.join(" and ")) };
    Finding::warning(Topic::Localhost, format!("{found}: clients of Kafka look for it there"))
        .advise("give it its address in /etc/hosts")
        .command("echo '127.0.0.1 localhost' | sudo tee -a /etc/hosts")
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::super::testing::Bench;
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Finding {
        let mut bench = Bench::new();
        bench.machine.variables.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        proxy(&bench.machine)
    }

    #[test]
    fn proxies() {
        let proxy = ("HTTP_PROXY", "http://proxy:3128");
        for (variables, state) in [
            (vec![], State::Ok),
            (vec![("HTTPS_PROXY", "http://proxy:3128")], State::Ok),
            (vec![("HTTP_PROXY", "")], State::Ok),
            (vec![proxy], State::Warning),
            (vec![proxy, ("NO_PROXY", "localhost")], State::Warning),
            (vec![proxy, ("no_proxy", "example.org, localhost ,127.0.0.1")], State::Ok),
            (vec![proxy, ("NO_PROXY", "*")], State::Ok),
            // The one in small letters wins, as in Python.
            (vec![proxy, ("no_proxy", "example.org"), ("NO_PROXY", "*")], State::Warning),
            (vec![("all_proxy", "socks5://proxy"), ("no_proxy", ".localhost,127.0.0.0/8")], State::Ok),
        ] {
            assert_eq!(with(&variables).state, state, "{variables:?}");
        }
        let finding = with(&[proxy, ("no_proxy", "example.org,localhost")]);
        assert_eq!(finding.commands, ["export no_proxy=example.org,localhost,127.0.0.1 NO_PROXY=example.org,localhost,127.0.0.1"]);
        assert!(!finding.found.contains("proxy:3128"), "an address may hold a password");
    }

    #[test]
    fn names_of_this_machine() {
        let v4 = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let v6 = "::1".parse().unwrap();
        assert_eq!(localhost(&[v6, v4]).state, State::Ok);
        assert!(localhost(&[v6]).found.starts_with("is ::1, and not 127.0.0.1"));
        assert!(localhost(&[]).found.starts_with("has no address"));
    }
}
