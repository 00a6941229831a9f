//! What `release.yml` publishes.

use std::fs;
use std::path::Path;
use std::process::Command;

use libtest_mimic::Failed;
use serde_json::json;

use super::document;
use super::runner::Runner;
use super::school::executable;

/// The four archives and the list of parts are published with checksums that fit; with one archive less, nothing is.
pub fn a_release_is_whole_and_has_its_checksums() -> Result<(), Failed> {
    let workflow = document::read(&document::root().join(".github/workflows/release.yml"))?;
    let matrix = workflow["jobs"]["build"]["strategy"]["matrix"]["include"].as_array().cloned().unwrap_or_default();
    let targets: Vec<_> = matrix.iter().filter_map(|entry| entry["target"].as_str()).collect();
    for whole in [true, false] {
        let folder = tempfile::tempdir()?;
        let mut runner = Runner::new(folder.path())?;
        for target in targets.iter().skip(usize::from(!whole)) {
            put(&runner.artifacts.join(format!("release-{target}/kgrade-v1.2.3-{target}.tar.gz")), target)?;
        }
        put(&runner.artifacts.join("release-sbom/kgrade-v1.2.3.cdx.json"), "{}")?;
        let said = folder.path().join("said");
        executable(&folder.path().join("bin/gh"), &format!("#!/bin/sh\n[ \"$GH_TOKEN\" = t ] && echo \"$*\" >{}\n", said.display()))?;
        let path = format!("{}:{}", folder.path().join("bin").display(), std::env::var("PATH")?);
        runner.env.insert("PATH".to_owned(), path);
        let github = json!({ "ref_name": "v1.2.3", "repository": "school/kgrade", "token": "t" });
        runner.contexts.insert("github".to_owned(), github);
        let ended = runner.job(&workflow, "publish")?;
        let published = fs::read_to_string(&said).unwrap_or_default();
        let names = targets.iter().map(|target| format!("kgrade-v1.2.3-{target}.tar.gz"));
        let missing = names.chain(["SHA256SUMS", "kgrade-v1.2.3.cdx.json"].map(str::to_owned)).find(|name| !published.contains(name));
        if ended.green != whole || published.is_empty() == whole || whole && missing.is_some() {
            return Err(format!("{ended:?} {published} {missing:?}\n{}", runner.seen.log).into());
        }
        let dist = runner.workspace.join("dist");
        if whole && !Command::new("sha256sum").args(["--check", "--strict", "--quiet", "SHA256SUMS"]).current_dir(dist).status()?.success()
        {
            return Err("the checksums do not fit".into());
        }
    }
    if targets.len() == 4 { Ok(()) } else { Err(format!("{targets:?}").into()) }
}

/// A tag that is not the version of the program is not packed.
pub fn a_tag_of_another_version_is_refused() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("kgrade");
    executable(&program, "#!/bin/sh\necho kgrade 1.2.3\n")?;
    for (version, packed) in [("v1.2.3", true), ("v1.2.4", false), ("1.2", false)] {
        let dist = folder.path().join(version);
        let mut command = Command::new("bash");
        command.arg(document::root().join(".github/release/package.sh")).env("VERSION", version).env("TARGET", "here");
        let output = command.env("BINARY", &program).env("DIST", &dist).output()?;
        if output.status.success() != packed || dist.join(format!("kgrade-{version}-here.tar.gz")).exists() != packed {
            return Err(format!("{version}: {}", String::from_utf8_lossy(&output.stdout)).into());
        }
    }
    Ok(())
}

fn put(path: &Path, text: &str) -> Result<(), Failed> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    Ok(fs::write(path, text)?)
}
