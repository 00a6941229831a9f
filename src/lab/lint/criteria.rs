//! Criteria that the course has.

use crate::course::Course;
use crate::lab::error::{Code, LabError};
use crate::lab::node::{Content, Node};
use crate::lab::suggestion;

/// Each check's `criterion` that is no line of the course, word for word.
pub fn findings(lab: &Node, course: &Course) -> Vec<LabError> {
    let checks = lab.get("checks").map(Node::items).unwrap_or_default();
    checks.iter().filter_map(|check| check.get("criterion")).filter_map(|criterion| finding(criterion, course)).collect()
}

fn finding(criterion: &Node, course: &Course) -> Option<LabError> {
    let Content::Text(written) = &criterion.content else { return None };
    if course.lines().any(|line| line == written) {
        return None;
    }
    let error = LabError::new(Code::UNKNOWN_CRITERION, "the course has no such criterion, task or goal", criterion.span);
    Some(error.help(match suggestion::nearest(written, course.lines()) {
        Some(line) => format!("did you mean \"{line}\"?"),
        None => "a criterion is a line of course.yaml, word for word".to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::LabSource;

    fn found(criterion: &str) -> Vec<String> {
        let course = Course::of(None).unwrap().unwrap();
        let lab = LabSource::parse("lab.yaml", &format!("checks: [ {{ id: a, criterion: {criterion} }} ]")).unwrap();
        findings(&lab.root, &course).into_iter().map(|error| format!("{} {}", error.message, error.help.unwrap_or_default())).collect()
    }

    #[test]
    fn a_line_of_the_course_is_taken_word_for_word() {
        assert!(found("Handled JSON decode errors gracefully").is_empty());
        assert!(found("Experiment with consumer groups").is_empty(), "tasks are lines too");
        let near = found("Handled JSON decoding errors gracefully");
        assert_eq!(near, ["the course has no such criterion, task or goal did you mean \"Handled JSON decode errors gracefully\"?"]);
        assert!(found("Rode a bicycle")[0].ends_with("word for word"));
    }
}
