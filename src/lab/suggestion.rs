//! Did you mean …?

/// The known name nearest to what was written, if it is near enough to be meant. Who writes other digits means another thing; one
/// may be left out, or two be swapped.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .filter(|name| is_within(&digits(written), digits(name)) || is_within(&digits(name), digits(written)))
        .map(|name| (strsim::damerau_levenshtein(&written.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= (name.chars().count().max(written.chars().count()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

fn digits(name: &str) -> Vec<char> {
    name.chars().filter(char::is_ascii_digit).collect()
}

/// Whether each digit is among the others, in any order.
fn is_within(digits: &[char], mut others: Vec<char>) -> bool {
    digits.iter().all(|digit| others.iter().position(|other| other == digit).map(|at| others.swap_remove(at)).is_some())
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
        let labs = ["lab-01", "lab-02", "lab"];
        assert_eq!(
            (nearest("lab-2", labs), nearest("lab02", labs), nearest("lbb-1", labs)),
            (Some("lab-02"), Some("lab-02"), Some("lab-01"))
        );
        assert_eq!((nearest("lab-07", ["lab-01", "lab-06"]), nearest("lab-7", ["lab-01", "lab-06"])), (None, None));
        assert_eq!((nearest("lab-9", ["lab-90"]), nearest("lab-90", ["lab-09"])), (Some("lab-90"), Some("lab-09")));
        assert_eq!(advice("zebra", known).unwrap(), "known here: `partitions`, `replication`, `name`");
        assert_eq!(advice("zebra", []), None);
    }
}
