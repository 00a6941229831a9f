//! What counts as delivered, with near misses.

use crate::kinds::testing::{Story, assert_says, bad, event, events};
use crate::kinds::testing::wire::{fetch, join, positions};
use crate::timeline::event::Signal;
use crate::timeline::wire::{Api, Isolation, Request};

const ALL: &str = "delivered: { every: [events] }";
const ONCE: &str = "delivered: { every: [events], times: exactly_once }";
const FIRST: &str = "delivered: { every: [events], by: first }";
const BEGUN: &str = "delivered: { begun: 3 }";
const CLEAN: &str = "delivered: { every: [events], nothing_else: true }";

fn story() -> Story {
    Story::new().produce("events").start("first")
}

#[test]
fn a_group_that_other_checks_share() {
    let joined = |other: &str| story().ask("first", join("m", &["range"])).start(other).ask(other, join("n", &["range"])).deliver("first", [1]);
    let cause = "cause your program joined group g, and so did the one of the check `other`";
    assert_says(&joined("other/first"), ALL, "not yet: 5 of 6 events were not delivered", &[cause, "KAFKA_GROUP_ID"]);
    assert_says(&joined("second"), ALL, "not yet: 5 of 6 events were not delivered", &["!cause"]);
}

#[test]
fn every_event() {
    assert_says(&story().deliver("first", 1..=6), ALL, "holds (6)", &[]);
    assert_says(&story().deliver("first", 1..=6), ONCE, "holds (6)", &[]);
    let one_less = story().deliver("first", [1, 2, 3, 4, 6]);
    assert_says(&one_less, ALL, "not yet: 1 of 6 events was not delivered", &["observed 5 delivered", "event e-000005 (partition 0, offset 2)"]);
    assert_says(&story().deliver("first", [1]), ALL, "not yet: 5 of 6 events were not delivered", &["!cause"]);
    assert_says(&one_less.exit("first", 1).gone("first"), ALL, "violated: 1 of 6 events was not delivered", &["ended with exit code 1"]);
}

#[test]
fn nothing_at_all() {
    let nothing = "not yet: your program delivered nothing to the sink\nexpected all 6 events\nobserved no POST at all";
    assert_says(&story(), ALL, nothing, &["no request of your program was seen on the wire", "elsewhere than KAFKA_BOOTSTRAP_SERVERS"]);
    assert_says(&story(), BEGUN, "not yet: your program delivered nothing to the sink\nexpected 3 deliveries begun", &[]);
    let crashed = story().line("first", "ModuleNotFoundError: No module named 'requests'").exit("first", 1);
    assert_says(&crashed, ALL, "violated: your program delivered nothing", &["No module named 'requests'", "!auto.offset.reset"]);
    let restarted = Story::new().produce("events").start_again("first", 1).exit("first", 1);
    assert_says(&restarted, ALL, "not yet", &[]);
}

#[test]
fn only_an_answer_with_2xx_to_a_client_that_is_there_delivers() {
    let five = || story().deliver("first", 1..=5);
    assert_says(&five().begin("first", 6), ALL, "not yet: 1 of 6 events was not", &[]);
    assert_says(&five().begin("first", 6).answer(6, 503), ALL, "not yet: 1 of 6", &[]);
    assert_says(&five().begin("first", 6).answer(6, 503).begin("first", 6).answer(6, 201), ONCE, "holds (7)", &[]);
    assert_says(&five().begin("first", 6).abandon(6), ALL, "not yet: 1 of 6", &[]);
    assert_says(&five().begin("first", 6).answer(6, 200).abandon(6), ALL, "not yet: 1 of 6", &[]);
    assert_says(&five().begin("first", 6).abandon(6).begin("first", 6).answer(6, 200), ONCE, "holds (7)", &[]);
}

#[test]
fn what_is_behind_a_record_that_is_no_event() {
    // Partition 1 holds e-000002, e-000004, e-000006, then what is no event, then e-000008.
    let written = || Story::new().data("bad", bad(&["cut JSON", "null value"])).data("more", events(7..=8));
    let stuck = || written().produce("events").produce("bad").produce("more").start("first");
    let more = "delivered: { every: [events, more] }";
    let says = "nothing behind offset 3 of partition 1 was delivered: the record there (cut JSON) is no event";
    assert_says(&stuck().deliver("first", 1..=7), more, "not yet: 1 of 8 events was not delivered", &[says]);
    // An event before it is missing, or one behind it is not: something else is wrong.
    assert_says(&stuck().deliver("first", [1, 2, 3, 4, 5, 7]), more, "not yet", &["!cause"]);
    assert_says(&stuck().deliver("first", [1, 2, 3, 4, 5, 7, 8]), more, "not yet", &["!cause"]);
    assert_says(&written().produce("events").produce("more").produce("bad").start("first").deliver("first", 1..=7), more, "not yet", &["!cause"]);
}

#[test]
fn a_refused_event_that_is_not_posted_again() {
    let refused = || story().deliver("first", 1..=2).begin("first", 3).answer(3, 503);
    assert_says(&refused(), ALL, "not yet", &["!cause"]);
    assert_says(&refused().deliver("first", 4..=6), ALL, "not yet: 1 of 6 events was not delivered", &["event e-000003 was answered with 503", "try again until"]);
    assert_says(&story().deliver("first", [1, 2, 4, 5, 6]), ALL, "not yet", &["!answered with"]);
}

#[test]
fn more_than_once() {
    let twice = story().deliver("first", 1..=6).deliver("first", [2]);
    assert_says(&twice, ALL, "holds (7)", &[]);
    assert_says(&twice, ONCE, "violated: one event was delivered more than once", &["event e-000002 (partition 1, offset 0): by `first` at", "do not post it again"]);
    let again = story().deliver("first", 1..=3).signal("first", Signal::Term).exit("first", 0).start("second").deliver("second", 2..=6);
    assert_says(&again, ONCE, "violated: 2 events were delivered more than once", &["by `second` at", "a restart begins at the committed offset"]);
    assert_says(&again, "delivered: { every: [events], times: exactly_once, by: second }", "not yet: 1 of 6 events was not", &[]);
}

#[test]
fn by_one_instance() {
    let other = story().deliver("first", 1..=5).start("second").deliver("second", [6]);
    assert_says(&other, ALL, "holds (6)", &[]);
    assert_says(&other, FIRST, "not yet: 1 of 6 events was not delivered", &["e-000006"]);
    // The other one is still there, but it does not count.
    assert_says(&other.exit("first", 0), FIRST, "violated: 1 of 6 events was not delivered", &[]);
}

#[test]
fn one_that_stands_still_while_another_did_not() {
    let stuck = story().deliver("first", 1..=3).exit("first", 0).start("second");
    let second = "delivered: { every: [events], by: second }";
    assert_says(&stuck, second, "not yet: `second` delivered nothing to the sink", &["no request of `second`", "!no event"]);
    assert_says(&stuck.exit("second", 1), second, "violated: `second` delivered nothing to the sink", &["exit code 1", "!no request"]);
}

#[test]
fn one_that_does_not_get_past_the_first_record_that_it_meets() {
    // Partition 1 holds e-000002, e-000004, e-000006, then what is no event, then e-000008.
    let written = Story::new().data("bad", bad(&["cut JSON", "null value"])).data("more", events(7..=8));
    let stuck = written.produce("events").produce("bad").produce("more").start("first").deliver("first", 1..=6).exit("first", 0).start("second");
    let second = "delivered: { every: [more], by: second }";
    let met = "what stands next in its partitions is no event: cut JSON at partition 1, offset 3";
    assert_says(&stuck, second, "not yet: `second` delivered nothing to the sink", &[met, "about BadRecords"]);
    let crashed = stuck.line("second", "JSONDecodeError").exit("second", 1);
    assert_says(&crashed, second, "violated: `second` delivered nothing to the sink", &["exit code 1", "JSONDecodeError", met]);
}

#[test]
fn what_one_says_to_kafka_instead_of_posting() {
    let story = || story().connect_with("first", "kafka-python");
    let list = |offset| Request::ListOffsets { isolation: Isolation::ReadUncommitted, partitions: positions(&[(0, offset), (1, offset)]) };
    let nothing = "not yet: your program delivered nothing to the sink";
    let metadata = Request::Metadata { topics: None, create: false };
    assert_says(&story().ask("first", metadata), ALL, nothing, &["neither asked to join a group nor to read", "subscribe()", "about Subscription"]);
    let joined = || story().ask("first", join("m", &["range"]));
    assert_says(&joined(), ALL, nothing, &["asked to join group g", "asked for no record since", "about Polling"]);
    let from_the_end = joined().ask("first", list(-1)).ask("first", fetch(&[0, 1]));
    assert_says(&from_the_end, ALL, nothing, &["from the end of the topic", "auto_offset_reset=\"earliest\"", "about OffsetReset"]);
    // Who asks for both ends looks at them.
    let looked = joined().ask("first", list(-1)).ask("first", list(-2)).ask("first", fetch(&[0, 1]));
    assert_says(&looked, ALL, nothing, &["what becomes of a record between poll() and the POST", "!from the end"]);
    // What was not read may have been anything.
    assert_says(&joined().unread("first", Api::FETCH), ALL, nothing, &["cause the program runs, but posts nothing to SINK_URL", "!since"]);
}

#[test]
fn begun() {
    assert_says(&story().begin("first", 1).begin("first", 2), BEGUN, "not yet: your program began 2 deliveries and no more", &["observed 2 deliveries begun"]);
    assert_says(&story().begin("first", 1), BEGUN, "not yet: your program began 1 delivery and no more", &[]);
    assert_says(&story().deliver("first", 1..=2).begin("first", 3), BEGUN, "holds (3)", &[]);
    assert_says(&story().begin("first", 1).exit("first", 0), BEGUN, "violated: your program began 1 delivery and no more", &["ended with exit code 0"]);
    assert_says(&story(), "delivered: { begun: 1 }", "not yet: your program delivered nothing to the sink\nexpected 1 delivery begun", &[]);
}

#[test]
fn bodies() {
    let id = event(6).id;
    let with = |body: String| story().deliver("first", 1..=5).post("first", Some(&id), body.as_bytes()).answer(6, 200);
    assert_says(&with(event(6).line.replace("\":", "\":  ")), CLEAN, "holds (6)", &[]);
    let changed = with(event(6).line.replace("login", "logout"));
    assert_says(&changed, ALL, "violated: event e-000006 was posted with other content", &["`action` is \"logout\", not \"login\""]);
    assert_says(&changed, BEGUN, "violated: event e-000006", &[]);
    let stranger = story().deliver("first", 1..=6).post("first", None, b"this is no JSON");
    assert_says(&stranger, ALL, "holds (7)", &[]);
    assert_says(&stranger, CLEAN, "violated: your program posted something that is not an event", &["this is no JSON", "passed over, not posted"]);
    let wrapped = story().post("first", None, format!("{{\"event\":{}}}", event(1).line).as_bytes());
    assert_says(&wrapped, ALL, "not yet: none of the 6 events was delivered", &["what your program posts is not an event", "{\"event\":{\"event_id\""]);
    let unknown = story().deliver("first", 1..=6).post("first", Some("e-900002"), b"{\"event_id\":\"e-900002\"}");
    assert_says(&unknown, CLEAN, "violated: your program posted something that is not an event", &[]);
}

#[test]
fn partitions_that_nobody_reads() {
    let every = "delivered: { every: [events] }";
    // Odd events are in partition 0, even ones in partition 1.
    let story = || Story::new().produce("events").start("first");
    let one = story().deliver("first", [1, 3, 5]);
    assert_says(&one, every, "not yet: 3 of 6 events were not delivered", &["nothing at all came from partitions 1, only from 0"]);
    assert_says(&one.deliver("first", [2]), every, "not yet: 2 of 6 events", &["!nothing at all"]);
    assert_says(&story().deliver("first", [1, 3]), every, "not yet: 4 of 6 events", &["!nothing at all"]);
}
