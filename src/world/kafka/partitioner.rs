//! Which rule put records on their partitions.

use std::collections::{BTreeMap, BTreeSet};

/// The chance that a rule fits by accident has to be below one in this many before it is named.
const SURE: u64 = 1000;

/// Kafka's murmur2 (`org.apache.kafka.common.utils.Utils.murmur2`).
#[must_use]
pub fn murmur2(key: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mix = |k: u32| {
        let k = k.wrapping_mul(M);
        (k ^ (k >> 24)).wrapping_mul(M)
    };
    // The length is hashed modulo 2^32, as in Java.
    #[expect(clippy::cast_possible_truncation, reason = "Java's int")]
    let mut hash = 0x9747_b28c_u32 ^ key.len() as u32;
    let (words, rest) = key.as_chunks::<4>();
    for word in words {
        hash = hash.wrapping_mul(M) ^ mix(u32::from_le_bytes(*word));
    }
    if !rest.is_empty() {
        hash = rest.iter().enumerate().fold(hash, |hash, (at, byte)| hash ^ (u32::from(*byte) << (8 * at))).wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

/// FNV-1a as librdkafka and Sarama use it: the absolute value of the signed hash.
#[must_use]
pub fn fnv1a(key: &[u8]) -> u32 {
    let hash = key.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    hash.cast_signed().unsigned_abs()
}

/// A rule from a key to a partition.
struct Rule {
    name: &'static str,
    hash: fn(&[u8]) -> u32,
}

const RULES: [Rule; 3] = [
    Rule { name: "murmur2 (Java, kafka-python, aiokafka)", hash: |key| murmur2(key) & 0x7fff_ffff },
    Rule { name: "crc32 (librdkafka, confluent-kafka)", hash: crc32fast::hash },
    Rule { name: "fnv1a (Sarama)", hash: fnv1a },
];

impl Rule {
    fn partition(&self, key: &[u8], partitions: u32) -> Option<i32> {
        (self.hash)(key).checked_rem(partitions).and_then(|partition| i32::try_from(partition).ok())
    }
}

/// Where each known rule puts a key, with the rule's name. Empty when there are no partitions.
#[must_use]
pub fn rules(key: &[u8], partitions: i32) -> Vec<(&'static str, i32)> {
    let partitions = u32::try_from(partitions).unwrap_or(0);
    RULES.iter().filter_map(|rule| Some((rule.name, rule.partition(key, partitions)?))).collect()
}

/// The known rule that these keys' partitions follow, for a message to the learner. `None` when no rule fits, when more than one
/// does, or when there are too few different keys to tell.
///
/// - A hash is named when every keyed record lies where it says.
/// - `round-robin` when records are spread evenly over all partitions without regard to their keys.
/// - `one partition for all` when records with different keys, or without one, all lie on the same partition.
#[must_use]
pub fn name_rule(placements: &[(Option<&[u8]>, i32)], partitions: i32) -> Option<&'static str> {
    let count = u32::try_from(partitions).ok().filter(|count| *count > 1)?;
    let mut of_key: BTreeMap<&[u8], BTreeSet<i32>> = BTreeMap::new();
    for (key, partition) in placements {
        if let Some(key) = key {
            of_key.entry(key).or_default().insert(*partition);
        }
    }
    let sure = u32::try_from(of_key.len()).ok().and_then(|keys| u64::from(count).checked_pow(keys)).is_none_or(|chance| chance >= SURE);
    let follows = |rule: &&Rule| of_key.iter().all(|(key, on)| on.len() == 1 && on.first().copied() == rule.partition(key, count));
    let mut fitting = RULES.iter().filter(follows);
    if let (true, Some(rule), None) = (sure && !of_key.is_empty(), fitting.next(), fitting.next()) {
        return Some(rule.name);
    }

    let mut on_partition: BTreeMap<i32, usize> = BTreeMap::new();
    for (_, partition) in placements {
        *on_partition.entry(*partition).or_default() += 1;
    }
    let keyless = placements.iter().filter(|(key, _)| key.is_none()).count();
    if on_partition.len() == 1 && (sure && of_key.len() > 1 || of_key.is_empty() && keyless > 1) {
        return Some("one partition for all");
    }
    let (fewest, most) = (on_partition.values().min()?, on_partition.values().max()?);
    let all_used = u32::try_from(on_partition.len()) == Ok(count);
    let keys_scattered = of_key.is_empty() || of_key.values().any(|on| on.len() > 1);
    let enough = placements.len() >= 2 * on_partition.len();
    (all_used && keys_scattered && enough && most - fewest <= 1).then_some("round-robin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn murmur2_is_javas() {
        // The vectors of librdkafka's unit test, made with the Java client, and of Kafka's own UtilsTest.
        let unaligned = b"PreAmbleWillBeRemoved,ThePrePartThatIs";
        for (key, hash) in [
            (&b"kafka"[..], 0xd067_cf64),
            (b"giberish123456789", 0x8f55_2b0c),
            (b"1234", 0x9fc9_7b14),
            (b"234", 0xe7c0_09ca),
            (b"34", 0x8739_30da),
            (b"4", 0x5a4b_5ca1),
            (unaligned, 0x7842_4f1c),
            (&unaligned[1..], 0x4a62_b377),
            (&unaligned[2..], 0xe0e4_e09e),
            (&unaligned[3..], 0x62b8_b43f),
            (b"", 0x106e_08d9),
        ] {
            assert_eq!(murmur2(key), hash, "{}", String::from_utf8_lossy(key));
        }
        for (key, hash) in [(&b"21"[..], -973_932_308), (b"foobar", -790_332_482), (b"abc", 479_470_107)] {
            assert_eq!(murmur2(key).cast_signed(), hash);
        }
    }

    #[test]
    fn fnv1a_is_saramas() {
        for (key, hash) in [
            (&b"kafka"[..], 0x0d33_c4e1),
            (b"giberish123456789", 0x77a5_8295),
            (b"1234", 0x023b_dd03),
            (b"4", 0x310c_a263),
            (b"", 0x7ee3_623b),
        ] {
            assert_eq!(fnv1a(key), hash, "{}", String::from_utf8_lossy(key));
        }
    }

    #[test]
    fn keys_lie_where_the_measured_clients_put_them() {
        for (key, crc32, murmur2) in
            [("user-0", 2, 1), ("user-1", 2, 2), ("user-2", 4, 2), ("user-3", 0, 5), ("user-4", 3, 1), ("user-5", 3, 4), ("order-42", 4, 0)]
        {
            let rules = rules(key.as_bytes(), 6);
            assert_eq!((rules[0].1, rules[1].1), (murmur2, crc32), "{key}");
        }
        assert!(rules(b"key", 0).is_empty());
        assert!(rules(b"key", -1).is_empty());
    }

    fn keys(count: usize) -> Vec<String> {
        (0..count).map(|nth| format!("user-{nth}")).collect()
    }

    #[test]
    fn a_rule_is_named_when_all_keys_follow_it() {
        let keys = keys(24);
        for (nth, rule) in RULES.iter().enumerate() {
            let placed: Vec<_> = keys.iter().map(|key| (Some(key.as_bytes()), super::rules(key.as_bytes(), 6)[nth].1)).collect();
            assert_eq!(name_rule(&placed, 6), Some(rule.name));
            let mut one_off = placed.clone();
            one_off[3].1 = (one_off[3].1 + 1) % 6;
            assert_eq!(name_rule(&one_off, 6), None);
            // Two keys on six partitions fit one time in thirty-six.
            assert_eq!(name_rule(&placed[..2], 6), None);
            assert_eq!(name_rule(&placed, 7), None);
        }
    }

    #[test]
    fn spreading_without_the_key_and_one_partition_are_told_apart() {
        let keys = keys(24);
        let round: Vec<_> = (0..240).map(|nth| (Some(keys[nth % 23].as_bytes()), i32::try_from(nth % 6).unwrap())).collect();
        assert_eq!(name_rule(&round, 6), Some("round-robin"));
        let keyless: Vec<_> = (0..13).map(|nth| (None, nth % 6)).collect();
        assert_eq!(name_rule(&keyless, 6), Some("round-robin"));
        let uneven: Vec<_> = (0..240).map(|nth| (Some(keys[nth % 24].as_bytes()), i32::try_from(nth * nth % 7 % 6).unwrap())).collect();
        assert_eq!(name_rule(&uneven, 6), None);
        let single: Vec<_> = keys.iter().map(|key| (Some(key.as_bytes()), 4)).collect();
        assert_eq!(name_rule(&single, 6), Some("one partition for all"));
        assert_eq!(name_rule(&[(None, 2), (None, 2)], 6), Some("one partition for all"));
        // One key on one partition is what every rule does.
        let same: Vec<_> = (0..100).map(|_| (Some(keys[0].as_bytes()), 3)).collect();
        assert_eq!(name_rule(&same, 6), None);
        assert_eq!(name_rule(&[], 6), None);
        assert_eq!(name_rule(&single, 1), None);
        assert_eq!(name_rule(&single, 0), None);
    }
}
