//! actionlint and shellcheck, where they are installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Failed;

use super::document;

/// Whether a program is on the path.
pub fn installed(name: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join(name).is_file())
}

fn clean(command: &mut Command) -> Result<(), Failed> {
    let output = command.current_dir(document::root()).output()?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stdout).into_owned().into()) }
}

/// All workflows, with shellcheck on their scripts when that is there.
pub fn actionlint() -> Result<(), Failed> {
    clean(Command::new("actionlint").arg("-no-color").args(document::workflows()))
}

/// All scripts under `.github` and `.ci`, with every advice on, and the scripts inside the action.
pub fn shellcheck() -> Result<(), Failed> {
    let mut scripts = vec![document::root().join(".ci/run")];
    collect(&document::root().join(".github"), &mut scripts)?;
    if scripts.len() < 7 {
        return Err(format!("only {scripts:?}").into());
    }
    clean(Command::new("shellcheck").args(["--shell", "bash"]).args(&scripts))?;
    let folder = tempfile::tempdir()?;
    for (number, step) in document::steps(&document::read(&document::action())?["runs"]).iter().enumerate() {
        let Some(script) = step["run"].as_str() else { continue };
        let file = folder.path().join(format!("action-step-{}.sh", number + 1));
        std::fs::write(&file, script)?;
        clean(Command::new("shellcheck").args(["--shell", "bash"]).arg(&file))?;
    }
    Ok(())
}

fn collect(folder: &Path, scripts: &mut Vec<PathBuf>) -> Result<(), Failed> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, scripts)?;
        } else if path.extension().is_some_and(|end| end == "sh") {
            scripts.push(path);
        }
    }
    Ok(())
}
