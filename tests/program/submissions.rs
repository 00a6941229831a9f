use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use kgrade::world::program::{Submission, SubmissionError, TreeError, wrapper};

use super::bench::*;

fn refusal(folder: &Path) -> String {
    Submission::open(folder).unwrap_err().to_string()
}

#[test]
fn a_folder_that_is_missing_empty_or_a_file_is_refused_with_what_to_do() {
    let folder = folder(&[("file", "")]);
    assert!(refusal(&folder.path().join("nowhere")).contains("nowhere; name the folder that holds your labs with --submission"));
    assert!(refusal(&folder.path().join("file")).contains("is not a folder"));
    fs::create_dir_all(folder.path().join("empty/lab-02")).unwrap();
    assert!(refusal(&folder.path().join("empty")).contains("holds no files; write your programs there"));
}

#[test]
fn a_missing_program_is_named_with_the_files_that_are_like_it() {
    let folder = folder(&[("lab-02/prodcer.py", ""), ("other/producer.py", ""), ("lab-02/readme.md", "")]);
    let submission = Submission::open(folder.path()).unwrap();
    let error = submission.command("lab-02", "producer", &words("python lab-02/producer.py")).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("the producer of lab-02 is missing: there is no file lab-02/producer.py in the submission"), "{text}");
    assert!(text.contains("lab-02/prodcer.py") && text.contains("other/producer.py") && !text.contains("readme"), "{text}");
    assert!(text.ends_with("name its command in kgrade.yaml under labs: lab-02: producer:"), "{text}");
    assert!(matches!(error, SubmissionError::NoProgram { .. }));
}

#[test]
fn the_manifest_decides_the_command() {
    let manifest = "kgrade: 1\nlabs:\n  lab-02:\n    producer: [node, lab-02/producer.js]\n    consumer: [node, lab-02/absent.js]\n";
    let folder = folder(&[("kgrade.yaml", manifest), ("lab-02/producer.js", ""), ("lab-02/consumer.py", "")]);
    let submission = Submission::open(folder.path()).unwrap();
    let default = words("python lab-02/producer.py");
    assert_eq!(submission.command("lab-02", "producer", &default).unwrap(), ["node", "lab-02/producer.js"]);
    assert!(submission.command("lab-02", "consumer", &default).is_err());
    assert_eq!(submission.command("lab-03", "x", &words("python lab-02/consumer.py")).unwrap(), ["python", "lab-02/consumer.py"]);
}

#[test]
fn what_setup_builds_need_not_be_there_yet() {
    let manifest = "kgrade: 1\nsetup:\n  - [make]\nlabs:\n  lab-02:\n    producer: [./bin/producer]\n";
    let folder = folder(&[("kgrade.yaml", manifest)]);
    let submission = Submission::open(folder.path()).unwrap();
    assert_eq!(submission.command("lab-02", "producer", &words("python lab-02/producer.py")).unwrap(), ["./bin/producer"]);
    assert_eq!(submission.setup(), [["make"]]);
}

#[test]
fn a_wrong_manifest_is_shown_with_its_place() {
    let folder = folder(&[("kgrade.yaml", "kgrade: 1\nlabz: {}\n")]);
    let text = refusal(folder.path());
    assert!(text.contains("kgrade.yaml:2:1: unknown key `labz`; did you mean `labs`?"), "{text}");
    fs::rename(folder.path().join("kgrade.yaml"), folder.path().join("kgrade.yml")).unwrap();
    assert!(refusal(folder.path()).contains("rename kgrade.yml"));
}

#[test]
fn links_stay_inside_or_are_refused_by_name() {
    let folder = folder(&[("lab-02/producer.py", ""), ("lib/shared.py", "")]);
    symlink("../lib/shared.py", folder.path().join("lab-02/shared.py")).unwrap();
    symlink("not-there-yet", folder.path().join("dangling")).unwrap();
    assert!(Submission::open(folder.path()).is_ok());
    for target in ["../../etc/passwd", "/etc/passwd", "../lib/../../x"] {
        let link = folder.path().join("lab-02/secret");
        symlink(target, &link).unwrap();
        let text = refusal(folder.path());
        assert!(text.starts_with(&format!("lab-02/secret is a link to {target}, which is outside the submission")), "{text}");
        fs::remove_file(link).unwrap();
    }
    // A link that looks as if it stayed inside but goes through another one.
    fs::create_dir_all(folder.path().join("a/b")).unwrap();
    symlink("..", folder.path().join("a/b/up")).unwrap();
    symlink("a/b/up/../../../", folder.path().join("out")).unwrap();
    assert!(refusal(folder.path()).starts_with("out is a link"));
}

#[test]
fn special_files_and_too_much_are_refused() {
    let folder = folder(&[("lab-02/producer.py", "")]);
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert!(refusal(folder.path()).starts_with("pipe is a named pipe, not a file; remove it"));
    fs::remove_file(pipe).unwrap();
    let data = folder.path().join("data.bin");
    fs::File::create(&data).unwrap().set_len(300 << 20).unwrap();
    let error = Submission::open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("more than 256 MiB (the largest file is data.bin, 300 MiB)"), "{error}");
    assert!(matches!(error, SubmissionError::Tree(TreeError::TooBig { .. })));
    fs::remove_file(data).unwrap();
    fs::create_dir(folder.path().join("logs")).unwrap();
    for number in 0..20_000 {
        fs::write(folder.path().join(format!("logs/{number}")), "").unwrap();
    }
    assert!(refusal(folder.path()).contains("more than 20000 files; is it the right folder? most are under logs"));
}

#[test]
fn the_digest_follows_what_is_taken_and_nothing_else() {
    let folder = folder(&[("lab-02/producer.py", "one"), (".git/config", "x"), ("my-env/pyvenv.cfg", ""), ("my-env/lib/x", "")]);
    let digest = || Submission::open(folder.path()).unwrap().digest().to_owned();
    let first = digest();
    fs::write(folder.path().join(".git/config"), "y").unwrap();
    fs::write(folder.path().join("my-env/lib/x"), "y").unwrap();
    assert_eq!(digest(), first);
    fs::write(folder.path().join("lab-02/producer.py"), "two").unwrap();
    let second = digest();
    assert_ne!(second, first);
    fs::rename(folder.path().join("lab-02/producer.py"), folder.path().join("lab-02/producer2.py")).unwrap();
    assert_ne!(digest(), second);
    assert_eq!(first.len(), 64);
}

#[test]
fn wrappers_are_recognised() {
    assert!(wrapper(&words("go run ./consumer")).is_some_and(|text| text.contains("go, build")));
    assert!(wrapper(&words("python lab-02/consumer.py")).is_none());
}
