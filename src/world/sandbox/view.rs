//! What a program in a sandbox sees of this machine: the tools, its own folders, and nothing else.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Where systems keep their programs and libraries.
const SYSTEM: &[&str] = &["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store"];

/// What programs need of the system's settings: how libraries are found, which certificates are good, which time zone this is.
const SETTINGS: &[&str] = &[
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/maven",
    "/etc/mime.types",
    "/etc/pki",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
];

/// Something of the machine that is seen inside, at the same place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// A link, as it stands.
    Link {
        /// Where it stands.
        path: PathBuf,
        /// Where it points.
        target: PathBuf,
    },
    /// A file or folder that can be read.
    Readable(PathBuf),
}

/// What is seen of the system, and of these files and folders beside it. Parents come first.
pub(super) fn seen<'a>(more: impl IntoIterator<Item = &'a Path>) -> Vec<Seen> {
    let mut found: Vec<Seen> = Vec::new();
    for path in SYSTEM.iter().chain(SETTINGS).map(Path::new).chain(java_settings().iter().map(PathBuf::as_path)) {
        match path.symlink_metadata() {
            Ok(known) if known.is_symlink() => {
                // A link is kept as it stands, as `/bin` is one to `usr/bin`; one out of what is seen leads nowhere, so its target is shown in its place.
                match std::fs::read_link(path) {
                    Ok(target) if SYSTEM.contains(&path.to_str().unwrap_or_default()) => {
                        found.push(Seen::Link { path: path.to_owned(), target });
                    }
                    _ => found.push(Seen::Readable(path.to_owned())),
                }
            }
            Ok(_) => found.push(Seen::Readable(path.to_owned())),
            Err(_) => {}
        }
    }
    let more: BTreeSet<&Path> = more.into_iter().filter(|path| path.exists() && !is_seen(path)).collect();
    for path in &more {
        // What lies in another one of them is seen with it.
        if !path.ancestors().skip(1).any(|parent| more.contains(parent)) {
            found.push(Seen::Readable((*path).to_owned()));
        }
    }
    found
}

/// Whether a path is in what every sandbox sees.
fn is_seen(path: &Path) -> bool {
    SYSTEM.iter().any(|system| path.starts_with(system))
}

/// Debian's Java reads its settings from `/etc/java-17-openjdk`.
fn java_settings() -> Vec<PathBuf> {
    let is_java = |name: &OsStr| name.to_str().is_some_and(|name| name.starts_with("java"));
    let entries = std::fs::read_dir("/etc").into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.path()).filter(|path| path.file_name().is_some_and(is_java)).collect()
}

/// The folders of tools on a search path. A folder that holds more than tools (a home, the root) is left out.
pub fn tools(path: Option<&OsStr>, home: Option<&Path>) -> Vec<PathBuf> {
    let folders = path.map(std::env::split_paths).into_iter().flatten();
    folders
        .filter(|folder| folder.is_absolute() && folder.parent().is_some() && home.is_none_or(|home| !home.starts_with(folder)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_seen_and_no_home() {
        let folder = tempfile::tempdir().unwrap();
        let (outer, inner) = (folder.path().join("a"), folder.path().join("a/b"));
        std::fs::create_dir_all(&inner).unwrap();
        let seen = seen([inner.as_path(), outer.as_path(), Path::new("/usr/bin"), Path::new("/no/such/folder")]);
        assert!(seen.contains(&Seen::Readable("/usr".into())));
        assert_eq!(
            seen.iter().filter(|seen| matches!(seen, Seen::Readable(path) if path.starts_with(folder.path()))).count(),
            1,
            "{seen:?}"
        );
        assert!(seen.contains(&Seen::Readable(outer)));
        for secret in ["/etc", "/etc/shadow", "/home", "/root", "/var", "/run", "/"] {
            assert!(!seen.contains(&Seen::Readable(secret.into())), "{secret}");
        }
    }

    #[test]
    fn a_home_on_the_search_path_is_not_a_folder_of_tools() {
        let path = OsStr::new("/usr/bin:/home/ada/bin:/home/ada:/home:/::relative");
        assert_eq!(tools(Some(path), Some(Path::new("/home/ada"))), ["/usr/bin", "/home/ada/bin"].map(PathBuf::from));
    }
}
