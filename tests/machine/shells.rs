//! Completions: every shell's script is made, and bash really completes with its own.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::desk::Desk;

/// What bash offers for the last word of a command line.
fn offered(script: &Path, words: &[&str]) -> Vec<String> {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let last = words.len() - 1;
    let ask = format!(
        "source '{}'; COMP_WORDS=({}); COMP_CWORD={last}; _kgrade kgrade '{}' '{}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.display(),
        quoted.join(" "),
        words[last],
        words[last - 1],
    );
    let output = Command::new("bash").args(["--norc", "-c", &ask]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_labs_checks_and_values() {
    let desk = Desk::new();
    let script = desk.path("kgrade.bash");
    let said = desk.kgrade(&["completions", "bash"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    fs::write(&script, said.stdout).unwrap();
    let has = |words: &[&str], wanted: &[&str]| {
        let offered = offered(&script, words);
        assert!(wanted.iter().all(|word| offered.iter().any(|offer| offer == word)), "{words:?}: {wanted:?} is not in {offered:?}");
    };
    has(&["kgrade", "do"], &["doctor", "down"]);
    has(&["kgrade", ""], &["lab-02", "clean", "doctor"]);
    has(&["kgrade", "lab-0"], &["lab-01", "lab-02"]);
    has(&["kgrade", "plan", "lab-"], &["lab-02"]);
    has(&["kgrade", "plan", "--only", "key"], &["keyed"]);
    has(&["kgrade", "clean", "--what", "pre"], &["prepared"]);
    has(&["kgrade", "completions", "z"], &["zsh"]);
    assert_eq!(offered(&script, &["kgrade", "plan", "--only", "no-such"]), [""]);
}

#[test]
fn each_shell_has_its_own() {
    let desk = Desk::new();
    for (shell, words) in [
        ("bash", "complete -F _kgrade"),
        ("zsh", "#compdef kgrade"),
        ("fish", "complete -c kgrade"),
        ("elvish", "edit:completion"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let said = desk.kgrade(&["completions", shell]);
        assert!(said.code == Some(0) && said.stdout.contains(words), "{shell}");
        assert!(
            said.stdout.contains("doctor") && said.stdout.contains("Look whether this machine") || shell == "bash",
            "{shell} has the commands"
        );
    }
    assert_eq!(desk.kgrade(&["completions", "tcsh"]).code, Some(2));
}
