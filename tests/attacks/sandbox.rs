//! Which sandbox the attacks are locked in.

use std::process::{Command, Stdio};

/// A sandbox that works on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sandbox {
    /// bubblewrap.
    Bwrap,
    /// Containers.
    Docker,
    /// None, to see that an attack is one.
    None,
}

impl Sandbox {
    /// The one that `KGRADE_TEST_SANDBOX` names, bubblewrap without it; why there is none otherwise.
    pub fn wanted() -> Result<Self, String> {
        let bwrap = || works("bwrap", &["--ro-bind", "/", "/", "--unshare-pid", "--unshare-net", "--proc", "/proc", "true"]);
        let docker = || works("docker", &["info"]);
        match std::env::var("KGRADE_TEST_SANDBOX").unwrap_or_default().as_str() {
            "none" => Ok(Self::None),
            "docker" if docker() => Ok(Self::Docker),
            "docker" => Err("needs Docker".to_owned()),
            _ if bwrap() => Ok(Self::Bwrap),
            _ => Err("needs bubblewrap, or Docker and KGRADE_TEST_SANDBOX=docker".to_owned()),
        }
    }

    /// The words for kgrade.
    pub fn options(self) -> &'static [&'static str] {
        match self {
            Self::Bwrap => &["--sandbox", "bwrap"],
            Self::Docker => &["--sandbox", "docker"],
            Self::None => &[],
        }
    }

    /// What the report says.
    pub fn named(self) -> &'static str {
        match self {
            Self::Bwrap => "bubblewrap",
            Self::Docker => "docker",
            Self::None => "none",
        }
    }
}

fn works(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
