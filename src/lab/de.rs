//! From a [`Node`] to a type, through serde: every error knows the innermost place it is about.

use serde::de::{self, DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::error::{Code, LabError};
use super::mistake::Mistake;
use super::node::{Content, Key, Node};
use super::source::Region;
use super::suggestion;

/// Reads a type from a tree.
///
/// # Errors
/// The first thing that does not fit, with its place and what to write instead.
pub fn from_node<T: DeserializeOwned>(node: &Node) -> Result<T, LabError> {
    T::deserialize(NodeDeserializer(node)).map_err(|mistake| mistake.into_error(node.anchor()))
}

struct NodeDeserializer<'a>(&'a Node);

impl<'a> NodeDeserializer<'a> {
    fn located<T>(&self, result: Result<T, Mistake>) -> Result<T, Mistake> {
        result.map_err(|mistake| mistake.at(self.0.anchor()))
    }

    fn any<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let result = match &self.0.content {
            Content::Null => visitor.visit_unit(),
            Content::Bool(value) => visitor.visit_bool(*value),
            Content::Int(value) => visit_int(*value, visitor),
            Content::Float(value) => visitor.visit_f64(*value),
            Content::Text(text) => visitor.visit_str(text),
            Content::List(items) => visitor.visit_seq(Items(items.iter())),
            Content::Map(entries) => visitor.visit_map(Entries { rest: entries.iter(), value: None }),
        };
        self.located(result)
    }

    /// Text, also from a number or a truth value that came out of a variable; a written one wants quotes.
    fn string<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match &self.0.content {
            Content::Int(_) | Content::Bool(_) | Content::Float(_) => {
                let text = self.0.content.format().unwrap_or_default();
                if self.0.replaced {
                    return self.located(visitor.visit_string(text));
                }
                self.any(visitor).map_err(|mistake| mistake.quoted(&text))
            }
            _ => self.any(visitor),
        }
    }
}

fn visit_int<'de, V: Visitor<'de>>(value: i128, visitor: V) -> Result<V::Value, Mistake> {
    if let Ok(value) = u64::try_from(value) {
        visitor.visit_u64(value)
    } else if let Ok(value) = i64::try_from(value) {
        visitor.visit_i64(value)
    } else {
        visitor.visit_i128(value)
    }
}

impl<'de> de::Deserializer<'de> for NodeDeserializer<'_> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.any(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.string(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.string(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.0.content {
            Content::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        let (tag, at, content) = match &self.0.content {
            Content::Text(text) => (text, self.0.span, None),
            Content::Map(entries) => match entries.as_slice() {
                [(key, value)] => (&key.name, key.span, Some(value)),
                [_, (second, _), ..] => {
                    let mistake = Mistake::new(Code::WRONG_TYPE, format!("one kind to an item, and `{}` is a second one", second.name));
                    return Err(mistake.at(second.span).help("start a new list item for it, or indent it if it is a setting"));
                }
                [] => {
                    return Err(Mistake::new(Code::WRONG_TYPE, "an empty mapping names no kind")
                        .at(self.0.span)
                        .help("write `kind: { … }`; `kgrade explain` lists the kinds"));
                }
            },
            other => {
                let mistake = Mistake::new(Code::WRONG_TYPE, format!("expected one of {}, found {}", listed(variants), other.describe()));
                return Err(mistake.at(self.0.anchor()));
            }
        };
        if !variants.contains(&tag.as_str()) {
            return Err(unknown_variant(name, tag, variants, content.is_some()).at(at));
        }
        let variant = Variant { tag, at, content };
        self.located(visitor.visit_enum(variant))
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.string(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct
    }
}

fn listed(variants: &[&str]) -> String {
    variants.iter().map(|variant| format!("`{variant}`")).collect::<Vec<_>>().join(", ")
}

/// `kind` for the vocabulary's enums, where the other list may have it; a plain choice otherwise.
fn unknown_variant(name: &str, tag: &str, variants: &'static [&'static str], is_key: bool) -> Mistake {
    let here = match name {
        "ActionSpec" => "action",
        "ExpectSpec" => "expectation",
        _ if is_key => "kind",
        _ => "choice",
    };
    let code = if here == "choice" { Code::BAD_VALUE } else { Code::UNKNOWN_KIND };
    let mistake = Mistake::new(code, format!("there is no {here} `{tag}`"));
    match crate::kinds::REGISTRY.iter().find(|row| row.name == tag) {
        Some(row) if row.action && here == "expectation" => mistake.help(format!("`{tag}` is an action: it stands in `do` or `finally`")),
        Some(row) if !row.action && here == "action" => {
            mistake.help(format!("`{tag}` is an expectation: it stands in `expect`, `always`, `never` or `given`"))
        }
        _ => mistake.maybe_help(suggestion::advice(tag, variants.iter().copied())),
    }
}

struct Items<'a>(std::slice::Iter<'a, Node>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Mistake;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mistake> {
        self.0.next().map(|item| seed.deserialize(NodeDeserializer(item))).transpose()
    }
}

struct Entries<'a> {
    rest: std::slice::Iter<'a, (Key, Node)>,
    value: Option<&'a (Key, Node)>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Mistake;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mistake> {
        let Some(entry) = self.rest.next() else { return Ok(None) };
        self.value = Some(entry);
        let key: de::value::StrDeserializer<'_, Mistake> = entry.0.name.as_str().into_deserializer();
        seed.deserialize(key).map(Some).map_err(|mistake| mistake.at(entry.0.span))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mistake> {
        let Some((key, value)) = self.value.take() else { return Err(de::Error::custom("a value was asked for before its key")) };
        // An empty value is pointed at by its key: there is nothing else to point at.
        seed.deserialize(NodeDeserializer(value)).map_err(|mistake| match value.content {
            Content::Null => mistake.moved_from(value.anchor(), key.span),
            _ => mistake.within(&key.name),
        })
    }
}

struct Variant<'a> {
    tag: &'a str,
    at: Region,
    content: Option<&'a Node>,
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Mistake;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Mistake> {
        let tag: de::value::StrDeserializer<'_, Mistake> = self.tag.into_deserializer();
        let value = seed.deserialize(tag).map_err(|mistake| mistake.at(self.at))?;
        Ok((value, self))
    }
}

impl Variant<'_> {
    /// The settings of a kind that has some.
    fn settings(&self) -> Result<&Node, Mistake> {
        let missing = || Mistake::new(Code::WRONG_TYPE, format!("`{}` needs settings", self.tag)).at(self.at);
        let help = format!("write `{}: {{ … }}`; `kgrade explain {}` shows an example", self.tag, self.tag);
        self.content.filter(|node| node.content != Content::Null).ok_or_else(|| missing().help(help))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Mistake;

    fn unit_variant(self) -> Result<(), Mistake> {
        match self.content {
            None | Some(Node { content: Content::Null, .. }) => Ok(()),
            Some(node) => {
                let message = format!("`{}` takes no settings, found {}", self.tag, node.content.describe());
                Err(Mistake::new(Code::WRONG_TYPE, message).at(node.anchor()).help(format!("write just `{}`", self.tag)))
            }
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Mistake> {
        let result = seed.deserialize(NodeDeserializer(self.settings()?));
        result.map_err(|mistake| mistake.within(self.tag))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Mistake> {
        NodeDeserializer(self.settings()?).any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Mistake> {
        let result = NodeDeserializer(self.settings()?).any(visitor);
        result.map_err(|mistake| mistake.within(self.tag))
    }
}
