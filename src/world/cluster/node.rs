//! One broker process: its command line, its folder, its life and its end.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::error::ClusterError;
use super::image::Image;
use super::jars::Jars;
use super::java::Java;
use super::patience::Patience;
use super::process::ask_to_stop;
use super::work::{Work, end_group, tail};
use crate::world::guard::MARK_VARIABLE;

/// How many lines of the broker's log a message shows.
const TAIL_LINES: usize = 15;

/// The log's settings: warnings and errors only, to standard output, which is a file in the broker's folder.
const LOG4J: &str = "status=error\nappender.o.type=Console\nappender.o.name=o\nappender.o.layout.type=PatternLayout\n\
                     appender.o.layout.pattern=[%d] %p %m (%c{1})%n\nrootLogger.level=warn\nrootLogger.appenderRef.o.ref=o\n";

/// What a broker is started from.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The Java to run it with.
    pub java: Java,
    /// Kafka's jars.
    pub jars: Jars,
}

/// How the broker uses a CDS archive.
#[derive(Debug, Clone, Copy)]
pub enum Archive<'a> {
    /// Not at all.
    None,
    /// Classes come from this archive.
    Use(&'a Path),
    /// The classes that were loaded are written to this file when the broker stops.
    Make(&'a Path),
}

/// A broker process whose folder has `server.properties` and `data`. Killed with all it started when dropped.
#[derive(Debug)]
pub struct Node {
    child: Mutex<Child>,
    folder: PathBuf,
}

/// Why a broker did not come up.
#[derive(Debug)]
pub enum BootFailure {
    /// A port was taken by another program meanwhile.
    PortTaken,
    /// It refused its settings.
    Settings(String),
    /// It ended for another reason; the message and the end of its log.
    Died(String, String),
    /// It lives and does not answer; the message and the end of its log. What it was started from is no worse for that.
    Silent(String, String),
    /// It cannot be started or waited for.
    Stop(ClusterError),
}

impl From<ClusterError> for BootFailure {
    fn from(error: ClusterError) -> Self {
        Self::Stop(error)
    }
}

impl Recipe {
    /// The recipe's arguments for Java. Everything that a CDS archive depends on is the same for every broker of one recipe.
    fn arguments(&self, archive: Archive<'_>, main: &str) -> Vec<OsString> {
        let mut args: Vec<OsString> = [
            // 96 MB hold a broker that streams. The young generation is as large as a start needs without many collections.
            "-Xms48m",
            "-Xmn32m",
            "-Xmx96m",
            // The quick compiler and the simple collector start fastest and take least.
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-XX:+IgnoreUnrecognizedVMOptions",
            "-XX:-UsePerfData",
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:-CreateCoredumpOnCrash",
            "-XX:ErrorFile=hs_err.log",
            "-Xlog:disable",
            "-Djava.awt.headless=true",
            // Compression libraries unpack themselves into a file and never remove it when the broker is killed: its folder is removed.
            "-Djava.io.tmpdir=.",
            "-Dlog4j2.disableJmx=true",
            "-Dlog4j2.configurationFile=log4j2.properties",
        ]
        .map(OsString::from)
        .into();
        let option = |name: &str, path: &Path| {
            let mut option = OsString::from(name);
            option.push(path);
            option
        };
        match archive {
            Archive::None => {}
            Archive::Use(file) => args.push(option("-XX:SharedArchiveFile=", file)),
            Archive::Make(file) => args.push(option("-XX:ArchiveClassesAtExit=", file)),
        }
        args.push("-cp".into());
        args.push(self.class_path());
        args.push(main.into());
        args
    }

    /// The class path, always the same string for the same jars.
    #[must_use]
    pub fn class_path(&self) -> OsString {
        let mut path = OsString::new();
        for (index, jar) in self.jars.files.iter().enumerate() {
            if index > 0 {
                path.push(":");
            }
            path.push(jar);
        }
        path
    }

    /// A command that runs `main` of Kafka in `folder`, with its output in `folder/broker.log`.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn command(&self, folder: &Path, archive: Archive<'_>, main: &str) -> Result<Command, ClusterError> {
        let config = folder.join("log4j2.properties");
        fs::write(&config, LOG4J).map_err(ClusterError::folder("write", &config))?;
        let log = folder.join("broker.log");
        let files = File::create(&log).and_then(|file| Ok((file.try_clone()?, file)));
        let (out, err) = files.map_err(ClusterError::folder("write", &log))?;
        let mut command = Command::new(&self.java.program);
        command.args(self.arguments(archive, main)).current_dir(folder).stdin(Stdio::null()).stdout(out).stderr(err).process_group(0);
        // Options meant for other Java programs of this user.
        for name in ["JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH", "KAFKA_OPTS"] {
            command.env_remove(name);
        }
        // It must not be taken for a process of the run that happens to start it.
        command.env_remove(MARK_VARIABLE);
        if ["LC_ALL", "LC_CTYPE", "LANG"].iter().all(|name| std::env::var_os(name).is_none_or(|value| value.is_empty())) {
            // Without a locale Java cannot open paths that are not ASCII.
            command.env("LC_ALL", "C.UTF-8");
        }
        Ok(command)
    }
}

impl Node {
    /// Starts a broker in `folder`, with `mark` in its environment.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn spawn(recipe: &Recipe, folder: &Path, archive: Archive<'_>, mark: &str) -> Result<Self, ClusterError> {
        let mut command = recipe.command(folder, archive, "kafka.Kafka")?;
        command.arg("server.properties");
        command.env(MARK_VARIABLE, mark);
        let child = command.spawn().map_err(ClusterError::folder("start", &recipe.java.program))?;
        Ok(Self { child: Mutex::new(child), folder: folder.to_owned() })
    }

    /// Why it ended before it was ready.
    pub fn why_it_ended(&self, status: ExitStatus) -> BootFailure {
        let log = tail(&self.log(), usize::MAX);
        if log.contains("Address already in use") {
            return BootFailure::PortTaken;
        }
        if let Some(line) = log.lines().find(|line| line.contains("ConfigException")) {
            return BootFailure::Settings(line.trim().to_owned());
        }
        BootFailure::Died(format!("it ended with {status} before it answered"), self.log_tail())
    }

    /// How the process ended, when it has.
    pub fn status(&self) -> Option<ExitStatus> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait().ok().flatten()
    }

    /// Its process id, which is also its process group.
    pub fn pid(&self) -> u32 {
        self.child.lock().unwrap_or_else(PoisonError::into_inner).id()
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        tail(&self.log(), TAIL_LINES)
    }

    fn log(&self) -> PathBuf {
        self.folder.join("broker.log")
    }

    /// Asks it to stop in order, and waits for that.
    ///
    /// # Errors
    /// When it does not end in time; it still runs then.
    pub fn terminate(&self, work: &Work, limit: Duration) -> Result<(), ClusterError> {
        ask_to_stop(self.pid());
        let patience = Patience::new(limit);
        while self.status().is_none() {
            if patience.is_over(self.pid()) {
                return Err(ClusterError::Boot { reason: "it does not stop".to_owned(), log_tail: self.log_tail() });
            }
            work.pause(Duration::from_millis(10))?;
        }
        Ok(())
    }

    /// Makes it stand still, or go on.
    pub fn signal(&self, signal: Signal) {
        // Once its end is known its process id may belong to somebody else.
        if self.status().is_none()
            && let Some(group) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw)
        {
            let _ = kill_process_group(group, signal);
        }
    }

    /// Kills it now.
    pub fn kill(&self) {
        // Once its end is known its process id may belong to somebody else.
        if self.status().is_none() {
            end_group(&mut self.child.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Lets the process live on when this value goes.
    pub fn detach(self) {
        std::mem::forget(self);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Image {
    /// How a broker of this image uses its archive.
    #[must_use]
    pub fn archive(&self) -> Archive<'_> {
        self.archive_file().map_or(Archive::None, Archive::Use)
    }
}
