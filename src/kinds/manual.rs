//! The manual of the kinds, made from the registry: `kgrade explain KIND` and `docs/kinds.md`.

use serde_json::Value;

use super::{REGISTRY, Row};

/// The whole manual as Markdown.
#[must_use]
pub fn all() -> String {
    let mut text = "# The kinds\n\nThe words of the check language. This page is made by `kgrade explain --all`; a test fails when it is out of date.\n".to_owned();
    for (title, action) in
        [("Actions: items of `do` and `finally`", true), ("Expectations: items of `expect`, `always`, `never` and `given`", false)]
    {
        text.push_str(&format!("\n## {title}\n"));
        for row in REGISTRY.iter().filter(|row| row.action == action) {
            text.push_str(&format!("\n### `{}`\n\n{}", row.name, body(row)));
        }
    }
    text
}

/// The page of one kind.
#[must_use]
pub fn page(row: &Row) -> String {
    let place = if row.action {
        "an action: an item of `do` and `finally`"
    } else {
        "an expectation: an item of `expect`, `always`, `never` and `given`"
    };
    format!("`{}` is {place}.\n\n{}", row.name, body(row))
}

fn body(row: &Row) -> String {
    let schema = (row.schema)();
    let mut text = format!("{}\n\n```yaml\n- {}\n```\n", row.doc, row.example);
    let settings = settings(schema.as_value(), schema.as_value());
    if !settings.is_empty() {
        text.push('\n');
        text.push_str(&settings.join("\n"));
        text.push('\n');
    }
    text
}

/// One line for each setting: name, whether it must be there, what it is.
fn settings(root: &Value, schema: &Value) -> Vec<String> {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let required: Vec<_> = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        return properties
            .iter()
            .map(|(name, property)| {
                let needed = if required.contains(&name.as_str()) { "" } else { " (optional)" };
                format!("- `{name}`{needed}: {}{}", describe(property), words(root, property))
            })
            .collect();
    }
    // A kind with several forms: each is a one-key map of its own.
    let forms = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let forms = forms.filter_map(|form| {
        let (name, inner) = form.get("properties").and_then(Value::as_object)?.iter().next()?;
        let inner = resolve(root, inner);
        let mut lines = vec![format!("- `{name}`: {}", describe(form))];
        lines.extend(settings(root, inner).into_iter().map(|line| format!("  {line}")));
        Some(lines)
    });
    forms.flatten().collect()
}

fn describe(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The words or forms that a setting takes, when they are few.
fn words(root: &Value, property: &Value) -> String {
    let direct = resolve(root, property);
    let options =
        property.get("anyOf").and_then(Value::as_array).and_then(|options| options.first()).map_or(direct, |first| resolve(root, first));
    let listed = |key: &str| options.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let constants = listed("oneOf").iter().filter_map(|form| {
        let constant = form.get("const").and_then(Value::as_str);
        constant.or_else(|| form.get("properties").and_then(Value::as_object)?.keys().next().map(String::as_str))
    });
    let names: Vec<_> = constants.chain(listed("enum").iter().filter_map(Value::as_str)).map(|word| format!("`{word}`")).collect();
    if names.is_empty() || names.len() > 8 { String::new() } else { format!(" [{}]", names.join(", ")) }
}

fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/"));
    name.and_then(|name| root.get("$defs")?.get(name)).unwrap_or(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_explains_itself_and_each_setting() {
        for row in REGISTRY {
            let page = page(row);
            assert!(row.doc.len() > 60, "`{}` needs a doc that says why it matters", row.name);
            for line in page.lines().filter(|line| line.starts_with("- `")) {
                assert!(line.split_once(": ").is_some_and(|(_, text)| text.len() > 5), "`{}`: {line}", row.name);
            }
        }
    }

    #[test]
    fn names_are_unique_and_well_formed() {
        let mut names: Vec<_> = REGISTRY.iter().map(|row| row.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(names.iter().all(|name| name.chars().all(|sign| sign.is_ascii_lowercase() || sign == '-')));
    }
}
