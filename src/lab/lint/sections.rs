//! Sections of the handout that the lab has.

use crate::lab::error::{Code, LabError};
use crate::lab::node::{Content, Node};
use crate::lab::suggestion;

/// Each section that the lab or one of its checks names and the handout does not have. Without a handout to compare with there is nothing to say.
pub fn findings(lab: &Node, handout: Option<&str>) -> Vec<LabError> {
    let Some(handout) = handout else { return Vec::new() };
    let of_lab = lab.get("sections").into_iter().flat_map(Node::entries).map(|(_, section)| section);
    let checks = lab.get("checks").map(Node::items).unwrap_or_default();
    let of_checks = checks.iter().filter_map(|check| check.get("read")?.get("handout"));
    let titles: Vec<&str> = titles(handout).collect();
    of_lab.chain(of_checks).filter_map(|section| finding(section, &titles)).collect()
}

fn finding(section: &Node, titles: &[&str]) -> Option<LabError> {
    let Content::Text(written) = &section.content else { return None };
    if titles.contains(&written.as_str()) {
        return None;
    }
    let error = LabError::new(Code::UNKNOWN_SECTION, format!("the handout has no section `{written}`"), section.span);
    Some(error.help(match suggestion::nearest(written, titles.iter().copied()) {
        Some(title) => format!("did you mean `{title}`?"),
        None if titles.is_empty() => "write handout.md beside the lab, with this section in it".to_owned(),
        None => "a section is a heading, or the bold words that a paragraph begins with".to_owned(),
    }))
}

/// The titles in a handout: headings, and the bold words that a paragraph begins with, each without the stop at its end.
fn titles(handout: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    handout.lines().filter_map(move |line| {
        if line.trim_start().starts_with("```") {
            code = !code;
        }
        let heading = line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#'));
        let lead = || line.strip_prefix("**")?.split_once("**").map(|(lead, _)| lead);
        let title = heading.or_else(lead).filter(|_| !code)?;
        Some(title.trim().trim_end_matches('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{LabSource, find};

    const HANDOUT: &str = "# Lab\n\n**Key.** It decides.\n\n```sh\n# not a title\n```\n### The producer\n\n**Automatic commit** is on.\n";

    fn found(lab: &str, handout: Option<&str>) -> Vec<String> {
        let lab = LabSource::parse("lab.yaml", lab).unwrap();
        findings(&lab.root, handout).into_iter().map(|error| format!("{} {}", error.message, error.help.unwrap_or_default())).collect()
    }

    #[test]
    fn headings_and_bold_leads_are_sections() {
        assert_eq!(titles(HANDOUT).collect::<Vec<_>>(), ["Lab", "Key", "The producer", "Automatic commit"]);
    }

    #[test]
    fn a_section_that_is_not_there_is_named_with_the_nearest() {
        let lab =
            "sections: { key: Keys, automatic-commit: Automatic commit }\nchecks: [ { id: a, read: { handout: The consumer of it } } ]";
        let said = found(lab, Some(HANDOUT));
        assert_eq!(said.len(), 2, "{said:?}");
        assert_eq!(said[0], "the handout has no section `Keys` did you mean `Key`?");
        assert!(said[1].starts_with("the handout has no section `The consumer of it`"), "{said:?}");
        assert_eq!(found(lab, Some("")).len(), 3);
        assert!(found(lab, None).is_empty() && found("checks: [ { id: a } ]", Some("")).is_empty());
    }

    #[test]
    fn every_lab_of_the_course_names_sections_that_it_has() {
        for name in find::names(None).unwrap() {
            let lab = find::find(&name, None).unwrap();
            let said: Vec<String> = findings(&lab.root, lab.handout.as_deref()).into_iter().map(|error| error.message).collect();
            assert_eq!(said, Vec::<String>::new(), "{name}");
            assert!(lab.root.get("sections").is_some(), "{name} says where nothing is explained");
        }
    }
}
