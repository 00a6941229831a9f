//! What a probe found, and how to mend it.

use schemars::JsonSchema;
use serde::Serialize;

use super::system::System;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// kgrade works, but something does not, or works worse.
    Warning,
    /// Nothing can be graded without it.
    Missing,
}

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// kgrade itself.
    Kgrade,
    /// The Java that Kafka runs on.
    Java,
    /// Kafka's jars.
    Kafka,
    /// The Python that environments are made from.
    Python,
    /// Whether environments can be made from it.
    PythonEnvironments,
    /// The Docker daemon.
    Docker,
    /// Docker Compose.
    Compose,
    /// What keeps programs apart from the machine.
    Sandbox,
    /// The port of `kgrade up` and of the course's compose file.
    KafkaPort,
    /// The port of the Kafka UI.
    UiPort,
    /// The cache.
    Cache,
    /// The user's home folder.
    Home,
    /// Free disk space.
    Disk,
    /// Free memory.
    Memory,
    /// How many files a process may have open.
    OpenFiles,
    /// Proxies.
    Proxy,
    /// The name of this machine for itself.
    Localhost,
    /// The clock.
    Clock,
    /// The locale.
    Locale,
    /// Width and colour.
    Terminal,
}

impl Topic {
    /// What people call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Kgrade => "kgrade",
            Self::Java => "Java",
            Self::Kafka => "Kafka",
            Self::Python => "Python",
            Self::PythonEnvironments => "Python venv",
            Self::Docker => "Docker",
            Self::Compose => "Compose",
            Self::Sandbox => "sandbox",
            Self::KafkaPort => "port of Kafka",
            Self::UiPort => "port of the UI",
            Self::Cache => "cache",
            Self::Home => "home",
            Self::Disk => "disk space",
            Self::Memory => "memory",
            Self::OpenFiles => "open files",
            Self::Proxy => "proxy",
            Self::Localhost => "localhost",
            Self::Clock => "clock",
            Self::Locale => "locale",
            Self::Terminal => "terminal",
        }
    }
}

/// What was found of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// What was looked at.
    pub topic: Topic,
    /// How it is.
    pub state: State,
    /// What was found.
    pub found: String,
    /// What to do about it, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// What to type.
    pub commands: Vec<String>,
}

impl Finding {
    /// As it should be.
    pub fn ok(topic: Topic, found: impl Into<String>) -> Self {
        Self::new(topic, State::Ok, found)
    }

    /// kgrade works without it.
    pub fn warning(topic: Topic, found: impl Into<String>) -> Self {
        Self::new(topic, State::Warning, found)
    }

    /// Nothing works without it.
    pub fn missing(topic: Topic, found: impl Into<String>) -> Self {
        Self::new(topic, State::Missing, found)
    }

    /// Missing when it is needed, else a warning.
    pub fn lacking(topic: Topic, needed: bool, found: impl Into<String>) -> Self {
        Self::new(topic, if needed { State::Missing } else { State::Warning }, found)
    }

    fn new(topic: Topic, state: State, found: impl Into<String>) -> Self {
        Self { topic, state, found: found.into(), advice: None, commands: Vec::new() }
    }

    /// With what to do, in words.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// With something to type.
    #[must_use]
    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.commands.push(command.into());
        self
    }

    /// With the command that installs packages on this system: Debian's names, Fedora's, Homebrew's.
    #[must_use]
    pub fn install(self, system: System, [debian, fedora, homebrew]: [&str; 3]) -> Self {
        match system {
            System::Debian => self.command(format!("sudo apt-get install {debian}")),
            System::Fedora => self.command(format!("sudo dnf install {fedora}")),
            System::Mac => self.command(format!("brew install {homebrew}")),
            System::Other => self.advise(format!("install {debian} (Debian's name for it) with this system's own packages")),
        }
    }
}
