//! A real terminal: tmux, which keeps what is on the screen and lets keys be pressed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Longer than anything takes on a machine that has much else to do.
const LIMIT: Duration = Duration::from_secs(300);
/// How often the screen is looked at.
const LOOK: Duration = Duration::from_millis(40);

static MADE: AtomicUsize = AtomicUsize::new(0);

/// Whether there is a tmux.
pub fn is_there() -> bool {
    Command::new("tmux").arg("-V").output().is_ok_and(|said| said.status.success())
}

/// A terminal with a shell in it. Dropping it closes the window.
pub struct Terminal {
    socket: PathBuf,
    _folder: tempfile::TempDir,
}

impl Terminal {
    /// A terminal of this many columns and rows whose shell stands in a folder.
    pub fn open(columns: u16, rows: u16, work: &Path, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::Builder::new().prefix("kgrade-tmux-").tempdir().unwrap();
        let terminal = Self { socket: folder.path().join("socket"), _folder: folder };
        let mut command = terminal.tmux();
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if ["KGRADE_", "KAFKA_", "GITHUB_"].iter().any(|start| text.starts_with(start)) && text != "KGRADE_CACHE" {
                command.env_remove(&name);
            }
        }
        command.env_remove("CI").env_remove("NO_COLOR").env_remove("TMUX").env("LC_ALL", "C.UTF-8").env("TERM", "xterm-256color");
        command.env("PS1", "$ ").env("ENV", "/dev/null").envs(variables.iter().copied());
        let (columns, rows) = (columns.to_string(), rows.to_string());
        command.args(["-f", "/dev/null", "new-session", "-d", "-x", &columns, "-y", &rows, "-c"]).arg(work).arg("sh");
        done(command.output().unwrap());
        terminal
    }

    fn tmux(&self) -> Command {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(&self.socket);
        command
    }

    /// Presses keys, as tmux names them.
    pub fn press(&self, keys: &[&str]) {
        done(self.tmux().args(["send-keys", "-t", "0"]).args(keys).output().unwrap());
    }

    /// Types text as it is.
    pub fn types(&self, text: &str) {
        done(self.tmux().args(["send-keys", "-t", "0", "-l", text]).output().unwrap());
    }

    /// Sends bytes, also such as no key has.
    pub fn sends(&self, bytes: &[u8]) {
        let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:x}")).collect();
        done(self.tmux().args(["send-keys", "-t", "0", "-H"]).args(bytes).output().unwrap());
    }

    /// Pastes text, with the marks that a terminal puts around it where they are asked for.
    pub fn paste(&self, text: &str) {
        done(self.tmux().args(["set-buffer", text]).output().unwrap());
        done(self.tmux().args(["paste-buffer", "-p", "-t", "0"]).output().unwrap());
    }

    /// Gives the window another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        done(self.tmux().args(["resize-window", "-t", "0", "-x", &columns.to_string(), "-y", &rows.to_string()]).output().unwrap());
    }

    /// Closes the window, as with the mouse.
    pub fn close(&self) {
        _ = self.tmux().arg("kill-server").output();
    }

    /// What is on the screen.
    pub fn screen(&self) -> String {
        String::from_utf8_lossy(&self.tmux().args(["capture-pane", "-p", "-t", "0"]).output().unwrap().stdout).into_owned()
    }

    /// The same with colours.
    pub fn colors(&self) -> String {
        String::from_utf8_lossy(&self.tmux().args(["capture-pane", "-p", "-e", "-t", "0"]).output().unwrap().stdout).into_owned()
    }

    /// Waits until something is on the screen, and gives the screen.
    pub fn waits_for(&self, what: &str, is_there: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + LIMIT;
        loop {
            let screen = self.screen();
            if is_there(&screen) {
                return screen;
            }
            assert!(Instant::now() < until, "{what} did not come; the screen is\n{screen}");
            std::thread::sleep(LOOK);
        }
    }

    /// Waits until this text is on the screen.
    pub fn shows(&self, text: &str) -> String {
        self.waits_for(text, |screen| screen.contains(text))
    }

    /// Waits until a run is over and has left this text on the screen.
    pub fn has_graded(&self, text: &str) -> String {
        self.waits_for(&format!("the end of the run with `{text}`"), |screen| screen.contains(text) && !screen.contains("grading"))
    }

    /// What the terminal is set to now, as `stty` says it.
    pub fn settings(&self) -> String {
        let nth = MADE.fetch_add(1, Ordering::Relaxed);
        let (file, end) = (self.socket.with_file_name(format!("stty-{nth}")), format!("set-{nth}-done"));
        self.types(&format!("stty -g >{}; echo set-{nth}-'done'", file.display()));
        self.press(&["Enter"]);
        self.shows(&end);
        std::fs::read_to_string(file).unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.close();
    }
}

fn done(output: Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
