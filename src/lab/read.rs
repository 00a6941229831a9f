//! YAML to [`Node`], through serde-saphyr: one document, no anchors, no merge keys, no tags, bounded size and depth.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Error, Location, MergeKeyPolicy, MessageFormatter, Options, Spanned, UserMessageFormatter};

use super::error::{Code, LabError};
use super::node::{Content, Key, Node, brief};
use super::source::{Region, SourceText};

/// Bytes a lab file may have. The largest lab of the course has 20 KB.
pub const MAX_BYTES: usize = 512 * 1024;
/// Levels a lab file may be nested. A check needs about ten.
const MAX_DEPTH: usize = 40;
/// Values a lab file may have.
const MAX_NODES: usize = 50_000;

/// Reads a text into a tree.
///
/// # Errors
/// What stands between the text and a tree: the first finding only, since YAML cannot be read on after an error.
pub fn read(source: &SourceText) -> Result<Node, LabError> {
    if source.text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes, and a lab file may have {MAX_BYTES}", source.text.len());
        return Err(LabError::of_file(Code::TOO_LARGE, message).help("generate data with `data:` instead of writing it out"));
    }
    match serde_saphyr::from_str_with_options::<Option<Raw>>(&source.text, options()) {
        Ok(None) => Err(LabError::of_file(Code::NO_TEXT, "the file is empty").help("a lab begins with `kgrade: 1` and `lab: <name>`")),
        Ok(Some(raw)) => Ok(raw.0),
        Err(error) => Err(explain(source, &error)),
    }
}

fn options() -> Options {
    serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: MAX_NODES * 4,
            max_total_scalar_bytes: MAX_BYTES,
            max_aliases: 0,
            max_anchors: 0,
            max_documents: 1,
        },
    }
}

fn explain(source: &SourceText, error: &Error) -> LabError {
    let error = error.without_snippet();
    let at = error.location().map(|location| span_of(source, location));
    let text = UserMessageFormatter.format_message(error);
    // The text may end with the place, which is shown on its own.
    let text = text.lines().next().unwrap_or_default().trim_end_matches('.');
    let mut found = match error {
        Error::DuplicateMappingKey { key, .. } => {
            let name = key.as_deref().unwrap_or_default();
            LabError::of_file(Code::DUPLICATE_KEY, format!("the key `{}` stands twice in this mapping", brief(name)))
                .help("only one of them can count: remove the other")
        }
        Error::Budget { breach, .. } => over_budget(breach),
        Error::MergeKeyNotAllowed { .. } => not_in_language("merge keys (`<<`)"),
        Error::MultipleDocuments { .. } => not_in_language("several documents in one file"),
        Error::UnknownAnchor { .. } => not_in_language("aliases (`*name`)"),
        _ if text.contains("tag") => not_in_language("this tag (`!name`)"),
        _ => {
            if let Some(tab) = at.and_then(|at| tab(source, at)) {
                let found =
                    LabError::of_file(Code::SYNTAX, "a tab in the indentation").help("YAML indents with spaces: replace the tab by spaces");
                return LabError { span: Some(tab), ..found };
            }
            syntax(text)
        }
    };
    found.span = at;
    found
}

/// The first tab in the indentation of the line where the parser stopped, or of the next: it may stop at what the tab comes after.
fn tab(source: &SourceText, at: Region) -> Option<Region> {
    let before = (at.line as usize).saturating_sub(1);
    let mut begin: usize = source.text.split_inclusive('\n').take(before).map(str::len).sum();
    for line in source.text.split_inclusive('\n').skip(before).take(2) {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(place) = line.get(..indent).and_then(|indent| indent.find('\t')).filter(|_| !line.trim().is_empty()) {
            return Some(source.span_at(begin + place, begin + place + 1));
        }
        begin += line.len();
    }
    None
}

fn over_budget(breach: &serde_saphyr::budget::BudgetBreach) -> LabError {
    use serde_saphyr::budget::BudgetBreach;
    match breach {
        BudgetBreach::Anchors { .. } | BudgetBreach::Aliases { .. } | BudgetBreach::AliasAnchorRatio { .. } => {
            not_in_language("anchors and aliases (`&name`, `*name`)")
        }
        BudgetBreach::MergeKeys { .. } => not_in_language("merge keys (`<<`)"),
        BudgetBreach::Documents { .. } => not_in_language("several documents in one file"),
        BudgetBreach::Depth { .. } => LabError::of_file(Code::TOO_LARGE, format!("the file is nested more than {MAX_DEPTH} levels deep"))
            .help("no check needs this depth: is a bracket or an indentation wrong?"),
        _ => LabError::of_file(Code::TOO_LARGE, format!("the file holds more than {MAX_NODES} values or {MAX_BYTES} bytes"))
            .help("generate data with `data:` instead of writing it out"),
    }
}

fn not_in_language(what: &str) -> LabError {
    LabError::of_file(Code::NOT_IN_LANGUAGE, format!("{what} are not part of the check language"))
        .help("write the value out, or use `vars:` and `$(name)`")
}

fn syntax(text: &str) -> LabError {
    let depth = ["recursion", "nest", "depth"].iter().any(|word| text.contains(word));
    if depth {
        return LabError::of_file(Code::TOO_LARGE, format!("the file is nested more than {MAX_DEPTH} levels deep"))
            .help("no check needs this depth: is a bracket or an indentation wrong?");
    }
    let mut message = text.to_owned();
    if let Some(first) = message.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    LabError::of_file(Code::SYNTAX, format!("this is not YAML: {message}"))
        .help("look at the indentation, the quotes and the brackets here and on the line above")
}

/// The place of an error. Errors of the scanner know their line and column only.
fn span_of(source: &SourceText, location: Location) -> Region {
    let number = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok());
    if let Some(start) = number(location.span().byte_offset()).filter(|start| *start > 0) {
        let start = start.min(source.text.len());
        let length = number(location.span().byte_len()).unwrap_or_default().min(source.text.len() - start);
        return Region { start, end: start + length, ..raw_span(location) };
    }
    let line = number(Some(location.line())).unwrap_or_default().saturating_sub(1);
    let begin: usize = source.text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = source.text.get(begin..).unwrap_or_default().lines().next().unwrap_or_default();
    let column = number(Some(location.column())).unwrap_or_default().saturating_sub(1);
    let start = begin + rest.chars().take(column).map(char::len_utf8).sum::<usize>();
    source.span_at(start, start)
}

/// A tree whose spans are still those of the parser.
struct Raw(Node);

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<RawContent>::deserialize(deserializer)?;
        Ok(Self(Node::new(spanned.value.0, raw_span(spanned.referenced))))
    }
}

fn raw_span(location: Location) -> Region {
    let number = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
    let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let start = number(location.span().byte_offset());
    Region { start, end: start + number(location.span().byte_len()), line: small(location.line()), col: small(location.column()) }
}

struct RawContent(Content);

impl<'de> Deserialize<'de> for RawContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor).map(Self)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Int(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Int(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Content, E> {
        Ok(Content::Int(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Content, E> {
        Ok(Content::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Content, E> {
        Ok(Content::Text(value))
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        RawContent::deserialize(deserializer).map(|raw| raw.0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Content, A::Error> {
        let mut list = Vec::new();
        while let Some(Raw(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Content::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Content, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = entries.next_key::<Spanned<String>>()? {
            let Raw(value) = entries.next_value()?;
            map.push((Key { name: key.value, span: raw_span(key.referenced) }, value));
        }
        Ok(Content::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Node, LabError> {
        read(&SourceText::new("t.yaml", text))
    }

    /// Every key and scalar must be found in the text at its span: the carets depend on it.
    fn check_spans(text: &str, node: &Node, seen: &mut usize) {
        for (key, value) in node.entries() {
            assert_eq!(&text[key.span.start..key.span.end], key.name, "key {key:?}");
            assert_eq!(SourceText::new("", text).span_at(key.span.start, key.span.end), key.span);
            *seen += 1;
            check_spans(text, value, seen);
        }
        for item in node.items() {
            check_spans(text, item, seen);
        }
        if node.is_scalar() && node.content != Content::Null {
            let raw = &text[node.span.start..node.span.end];
            assert_eq!(raw.trim_matches(['"', '\'']), node.content.format().unwrap());
            *seen += 1;
        }
    }

    #[test]
    fn spans_survive_in_block_and_flow_style() {
        let text =
            "a: 1\nb:\n  - { c: x, d: [ 2, $(e) ] }\n  - ä: true\n    f: 'q'\ng: { h: { i: { j: \"k\" } } }\nm:\n  n:\n    - o: 1.5\n";
        let mut seen = 0;
        check_spans(text, &parse(text).unwrap(), &mut seen);
        assert_eq!(seen, 21);
    }

    #[test]
    fn scalars_have_the_types_of_the_core_schema() {
        let node = parse("{ a: yes, b: 0755, c: 1_000, d: 0x10, e: ~, f: 20s, g: -3, h: 18446744073709551615, i: 1e3 }").unwrap();
        let of = |key: &str| node.get(key).unwrap().content.clone();
        assert_eq!(of("a"), Content::Text("yes".into()));
        assert_eq!(of("b"), Content::Text("0755".into()));
        assert_eq!(of("c"), Content::Text("1_000".into()));
        assert_eq!(of("e"), Content::Null);
        assert_eq!(of("f"), Content::Text("20s".into()));
        assert_eq!(of("g"), Content::Int(-3));
        assert_eq!(of("h"), Content::Int(18_446_744_073_709_551_615));
        assert_eq!(of("i"), Content::Float(1000.0));
    }

    #[test]
    fn refuses_what_the_language_leaves_out() {
        let code = |text: &str| parse(text).unwrap_err().code;
        assert_eq!(code("a: &x 1\nb: *x\n"), Code::NOT_IN_LANGUAGE);
        assert_eq!(code("a: { b: 1 }\n<<: { c: 1 }\n"), Code::NOT_IN_LANGUAGE);
        assert_eq!(code("a: 1\n---\nb: 2\n"), Code::NOT_IN_LANGUAGE);
        assert_eq!(code("a: !thing 1\n"), Code::NOT_IN_LANGUAGE);
        assert_eq!(code("a: 1\na: 2\n"), Code::DUPLICATE_KEY);
        assert_eq!(code("a: { b: 1, b: 2 }\n"), Code::DUPLICATE_KEY);
        assert_eq!(code(""), Code::NO_TEXT);
        assert_eq!(code("# nothing\n"), Code::NO_TEXT);
        assert_eq!(code("a:\n\tb: 1\n"), Code::SYNTAX);
        assert_eq!(code("a: [1, 2\n"), Code::SYNTAX);
        assert_eq!(code(&"[".repeat(10_000)), Code::TOO_LARGE);
        assert_eq!(code(&format!("a: [{}]", "1,".repeat(60_000))), Code::TOO_LARGE);
        assert_eq!(code(&"#".repeat(MAX_BYTES + 1)), Code::TOO_LARGE);
    }

    #[test]
    fn a_duplicate_key_is_pointed_at() {
        let error = parse("a: 1\nb:\n  c: 1\n  c: 2\n").unwrap_err();
        assert_eq!((error.span.unwrap().line, error.span.unwrap().col), (4, 3));
        assert!(error.message.contains("`c`"));
    }
}
