//! What a lab asks for, in words: `handout.md` beside its file.

use std::io::ErrorKind;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::CARRIED;
use crate::lab::{find, suggestion};

/// The file's name in the lab's folder.
const FILE: &str = "handout.md";

/// A lab's handout: Markdown (CommonMark with tables).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handout {
    text: String,
}

/// A heading, and what stands under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// 1 for the title, 2 for a section, 3 for a part of one.
    pub level: usize,
    /// The heading's text.
    pub title: String,
    /// Its events, from the heading to the next one of its level or above.
    pub events: Range<usize>,
}

impl Handout {
    /// The handout of a lab: by its name in a folder with labs, or among those that kgrade carries; by a path, beside its file. `None` when
    /// the lab has none.
    ///
    /// # Errors
    /// When it cannot be read, or is no text.
    pub fn of(lab: &str, checks: Option<&Path>) -> Result<Option<Self>> {
        let path = if find::is_path(lab) {
            let path = Path::new(lab);
            let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
            folder.join(FILE)
        } else if let Some(checks) = checks {
            checks.join(lab).join(FILE)
        } else {
            let carried = CARRIED.get_file(Path::new(lab).join(FILE));
            return Ok(carried.and_then(|file| file.contents_utf8()).map(Self::new));
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Self::new(&text))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read the handout {}", path.display())),
        }
    }

    /// A handout that says this.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned() }
    }

    /// What it consists of, in order.
    #[must_use]
    pub fn events(&self) -> Vec<Event<'_>> {
        Parser::new_ext(&self.text, Options::ENABLE_TABLES).collect()
    }

    /// Its sections, in order; those within others, too.
    #[must_use]
    pub fn sections(&self) -> Vec<Section> {
        let events = self.events();
        let mut sections: Vec<Section> = Vec::new();
        let mut open = false;
        for (at, event) in events.iter().enumerate() {
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    let level = *level as usize;
                    sections
                        .iter_mut()
                        .filter(|section| section.level >= level && section.events.end > at)
                        .for_each(|section| section.events.end = at);
                    sections.push(Section { level, title: String::new(), events: at..events.len() });
                    open = true;
                }
                Event::End(TagEnd::Heading(_)) => open = false,
                Event::Text(text) | Event::Code(text) if open => {
                    if let Some(section) = sections.last_mut() {
                        section.title.push_str(text);
                    }
                }
                _ => {}
            }
        }
        sections
    }

    /// The section of this name, whatever its capitals.
    ///
    /// # Errors
    /// What to type instead, when there is none.
    pub fn section(&self, name: &str) -> Result<Section, String> {
        let sections: Vec<Section> = self.sections().into_iter().filter(|section| section.level > 1).collect();
        let wanted = name.trim().to_lowercase();
        if let Some(found) = sections.iter().find(|section| section.title.to_lowercase() == wanted) {
            return Ok(found.clone());
        }
        let nearest = suggestion::nearest(name, sections.iter().map(|section| section.title.as_str()));
        let nearest = nearest.map(|title| format!("did you mean `{title}`? ")).unwrap_or_default();
        let all = sections.iter().map(|section| format!("`{}`", section.title)).collect::<Vec<_>>().join(", ");
        Err(if all.is_empty() { "it has no sections".to_owned() } else { format!("{nearest}it has {all}") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Lab 9: a title\n\nBefore.\n\n## Steps\n\nDo.\n\n### More `steps`\n\nDo more.\n\n## Contract\n\nKeep it.\n";

    #[test]
    fn a_section_goes_to_the_next_heading_of_its_level() {
        let handout = Handout::new(TEXT);
        let events = handout.events();
        let words = |name: &str| -> String {
            let section = handout.section(name).unwrap();
            let texts = events[section.events].iter().filter_map(|event| match event {
                Event::Text(text) | Event::Code(text) => Some(text.to_string()),
                _ => None,
            });
            texts.collect::<Vec<_>>().join("|")
        };
        assert_eq!(words("steps"), "Steps|Do.|More |steps|Do more.");
        assert_eq!(words("More steps"), "More |steps|Do more.");
        assert_eq!(words("CONTRACT"), "Contract|Keep it.");
    }

    #[test]
    fn a_wrong_name_gets_the_nearest_and_all() {
        let handout = Handout::new(TEXT);
        assert_eq!(handout.section("contrakt").unwrap_err(), "did you mean `Contract`? it has `Steps`, `More steps`, `Contract`");
        assert_eq!(handout.section("prices").unwrap_err(), "it has `Steps`, `More steps`, `Contract`");
        assert_eq!(Handout::new("nothing").section("a").unwrap_err(), "it has no sections");
    }

    #[test]
    fn every_handout_names_every_check_and_has_what_a_learner_looks_for() {
        for name in find::names(None).unwrap() {
            let lab = find::find(&name, None).unwrap().resolve(&crate::lab::Bindings { run_id: "r".into(), seed: 0 }).unwrap();
            let handout = Handout::of(&name, None).unwrap().expect("a handout");
            for section in ["Theory in short", "Steps", "Contract", "How it is graded", "Troubleshooting"] {
                assert!(handout.section(section).is_ok(), "{name}: the handout has no section `{section}`");
            }
            let graded = handout.section("How it is graded").unwrap();
            let codes: Vec<String> = handout.events()[graded.events]
                .iter()
                .filter_map(|event| if let Event::Code(code) = event { Some(code.to_string()) } else { None })
                .collect();
            for check in &lab.checks {
                assert!(codes.contains(&check.id), "{name}: the handout does not say how `{}` is graded", check.id);
            }
        }
    }

    #[test]
    fn the_carried_handout_is_that_of_the_folder_and_none_is_no_error() {
        let checks = Path::new(env!("CARGO_MANIFEST_DIR")).join("checks");
        let carried = Handout::of("lab-02", None).unwrap();
        assert!(carried.is_some());
        assert_eq!(carried, Handout::of("lab-02", Some(&checks)).unwrap());
        assert_eq!(carried, Handout::of(&checks.join("lab-02/lab.yaml").display().to_string(), None).unwrap());
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(Handout::of("lab-02", Some(empty.path())).unwrap(), None);
    }
}
