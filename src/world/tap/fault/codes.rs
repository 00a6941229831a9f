//! Where the error codes are in an answer.
//!
//! They are set in a copy of its bytes, found by the table of Kafka's messages: everything else stays as it came.

use bytes::{Bytes, BytesMut};

use crate::timeline::wire::Api;
use crate::world::kafka::schema;

/// An error code in an answer.
#[derive(Debug)]
struct Code {
    /// Where it is in the body.
    at: usize,
    /// The fields next to it: they tell on which level of the answer it is.
    after: String,
    before: String,
}

/// The answer with this error code, wherever Kafka would have it. Without the length before it, header included. `None` when it cannot be
/// read, or has no error code.
pub(in super::super) fn set(api: Api, version: i16, answer: &Bytes, error: i16) -> Option<Bytes> {
    let message = schema::response(api.0)?;
    let (_correlation, mut body) = answer.split_first_chunk::<4>()?;
    if message.is_flexible(version) && api != API_VERSIONS {
        body = schema::tags(body).ok()?;
    }
    let start = answer.len() - body.len();
    let mut codes: Vec<Code> = Vec::new();
    let mut open = false;
    let mut last = String::new();
    let base = body.as_ptr().addr();
    message
        .visit(version, body, |name, value| {
            if let Some(code) = codes.last_mut().filter(|_| open) {
                code.before = name.to_owned();
            }
            open = matches!(name, "error_code" | "partition_error_code");
            if let Some(value) = value.filter(|_| open) {
                codes.push(Code { at: value.as_ptr().addr() - base, after: last.clone(), before: String::new() });
            }
            name.clone_into(&mut last);
        })
        .ok()?;
    let meant: Vec<_> = codes.iter().filter(|code| is_meant(api, version, error, code)).collect();
    // An answer about no partition has only the code of the whole.
    let all = if meant.is_empty() { codes.iter().collect() } else { meant };
    let mut bytes = BytesMut::from(&answer[..]);
    for code in &all {
        bytes.get_mut(start + code.at..start + code.at + 2)?.copy_from_slice(&error.to_be_bytes());
    }
    (!all.is_empty()).then(|| bytes.freeze())
}

const API_VERSIONS: Api = Api(18);
const OFFSET_FETCH: Api = Api(9);
const ADD_PARTITIONS_TO_TXN: Api = Api(24);

/// Fetch sessions are a matter of the whole request: FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH, FETCH_SESSION_TOPIC_ID_ERROR.
const OF_SESSION: [i16; 3] = [70, 71, 106];

/// UNKNOWN_TOPIC_OR_PARTITION, TOPIC_AUTHORIZATION_FAILED, UNSTABLE_OFFSET_COMMIT, UNKNOWN_TOPIC_ID are a partition's, all others the group's.
const OF_PARTITION: [i16; 4] = [3, 29, 88, 100];

/// UNKNOWN_MEMBER_ID and FENCED_INSTANCE_ID are a member's.
const OF_MEMBER: [i16; 2] = [25, 82];

/// REBOOTSTRAP_REQUIRED is the only error of Metadata as a whole.
const REBOOTSTRAP_REQUIRED: i16 = 129;

/// Whether an answer of several levels has this error on the level of this code.
fn is_meant(api: Api, version: i16, error: i16, code: &Code) -> bool {
    let of_whole = code.after == "throttle_time_ms";
    match api {
        Api::FETCH => of_whole == OF_SESSION.contains(&error),
        Api::METADATA if error == REBOOTSTRAP_REQUIRED => code.before.is_empty(),
        Api::METADATA => code.before == "name",
        OFFSET_FETCH if version >= 2 => (code.after == "metadata") == OF_PARTITION.contains(&error),
        Api::LEAVE_GROUP if version >= 3 => of_whole != OF_MEMBER.contains(&error),
        ADD_PARTITIONS_TO_TXN if version >= 4 => !of_whole,
        _ => true,
    }
}
