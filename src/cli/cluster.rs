//! `kgrade up` and `kgrade down`: a broker that stays for the learner to try things on.

use std::io::Write;

use anyhow::Result;
use clap::Args;

use crate::exit;
use crate::world::cluster::{ClusterContext, Down, Kept, Up, down as stop, up as start};

/// What `kgrade up` is told.
#[derive(Debug, Clone, Args)]
pub struct UpArgs {
    /// The port on 127.0.0.1 that programs connect to
    #[arg(long, default_value_t = 9092, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: u16,
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
/// A [`ClusterError`](crate::world::cluster::ClusterError) when there is no broker to be had, and when `out` cannot be written.
pub fn up(args: &UpArgs, context: &ClusterContext, out: &mut dyn Write) -> Result<u8> {
    let (kept, did) = match start(context, args.port)? {
        Up::Started(kept) => (kept, "is up"),
        Up::Already(kept) => (kept, "is already up"),
    };
    let Kept { pid, port, version, folder, warning } = kept;
    writeln!(out, "Apache Kafka {version} {did} on 127.0.0.1:{port} (process {pid})")?;
    writeln!(out, "  its topics stay in {}", folder.display())?;
    writeln!(out, "  topics are not created by themselves: create them first, as in the labs")?;
    writeln!(out, "  stop it with: kgrade down")?;
    if let Some(warning) = warning {
        writeln!(out, "warning: {warning}")?;
    }
    Ok(exit::ALL_PASSED)
}

/// `kgrade down`: stops the learner's broker, if it is up. Blocks; not to be called inside an async runtime.
///
/// # Errors
/// A [`ClusterError`](crate::world::cluster::ClusterError) when its folder cannot be written, and when `out` cannot be written.
pub fn down(args: &DownArgs, context: &ClusterContext, out: &mut dyn Write) -> Result<u8> {
    match stop(context, args.delete)? {
        Down::Stopped { port } => writeln!(out, "the broker on 127.0.0.1:{port} is down")?,
        Down::NotUp => writeln!(out, "no broker of kgrade is up")?,
    }
    let topics = if args.delete { "its topics are deleted" } else { "its topics are kept for the next `kgrade up`" };
    writeln!(out, "  {topics}")?;
    Ok(exit::ALL_PASSED)
}
