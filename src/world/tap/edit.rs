//! Answers that are changed on their way, because the cluster does not know of the tap.

use std::fmt::Debug;

use bytes::Bytes;

use crate::timeline::wire::Api;

/// Changes the answers that a seat's program gets.
pub(super) trait Edit: Debug + Send + Sync {
    /// Whether answers of this API and version may have to be changed. They wait in the tap until they are whole.
    fn wants(&self, api: Api, version: i16) -> bool;

    /// The answer as the program is to get it; `None` for as it is. Both without the length before it, header included.
    ///
    /// # Errors
    /// Why the program must not get it: the connection is closed with these words.
    fn edit(&self, api: Api, version: i16, answer: &Bytes) -> Result<Option<Bytes>, String>;
}
