//! What is wrong with a Compose file, as far as it can be told without Compose.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::kinds::View;
use crate::outcome::Mismatch;

/// What is read of a Compose file: the names of its services.
#[derive(Deserialize)]
struct Compose {
    services: Option<BTreeMap<String, IgnoredAny>>,
}

/// Why nothing can run from the submission's Compose file; `None` when it has no such file, or nothing is wrong that can be seen here.
#[must_use]
pub fn problem(view: &View<'_>, path: Option<&str>, services: &[String]) -> Option<Mismatch> {
    let path = path?;
    let text = view.timeline.file(path)?.text.as_deref()?;
    let (reason, observed) = fault(text, services)?;
    let cause = format!(
        "mend that, and see how Compose understands the file: docker compose -f {path} config; then start it: docker compose -f {path} up -d"
    );
    Some(Mismatch::new(format!("{path} {reason}"), "", observed).cause(cause))
}

/// What is wrong, after the file's name, and what was observed.
fn fault(text: &str, services: &[String]) -> Option<(String, String)> {
    let options = serde_saphyr::options! { with_snippet: false };
    let compose = match serde_saphyr::from_str_with_options::<Compose>(text, options) {
        Ok(compose) => compose,
        Err(error) => {
            let place = error.location().map(|at| format!("line {}, column {}", at.line(), at.column()));
            let said = error.without_snippet().to_string();
            let said = said.lines().next().unwrap_or_default().to_owned();
            return Some((format!("cannot be read{}", place.map(|place| format!(": {place}")).unwrap_or_default()), said));
        }
    };
    let Some(known) = compose.services.filter(|known| !known.is_empty()) else {
        return Some(("has no services".to_owned(), "nothing under `services:`".to_owned()));
    };
    let missing = services.iter().find(|service| !known.contains_key(*service))?;
    let names = known.keys().cloned().collect::<Vec<_>>().join(", ");
    Some((format!("has no service `{missing}`"), format!("services: {names}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_started() {
        let wanted = ["kafka".to_owned()];
        let said = |text: &str| fault(text, &wanted).map(|(reason, _)| reason);
        for (text, words) in [
            ("services:\n  kafka:\n\timage: apache/kafka\n", "cannot be read: line 3"),
            ("services:\n  kafka: { image: a\n  ui: b\n", "cannot be read: line"),
            ("services:\n  kafka: {}\n  kafka: {}\n", "cannot be read: line 3"),
            ("services: [kafka]\n", "cannot be read: line 1"),
            ("services:\n", "has no services"),
            ("volumes: {}\n", "has no services"),
            ("services: { ui: {} }\n", "has no service `kafka`"),
        ] {
            assert!(said(text).is_some_and(|reason| reason.starts_with(words)), "{text}: {:?}", said(text));
        }
        for text in [
            "name: course\nservices:\n  kafka:\n    image: apache/kafka:4.3.1\n    ports: [ \"9092:9092\" ]\nvolumes: { data: }\n",
            "x-base: &base { restart: always }\nservices:\n  kafka:\n    <<: *base\n    image: apache/kafka\n",
        ] {
            assert_eq!(said(text), None, "{text}");
        }
    }
}
