//! Who uses a folder, as far as command lines tell: a broker that outlives kgrade names its jars there.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The command lines of all processes of a moment.
#[derive(Debug, Clone, Default)]
pub struct Users(Vec<Vec<u8>>);

impl Users {
    /// Those of now.
    #[must_use]
    pub fn now() -> Self {
        let own = std::process::id().to_string();
        let Ok(folders) = fs::read_dir("/proc").map(|all| all.filter_map(Result::ok)) else { return Self::of_ps() };
        let processes = folders.filter(|folder| {
            let name = folder.file_name();
            name.to_str().is_some_and(|name| name != own && name.bytes().all(|byte| byte.is_ascii_digit()))
        });
        Self(processes.filter_map(|folder| fs::read(folder.path().join("cmdline")).ok()).collect())
    }

    /// Where the system has no `/proc`.
    fn of_ps() -> Self {
        let output = Command::new("ps").args(["-axwwo", "command="]).output().map(|output| output.stdout).unwrap_or_default();
        Self(output.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect())
    }

    /// Whether one of them names something in this folder.
    #[must_use]
    pub fn have(&self, folder: &Path) -> bool {
        let real = folder.canonicalize().ok();
        let folders = [Some(folder), real.as_deref()];
        let wanted: Vec<Vec<u8>> =
            folders.into_iter().flatten().map(|folder| [folder.as_os_str().as_encoded_bytes(), b"/"].concat()).collect();
        self.0.iter().any(|line| wanted.iter().any(|folder| line.windows(folder.len()).any(|part| part == folder.as_slice())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_names_a_folder_uses_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new("sleep").arg("600").arg0_of(folder.path()).spawn().unwrap();
        while !Users::now().have(folder.path()) {
            assert!(child.try_wait().unwrap().is_none(), "it ended");
            std::thread::yield_now();
        }
        assert!(!Users::now().have(&folder.path().join("other")));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!Users::now().have(folder.path()));
    }

    trait Named {
        fn arg0_of(&mut self, folder: &Path) -> &mut Self;
    }

    impl Named for Command {
        fn arg0_of(&mut self, folder: &Path) -> &mut Self {
            use std::os::unix::process::CommandExt;
            self.arg0(folder.join("a.jar"))
        }
    }
}
