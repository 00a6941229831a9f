//! What the workflow makes of each way in which kgrade can end: a script stands in for kgrade, the steps are the real ones.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Failed;

use super::runner::{Ended, write};
use super::school::{CANARY, School, committed, executable, fixture, scripted};

/// A report of 65 points.
const REPORT: &str = r#"{"lab":"lab-02","score":65,"max_score":100,"complete":true}"#;

fn output<'a>(ended: &'a Ended, name: &str) -> &'a str {
    ended.outputs.get(name).map_or("", String::as_str)
}

fn shown(school: &School, ended: &Ended) -> Failed {
    let seen = &school.runner.seen;
    format!("{ended:?}\n{:#?}\n{:#?}\n{}\n{}", seen.steps, seen.annotations, seen.summary, seen.log).into()
}

fn graded(body: &str) -> Result<(School, Ended), Failed> {
    let mut school = School::new(&fixture("solution"), &scripted(body))?;
    let ended = school.grade()?;
    Ok((school, ended))
}

/// An environment that cannot be used, a crash, and a lost report: no points at all, not zero of them.
pub fn an_environment_error_is_no_zero() -> Result<(), Failed> {
    for body in ["exit 3", "kill -SEGV $$", "exit 0", "exit 1", "echo '{\"score\":0}' >\"$json\"; exit 1", "echo broken >\"$json\"; exit 1"]
    {
        let (school, ended) = graded(body)?;
        let seen = &school.runner.seen;
        let empty = output(&ended, "score").is_empty() && output(&ended, "max-score").is_empty();
        let told = seen.annotations.iter().any(|(level, title, _)| level == "error" && title == "lab-02: no grade");
        let page = seen.summary.contains("no grade") && !seen.summary.contains("0 of");
        if ended.green || output(&ended, "result") != "environment" || output(&ended, "complete") != "false" || !empty || !told || !page {
            return Err(format!("{body}: {:?}", shown(&school, &ended)).into());
        }
    }
    // A step that ends before kgrade is called.
    let mut school = School::new(&fixture("solution"), &scripted("exit 0"))?;
    school.runner.env.insert("KGRADE_CACHE".to_owned(), "/dev/null/cache".to_owned());
    let ended = school.grade()?;
    if ended.green || output(&ended, "result") != "environment" || !output(&ended, "score").is_empty() {
        return Err(shown(&school, &ended));
    }
    Ok(())
}

/// What is inconclusive is red, and says so; what is called in a wrong way is neither a grade nor the learner's.
pub fn other_ends_are_told_apart() -> Result<(), Failed> {
    let inconclusive = REPORT.replace("true", "false");
    for (body, result, score, complete) in [
        (format!("echo '{inconclusive}' >\"$json\"; exit 5"), "inconclusive", "65", "false"),
        ("exit 2".to_owned(), "usage", "", "false"),
        ("exit 4".to_owned(), "usage", "", "false"),
    ] {
        let (school, ended) = graded(&body)?;
        let seen = [output(&ended, "result"), output(&ended, "score"), output(&ended, "complete")];
        if ended.green || seen != [result, score, complete] || !school.runner.seen.summary.contains("no grade") {
            return Err(shown(&school, &ended));
        }
    }
    Ok(())
}

/// `fail-on: never` makes a failed check green, and nothing else.
pub fn fail_on_never_is_green_for_failed_checks_only() -> Result<(), Failed> {
    for (code, fail_on, green) in
        [(1, "failed", false), (1, "never", true), (3, "never", false), (0, "never", true), (0, "sometimes", false)]
    {
        let script = scripted(&format!("echo '{REPORT}' >\"$json\"; exit {code}"));
        let mut school = School::new(&fixture("solution"), &script)?.with("fail-on", fail_on.into());
        let ended = school.grade()?;
        if ended.green != green {
            return Err(shown(&school, &ended));
        }
    }
    Ok(())
}

/// Numbers of a report are numbers, whatever stands there.
pub fn a_report_cannot_set_outputs() -> Result<(), Failed> {
    for score in ["\"9\\nresult=passed\"", "1e3", "-5", "99.5", "[100]", "99999999999"] {
        let report = REPORT.replace("65", score);
        let (school, ended) = graded(&format!("echo '{report}' >\"$json\"; exit 1"))?;
        // 1e3 is the number 1000, which a report may say.
        let wanted = if score == "1e3" { "failed" } else { "environment" };
        if ended.green || output(&ended, "result") != wanted {
            return Err(shown(&school, &ended));
        }
    }
    Ok(())
}

/// kgrade writes the page of the run; what would be too long for GitHub is cut.
pub fn the_page_is_kgrades_and_bounded() -> Result<(), Failed> {
    let body = format!(
        "echo '{REPORT}' >\"$json\"; echo '## From kgrade' >\"$GITHUB_STEP_SUMMARY\"; yes | head -c 3000000 >>\"$GITHUB_STEP_SUMMARY\"; exit 1"
    );
    let (school, ended) = graded(&body)?;
    let page = &school.runner.seen.summary;
    if !page.starts_with("## From kgrade\n") || page.len() > 1024 * 1024 {
        return Err(format!("{} bytes: {}\n{ended:?}", page.len(), page.get(..40).unwrap_or_default()).into());
    }
    Ok(())
}

/// A lab's name that would be an option, or a command, is refused before kgrade is called.
pub fn a_strange_lab_is_refused() -> Result<(), Failed> {
    for lab in ["", "--help", "lab-02; touch x", "../x", "$(id)", "lab\n-02"] {
        let folder = tempfile::tempdir()?;
        let mark = folder.path().join("was-called");
        let script = scripted(&format!("touch {}; exit 0", mark.display()));
        let mut school = School::new(&fixture("solution"), &script)?.with("lab", lab.into());
        let ended = school.grade()?;
        if ended.green || output(&ended, "result") != "usage" || mark.exists() {
            return Err(shown(&school, &ended));
        }
    }
    Ok(())
}

/// kgrade itself gets none of the job's variables but those that it reports.
pub fn kgrade_gets_a_short_environment() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("environment");
    let (school, ended) = graded(&format!("env >{}; printf '%s\\n' \"$@\" >>{0}; exit 3", file.display()))?;
    let environment = fs::read_to_string(&file).map_err(|_| shown(&school, &ended))?;
    let known = ["GITHUB_REPOSITORY=school/lab-ada", "GITHUB_ACTIONS=true", "--learner=ada"];
    if let Some(missing) = known.iter().find(|line| !environment.lines().any(|found| found == **line)) {
        return Err(format!("{missing} is missing\n{environment}").into());
    }
    let commands = ["GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "RUNNER_TEMP", "GITHUB_WORKSPACE"];
    if environment.contains(CANARY) || commands.iter().any(|name| environment.contains(&format!("{name}="))) {
        return Err(environment.into());
    }
    Ok(())
}

/// A release that is not the one that was pinned is refused, and never run.
pub fn a_wrong_release_is_never_run() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let mark = folder.path().join("was-run");
    // Packing asks for the version; only from then on it is noted.
    let script = format!("#!/bin/sh\n[ -e {0}.armed ] && touch {0}\necho 'kgrade {1}'\n", mark.display(), env!("CARGO_PKG_VERSION"));
    for damage in ["replaced", "missing", "unpinned"] {
        let mut school = School::new(&fixture("solution"), &script)?;
        fs::write(mark.with_extension("armed"), "")?;
        let archive = archive(&school.folder.path().join("releases")).ok_or("there is no archive")?;
        match damage {
            "replaced" => {
                // A whole archive, but of another program.
                let other = School::new(&fixture("solution"), &format!("{script}# other\n"))?;
                let other = self::archive(&other.folder.path().join("releases")).ok_or("there is no archive")?.canonicalize()?;
                fs::copy(other, &archive)?;
                fs::remove_file(&mark).ok();
            }
            "missing" => fs::remove_file(&archive)?,
            _ => {
                let instructor = school.folder.path().join("instructor");
                write(&instructor.join(".github/actions/kgrade/SHA256SUMS"), "")?;
                school.runner.contexts["job"]["workflow_sha"] = committed(&instructor)?.into();
            }
        }
        let ended = school.grade()?;
        let told = school.runner.seen.annotations.iter().any(|(level, title, _)| level == "error" && title == "kgrade cannot be installed");
        let uploaded = school.runner.artifacts.join("kgrade-lab-02").exists();
        if ended.green || !told || mark.exists() || uploaded || !output(&ended, "score").is_empty() {
            return Err(format!("{damage}: {:?}", shown(&school, &ended)).into());
        }
        fs::remove_file(mark.with_extension("armed"))?;
    }
    Ok(())
}

fn archive(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|entry| entry.path());
    let mut found = entries
        .filter_map(|path| if path.is_dir() { archive(&path) } else { path.extension().is_some_and(|end| end == "gz").then_some(path) });
    found.next()
}

/// Without a pinned release kgrade is built, of the commit that the workflow is of. A script stands in for cargo.
pub fn without_a_release_it_is_built() -> Result<(), Failed> {
    let mut school = School::new(&fixture("solution"), &scripted("exit 3"))?;
    let instructor = school.folder.path().join("instructor");
    fs::remove_file(instructor.join(".github/actions/kgrade/SHA256SUMS"))?;
    school.runner.contexts["job"]["workflow_sha"] = committed(&instructor)?.into();
    let built = school.folder.path().join("built");
    executable(&built, &scripted(&format!("echo '{REPORT}' >\"$json\"; exit 0")))?;
    let cargo = format!(
        "#!/bin/bash\nset -e\n[ -f LICENSE ]\nwhile [ \"$1\" != --target-dir ]; do shift; done\nmkdir -p \"$2/release\"\ncp {} \"$2/release/kgrade\"\n",
        built.display()
    );
    executable(&school.folder.path().join("bin/cargo"), &cargo)?;
    let ended = school.grade()?;
    if !ended.green || output(&ended, "origin") != "source" || output(&ended, "score") != "65" {
        return Err(shown(&school, &ended));
    }
    Ok(())
}

/// Nothing of the job that ran a learner's programs is kept for other runs; the job that fills the cache never has them.
pub fn the_cache_is_filled_without_the_learner() -> Result<(), Failed> {
    let body = format!(
        "case $1 in up) mkdir -p \"$KGRADE_CACHE/kafka\"; echo up >>\"$KGRADE_CACHE/kafka/said\"; exit;; down) echo down >>\"$KGRADE_CACHE/kafka/said\"; exit;; esac\n\
         echo '{REPORT}' >\"$json\"; exit 0"
    );
    let mut school = School::new(&fixture("solution"), &scripted(&body))?;
    school.runner.env.insert("KGRADE_CACHE".to_owned(), school.folder.path().join("cache").display().to_string());
    let graded = school.grade()?;
    if !school.runner.seen.saved.is_empty() {
        return Err(shown(&school, &graded));
    }
    // The job has a fixed folder of the machine for it: not in a test.
    let folder = school.folder.path().join("kept");
    school.workflow = serde_json::from_str(&school.workflow.to_string().replace("/tmp/kgrade-cache", &folder.display().to_string()))?;
    let kept = school.after("keep", &graded)?;
    let said = fs::read_to_string(folder.join("kafka/said")).unwrap_or_default();
    if !kept.green || said != "up\ndown\n" || school.runner.seen.saved != [folder.join("kafka")] {
        return Err(shown(&school, &kept));
    }
    if school.runner.workspace.join("submission").exists() {
        return Err("the learner's files are in the job that fills the cache".into());
    }
    Ok(())
}

/// The key is there in the step that signs, and nowhere before it; evidence of another run is not signed, whoever wrote it.
pub fn signing_is_a_job_of_its_own() -> Result<(), Failed> {
    let own = r#"{"lab":"lab-02","run":{"commit":"COMMIT","learner":"ada","workflow":{"repository":"school/lab-ada","url":"https://x/runs/42"}}}"#;
    for (of, with, signed) in [
        ("", "", true),
        ("lab-02", "lab-03", false),
        ("COMMIT", "c0ffee", false),
        ("ada\"", "eve\"", false),
        ("lab-ada", "lab-eve", false),
        ("/42", "/43", false),
        ("{", "", false),
    ] {
        let body = r#"env | grep -q the-key && [ "$1" != sign ] && exit 99
case $1 in
  replay) [ "$2" = --now ] || exit 98; echo '::error::from a program'; echo 'REPORT' >"$json"; exit 1 ;;
  sign) [ "$KGRADE_SIGNING_KEY" = the-key ] || exit 97; cp "$2" "$2.minisig"; exit 0 ;;
esac
[ -d "$place/submission" ] && commit=$(git -C "$place/submission" rev-parse HEAD)
echo 'HEADER' | sed "s/COMMIT/$commit/" >"$place/evidence.jsonl"
echo 'REPORT' >"$json"; exit 1"#;
        let body = body.replace("REPORT", REPORT).replace("HEADER", &own.replacen(of, with, 1));
        let mut school = School::new(&fixture("solution"), &scripted(&body))?.with("sign", true.into());
        let graded = school.grade()?;
        school.runner.contexts["secrets"]["signing-key"] = "the-key".into();
        let ended = school.after("sign", &graded)?;
        let there = school.runner.artifacts.join("kgrade-signed-lab-02/result.json.minisig").exists();
        let forged = school.runner.seen.annotations.iter().any(|(_, _, text)| text.contains("from a program"));
        if ended.green != signed || there != signed || forged {
            return Err(format!("{of} -> {with}: {:?}", shown(&school, &ended)).into());
        }
        if signed {
            school.runner.contexts["secrets"] = serde_json::json!({});
            fs::remove_dir_all(school.runner.artifacts.join("kgrade-signed-lab-02"))?;
            let ended = school.after("sign", &graded)?;
            if ended.green || school.runner.artifacts.join("kgrade-signed-lab-02").exists() {
                return Err(shown(&school, &ended));
            }
        }
    }
    Ok(())
}

/// Where the runner may become root, programs run as a user of their own: they can write nothing of the runner's, outlive nothing, and lead
/// nobody to a file by a link. A script with setpriv stands in for sudo, so this needs to be run by root.
pub fn programs_have_a_user_of_their_own() -> Result<(), Failed> {
    let body = r#"echo "user $(id -u)"
for file in "$GITHUB_WORKSPACE/forged" RUNNER/work/_temp/_runner_file_commands/*; do
  if echo forged=1 2>/dev/null >>"$file"; then echo "written $file"; else echo "refused"; fi
done
# A program that goes on after kgrade: it writes the report again and again.
(setsid bash -c 'for round in {1..200}; do echo "{\"lab\":\"lab-02\",\"score\":100,\"max_score\":100,\"complete\":true}" >"$0"; echo $$ >MARK; sleep 0.05; done' "$json" >/dev/null 2>&1 &)
sleep 0.3
ln -sf SECRET "$place/report.txt"
ln -sf SECRET "$place/summary.md"
exit 1"#;
    let home = tempfile::tempdir()?;
    let marks = tempfile::tempdir()?;
    fs::set_permissions(marks.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777))?;
    let secret = home.path().join("secret");
    fs::write(&secret, "only-root-may-read-this")?;
    fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let body = body.replace("RUNNER", &home.path().join("runner").display().to_string()).replace("SECRET", &secret.display().to_string());
    let mark = marks.path().join("alive");
    let body = body.replace("MARK", &mark.display().to_string());
    let mut school = School::within(home, &fixture("solution"), &scripted(&body))?;
    school.may_become_root()?;
    school.runner.env.insert("KGRADE_CACHE".to_owned(), school.folder.path().join("cache").display().to_string());
    let ended = school.grade()?;
    let log = &school.runner.seen.log;
    let artifact = school.runner.artifacts.join("kgrade-lab-02");
    let texts = ["report.txt", "summary.md"].map(|name| fs::read_to_string(artifact.join(name)).unwrap_or_default());
    let leaked = texts.iter().any(|text| text.contains("only-root")) || school.runner.seen.summary.contains("only-root");
    if ended.green || !log.contains("user 64217") || !log.contains("refused") || log.contains("written") || leaked {
        return Err(shown(&school, &ended));
    }
    let alive = fs::read_to_string(&mark).map_err(|_| shown(&school, &ended))?;
    if Path::new("/proc").join(alive.trim()).exists() {
        return Err("a program outlived the step".into());
    }
    Ok(())
}
