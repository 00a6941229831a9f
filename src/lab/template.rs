//! Text with `$(name)` in it, and `$$(` for a `$(` that is meant literally.

/// One piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text as it is.
    Text(&'a str),
    /// The `$$(` escape: it stands for `$(`.
    Escape,
    /// A variable's name, without `$(` and `)`.
    Variable(&'a str),
    /// `$(` without a name and `)`: everything from there to the `)`, or to the end.
    Broken(&'a str),
}

/// Takes a text apart. The pieces together are the whole text.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("$(") {
        let (before, from) = rest.split_at(at);
        if let Some(literal) = before.strip_suffix('$') {
            push_text(&mut found, literal);
            found.push(Piece::Escape);
            rest = from.get(2..).unwrap_or_default();
            continue;
        }
        push_text(&mut found, before);
        let Some(end) = from.find(')') else {
            found.push(Piece::Broken(from));
            return found;
        };
        let name = from.get(2..end).unwrap_or_default();
        let whole = from.get(..=end).unwrap_or_default();
        found.push(if is_name(name) { Piece::Variable(name) } else { Piece::Broken(whole) });
        rest = from.get(end + 1..).unwrap_or_default();
    }
    push_text(&mut found, rest);
    found
}

fn push_text<'a>(found: &mut Vec<Piece<'a>>, text: &'a str) {
    if !text.is_empty() {
        found.push(Piece::Text(text));
    }
}

/// Letters, digits, `_`, `-` and `.` after a letter.
pub fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_names_escapes_and_slips() {
        use Piece::{Broken, Escape, Text, Variable};
        assert_eq!(pieces("plain $ text"), [Text("plain $ text")]);
        assert_eq!(pieces("$(a)"), [Variable("a")]);
        assert_eq!(pieces("x-$(run.id)-$(b)"), [Text("x-"), Variable("run.id"), Text("-"), Variable("b")]);
        assert_eq!(pieces("$$(a)"), [Escape, Text("a)")]);
        assert_eq!(pieces("$$$(a)"), [Text("$"), Escape, Text("a)")]);
        assert_eq!(pieces("$(date +%s) ü"), [Broken("$(date +%s)"), Text(" ü")]);
        assert_eq!(pieces("$(open"), [Broken("$(open")]);
        assert_eq!(pieces(""), []);
    }
}
