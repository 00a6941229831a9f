//! What `docs/cohort/` tells other engines to run does what it says.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::hall::{Hall, root};

fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&fs::read_to_string(root().join("docs/cohort").join(name)).unwrap()).unwrap()
}

/// A hall in which `kgrade` is the real one, with the stand-in for single submissions.
fn hall() -> Hall {
    let hall = Hall::new(&[("ada", "right"), ("bob", "right"), ("cy", "wrong"), ("dan", "right"), ("eve", "right"), ("fay", "right")]);
    let kgrade = env!("CARGO_BIN_EXE_kgrade");
    let script = format!(
        "#!/bin/sh\ncase $1 in batch) exec {kgrade} \"$@\" --sandbox none --kgrade {};; esac\nexec {kgrade} \"$@\"\n",
        hall.path("stand-in").display()
    );
    hall.write("bin/kgrade", script);
    fs::set_permissions(hall.path("bin/kgrade"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(hall.path("results")).unwrap();
    hall
}

/// Runs a line as the engine does, then puts the parts together.
fn run(hall: &Hall, line: &str, machines: impl Iterator<Item = BTreeMap<&'static str, String>>) {
    let path = format!("{}:{}", hall.path("bin").display(), std::env::var("PATH").unwrap());
    let shell = |line: &str, variables: &BTreeMap<&str, String>| {
        let mut shell = hall.kgrade(&[]);
        shell = {
            let mut sh = Command::new("sh");
            sh.current_dir(shell.get_current_dir().unwrap()).envs(shell.get_envs().filter_map(|(name, value)| Some((name, value?))));
            sh
        };
        shell.env("PATH", &path).env("COHORT", hall.path("cohort")).env("RESULTS", hall.path("results")).envs(variables);
        shell.args(["-e", "-c", line]);
        shell
    };
    for variables in machines {
        hall.ends(shell(line, &variables), 0);
    }
    hall.ends(shell("kgrade merge --out \"$RESULTS/all\" \"$RESULTS\"/part-*", &BTreeMap::new()), 0);
    assert_eq!(hall.told("results/all").len(), 6);
    assert_eq!(hall.gradings().into_values().collect::<Vec<_>>(), [1; 6], "each once");
}

#[test]
fn a_job_in_kubernetes() {
    let job = yaml("kubernetes.yaml");
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    let shards = container["env"].as_array().unwrap().iter().find(|variable| variable["name"] == "SHARDS").unwrap()["value"].as_str().unwrap();
    assert_eq!(job["spec"]["completions"].to_string(), shards);
    assert_eq!((&job["spec"]["completionMode"], &container["command"]), (&"Indexed".into(), &serde_json::json!(["sh", "-c"])));
    let pods = (0..job["spec"]["completions"].as_u64().unwrap())
        .map(|index| BTreeMap::from([("JOB_COMPLETION_INDEX", index.to_string()), ("SHARDS", shards.to_owned())]));
    run(&hall(), container["args"][0].as_str().unwrap(), pods.collect::<Vec<_>>().into_iter());
}

#[test]
fn an_array_in_slurm() {
    let script = fs::read_to_string(root().join("docs/cohort/slurm.sh")).unwrap();
    let tasks = (1..=8).map(|task| BTreeMap::from([("SLURM_ARRAY_TASK_ID", task.to_string()), ("SLURM_ARRAY_TASK_COUNT", "8".to_owned())]));
    assert!(script.contains("#SBATCH --array=1-8"));
    run(&hall(), &script, tasks);
}

#[test]
fn a_matrix_on_github() {
    let workflow = yaml("github.yml");
    let grade = &workflow["jobs"]["grade"];
    let line = grade["steps"].as_array().unwrap().iter().find_map(|step| step["run"].as_str()).unwrap();
    let shards = grade["env"]["SHARDS"].as_str().unwrap().to_owned();
    let matrix = grade["strategy"]["matrix"]["shard"].as_array().unwrap();
    assert_eq!(matrix.len().to_string(), shards);
    let jobs = matrix.iter().map(|shard| BTreeMap::from([("SHARD", shard.to_string()), ("SHARDS", shards.clone())]));
    run(&hall(), line, jobs.collect::<Vec<_>>().into_iter());
}
