//! Files of a submission that kinds look at.

use super::Finding;

/// What lint says of a path under `key` that does not stay inside a submission.
pub fn outside(key: &'static str, path: &str) -> Option<Finding> {
    let inside = path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    (!inside).then(|| Finding::at(key, format!("`{path}` is no path inside a submission"), "write it as `lab-01/answers.yaml`"))
}
