//! Did you mean …?

/// The known name nearest to what was written, if it is near enough to be meant.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&written.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= (name.chars().count().max(written.chars().count()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Advice for a name that is not known: the nearest one, else the list of all.
pub fn advice<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(name) = nearest(written, known.iter().copied()) {
        return Some(format!("did you mean `{name}`?"));
    }
    if known.is_empty() {
        return None;
    }
    Some(format!("known here: {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_is_near_and_nothing_far() {
        let known = ["partitions", "replication", "name"];
        assert_eq!(nearest("partition", known), Some("partitions"));
        assert_eq!(nearest("nmae", known), Some("name"));
        assert_eq!(nearest("zebra", known), None);
        assert_eq!(advice("zebra", known).unwrap(), "known here: `partitions`, `replication`, `name`");
        assert_eq!(advice("zebra", []), None);
    }
}
