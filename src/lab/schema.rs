//! The JSON Schema of lab files, from the types: editors complete and check with it.

use schemars::transform::{Transform, transform_subschemas};
use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::file::LabFile;

/// The schema as it is checked in under `checks/schema/lab.v1.json`.
pub fn text() -> String {
    let mut settings = SchemaSettings::draft2020_12();
    settings.transforms.push(Box::new(AdmitVariables));
    let mut schema = SchemaGenerator::new(settings).into_root_schema_for::<LabFile>();
    schema.insert("title".into(), "kgrade lab file, version 1".into());
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// Before variables are replaced, `$(name)` may stand for any number, truth value or duration.
#[derive(Clone)]
struct AdmitVariables;

impl Transform for AdmitVariables {
    fn transform(&mut self, schema: &mut Schema) {
        // The parts first: what is made here must not be taken apart again.
        transform_subschemas(self, schema);
        admit_variables(schema);
    }
}

fn admit_variables(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else { return };
    if !wants_more_than_text(object) {
        return;
    }
    let description = object.remove("description");
    let default = object.remove("default");
    let typed = Value::Object(std::mem::take(object));
    for (key, value) in [("description", description), ("default", default)] {
        object.extend(value.map(|value| (key.to_owned(), value)));
    }
    object.insert("anyOf".into(), json!([typed, { "type": "string", "pattern": "^\\$\\(.*\\)$" }]));
}

fn wants_more_than_text(object: &Map<String, Value>) -> bool {
    let types: Vec<&str> = match object.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => return false,
    };
    let scalar = types.iter().any(|name| ["integer", "number", "boolean"].contains(name)) && !types.contains(&"string");
    let duration =
        types.contains(&"string") && object.get("pattern").and_then(Value::as_str).is_some_and(|pattern| pattern.starts_with("^[0-9]+"));
    scalar || duration
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validator() -> jsonschema::Validator {
        jsonschema::validator_for(&serde_json::from_str(&text()).unwrap()).unwrap()
    }

    fn problems(yaml: &str) -> Vec<String> {
        let value: Value = serde_saphyr::from_str(yaml).unwrap();
        validator().iter_errors(&value).map(|error| format!("{} at {}", error, error.instance_path())).collect()
    }

    #[test]
    fn the_checked_in_schema_is_fresh() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("checks/schema/lab.v1.json");
        let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(checked_in == text(), "the schema is stale; refresh it with: kgrade schema > checks/schema/lab.v1.json");
    }

    #[test]
    fn every_carried_lab_is_valid() {
        for name in crate::lab::find::names(None).unwrap() {
            let lab = crate::lab::find::find(&name, None).unwrap();
            assert_eq!(problems(&lab.source.text), Vec::<String>::new(), "{name}");
        }
    }

    #[test]
    fn variables_may_stand_for_numbers_and_durations_but_words_may_not() {
        let lab = |points: &str, within: &str| {
            format!("{{ kgrade: 1, lab: a, title: t, checks: [ {{ id: a, title: t, points: {points}, within: {within} }} ] }}")
        };
        assert_eq!(problems(&lab("$(p)", "$(w)")), Vec::<String>::new());
        assert_eq!(problems(&lab("5", "20s")), Vec::<String>::new());
        assert_ne!(problems(&lab("many", "20s")), Vec::<String>::new());
        assert_ne!(problems(&lab("5", "20")), Vec::<String>::new());
    }

    #[test]
    fn unknown_keys_are_refused() {
        assert_ne!(problems("{ kgrade: 1, lab: a, title: t, checks: [], chekcs: [] }"), Vec::<String>::new());
    }
}
