//! What a runner takes from a step: workflow commands on its output, and the files of `GITHUB_OUTPUT` and its like.

use std::collections::BTreeMap;

/// What a step told the runner on its output.
#[derive(Debug, Default)]
pub struct Told {
    /// Outputs by the old command `::set-output`, which runners still obey.
    pub outputs: BTreeMap<String, String>,
    /// `(level, title, text)` of notices, warnings and errors.
    pub annotations: Vec<(String, String, String)>,
    /// The names of all other commands, obeyed or refused.
    pub others: Vec<String>,
}

/// Reads what a step printed, as the runner does: `::name key=value,…::text` with blanks before, `##[name]text` anywhere; nothing between
/// `::stop-commands::TOKEN` and `::TOKEN::`.
pub fn read(output: &str) -> Told {
    let mut told = Told::default();
    let mut stopped: Option<String> = None;
    for line in output.lines() {
        if let Some(token) = &stopped {
            if line.trim() == format!("::{token}::") {
                stopped = None;
            }
            continue;
        }
        let Some((name, properties, text)) = command(line) else { continue };
        match name.as_str() {
            "stop-commands" => stopped = Some(text),
            "notice" | "warning" | "error" => told.annotations.push((name, properties.get("title").cloned().unwrap_or_default(), text)),
            "set-output" => {
                told.outputs.insert(properties.get("name").cloned().unwrap_or_default(), text);
            }
            _ => told.others.push(name),
        }
    }
    told
}

fn command(line: &str) -> Option<(String, BTreeMap<String, String>, String)> {
    let (head, text) = match line.trim_start().strip_prefix("::") {
        Some(rest) => rest.split_once("::")?,
        None => line.split_once("##[")?.1.split_once(']')?,
    };
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    if name.is_empty() {
        return None;
    }
    let properties = properties.split([',', ';']).filter_map(|pair| pair.split_once('='));
    let properties = properties.map(|(key, value)| (key.trim().to_owned(), decoded(value))).collect();
    Some((name.to_lowercase(), properties, decoded(text)))
}

fn decoded(text: &str) -> String {
    text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
}

/// The entries of such a file: `name=value`, or `name<<END`, lines, `END`.
pub fn entries(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut entries = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let (equals, heredoc) = (line.find('='), line.find("<<"));
        match (equals, heredoc) {
            _ if line.is_empty() => {}
            (equals, Some(at)) if equals.is_none_or(|equals| at < equals) => {
                let end = &line[at + 2..];
                let mut value = Vec::new();
                loop {
                    match lines.next() {
                        Some(line) if line == end => break,
                        Some(line) => value.push(line),
                        None => return Err(format!("`{end}` does not come")),
                    }
                }
                entries.push((line[..at].to_owned(), value.join("\n")));
            }
            (Some(at), _) => entries.push((line[..at].to_owned(), line[at + 1..].to_owned())),
            (None, _) => return Err(format!("`{line}` is neither name=value nor name<<END")),
        }
    }
    Ok(entries)
}

/// The rules above, tried out.
pub fn rules() -> Result<(), libtest_mimic::Failed> {
    let output = "x ::error::no command\n  ::error title=a%2Cb::c%0Ad\n::stop-commands::t\n::error::quiet\n::t::\n##[warning]w\n::set-output name=s::9\n::add-path::/x\n";
    let told = read(output);
    let annotations =
        vec![("error".to_owned(), "a,b".to_owned(), "c\nd".to_owned()), ("warning".to_owned(), String::new(), "w".to_owned())];
    if told.annotations != annotations || told.outputs.get("s").map(String::as_str) != Some("9") || told.others != ["add-path"] {
        return Err(format!("{told:?}").into());
    }
    let found = entries("a=b=c\nm<<E\n1\nx=2\nE\n")?;
    if found != [("a".to_owned(), "b=c".to_owned()), ("m".to_owned(), "1\nx=2".to_owned())] || entries("nothing").is_ok() {
        return Err(format!("{found:?}").into());
    }
    Ok(())
}
