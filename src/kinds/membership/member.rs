//! The stays of one program instance in a group: from joining to leaving, one for each member id.

use super::Protocol;
use crate::kinds::View;
use crate::timeline::event::{Name, Signal};
use crate::timeline::wire::{Api, Request, Response};
use crate::timeline::Exchange;

/// What one program instance did in a group.
pub struct Member<'a> {
    /// Its requests to join, accepted or not.
    pub asked: Vec<Exchange<'a>>,
    /// Its stays, in order.
    pub stays: Vec<Stay<'a>>,
    /// How often it fetched records.
    pub fetches: u64,
}

/// One stay in a group.
pub struct Stay<'a> {
    /// The instance's full name.
    pub instance: &'a str,
    /// The member id.
    member: Name,
    /// By which protocol.
    pub protocol: Protocol,
    /// A static member (`group.instance.id`).
    pub fixed: bool,
    /// When it was accepted first.
    pub joined: u64,
    /// When it joined again, or was given other partitions than before.
    pub rebalances: Vec<u64>,
    /// The assignors that it offered last.
    pub offered: Vec<Name>,
    /// The assignor that was chosen last.
    pub assignor: Option<Name>,
    /// When it took leave.
    pub left: Option<u64>,
    /// When its program ended, if that was before it took leave.
    pub ended: Option<u64>,
    /// The grader killed it.
    pub killed: bool,
    /// It was given partitions once.
    assigned: bool,
}

impl<'a> Member<'a> {
    /// What an instance (`check/as`) did in a group.
    pub fn of(view: &View<'a>, instance: &'a str, group: &str) -> Self {
        let mut member = Self { asked: Vec::new(), stays: Vec::new(), fetches: 0 };
        for exchange in view.timeline.exchanges(instance) {
            if exchange.api == Api::FETCH {
                member.fetches += 1;
            }
            if exchange.request.group() == Some(group) {
                member.see(instance, exchange);
            }
        }
        let Some(known) = view.timeline.instance(instance) else { return member };
        for stay in &mut member.stays {
            let exit = known.exits.iter().find(|exit| exit.at >= stay.joined).map(|exit| exit.at);
            stay.ended = exit.filter(|exit| stay.left.is_none_or(|left| left > *exit));
            stay.killed = known.signals.iter().any(|(at, signal)| *signal == Signal::Kill && exit.is_some_and(|exit| *at <= exit));
        }
        member
    }

    fn see(&mut self, instance: &'a str, exchange: Exchange<'a>) {
        let (at, response) = (exchange.at, exchange.response.map(|(_, response)| response));
        match (exchange.request, response) {
            (Request::JoinGroup { instance_id, assignors, .. }, response) => {
                self.asked.push(exchange);
                let Some(Response::JoinGroup { error: 0, member, assignor, .. }) = response else { return };
                let stay = self.stay(instance, member, at, Protocol::Classic);
                stay.fixed = instance_id.is_some();
                stay.offered = assignors.iter().map(|assignor| assignor.name.clone()).collect();
                stay.assignor = assignor.clone().filter(|name| !name.is_empty()).or(stay.assignor.take());
            }
            (Request::ConsumerGroupHeartbeat { member, epoch, .. }, _) if *epoch < 0 => self.leave(member, at),
            (Request::ConsumerGroupHeartbeat { member: own, instance_id, epoch, assignor, .. }, response) => {
                if *epoch == 0 {
                    self.asked.push(exchange);
                }
                let Some(Response::ConsumerGroupHeartbeat { error: 0, member, assigned, .. }) = response else { return };
                let known = self.stays.iter().any(|stay| stay.member == *own && stay.left.is_none());
                if *epoch != 0 && !known {
                    return;
                }
                let member = member.as_ref().filter(|member| !member.is_empty()).unwrap_or(own);
                let stay = if *epoch == 0 { self.stay(instance, member, at, Protocol::Consumer) } else {
                    let Some(stay) = self.stays.iter_mut().rev().find(|stay| stay.member == *own) else { return };
                    stay
                };
                stay.fixed |= instance_id.is_some();
                if let Some(assignor) = assignor.as_ref().filter(|name| !name.is_empty()) {
                    stay.offered = vec![assignor.clone()];
                    stay.assignor = Some(assignor.clone());
                }
                if assigned.is_some() {
                    if stay.assigned {
                        stay.rebalances.push(at);
                    }
                    stay.assigned = true;
                }
            }
            (Request::LeaveGroup { members, .. }, _) => {
                for member in members {
                    self.leave(member, at);
                }
            }
            _ => {}
        }
    }

    /// The stay of a member id; a new one when there is none, else it joined again.
    fn stay(&mut self, instance: &'a str, member: &Name, at: u64, protocol: Protocol) -> &mut Stay<'a> {
        let known = self.stays.iter().position(|stay| stay.member == *member && stay.left.is_none());
        let place = known.unwrap_or(self.stays.len());
        if known.is_none() {
            self.stays.push(Stay {
                instance,
                member: member.clone(),
                protocol,
                fixed: false,
                joined: at,
                rebalances: Vec::new(),
                offered: Vec::new(),
                assignor: None,
                left: None,
                ended: None,
                killed: false,
                assigned: false,
            });
        } else if let (Some(stay), Protocol::Classic) = (self.stays.get_mut(place), protocol) {
            stay.rebalances.push(at);
        }
        &mut self.stays[place]
    }

    fn leave(&mut self, member: &Name, at: u64) {
        // Old clients leave without naming the member id in a list of its own: an empty one means all.
        for stay in self.stays.iter_mut().filter(|stay| stay.left.is_none() && (stay.member == *member || member.is_empty())) {
            stay.left = Some(at);
        }
    }
}
