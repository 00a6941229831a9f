//! The environment of programs and of setup commands: allow-lists, never the grader's own with a few names taken out.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::run_folder::RunFolder;
use crate::world::guard::MARK_VARIABLE;

/// The environment variable that names the instance of a program; its value is unique in a run.
pub const INSTANCE_VARIABLE: &str = "KGRADE_INSTANCE";

/// Environment variables and their values.
pub(super) type Variables = Vec<(OsString, OsString)>;

/// The environment of kgrade itself, from which single variables are handed on.
#[must_use]
pub fn grader_environment() -> Vec<(OsString, OsString)> {
    std::env::vars_os().collect()
}

/// What setup commands get beside what programs get: the way to the network and to the tools' caches.
const SETUP: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "JAVA_HOME",
    "M2_HOME",
    "GRADLE_USER_HOME",
    "GOPROXY",
    "GOPRIVATE",
    "GONOPROXY",
    "GONOSUMDB",
    "GOSUMDB",
    "GOINSECURE",
    "GOFLAGS",
    "GOPATH",
    "GOROOT",
    "GOCACHE",
    "GOMODCACHE",
    "GOTOOLCHAIN",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "XDG_CACHE_HOME",
];
const SETUP_PREFIXES: &[&str] = &["PIP_", "UV_", "npm_config_", "NPM_CONFIG_", "MAVEN_"];
/// Parts of names that are secrets even under those prefixes.
const SECRET: &[&str] = &["TOKEN", "SECRET", "PASSWORD", "_AUTH", "PUBLISH"];

/// Where version managers keep their tools: without these their `node` or `java` finds nothing when the home is another.
const TOOL_LOCATIONS: &[(&str, &str)] =
    &[("PYENV_ROOT", ".pyenv"), ("VOLTA_HOME", ".volta"), ("ASDF_DATA_DIR", ".asdf"), ("NODENV_ROOT", ".nodenv"), ("JENV_ROOT", ".jenv")];

/// The environment of a learner's program, without what the lab's contract adds.
pub(super) fn for_program(grader: &Variables, folder: &RunFolder, python: Option<&Path>, mark: &str, instance: &str) -> Variables {
    let mut variables = base(grader, folder, python, mark, instance);
    variables.push(("HOME".into(), folder.home().into()));
    variables.push(("PYTHONDONTWRITEBYTECODE".into(), "1".into()));
    variables.extend(tool_locations(grader));
    variables
}

/// Where version managers keep their tools, by the variables that tell them.
pub(super) fn tool_locations(grader: &Variables) -> Variables {
    let home = get(grader, "HOME").map(Path::new);
    let usual = |folder: &str| home.map(|home| home.join(folder)).filter(|path| path.is_dir()).map(OsString::from);
    let located = TOOL_LOCATIONS
        .iter()
        .map(|(name, folder)| Some(((*name).into(), get(grader, name).map(OsStr::to_owned).or_else(|| usual(folder))?)));
    located.flatten().collect()
}

/// The environment of a command that prepares a submission.
pub(super) fn for_setup(grader: &Variables, folder: &RunFolder, python: Option<&Path>, mark: &str, instance: &str) -> Variables {
    let mut variables = base(grader, folder, python, mark, instance);
    let handed_on = grader.iter().filter(|(name, _)| {
        let Some(name) = name.to_str() else { return false };
        let upper = name.to_uppercase();
        SETUP.contains(&name)
            || SETUP_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) && !SECRET.iter().any(|part| upper.contains(part))
    });
    variables.extend(handed_on.cloned());
    variables
}

/// The environment of a command that prepares a submission in a sandbox: that of a program, and the way to the network if it has one.
pub(super) fn for_setup_inside(
    grader: &Variables,
    folder: &RunFolder,
    python: Option<&Path>,
    mark: &str,
    instance: &str,
    network: bool,
) -> Variables {
    let mut variables = for_program(grader, folder, python, mark, instance);
    let proxies = grader
        .iter()
        .filter(|(name, _)| name.to_str().is_some_and(|name| name.to_lowercase().ends_with("_proxy") && SETUP.contains(&name)));
    variables.extend(proxies.filter(|_| network).cloned());
    variables
}

fn base(grader: &Variables, folder: &RunFolder, python: Option<&Path>, mark: &str, instance: &str) -> Variables {
    let inherited = get(grader, "PATH").unwrap_or(OsStr::new("/usr/local/bin:/usr/bin:/bin"));
    let bin = python.and_then(Path::parent).map(Path::to_owned);
    let path = std::env::join_paths(bin.into_iter().chain(std::env::split_paths(inherited)));
    [
        ("PATH", path.unwrap_or_else(|_| inherited.to_owned())),
        ("LANG", "C.UTF-8".into()),
        ("TMPDIR", folder.tmp().into()),
        ("PYTHONUNBUFFERED", "1".into()),
        (MARK_VARIABLE, mark.into()),
        (INSTANCE_VARIABLE, instance.into()),
    ]
    .map(|(name, value)| (name.into(), value))
    .into()
}

/// The value of a variable.
pub(super) fn get<'a>(variables: &'a Variables, name: &str) -> Option<&'a OsStr> {
    variables.iter().rev().find(|(other, _)| other == name).map(|(_, value)| value.as_os_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::guard::Guard;

    #[test]
    fn hands_on_what_is_needed_and_no_secret() {
        let folder = RunFolder::make(&Guard::none()).unwrap();
        let grader: Variables = [
            ("PATH", "/usr/bin"),
            ("HOME", "/nowhere"),
            ("GITHUB_TOKEN", "s3cret"),
            ("GOOGLE_APPLICATION_CREDENTIALS", "s3cret"),
            ("UV_PUBLISH_TOKEN", "s3cret"),
            ("npm_config__authToken", "s3cret"),
            ("PIP_INDEX_URL", "mirror"),
            ("GOPROXY", "proxy"),
            ("HTTPS_PROXY", "proxy"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
        let program = for_program(&grader, &folder, Some(Path::new("/env/bin/python")), "m", "consumer-1");
        assert_eq!(get(&program, "PATH").unwrap(), "/env/bin:/usr/bin");
        assert_eq!(get(&program, "HOME").unwrap(), folder.home().as_os_str());
        assert_eq!(get(&program, "PIP_INDEX_URL"), None);
        let setup = for_setup(&grader, &folder, None, "m", "setup-1");
        assert_eq!(get(&setup, "HOME").unwrap(), "/nowhere");
        assert_eq!(get(&setup, "PIP_INDEX_URL").unwrap(), "mirror");
        assert_eq!(get(&setup, "GOPROXY").unwrap(), "proxy");
        for (name, value) in program.iter().chain(&setup) {
            assert_ne!(value, "s3cret", "{name:?}");
        }
    }
}
