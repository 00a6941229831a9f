//! How the grader gets into a cluster: where it is, and with which name and password.

use std::fmt;

use rdkafka::ClientConfig;

/// The name that the grader goes by.
const USER: &str = "kgrade";

/// A password for the listeners that are the grader's alone: drawn for one cluster, known to its brokers and to this process.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

impl Credentials {
    /// New ones, which nobody can guess.
    #[must_use]
    pub fn drawn() -> Self {
        Self { password: format!("{:032x}", rand::random::<u128>()) }
    }

    /// What the mechanism PLAIN sends (RFC 4616): no other identity, the name, the password.
    #[must_use]
    pub fn plain(&self) -> Vec<u8> {
        format!("\0{USER}\0{}", self.password).into_bytes()
    }

    /// The broker's side, as a setting for `sasl.jaas.config`: who it is to other brokers, and whom it lets in.
    #[must_use]
    pub fn jaas(&self) -> String {
        let password = &self.password;
        format!(
            "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"{USER}\" password=\"{password}\" user_{USER}=\"{password}\";"
        )
    }
}

/// A cluster, as the grader reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// `HOST:PORT`, or several with commas.
    pub bootstrap: String,
    /// The name and password, where they are asked for.
    pub credentials: Option<Credentials>,
}

impl From<&str> for Access {
    fn from(bootstrap: &str) -> Self {
        Self { bootstrap: bootstrap.to_owned(), credentials: None }
    }
}

impl From<&String> for Access {
    fn from(bootstrap: &String) -> Self {
        bootstrap.as_str().into()
    }
}

impl From<&Access> for Access {
    fn from(access: &Access) -> Self {
        access.clone()
    }
}

impl Access {
    /// What a librdkafka client needs to get in.
    #[must_use]
    pub fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.bootstrap);
        if let Some(credentials) = &self.credentials {
            config.set("security.protocol", "sasl_plaintext").set("sasl.mechanism", "PLAIN");
            config.set("sasl.username", USER).set("sasl.password", &credentials.password);
        }
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_not_shown() {
        let credentials = Credentials::drawn();
        assert_ne!(credentials, Credentials::drawn());
        assert_eq!(credentials.password.len(), 32);
        let access = Access { bootstrap: "127.0.0.1:1".to_owned(), credentials: Some(credentials.clone()) };
        assert!(!format!("{access:?}").contains(&credentials.password));
        assert_eq!(access.config().get("sasl.password"), Some(credentials.password.as_str()));
        assert_eq!(Access::from("127.0.0.1:1").config().get("security.protocol"), None);
    }
}
