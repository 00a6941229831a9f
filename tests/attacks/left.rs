//! What an attack left behind: processes, folders, mounts, containers. There must be nothing.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::expected::Expected;
use crate::sandbox::Sandbox;
use crate::scene::Scene;

/// How long things may take to be gone after kgrade's end: its watchdog and the kernel work on for a moment.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is left, in words. What can be removed is, so that the next attack is judged for itself.
pub fn left(scene: &Scene, expected: &Expected, sandbox: Sandbox) -> Vec<String> {
    let mut wrong = Vec::new();
    let of_scene = || processes(scene.folder(), &scene.token);
    if !none_soon(|| of_scene().is_empty()) {
        for (pid, what) in of_scene() {
            wrong.push(format!("process {pid} is left: {what}"));
            let _ = Pid::from_raw(pid.cast_signed()).map(|pid| kill_process(pid, Signal::KILL));
        }
    }
    let folders = || names(&scene.path("tmp"));
    if !none_soon(|| folders().is_empty()) {
        wrong.push(format!("in kgrade's folder for temporary files is left: {:?}", folders()));
    }
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let folder = scene.folder().display().to_string();
    wrong.extend(mounts.lines().filter(|line| line.contains(&folder)).map(|line| format!("a mount is left: {line}")));
    if sandbox == Sandbox::Docker && !none_soon(|| containers(&folder).is_empty()) {
        wrong.extend(containers(&folder).into_iter().map(|id| format!("a container is left: {id}")));
    }
    for place in ["/tmp", "/var/tmp", "/dev/shm", "/run"] {
        for name in names(Path::new(place)).into_iter().filter(|name| name.contains(&scene.token)) {
            let path = Path::new(place).join(name);
            wrong.push(format!("{} was made", path.display()));
            let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
        }
    }
    if expected.after.quiet_s > 0 {
        wrong.extend(later(scene, Duration::from_secs(expected.after.quiet_s)));
    }
    wrong
}

/// What happens when nothing should any more.
fn later(scene: &Scene, time: Duration) -> Vec<String> {
    let results = || {
        names(&scene.path("results/own"))
            .into_iter()
            .map(|name| (fs::read(scene.path("results/own").join(&name)).ok(), name))
            .collect::<Vec<_>>()
    };
    let (calls, before) = (scene.canaries.calls().len(), results());
    std::thread::sleep(time);
    let mut wrong: Vec<String> = scene.canaries.calls().into_iter().skip(calls).map(|call| format!("after the grade {call}")).collect();
    if results() != before {
        wrong.push("after the grade somebody changed the reports".to_owned());
    }
    wrong.extend(scene.changes().into_iter().map(|change| format!("after the grade: {change}")));
    wrong
}

/// Whether nothing is there any more, now or soon.
fn none_soon(none: impl Fn() -> bool) -> bool {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if none() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    none()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The live processes that have to do with a folder or a token: by where they stand, by their command line, their environment, their open files, or
/// by what is mounted for them. A process can shed all of these but the last, and in a sandbox it cannot shed that.
fn processes(folder: &Path, token: &str) -> Vec<(u32, String)> {
    let folder = folder.display().to_string();
    let names = |bytes: &[u8]| [folder.as_bytes(), token.as_bytes()].iter().any(|name| bytes.windows(name.len()).any(|part| part == *name));
    let belongs = |pid: u32| {
        let links = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
        let links = links.chain(["cwd", "exe", "root"].map(|link| format!("/proc/{pid}/{link}").into()));
        let files = ["cmdline", "environ", "mountinfo"].map(|file| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default());
        files.iter().any(|file| names(file))
            || links.filter_map(|link| fs::read_link(link).ok()).any(|link| names(link.as_os_str().as_encoded_bytes()))
    };
    let is_alive =
        |pid: u32| fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z ") && !stat.contains(") X "));
    let shown = |pid: u32| String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()).replace('\0', " ");
    let all = fs::read_dir("/proc").into_iter().flatten().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    all.filter(|pid| *pid != std::process::id() && is_alive(*pid) && belongs(*pid)).map(|pid| (pid, shown(pid))).collect()
}

/// The containers that have something of a folder.
fn containers(folder: &str) -> Vec<String> {
    let docker = |arguments: &[&str]| {
        Command::new("docker").args(arguments).output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let ids = docker(&["ps", "-aq", "--no-trunc"]).unwrap_or_default();
    let uses = |id: &&str| docker(&["inspect", id]).is_ok_and(|text| text.contains(folder));
    ids.lines().filter(uses).map(str::to_owned).collect()
}
