//! What a fault in a lab becomes at the tap, and which ones could never act.

use std::time::Duration;

use super::Fault;
use crate::kinds::Kind;
use crate::timeline::wire::Api;
use crate::world::tap::fault::{Direction, Fault as Effect, Which};

fn fault(yaml: &str) -> Fault {
    serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{yaml}: {error}"))
}

fn effect(does: &str) -> Effect {
    let Fault::Arm(arm) = fault(&format!("arm: {{ name: f, do: {does} }}")) else { panic!("it arms") };
    arm.rule("c").fault
}

#[test]
fn becomes_a_rule() {
    let (request, response) = (Direction::Request, Direction::Response);
    for (does, wanted) in [
        ("{ delay: { by: 2s, of: response } }", Effect::Delay { side: response, by: Duration::from_secs(2) }),
        ("{ hold: { of: request } }", Effect::Hold { side: request }),
        ("{ drop-request: {} }", Effect::DropRequest),
        ("{ drop-response: {} }", Effect::DropResponse),
        ("{ answer: { error: NOT_ENOUGH_REPLICAS } }", Effect::Answer { error: 19 }),
        ("{ replace: { error: POLICY_VIOLATION } }", Effect::Replace { error: 44 }),
        ("{ refuse-connections: {} }", Effect::Refuse),
    ] {
        assert_eq!(effect(does), wanted, "{does}");
    }
    let Fault::Arm(arm) = fault("arm: { name: f, by: first, on: { api: [Produce], topic: t }, nth: 3, count: 2, for: 2s, do: { drop-request: {} } }") else {
        panic!("it arms")
    };
    let rule = arm.rule("c");
    assert_eq!((&*rule.check, &*rule.name, rule.nth, rule.count), ("c", "f", 3, Some(2)));
    assert_eq!(rule.lasts, Some(Duration::from_secs(2)));
    assert_eq!((rule.instances, rule.filter.api, rule.filter.topic), (Which::One("first".into()), vec![Api::PRODUCE], Some("t".into())));
}

#[test]
fn names_are_kafkas_and_effects_are_maps() {
    for (yaml, words) in [
        ("arm: { name: f, do: { answer: { error: NOT_ENOUGH } } }", "the name of a Kafka error"),
        ("arm: { name: f, on: { api: [Produced] }, do: { drop-request: {} } }", "the name of a Kafka API"),
        ("arm: { name: f, do: { drop-request: { twice: 1 } } }", "twice"),
        ("arm: { name: f, do: { drop: {} } }", "drop"),
        ("release: { fault: f }", "fault"),
    ] {
        let error = serde_saphyr::from_str::<Fault>(yaml).map(|fault| panic!("{yaml}: {fault:?}")).unwrap_or_else(|error| error.to_string());
        assert!(error.contains(words), "{yaml}: {error}");
    }
}

#[test]
fn a_fault_that_can_never_act_is_refused() {
    let arm = |rest: &str| fault(&format!("arm: {{ name: f, {rest} }}")).lint();
    assert!(arm("do: { drop-request: {} }").is_empty());
    assert!(arm("on: { api: [Produce] }, do: { answer: { error: NOT_ENOUGH_REPLICAS } }").is_empty());
    for (rest, words) in [
        ("nth: 0, do: { drop-request: {} }", "count from 1"),
        ("count: 0, do: { drop-request: {} }", "acts 0 times"),
        ("for: 0s, do: { drop-request: {} }", "lasts no time"),
        ("on: { api: [Fetch] }, do: { refuse-connections: {} }", "before any request"),
        ("do: { answer: { error: NOT_ENOUGH_REPLICAS } }", "form of its request's API"),
        ("do: { delay: { by: 0s, of: request } }", "does nothing"),
        ("on: { api: [Produce], acks: 0 }, do: { drop-response: {} }", "has no answer"),
        ("on: { api: [Fetch], acks: 1 }, do: { drop-request: {} }", "only Produce requests"),
        ("on: { api: [Produce], commit: true }, do: { drop-request: {} }", "only EndTxn requests"),
    ] {
        let found = arm(rest);
        assert!(found.iter().any(|finding| finding.message.contains(words)), "{rest}: {found:?}");
    }
}
