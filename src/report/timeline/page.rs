//! The picture as one self-contained HTML page.

use super::Picture;
use crate::outcome::RunFacts;

/// The page.
#[must_use]
pub fn render(_lab: &str, _title: &str, _run: &RunFacts, _pictures: &[Picture], _empty: &[String]) -> String {
    String::new()
}
