//! Which members of a group are a check's dead programs.

use std::collections::HashMap;

use crate::timeline::event::MemberSeen;
use crate::timeline::{Exchange, Instance, Timeline};

/// Whose a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Alive,
    Dead,
}

/// Those of a group's members that belong to programs of the check that are not running, by what these said on the wire.
///
/// A member that nobody was seen to be is taken for dead when no program of the check is alive. `None` when one is alive and nobody was
/// seen to be any of the members: then it cannot be told.
pub(super) fn dead<'a>(timeline: &Timeline, check: &str, group: &str, members: &'a [MemberSeen]) -> Option<Vec<&'a str>> {
    let instances = timeline.instances_of(check);
    let some_alive = instances.iter().any(|(_, instance)| instance.alive());
    let mut owners: HashMap<String, Owner> = HashMap::new();
    for (name, instance) in instances {
        for exchange in timeline.exchanges(name) {
            if let Some(member) = exchange.member(group) {
                owners.insert(member.to_owned(), owner(instance, &exchange));
            }
        }
    }
    let is_known = |member: &MemberSeen| owners.contains_key(&member.member);
    if some_alive && !members.is_empty() && !members.iter().any(is_known) {
        return None;
    }
    let is_dead = |member: &&MemberSeen| owners.get(&member.member).map_or(!some_alive, |owner| *owner == Owner::Dead);
    Some(members.iter().filter(is_dead).map(|member| member.member.as_str()).collect())
}

/// A program that was started again is a new member: what it was before is dead.
fn owner(instance: &Instance, exchange: &Exchange<'_>) -> Owner {
    let begun = instance.starts.last().map_or(0, |(at, _)| *at);
    if instance.alive() && exchange.at >= begun { Owner::Alive } else { Owner::Dead }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::event::{Event, Name, What};
    use crate::timeline::wire::{Api, Request, Response};

    /// A story of the check `c`: what is told, one event a millisecond.
    struct Told {
        timeline: Timeline,
        now: u64,
    }

    impl Told {
        fn new() -> Self {
            Self { timeline: Timeline::default(), now: 0 }
        }

        fn then(mut self, what: What) -> Self {
            self.now += 1_000_000;
            self.timeline.append(Event { at: self.now, what });
            self
        }

        fn start(self, instance: &str, connection: u64) -> Self {
            let instance: Name = instance.into();
            self.then(What::Started { instance: instance.clone(), program: "p".into(), pid: 1, restarts: 0, command: Vec::new() })
                .then(What::Connected { connection, instance, node: 1 })
        }

        fn dies(self, instance: &str) -> Self {
            self.then(What::Exited { instance: instance.into(), code: None, signal: Some(9) })
        }

        fn joins(self, connection: u64, group: &str, member: &str) -> Self {
            let request = Request::JoinGroup {
                group: group.into(),
                member: "".into(),
                instance_id: None,
                session_timeout_ms: 45_000,
                rebalance_timeout_ms: 45_000,
                assignors: Vec::new(),
            };
            let (generation, error, leader) = (-1, 79, "".into());
            let response = Response::JoinGroup { error, generation, member: member.into(), leader, assignor: None };
            let correlation = i32::try_from(self.now / 1_000_000).unwrap();
            self.then(What::Requested { connection, correlation, api: Api::JOIN_GROUP, version: 5, client: None, bytes: 9, request })
                .then(What::Responded { connection, correlation, bytes: 9, response })
        }

        fn dead(&self, members: &[&str]) -> Option<Vec<String>> {
            let seen = |member: &&str| MemberSeen { member: (*member).to_owned(), client: "rdkafka".into(), assigned: Default::default() };
            let members: Vec<_> = members.iter().map(seen).collect();
            let dead = dead(&self.timeline, "c", "g", &members)?;
            Some(dead.into_iter().map(str::to_owned).collect())
        }
    }

    #[test]
    fn only_the_dead_one_of_two_with_one_client_id() {
        let told = Told::new().start("c/a", 1).start("c/b", 2).joins(1, "g", "m-a").joins(2, "g", "m-b").dies("c/a");
        assert_eq!(told.dead(&["m-a", "m-b"]), Some(vec!["m-a".to_owned()]));
        assert_eq!(told.dead(&["m-b"]), Some(vec![]), "it left by itself");
    }

    #[test]
    fn what_it_was_before_its_restart_is_dead() {
        let told = Told::new().start("c/a", 1).joins(1, "g", "old").dies("c/a").start("c/a", 2).joins(2, "g", "new");
        assert_eq!(told.dead(&["old", "new"]), Some(vec!["old".to_owned()]));
    }

    #[test]
    fn without_anything_seen_all_are_dead_or_nothing_can_be_told() {
        let told = Told::new().start("c/a", 1).start("c/b", 2).dies("c/a");
        assert_eq!(told.dead(&["m-a"]), None);
        assert_eq!(told.dead(&[]), Some(vec![]));
        let other_group = Told::new().start("c/a", 1).start("c/b", 2).joins(1, "another", "m-a").dies("c/a");
        assert_eq!(other_group.dead(&["m-a"]), None);
        let all = told.dies("c/b");
        assert_eq!(all.dead(&["m-a", "m-b"]), Some(vec!["m-a".to_owned(), "m-b".to_owned()]));
    }

    #[test]
    fn who_was_never_seen_is_left_alone_while_one_lives() {
        let told = Told::new().start("c/a", 1).start("c/b", 2).joins(1, "g", "m-a").dies("c/a");
        assert_eq!(told.dead(&["m-a", "stranger"]), Some(vec!["m-a".to_owned()]));
    }
}
