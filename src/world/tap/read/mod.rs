//! Reading frames. Nothing in here trusts a length.

use crate::timeline::event::Name;
use crate::timeline::wire::Api;

/// The head of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The API.
    pub api: Api,
    /// Its version.
    pub version: i16,
    /// What the answer is matched by.
    pub correlation: i32,
    /// The client id.
    pub client: Option<Name>,
}

/// The head of a request, of which only the first bytes are needed. `frame` comes without its length. `None` when it is no Kafka request.
#[must_use]
pub fn head(frame: &[u8]) -> Option<Head> {
    let (key, rest) = frame.split_first_chunk()?;
    let (version, rest) = rest.split_first_chunk()?;
    let (correlation, rest) = rest.split_first_chunk()?;
    let (api, version) = (i16::from_be_bytes(*key), i16::from_be_bytes(*version));
    let client = rest.split_first_chunk().and_then(|(len, rest)| {
        let len = usize::try_from(i16::from_be_bytes(*len)).ok()?;
        Some(String::from_utf8_lossy(rest.get(..len)?).into())
    });
    (api >= 0 && version >= 0).then(|| Head { api: Api(api), version, correlation: i32::from_be_bytes(*correlation), client })
}
