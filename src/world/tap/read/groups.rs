//! Classic consumer groups: `JoinGroup`, `SyncGroup`, `Heartbeat`, `LeaveGroup`.

use kafka_protocol::messages::{
    HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse, SyncGroupRequest, SyncGroupResponse,
};

use super::member::Members;
use super::{first_error, plain, text};
use crate::timeline::event::Name;
use crate::timeline::wire::{Request, Response, Unread};

pub(super) fn join(asked: &JoinGroupRequest) -> Result<Request, Unread> {
    let mut members = Members::of(Some(&asked.protocol_type));
    let assignors = asked.protocols.iter().map(|protocol| members.assignor(&protocol.name, &protocol.metadata));
    Ok(Request::JoinGroup {
        group: text::name(&asked.group_id),
        member: text::name(&asked.member_id),
        instance_id: asked.group_instance_id.as_ref().map(|id| text::name(id)),
        session_timeout_ms: asked.session_timeout_ms,
        rebalance_timeout_ms: asked.rebalance_timeout_ms,
        assignors: assignors.collect::<Result<_, _>>()?,
    })
}

pub(super) fn joined(told: &JoinGroupResponse) -> Response {
    Response::JoinGroup {
        error: told.error_code,
        generation: told.generation_id,
        member: text::name(&told.member_id),
        leader: text::name(&told.leader),
        // Empty up to version 6 when there is an error, null after.
        assignor: told.protocol_name.as_ref().filter(|name| !name.is_empty()).map(|name| text::name(name)),
    }
}

pub(super) fn sync(asked: &SyncGroupRequest) -> Result<Request, Unread> {
    let mut members = Members::of(asked.protocol_type.as_deref());
    let assignments = asked.assignments.iter().map(|one| Ok((text::name(&one.member_id), members.assigned(&one.assignment)?)));
    Ok(Request::SyncGroup {
        group: text::name(&asked.group_id),
        member: text::name(&asked.member_id),
        generation: asked.generation_id,
        assignments: assignments.collect::<Result<_, _>>()?,
    })
}

pub(super) fn synced(told: &SyncGroupResponse) -> Result<Response, Unread> {
    let assigned = Members::of(told.protocol_type.as_deref()).assigned(&told.assignment)?;
    Ok(Response::SyncGroup { error: told.error_code, assigned })
}

pub(super) fn heartbeat(asked: &HeartbeatRequest) -> Request {
    Request::Heartbeat { group: text::name(&asked.group_id), member: text::name(&asked.member_id), generation: asked.generation_id }
}

pub(super) fn leave(asked: &LeaveGroupRequest) -> Request {
    // Version 3 and newer may name several; a static member is named by its instance id alone.
    let mut members: Vec<Name> = asked
        .members
        .iter()
        .map(|member| {
            let instance = member.group_instance_id.as_deref().filter(|_| member.member_id.is_empty());
            text::name(instance.unwrap_or(&member.member_id))
        })
        .collect();
    if members.is_empty() {
        members.push(text::name(&asked.member_id));
    }
    Request::LeaveGroup { group: text::name(&asked.group_id), members }
}

pub(super) fn left(told: &LeaveGroupResponse) -> Response {
    plain(first_error([told.error_code].into_iter().chain(told.members.iter().map(|member| member.error_code))))
}
