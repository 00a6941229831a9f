use std::io::Write;

use flate2::Compression as Level;
use flate2::write::GzEncoder;

use super::*;

const MIB: usize = 1 << 20;

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn batch(compression: Compression, records: Vec<u8>) -> Packed {
    Packed { topic: "t".into(), partition: 0, compression, records: records.into() }
}

#[test]
fn gzip_is_counted_member_by_member_whatever_its_header_says() {
    let mut bytes = gzipped(&vec![0; 3 * MIB]);
    // A flag that nobody knows, a name and a length that lies.
    bytes[3] = 0x88;
    bytes.splice(10..10, *b"name\0");
    let end = bytes.len() - 4;
    bytes[end..].copy_from_slice(&[0; 4]);
    bytes.extend(gzipped(&vec![1; MIB]));
    assert_eq!(gzip::unpacked(&bytes, u64::MAX), 4 << 20);
    assert!((1 << 20..2 << 20).contains(&gzip::unpacked(&bytes, 1 << 20)), "it stops at the limit");
    assert!(bytes.len() as u64 * 1032 >= 4 << 20);
    let cut = gzip::unpacked(&bytes[..bytes.len() / 2], u64::MAX);
    assert!(cut > 0 && cut < 4 << 20, "{cut}");
    assert_eq!(gzip::unpacked(b"no gzip", 10), 0);
}

#[test]
fn snappy_counts_as_it_says_it_is() {
    // Two gigabytes are announced in nine bytes.
    assert_eq!(snappy::unpacked(b"\xff\xff\xff\xff\x07rest"), 0x7fff_ffff);
    let chunk = |length: u8| [&[0, 0, 0, 3, length][..], b"ab"].concat();
    let java = [&b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01"[..], &chunk(100), &b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01"[..], &chunk(20)].concat();
    assert_eq!(snappy::unpacked(&java), 120);
    assert_eq!(snappy::unpacked(&java[..java.len() - 1]), 120, "the length is there, though the block is cut");
    assert_eq!(snappy::unpacked(b""), 0);
}

#[test]
fn lz4_is_added_up_sequence_by_sequence() {
    // 7 bytes as they are, 4 + 15 + 255 + 255 + 10 copied, and 2 at the end.
    let block = [&[0x7f][..], b"0123456", &[1, 0, 255, 255, 10], &[0x20], b"ab"].concat();
    let length = u32::try_from(block.len()).unwrap().to_le_bytes();
    let plain = [&[3, 0, 0, 0x80][..], b"abc"].concat();
    let frame = [&[0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0][..], &length, &block, &plain, &[0; 4]].concat();
    assert_eq!(lz4::unpacked(&frame), 7 + 4 + 15 + 520 + 2 + 3);
    assert_eq!(lz4::unpacked(&[frame.clone(), frame].concat()), 2 * 551, "frames may stand one behind the other");
}

#[test]
fn zstd_is_added_up_block_by_block() {
    let head = |kind: u32, size: u32, last: u32| (size << 3 | kind << 1 | last).to_le_bytes()[..3].to_vec();
    let frame = [&b"\x28\xb5\x2f\xfd\x00\x38"[..], &head(1, 100_000, 0), b"\0", &head(0, 2, 0), b"ab", &head(2, 1, 1), b"x"].concat();
    assert_eq!(zstd::most(&frame), 100_002 + (128 << 10));
    let skipped = b"\x50\x2a\x4d\x18\x02\0\0\0xx";
    assert_eq!(zstd::most(&[&skipped[..], &frame].concat()), 100_002 + (128 << 10));
    // One segment, a content of 2⁴⁵ bytes, of which none are there.
    let lying = [&b"\x28\xb5\x2f\xfd\xe0"[..], &(1_u64 << 45).to_le_bytes(), &head(0, 0, 1)].concat();
    assert_eq!(zstd::most(&lying), 1 << 45);
}

#[tokio::test]
async fn thousands_of_small_batches_are_not_taken_for_tight_ones() {
    let (limits, tight) = (Limits::default(), Tight::default());
    let record =
        |nth: usize| format!("{{\"user_id\": \"u-{:02}\", \"page\": \"/page/{:03}\", \"at\": {}}}", nth % 24, nth * 7 % 500, nth * 1717);
    for nth in 0..5_000 {
        let text: String = (nth..nth + 6).map(record).collect();
        // Without the length of the content, as clients do that write a stream.
        let mut encoder = ::zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
        encoder.write_all(text.as_bytes()).unwrap();
        let packed = encoder.finish().unwrap();
        assert!(zstd::most(&packed) > limits.loose(packed.len() as u64), "its bound alone says nothing");
        let batches = vec![batch(Compression::Zstd, packed), batch(Compression::Gzip, gzipped(text.as_bytes()))];
        assert!(oversized(batches, &limits, &tight).await.is_none(), "batch {nth}");
    }
}

#[test]
fn zstd_is_counted_up_to_the_limit_and_taken_at_its_word() {
    let zeros = ::zstd::encode_all(&vec![0; 3 * MIB][..], 19).unwrap();
    assert_eq!(zstd::unpacked(&zeros, u64::MAX), 3 << 20);
    assert_eq!(zstd::unpacked(&[&zeros[..], &zeros].concat(), u64::MAX), 6 << 20, "frames may stand one behind the other");
    let stopped = zstd::unpacked(&zeros, 1 << 20);
    assert!((1 << 20..2 << 20).contains(&stopped), "{stopped}");
    let cut = zstd::unpacked(&zeros[..zeros.len() / 2], u64::MAX);
    assert!(cut < 3 << 20, "{cut}");
    assert_eq!(zstd::unpacked(b"no zstd", 10), 0);
    let lying = [&b"\x28\xb5\x2f\xfd\xe0"[..], &(1_u64 << 45).to_le_bytes(), &[1, 0, 0]].concat();
    assert_eq!(zstd::unpacked(&lying, 1 << 20), 1 << 45);
}

#[tokio::test]
async fn a_batch_has_a_limit_and_tight_ones_have_one_together() {
    let limits = Limits { unpacked: 4 << 20, tight: 5 << 20, ..Limits::default() };
    let tight = Tight::default();
    let refused = async |mib: usize| {
        let batch = batch(Compression::Gzip, gzipped(&vec![0; mib * MIB]));
        oversized(vec![batch], &limits, &tight).await.map(|over| over.limit)
    };
    assert_eq!(refused(5).await, Some(4 << 20));
    assert_eq!(refused(3).await, None);
    assert_eq!(refused(3).await, Some(5 << 20), "6 MiB with the one before");
    assert_eq!(refused(2).await, None);
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let text: Vec<u8> = (0..3 * MIB).map(|_| next()).collect();
    let loose = batch(Compression::Gzip, gzipped(&text));
    assert!(loose.records.len() * 100 > text.len(), "{}", loose.records.len());
    assert!(oversized(vec![loose], &limits, &tight).await.is_none(), "what is packed as usual is not counted");
}
