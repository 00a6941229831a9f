//! `draws`: values drawn from the run's seed, so that a program cannot be written for them.

use std::fmt;

use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Unexpected, Visitor};
use sha2::{Digest, Sha256};

use super::node::Content;
use super::scalar::Scalar;
use super::span::Span;

/// Randomness of its own for every name: the order of draws does not matter.
pub fn random(seed: u64, names: &[&str]) -> ChaCha8Rng {
    let mut digest = Sha256::new();
    digest.update(seed.to_le_bytes());
    for name in names {
        digest.update(u64::try_from(name.len()).unwrap_or(u64::MAX).to_le_bytes());
        digest.update(name.as_bytes());
    }
    ChaCha8Rng::from_seed(digest.finalize().into())
}

/// One draw: a number or a duration `from` … `to`, both included, or one `of` a list.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DrawSpec {
    /// The least.
    #[serde(default)]
    pub from: Option<Quantity>,
    /// The greatest.
    #[serde(default)]
    pub to: Option<Quantity>,
    /// Draws no multiple of this number: at a batch's boundary the worst program looks clean.
    #[serde(default)]
    pub not_multiple_of: Option<u32>,
    /// The values to choose from.
    #[serde(default)]
    pub of: Option<Vec<Scalar>>,
}

/// A whole number or a duration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quantity {
    /// A whole number.
    Number(i64),
    /// A duration.
    Time(Span),
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(QuantityVisitor)
    }
}

struct QuantityVisitor;

impl Visitor<'_> for QuantityVisitor {
    type Value = Quantity;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number, or a duration like 2300ms or 20s")
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Quantity, E> {
        Ok(Quantity::Number(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Quantity, E> {
        i64::try_from(value).map(Quantity::Number).map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Quantity, E> {
        Span::parse(text).map(Quantity::Time).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl JsonSchema for Quantity {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Quantity".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["integer", "string"], "description": "a whole number, or a duration like 2300ms or 20s" })
    }
}

impl DrawSpec {
    /// Draws. The error says what is wrong with the specification.
    pub fn draw(&self, random: &mut ChaCha8Rng) -> Result<Content, String> {
        match (self.from, self.to, &self.of) {
            (None, None, Some(values)) if self.not_multiple_of.is_none() => {
                values.choose(random).map(|value| value.0.clone()).ok_or_else(|| "`of` is empty: there is nothing to draw".into())
            }
            (Some(Quantity::Number(from)), Some(Quantity::Number(to)), None) => self.number(from, to, random),
            (Some(Quantity::Time(from)), Some(Quantity::Time(to)), None) if self.not_multiple_of.is_none() => {
                let millis = |span: Span| u64::try_from(span.get().as_millis()).unwrap_or(u64::MAX);
                let (from, to) = (millis(from), millis(to));
                if from > to {
                    return Err("`from` is greater than `to`".into());
                }
                Ok(Content::Text(Span::millis(random.random_range(from..=to)).to_string()))
            }
            _ => {
                Err("a draw has `from` and `to`, both numbers or both durations, or a list `of` values; numbers may add `not_multiple_of`"
                    .into())
            }
        }
    }

    fn number(&self, from: i64, to: i64, random: &mut ChaCha8Rng) -> Result<Content, String> {
        if from > to {
            return Err("`from` is greater than `to`".into());
        }
        let Some(factor) = self.not_multiple_of.map(i64::from) else { return Ok(Content::Int(random.random_range(from..=to).into())) };
        if factor == 0 {
            return Err("`not_multiple_of` is 0, and nothing is a multiple of 0".into());
        }
        if factor == 1 || (from == to && from % factor == 0) {
            return Err(format!("every number from {from} to {to} is a multiple of {factor}"));
        }
        // Of two neighbours at most one is a multiple, so this ends soon.
        loop {
            let value = random.random_range(from..=to);
            if value % factor != 0 {
                return Ok(Content::Int(value.into()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(from: i64, to: i64, not_multiple_of: Option<u32>) -> DrawSpec {
        DrawSpec { from: Some(Quantity::Number(from)), to: Some(Quantity::Number(to)), not_multiple_of, of: None }
    }

    #[test]
    fn names_have_randomness_of_their_own() {
        let draw = |seed, names: &[&str]| number(0, 1_000_000_000, None).draw(&mut random(seed, names)).unwrap();
        assert_eq!(draw(1, &["a", "b"]), draw(1, &["a", "b"]));
        assert_ne!(draw(1, &["a", "b"]), draw(1, &["ab", ""]));
        assert_ne!(draw(1, &["a", "b"]), draw(2, &["a", "b"]));
    }

    #[test]
    fn multiples_are_never_drawn_and_bounds_are_included() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..500 {
            let Content::Int(value) = number(11, 19, Some(5)).draw(&mut random(seed, &["x"])).unwrap() else { panic!() };
            seen.insert(value);
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [11, 12, 13, 14, 16, 17, 18, 19]);
    }

    #[test]
    fn impossible_draws_are_refused() {
        let mut source = random(1, &[]);
        for spec in [number(5, 4, None), number(10, 10, Some(5)), number(1, 9, Some(1)), number(1, 9, Some(0))] {
            assert!(spec.draw(&mut source).is_err(), "{spec:?}");
        }
        assert!(DrawSpec { from: None, to: None, not_multiple_of: None, of: Some(vec![]) }.draw(&mut source).is_err());
    }
}
