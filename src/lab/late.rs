//! Variables that are known only when a program starts: where they may stand, and how the engine fills them in.

use super::template::{Piece, pieces};

/// The late variables: the sink's URL for this instance, the bootstrap servers for this instance, the instance's name, and the path of a file that
/// holds the Avro schema of a generator's events.
pub const NAMES: &[&str] = &["sink.url", "kafka.bootstrap", "instance", "schema.user-events"];

/// Where they may stand, for messages.
pub const WHERE: &str = "the `env` and the `default` of a program, and the `env` of `start` and `run`";

/// Replaces `$(name)` by what `value` knows and `$$(` by `$(`. Names that it does not know stay as they are.
pub fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) | Piece::Broken(text) => text.to_owned(),
            Piece::Escape => "$(".to_owned(),
            Piece::Variable(name) => value(name).unwrap_or_else(|| format!("$({name})")),
        })
        .collect()
}

/// Text that [`fill`] turns back into itself.
pub(super) fn escape(text: &str) -> String {
    text.replace("$(", "$$(")
}

/// Whether a late name may stand at this path inside `programs`.
pub(super) fn in_programs(path: &[&str]) -> bool {
    matches!(path, [_, "env" | "default", ..])
}

/// Whether a late name may stand at this path inside a check; list items are an empty step.
pub(super) fn in_check(path: &[&str]) -> bool {
    matches!(path, ["do" | "finally", "", "start" | "run", "env", ..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::data::GENERATORS;

    #[test]
    fn every_generator_has_a_schema_to_give() {
        let known: Vec<_> = NAMES.iter().filter_map(|name| name.strip_prefix("schema.")).collect();
        assert_eq!(known, GENERATORS.iter().map(|generator| generator.name).collect::<Vec<_>>());
    }

    #[test]
    fn fills_what_is_known_and_undoes_escapes() {
        let value = |name: &str| (name == "instance").then(|| "first".to_owned());
        assert_eq!(fill("$(instance) at $(sink.url), $$(instance)", value), "first at $(sink.url), $(instance)");
        assert_eq!(fill(&escape("a $(instance) b"), value), "a $(instance) b");
    }
}
