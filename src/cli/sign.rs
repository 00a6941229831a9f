//! `kgrade sign RESULT…`: signs results, in a process that never runs a learner's program.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::Args;

use super::{Done, Failure, output, report};
use crate::exit;
use crate::report::{signature, write_file};

/// The environment variable that holds the secret key where no file does.
const VARIABLE: &str = "KGRADE_SIGNING_KEY";

/// Sign results.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// The JSON reports to sign. The signature stands beside each, with `.minisig` after its name.
    #[arg(required_unless_present = "new_key")]
    results: Vec<PathBuf>,
    /// The file with the secret key; without it, the key is taken from the environment variable KGRADE_SIGNING_KEY.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Make a new key: the secret one in this file, the public one beside it in FILE.pub.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["results", "key"])]
    new_key: Option<PathBuf>,
}

/// Signs, or makes a key.
pub fn sign(args: &SignArgs) -> Done {
    if let Some(path) = &args.new_key {
        new_key(path).map_err(Failure::usage)?;
        return Ok(exit::ALL_PASSED);
    }
    let key = signature::secret_key(&secret(args.key.as_deref()).map_err(Failure::usage)?).map_err(Failure::usage)?;
    for path in &args.results {
        let outcome = report::read(path).map_err(Failure::usage)?;
        let bytes = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
        let beside = beside(path);
        let text = signature::sign(&bytes, &key, &signature::comment(&outcome)).with_context(|| format!("sign {}", path.display()))?;
        write_file(&beside, text.as_bytes()).context("failed to write the signature")?;
        output::print(&format!("signed: {}\n", beside.display()));
    }
    Ok(exit::ALL_PASSED)
}

/// Where the signature of a file stands.
pub fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(signature::END);
    name.into()
}

fn secret(file: Option<&Path>) -> Result<String> {
    match file {
        Some(path) => std::fs::read_to_string(path).with_context(|| format!("read the secret key in {}", path.display())),
        None => std::env::var(VARIABLE)
            .ok()
            .filter(|key| !key.trim().is_empty())
            .ok_or_else(|| anyhow!("there is no key: name its file with --key, or put it into {VARIABLE}; --new-key FILE makes one")),
    }
}

/// Makes a key. An old one is never overwritten: what it signed could not be checked any more.
fn new_key(path: &Path) -> Result<()> {
    let mut public = path.as_os_str().to_owned();
    public.push(".pub");
    let public = PathBuf::from(public);
    let (secret, shown) = signature::new_keys().context("make a key")?;
    for (path, text, mode) in [(path, &secret, 0o600), (&*public, &shown, 0o644)] {
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
        let mut file = file.with_context(|| format!("make {}; an old key is not overwritten", path.display()))?;
        file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).with_context(|| format!("write {}", path.display()))?;
    }
    output::print(&format!(
        "secret key: {} (for KGRADE_SIGNING_KEY or --key; no program of a learner's may be able to read it)\npublic key: {} (for everybody who checks results: kgrade verify --key)\n",
        path.display(),
        public.display()
    ));
    Ok(())
}
