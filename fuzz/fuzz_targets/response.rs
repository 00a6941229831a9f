//! An answer: the API and its version in a byte each, then a frame without its length.

#![no_main]

use bytes::Bytes;
use kgrade_fuzz::timeline::wire::Api;
use kgrade_fuzz::world::tap::read::{TopicIds, response};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [api, version, frame @ ..] = input else { return };
    let (api, version) = (Api(i16::from(*api)), i16::from(*version));
    if let Ok(response) = response(api, version, &Bytes::copy_from_slice(frame), &TopicIds::default()) {
        let _ = response.error();
    }
});
