//! A request: a frame without its length.

#![no_main]

use bytes::Bytes;
use kgrade_fuzz::world::tap::read::{TopicIds, acks, head, request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|frame: &[u8]| {
    let told = (head(frame), acks(frame));
    if let Ok(request) = request(&Bytes::copy_from_slice(frame), &TopicIds::default()) {
        assert!(told.0.is_some(), "a request without a head is read as {request:?}");
        let _ = (request.places(), request.group(), request.transactional_id());
    }
});
