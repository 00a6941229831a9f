//! Counted nouns: `1 error`, `2 errors`.

/// A number with its noun, which takes an `s` for any number but one.
pub fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}
