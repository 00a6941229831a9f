//! Kafka's error codes under the names that its documentation uses.

use std::fmt;

use kafka_protocol::error::ResponseError;

/// Higher than any error code that Kafka has.
const LAST: i16 = 200;

/// A refusal by the broker, shown as `NOT_COORDINATOR (16)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(ResponseError);

impl Code {
    /// The refusal that an error code stands for; `None` for success.
    #[must_use]
    pub fn of(code: i16) -> Option<Self> {
        ResponseError::try_from_code(code).map(Self)
    }

    /// The code of a name as Kafka's documentation spells it, `NOT_COORDINATOR`; `NONE` is 0.
    #[must_use]
    pub fn named(name: &str) -> Option<i16> {
        if name == "NONE" {
            return Some(0);
        }
        (-1..=LAST).find(|code| Self::of(*code).is_some_and(|known| !matches!(known.0, ResponseError::Unknown(_)) && known.name() == name))
    }

    /// The name of a code; `NONE` for 0, the number for one that is not known.
    #[must_use]
    pub fn name_of(code: i16) -> String {
        Self::of(code).map_or_else(|| "NONE".to_owned(), Self::name)
    }

    /// Its name as Kafka's documentation spells it: `NOT_COORDINATOR`; the number when it is not known.
    fn name(self) -> String {
        if let ResponseError::Unknown(code) = self.0 {
            return code.to_string();
        }
        let mut name = String::new();
        for (at, letter) in format!("{:?}", self.0).char_indices() {
            if letter.is_ascii_uppercase() && at > 0 {
                name.push('_');
            }
            name.push(letter.to_ascii_uppercase());
        }
        name
    }

    /// The code as an error, for `?`.
    pub(super) fn check(code: i16) -> Result<(), Self> {
        Self::of(code).map_or(Ok(()), Err)
    }

    /// Whether it is this one.
    pub(super) fn is(self, other: ResponseError) -> bool {
        self.0 == other
    }

    /// Whether the group's coordinator is elsewhere or not ready yet: asking again soon may succeed.
    pub(super) fn is_about_coordinator(self) -> bool {
        use ResponseError::{CoordinatorLoadInProgress, CoordinatorNotAvailable, NotCoordinator};
        matches!(self.0, NotCoordinator | CoordinatorLoadInProgress | CoordinatorNotAvailable)
    }

    /// Whether the partition's leader is elsewhere or not elected yet.
    pub(super) fn is_about_leader(self) -> bool {
        use ResponseError::{
            FencedLeaderEpoch, KafkaStorageError, LeaderNotAvailable, NotLeaderOrFollower, OffsetNotAvailable, ReplicaNotAvailable,
            UnknownLeaderEpoch, UnknownTopicOrPartition,
        };
        matches!(
            self.0,
            FencedLeaderEpoch
                | KafkaStorageError
                | LeaderNotAvailable
                | NotLeaderOrFollower
                | OffsetNotAvailable
                | ReplicaNotAvailable
                | UnknownLeaderEpoch
                | UnknownTopicOrPartition
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let ResponseError::Unknown(code) = self.0 {
            return write!(f, "Kafka error code {code}");
        }
        write!(f, "{} ({})", self.name(), self.0.code())
    }
}

impl std::error::Error for Code {}

#[cfg(test)]
mod tests {
    use kafka_protocol::error::ResponseError;

    use super::Code;

    #[test]
    fn codes_have_the_documented_names() {
        assert_eq!(Code::of(0), None);
        assert_eq!(Code::of(16).unwrap().to_string(), "NOT_COORDINATOR (16)");
        assert_eq!(Code::of(-1).unwrap().to_string(), "UNKNOWN_SERVER_ERROR (-1)");
        assert_eq!(Code::of(17).unwrap().to_string(), "INVALID_TOPIC_EXCEPTION (17)");
        for code in (-1..=130).filter(|code| !matches!(Code::of(*code).map(|known| known.0), None | Some(ResponseError::Unknown(_)))) {
            assert_eq!(Code::named(&Code::name_of(code)), Some(code));
        }
        assert_eq!((Code::named("NONE"), Code::named("NOT_ENOUGH_REPLICAS"), Code::named("NO_SUCH")), (Some(0), Some(19), None));
        assert_eq!(Code::of(999).unwrap().to_string(), "Kafka error code 999");
    }
}
