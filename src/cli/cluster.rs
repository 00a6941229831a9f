//! `kgrade up` and `kgrade down`: a broker that stays for the learner to try things on.

use std::io::Write;

use anyhow::{Context, Result};
use clap::Args;

use crate::exit;
use crate::world::cluster::{ClusterContext, Down, Kept, Up, down as stop, ui, up as start};

/// Where programs expect Kafka: its own default.
pub const KAFKA_PORT: u16 = 9092;

/// Where the course's compose file has the UI.
pub const UI_PORT: u16 = 8080;

/// What `kgrade up` is told.
#[derive(Debug, Clone, Args)]
pub struct UpArgs {
    /// The port on 127.0.0.1 that programs connect to
    #[arg(long, default_value_t = KAFKA_PORT, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: u16,
    /// Also start the Kafka UI, in a Docker container: a page about topics, records and groups. Its image must be there (docker pull)
    #[arg(long)]
    pub ui: bool,
    /// The port on 127.0.0.1 that a browser connects to
    #[arg(long, value_name = "PORT", default_value_t = UI_PORT, value_parser = clap::value_parser!(u16).range(1..))]
    pub ui_port: u16,
}

/// What `kgrade down` is told.
#[derive(Debug, Clone, Args)]
pub struct DownArgs {
    /// Also delete the broker's topics; without it they are there again after the next `kgrade up`
    #[arg(long)]
    pub delete: bool,
}

/// `kgrade up`: starts the learner's broker, or says that it is up. Blocks; not to be called inside an async runtime.
///
/// # Errors
/// A [`ClusterError`](crate::world::cluster::ClusterError) when there is no broker to be had, a [`UiError`](ui::UiError) when there is no UI (the
/// broker is up all the same), and when `out` cannot be written.
pub fn up(args: &UpArgs, context: &ClusterContext, out: &mut dyn Write) -> Result<u8> {
    let (kept, did) = match start(context, args.port)? {
        Up::Started(kept) => (kept, "is up"),
        Up::Already(kept) => (kept, "is already up"),
    };
    let Kept { pid, port, version, folder, warning } = &kept;
    writeln!(out, "Apache Kafka {version} {did} on 127.0.0.1:{port} (process {pid})")?;
    writeln!(out, "  its topics stay in {}", folder.display())?;
    writeln!(out, "  topics are not created by themselves: create them first, as in the labs")?;
    writeln!(out, "  stop it with: kgrade down")?;
    if let Some(warning) = warning {
        writeln!(out, "warning: {warning}")?;
    }
    if args.ui {
        let ui = runtime()?.block_on(ui::open(context, &kept, args.ui_port))?;
        let did = if ui.already { "is already up" } else { "is up" };
        writeln!(out, "the Kafka UI {did}: {}", ui.url)?;
    }
    Ok(exit::ALL_PASSED)
}

/// `kgrade down`: stops the learner's broker, if it is up. Blocks; not to be called inside an async runtime.
///
/// # Errors
/// A [`ClusterError`](crate::world::cluster::ClusterError) when its folder cannot be written, a [`UiError`](ui::UiError) when its UI cannot be
/// removed, and when `out` cannot be written.
pub fn down(args: &DownArgs, context: &ClusterContext, out: &mut dyn Write) -> Result<u8> {
    match stop(context, args.delete)? {
        Down::Stopped { port } => writeln!(out, "the broker on 127.0.0.1:{port} is down")?,
        Down::NotUp => writeln!(out, "no broker of kgrade is up")?,
    }
    if runtime()?.block_on(ui::close(context))? {
        writeln!(out, "the Kafka UI is removed")?;
    }
    let topics = if args.delete { "its topics are deleted" } else { "its topics are kept for the next `kgrade up`" };
    writeln!(out, "  {topics}")?;
    Ok(exit::ALL_PASSED)
}

/// What asks Docker.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().context("start the runtime")
}
