//! What is broken on purpose, each in its order.

use std::sync::Arc;
use std::time::Duration;

use kgrade::timeline::event::What;
use kgrade::timeline::filter::RequestFilter;
use kgrade::timeline::wire::{Api, FaultUse, Request, Response, Side};
use kgrade::world::tap::Limits;
use kgrade::world::tap::fault::{Direction, Fault, Rule, Which};

use crate::peers::*;

/// On every heartbeat of the check's instances.
fn rule(fault: Fault) -> Rule {
    let filter = RequestFilter { api: vec![HEARTBEAT], ..RequestFilter::default() };
    Rule {
        check: "check".into(),
        name: "it".into(),
        instances: Which::All,
        filter,
        nth: 1,
        count: None,
        lasts: None,
        predicate: None,
        fault,
    }
}

fn uses(stage: &Stage) -> Vec<(Option<i32>, FaultUse)> {
    stage.read(|timeline| {
        let uses = timeline.events().iter().filter_map(|event| match &event.what {
            What::FaultUsed { correlation, did, .. } => Some((*correlation, *did)),
            _ => None,
        });
        uses.collect()
    })
}

/// A request that no fault is armed for.
fn other(correlation: i32) -> bytes::Bytes {
    request(Api(60), 0, correlation, b"\0\0\0\0")
}

#[tokio::test]
async fn a_lost_request_never_reaches_the_broker() {
    let stage = Stage::new().await;
    let mut client = stage.client().await;
    assert!(client.is_served(1).await);
    stage.tap.faults().arm(Rule { count: Some(1), ..rule(Fault::DropRequest) });
    client.beat(2).await;
    assert!(client.is_closed().await);
    assert!(stage.client().await.is_served(3).await, "only one");
    assert_eq!(stage.broker.correlations(), [1, 3]);
    assert_eq!(uses(&stage), [(Some(2), FaultUse::RequestDropped)]);
    let told = stage.until(|what| matches!(what, What::Disconnected { by: Side::Tap, .. })).await;
    assert!(format!("{told:?}").contains("the fault `it` drops this request"));
}

#[tokio::test]
async fn a_lost_answer_was_given_by_the_broker() {
    let stage = Stage::new().await;
    stage.tap.faults().arm(Rule { nth: 2, count: Some(1), ..rule(Fault::DropResponse) });
    let mut client = stage.client().await;
    assert!(client.is_served(1).await);
    client.beat(2).await;
    assert_eq!(client.next().await, None);
    assert!(stage.client().await.is_served(3).await);
    assert_eq!(stage.broker.correlations(), [1, 2, 3]);
    assert_eq!(uses(&stage), [(Some(2), FaultUse::ResponseDropped)]);
    stage.read(|timeline| {
        let lost = timeline.exchanges(INSTANCE).find(|one| one.correlation == 2).unwrap();
        assert!(matches!(lost.response, Some((_, Response::Plain { error: 0 }))), "what the broker said is told");
        assert_eq!(lost.faults.len(), 1);
    });
}

#[tokio::test]
async fn an_answer_of_the_taps_own_comes_in_its_turn() {
    // The broker answers nothing before it has three requests.
    let broker = Broker::serving(Came::default(), |mut stream| async move {
        use tokio::io::AsyncWriteExt;
        let mut answers = Vec::new();
        for _ in 0..3 {
            answers.push(framed(&answer(&frame(&mut stream).await.unwrap()).unwrap()));
        }
        stream.write_all(&answers.concat()).await.unwrap();
        let _ = frame(&mut stream).await;
    });
    let stage = Stage::before(broker.await, Limits::default()).await;
    stage.tap.faults().arm(rule(Fault::Answer { error: 27 }));
    let mut client = stage.client().await;
    client.send(&[other(1), heartbeat(2), heartbeat(3), other(4), other(5), heartbeat(6)].concat()).await;
    let mut order = Vec::new();
    for _ in 0..6 {
        let frame = client.next().await.unwrap();
        order.push((correlation(&frame), frame.get(4..6).map(|code| code[1])));
    }
    assert_eq!(order, [(1, None), (2, Some(27)), (3, Some(27)), (4, None), (5, None), (6, Some(27))]);
    assert_eq!(uses(&stage), [2, 3, 6].map(|id| (Some(id), FaultUse::Answered(27))));
    let answered = stage.read(|timeline| {
        let of = |id| timeline.exchanges(INSTANCE).find(|one| one.correlation == id).unwrap().response.unwrap().1.clone();
        [2, 3, 6].map(of)
    });
    assert_eq!(answered, [27, 27, 27].map(|error| Response::Plain { error }));
}

#[tokio::test]
async fn produce_without_acks_gets_no_answer_even_of_the_taps_own() {
    let stage = Stage::new().await;
    let filter = RequestFilter { api: vec![PRODUCE], ..RequestFilter::default() };
    stage.tap.faults().arm(Rule { filter, ..rule(Fault::Answer { error: 19 }) });
    let mut client = stage.client().await;
    client.send(&[produce(1, 0, 0), produce(2, 1, 0)].concat()).await;
    let answer = client.next().await.unwrap();
    assert_eq!(correlation(&answer), 2);
    assert!(client.is_served(3).await);
    assert_eq!(stage.broker.correlations(), [3]);
    assert_eq!(uses(&stage).len(), 2);
}

#[tokio::test]
async fn a_changed_answer_has_the_error() {
    let stage = Stage::new().await;
    stage.tap.faults().arm(Rule { count: Some(1), ..rule(Fault::Replace { error: 25 }) });
    let mut client = stage.client().await;
    client.beat(1).await;
    assert_eq!(client.next().await.as_deref(), Some(&[0, 0, 0, 1, 0, 25][..]));
    client.beat(2).await;
    assert_eq!(client.next().await.as_deref(), Some(&[0, 0, 0, 2, 0, 0][..]));
    assert_eq!(stage.broker.correlations(), [1, 2]);
    assert_eq!(uses(&stage), [(Some(1), FaultUse::Replaced(25))]);
}

#[tokio::test]
async fn what_is_held_waits_and_what_is_behind_it_too_until_it_is_released() {
    for side in [Direction::Request, Direction::Response] {
        let stage = Stage::new().await;
        stage.tap.faults().arm(rule(Fault::Hold { side }));
        let mut client = stage.client().await;
        client.send(&[other(1), heartbeat(2), other(3)].concat()).await;
        assert_eq!(client.answered().await, Some(1));
        let held = if side == Direction::Request { FaultUse::RequestHeld } else { FaultUse::ResponseHeld };
        stage.until(|what| matches!(what, What::FaultUsed { did, .. } if *did == held)).await;
        // Others go on meanwhile.
        let mut free = stage.client().await;
        free.send(&other(7)).await;
        assert_eq!(free.answered().await, Some(7));
        if side == Direction::Request {
            assert_eq!(stage.broker.correlations(), [1, 7]);
        } else {
            eventually("the broker has them all", || stage.broker.correlations().len() == 4).await;
        }
        assert!(stage.tap.faults().release("check", "it"));
        assert_eq!((client.answered().await, client.answered().await), (Some(2), Some(3)));
        assert_eq!(uses(&stage), [(Some(2), held), (Some(2), FaultUse::Released)]);

        // It goes on holding until it is disarmed, which lets go what it held.
        client.send(&[heartbeat(4), heartbeat(5)].concat()).await;
        stage.until(|what| matches!(what, What::FaultUsed { correlation: Some(4), .. })).await;
        assert!(stage.tap.faults().disarm("check", "it"));
        assert_eq!((client.answered().await, client.answered().await), (Some(4), Some(5)));
        assert!(!stage.tap.faults().disarm("check", "it"));
    }
}

#[tokio::test]
async fn what_is_held_is_given_up_when_its_program_is_gone() {
    let stage = Stage::new().await;
    stage.tap.faults().arm(rule(Fault::Hold { side: Direction::Request }));
    let mut client = stage.client().await;
    client.beat(1).await;
    stage.until(|what| matches!(what, What::FaultUsed { .. })).await;
    drop(client);
    stage.until(|what| matches!(what, What::Disconnected { by: Side::Client, .. })).await;
    stage.tap.faults().disarm("check", "it");
    assert!(stage.client().await.is_served(2).await);
    assert_eq!(stage.broker.correlations(), [2]);

    stage.tap.faults().arm(rule(Fault::Hold { side: Direction::Response }));
    let mut client = stage.client().await;
    client.beat(3).await;
    stage.until(|what| matches!(what, What::FaultUsed { did: FaultUse::ResponseHeld, .. })).await;
    drop(client);
    patiently(stage.seat.quiet()).await;
}

#[tokio::test]
async fn what_is_late_arrives_even_when_its_program_is_gone() {
    let stage = Stage::new().await;
    let by = Duration::from_millis(300);
    stage.tap.faults().arm(Rule { count: Some(1), ..rule(Fault::Delay { side: Direction::Request, by }) });
    let mut client = stage.client().await;
    client.beat(1).await;
    stage.until(|what| matches!(what, What::FaultUsed { did: FaultUse::RequestHeld, .. })).await;
    assert_eq!(stage.broker.correlations(), [0; 0]);
    drop(client);
    eventually("the broker has it", || stage.broker.correlations() == [1]).await;
    let (held, released) = stage.read(|timeline| {
        let at = |wanted| {
            timeline.events().iter().find(|event| matches!(&event.what, What::FaultUsed { did, .. } if *did == wanted)).unwrap().at
        };
        (at(FaultUse::RequestHeld), at(FaultUse::Released))
    });
    assert!(u128::from(released - held) >= by.as_nanos());
}

#[tokio::test]
async fn late_answers_keep_their_order() {
    let stage = Stage::new().await;
    let by = Duration::from_millis(50);
    stage.tap.faults().arm(Rule { count: Some(2), ..rule(Fault::Delay { side: Direction::Response, by }) });
    let mut client = stage.client().await;
    client.send(&[heartbeat(1), other(2), heartbeat(3), heartbeat(4)].concat()).await;
    for id in 1..=4 {
        assert_eq!(client.answered().await, Some(id));
    }
    assert_eq!(uses(&stage).len(), 4);
}

#[tokio::test]
async fn new_connections_are_refused_and_old_ones_go_on() {
    let stage = Stage::new().await;
    let mut old = stage.client().await;
    assert!(old.is_served(1).await);
    stage.tap.faults().arm(rule(Fault::Refuse));
    assert!(stage.client().await.is_closed().await);
    assert!(old.is_served(2).await);
    assert_eq!(uses(&stage), [(None, FaultUse::Refused)]);
    stage.tap.faults().disarm_all("check");
    assert!(stage.client().await.is_served(3).await);
}

#[tokio::test]
async fn a_fault_acts_on_what_it_names_and_on_nothing_else() {
    let fault = Fault::Answer { error: 27 };
    let of = |group: &str| RequestFilter { group: Some(group.to_owned()), ..RequestFilter::default() };
    let not = [
        Rule { check: "another".into(), ..rule(fault) },
        Rule { instances: Which::One("second".into()), ..rule(fault) },
        Rule { filter: of("h"), ..rule(fault) },
        Rule { predicate: Some(Arc::new(|request| !matches!(request, Request::Heartbeat { .. }))), ..rule(fault) },
        Rule { nth: 2, ..rule(fault) },
        Rule { count: Some(0), ..rule(fault) },
    ];
    let stage = Stage::new().await;
    for rule in not {
        let (check, text) = (rule.check.clone(), format!("{rule:?}"));
        stage.tap.faults().arm(rule);
        let mut client = stage.client().await;
        client.beat(1).await;
        assert_eq!(client.next().await.as_deref(), Some(&[0, 0, 0, 1, 0, 0][..]), "{text}");
        stage.tap.faults().disarm_all(&check);
    }
    let does = [
        Rule { instances: Which::One("first".into()), ..rule(fault) },
        Rule { instances: Which::One(INSTANCE.into()), ..rule(fault) },
        Rule { filter: of("g"), ..rule(fault) },
        Rule { predicate: Some(Arc::new(|request| matches!(request, Request::Heartbeat { generation: 1, .. }))), ..rule(fault) },
    ];
    for rule in does {
        let text = format!("{rule:?}");
        stage.tap.faults().arm(rule);
        let mut client = stage.client().await;
        client.beat(1).await;
        assert_eq!(client.next().await.as_deref(), Some(&[0, 0, 0, 1, 0, 27][..]), "{text}");
    }
    // One of the same name takes the place of the one before it.
    assert_eq!(stage.count(|what| matches!(what, What::FaultArmed { .. })), 10);
    assert_eq!(stage.count(|what| matches!(what, What::FaultDisarmed { .. })), 9);
}

#[tokio::test]
async fn faults_are_told_in_words() {
    let stage = Stage::new().await;
    let filter = RequestFilter { topic: Some("orders".into()), ..rule(Fault::Refuse).filter };
    let held = Fault::Hold { side: Direction::Response };
    stage.tap.faults().arm(Rule { filter, nth: 2, count: Some(3), instances: Which::One("first".into()), ..rule(held) });
    let told = stage.until(|what| matches!(what, What::FaultArmed { .. })).await;
    let What::FaultArmed { text, .. } = told.what else { unreachable!() };
    assert_eq!(text, "holds answers, Heartbeat, topic orders, numbers 2 to 4 of first");
}
