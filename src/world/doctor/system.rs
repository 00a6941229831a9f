//! Which words install something on this system.

use crate::world::cluster::Host;

/// A kind of system, by what installs its packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Debian, Ubuntu and what is made from them.
    Debian,
    /// Fedora and its kin.
    Fedora,
    /// macOS with Homebrew.
    Mac,
    /// Any other.
    Other,
}

impl System {
    /// The one that this kgrade runs on.
    #[must_use]
    pub fn of(host: &Host) -> Self {
        if cfg!(target_os = "macos") {
            Self::Mac
        } else if host.find("dnf").is_some() {
            Self::Fedora
        } else if host.find("apt-get").is_some() {
            Self::Debian
        } else {
            Self::Other
        }
    }
}
