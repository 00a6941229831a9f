//! What is wrong with what was printed instead of one JSON object, in words that help.

use serde_json::Value;

use super::object;
use crate::kinds::view::count;
use crate::outcome::Mismatch;

/// How much of a line is shown.
const SHOWN: usize = 160;

/// The line is there more than once.
pub(super) fn several(instance: &str, fields: &[&str], texts: &[&str]) -> Mismatch {
    let message =
        format!("`{instance}` printed {} with {}, so it is not clear which one counts", count(texts.len() as u64, "line"), named(fields));
    Mismatch::new(message, expected(fields), format!("{} of this kind", count(texts.len() as u64, "line")))
        .witnesses(texts.iter().map(|text| shown(text)))
        .cause("collect the result first and print it once, at the end; what is only for you belongs on standard error")
}

/// The line is not there. `beside`: it is on standard error.
pub(super) fn none(instance: &str, fields: &[&str], texts: &[&str], beside: bool) -> Mismatch {
    let mismatch = |message: String, observed: String| Mismatch::new(message, expected(fields), observed);
    if beside {
        let message = format!("`{instance}` printed its result on standard error, not on standard output");
        return mismatch(message, "the line is on standard error".to_owned())
            .cause("print it on standard output; standard error is for people");
    }
    // The line that was meant is most likely one that names the fields, and rather the last.
    let meant = texts.iter().rev().find(|text| fields.iter().any(|field| text.contains(field))).or(texts.last());
    let Some(meant) = meant else {
        return mismatch(format!("`{instance}` printed nothing on its standard output"), "no line".to_owned());
    };
    let (what, advice) = flaw(meant, fields, texts);
    mismatch(format!("`{instance}` did not print one JSON object: {what}"), shown(meant)).cause(advice)
}

/// Why there is no line yet: the program had not ended when its time was over.
pub(super) fn still_runs(instance: &str) -> String {
    format!(
        "`{instance}` was still running when its time was over, and had printed nothing until then: look at everything once, without long waits, print the line and end. \
         The contract in the handout says how long it may take"
    )
}

/// What is wrong with the line that was meant, and what to do.
fn flaw(text: &str, fields: &[&str], all: &[&str]) -> (String, String) {
    let say = |what: &str, advice: &str| (what.to_owned(), advice.to_owned());
    if text.strip_prefix('\u{feff}').is_some_and(|rest| object(rest, fields).is_some()) {
        return say(
            "a byte order mark (U+FEFF) stands before it",
            "write UTF-8 without a byte order mark: in Python encoding=\"utf-8\", not \"utf-8-sig\"",
        );
    }
    let error = match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(seen)) => {
            let missing: Vec<&str> = fields.iter().copied().filter(|field| !seen.contains_key(*field)).collect();
            let advice = "name the fields as in the handout, with the same upper and lower case letters";
            return (format!("the object has no {}", named(&missing)), advice.to_owned());
        }
        Ok(Value::String(inner)) if object(&inner, fields).is_some() => {
            return say("it is a JSON string that holds the object as text", "it was encoded twice: call json.dumps() once, on the dict");
        }
        Ok(Value::Array(_)) => {
            return (
                "the line is a JSON array, without the object around it".to_owned(),
                format!("print an object that holds {}", named(fields)),
            );
        }
        Ok(other) => return (format!("the line is {}", kind_of(&other)), format!("print an object that holds {}", named(fields))),
        Err(error) => error,
    };
    if object(&all.join("\n"), fields).is_some() || object(&from_brace(all), fields).is_some() {
        return say("it is spread over several lines", "print it on one line: json.dumps(result) without indent");
    }
    if text.find('{').and_then(|at| text.get(at..)).is_some_and(|rest| object(rest, fields).is_some()) {
        return say("other text stands before it on the line", "print the object alone on its line; for people there is standard error");
    }
    if text.contains("': ") || text.contains("{'") {
        return say(
            "the line is a Python dict, not JSON (single quotes)",
            "use print(json.dumps(result)); print(result) and str(result) give Python's own notation",
        );
    }
    (
        format!("the line is no JSON ({error})"),
        "let a JSON library write it: json.dumps(result) in Python, JSON.stringify(result) in Node".to_owned(),
    )
}

/// All lines from the first that begins with a brace to the last that ends with one.
fn from_brace(all: &[&str]) -> String {
    let first = all.iter().position(|text| text.trim_start().starts_with('{')).unwrap_or(0);
    let last = all.iter().rposition(|text| text.trim_end().ends_with('}')).map_or(0, |last| last + 1);
    all.get(first..last).unwrap_or_default().join("\n")
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a JSON string",
        Value::Array(_) => "a JSON array",
        Value::Object(_) => "a JSON object",
    }
}

fn expected(fields: &[&str]) -> String {
    format!("one line on standard output: a JSON object with {}", named(fields))
}

/// `findings`, or `a`, `b` and `c`.
fn named(fields: &[&str]) -> String {
    let quoted: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{} …", text.get(..at).unwrap_or(text)),
        None => text.to_owned(),
    }
}
