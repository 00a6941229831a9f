//! The names of topic ids.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::text;
use crate::timeline::event::Name;

/// How many topics are known at most: a broker that tells more is no broker of a lab.
const KNOWN: usize = 10_000;

/// The names of topics by their ids, learned from Metadata (v10+) and CreateTopics (v7+) answers. Clones share what is known.
#[derive(Debug, Clone, Default)]
pub struct TopicIds(Arc<RwLock<HashMap<u128, Name>>>);

impl TopicIds {
    /// Learns a topic's name. An id belongs to one topic for ever, so what is known stays.
    pub(super) fn learn(&self, id: u128, name: &Name) {
        if id == 0 || name.is_empty() || self.known(id).is_some() {
            return;
        }
        let mut names = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if names.len() < KNOWN {
            names.insert(id, name.clone());
        }
    }

    /// The topic that a message means: by its name, or by its id where it has none.
    pub(super) fn name(&self, name: &str, id: u128) -> Name {
        if !name.is_empty() || id == 0 {
            return text::name(name);
        }
        self.known(id).unwrap_or_else(|| format!("id:{}", BASE64_URL_SAFE_NO_PAD.encode(id.to_be_bytes())).into())
    }

    fn known(&self, id: u128) -> Option<Name> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_name_that_was_told_first() {
        let topics = TopicIds::default();
        let same = topics.clone();
        assert_eq!(&*topics.name("", 7), "id:AAAAAAAAAAAAAAAAAAAABw", "as `kafka-topics --describe` writes it");
        topics.learn(7, &"orders".into());
        topics.learn(7, &"payments".into());
        topics.learn(0, &"nothing".into());
        assert_eq!(&*same.name("", 7), "orders");
        assert_eq!(&*same.name("given", 7), "given");
        assert_eq!(&*same.name("", 0), "");
    }

    #[test]
    fn what_is_known_is_bounded() {
        let topics = TopicIds::default();
        (1..=2 * KNOWN as u128).for_each(|id| topics.learn(id, &"t".into()));
        assert_eq!(topics.0.read().unwrap().len(), KNOWN);
    }
}
