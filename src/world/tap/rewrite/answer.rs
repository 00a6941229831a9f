//! One answer, with other addresses in it.

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{self as api, ApiKey, BrokerId};
use kafka_protocol::protocol::{Decodable, Encodable, Message, StrBytes};

use super::super::read::Walked;
use super::versions;
use crate::timeline::wire::{Api, Unread};

/// Where the ports of the tap are.
const HOST: &str = "127.0.0.1";

/// A broker's address, as the cluster names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Endpoint<'a> {
    /// The broker's node id.
    pub(super) node: i32,
    /// A name or an address.
    pub(super) host: &'a str,
    /// The port.
    pub(super) port: i32,
}

/// The port of the tap for a broker, or why it must not be reached.
pub(super) type Ports<'a> = dyn FnMut(Endpoint<'_>) -> Result<u16, String> + 'a;

/// Whether an answer of this API and version may name brokers, or says which versions may be used.
pub(super) fn may_change(api: Api, version: i16) -> bool {
    match ApiKey::try_from(api.0) {
        Ok(ApiKey::Produce) => version >= 10,
        Ok(ApiKey::Fetch) => version >= 16,
        Ok(key) => must_be_read(key) || matches!(key, ApiKey::ShareFetch | ApiKey::ShareAcknowledge),
        Err(()) => false,
    }
}

/// Answers that name brokers in any case: passed on unread, they would send the client past the tap.
fn must_be_read(key: ApiKey) -> bool {
    matches!(key, ApiKey::ApiVersions | ApiKey::Metadata | ApiKey::FindCoordinator | ApiKey::DescribeCluster)
}

/// The answer with the tap's ports in place of the brokers' addresses; `None` when there is nothing to change. A frame without its length.
///
/// # Errors
/// What the program must not get, in words.
pub(super) fn rewrite(api: Api, version: i16, frame: &Bytes, ports: &mut Ports<'_>) -> Result<Option<Bytes>, String> {
    let Ok(key) = ApiKey::try_from(api.0) else { return Ok(None) };
    let walked = match Walked::response(api, version, frame) {
        Ok(walked) => walked,
        Err(reason) if must_be_read(key) => return Err(unreadable(api, reason)),
        // Brokers stand in these only after a leader moved.
        Err(_) => return Ok(None),
    };
    let work = Work { api, frame, walked };
    match key {
        ApiKey::ApiVersions => work.redo(|told: &mut api::ApiVersionsResponse| Ok(versions::cap(told))),
        ApiKey::Metadata => work.redo(|told: &mut api::MetadataResponse| {
            any(told.brokers.iter_mut().map(|broker| point(broker.node_id, &mut broker.host, &mut broker.port, ports)))
        }),
        ApiKey::FindCoordinator => work.redo(|told: &mut api::FindCoordinatorResponse| {
            let top = point(told.node_id, &mut told.host, &mut told.port, ports)?;
            let several = told.coordinators.iter_mut().map(|found| point(found.node_id, &mut found.host, &mut found.port, ports));
            Ok(any(several)? || top)
        }),
        ApiKey::DescribeCluster => work.redo(|told: &mut api::DescribeClusterResponse| {
            any(told.brokers.iter_mut().map(|broker| point(broker.broker_id, &mut broker.host, &mut broker.port, ports)))
        }),
        ApiKey::Produce => work.redo(|told: &mut api::ProduceResponse| {
            any(told.node_endpoints.iter_mut().map(|node| point(node.node_id, &mut node.host, &mut node.port, ports)))
        }),
        ApiKey::Fetch => work.redo(|told: &mut api::FetchResponse| {
            any(told.node_endpoints.iter_mut().map(|node| point(node.node_id, &mut node.host, &mut node.port, ports)))
        }),
        ApiKey::ShareFetch => work.redo(|told: &mut api::ShareFetchResponse| {
            any(told.node_endpoints.iter_mut().map(|node| point(node.node_id, &mut node.host, &mut node.port, ports)))
        }),
        ApiKey::ShareAcknowledge => work.redo(|told: &mut api::ShareAcknowledgeResponse| {
            any(told.node_endpoints.iter_mut().map(|node| point(node.node_id, &mut node.host, &mut node.port, ports)))
        }),
        // `host` in answers about ACLs is whom they are for, and DescribeQuorum names controllers, to which no client connects.
        _ => Ok(None),
    }
}

/// An answer that is being changed.
struct Work<'a> {
    api: Api,
    frame: &'a Bytes,
    walked: Walked,
}

impl Work<'_> {
    /// Decodes it, lets it be changed, and writes it anew if it was.
    fn redo<M>(self, change: impl FnOnce(&mut M) -> Result<bool, String>) -> Result<Option<Bytes>, String>
    where
        M: Decodable + Encodable + Message,
    {
        let Self { api, frame, walked } = self;
        let version = walked.written::<M>();
        let header = frame.slice(..walked.header_length(frame));
        let mut message = walked.decode::<M>().map_err(|reason| unreadable(api, reason))?;
        if !change(&mut message)? {
            return Ok(None);
        }
        let mut bytes = BytesMut::with_capacity(frame.len());
        bytes.put(header);
        message.encode(&mut bytes, version).map_err(|error| format!("the broker's answer to {api} cannot be written anew: {error}"))?;
        Ok(Some(bytes.freeze()))
    }
}

/// Changes all, also after the first that was changed.
fn any(changes: impl Iterator<Item = Result<bool, String>>) -> Result<bool, String> {
    changes.collect::<Result<Vec<_>, _>>().map(|changed| changed.contains(&true))
}

/// Points an address to the tap, if there is one: a coordinator that is not known has node id −1 and no host.
fn point(node: BrokerId, host: &mut StrBytes, port: &mut i32, ports: &mut Ports<'_>) -> Result<bool, String> {
    if node.0 < 0 || host.is_empty() {
        return Ok(false);
    }
    *port = ports(Endpoint { node: node.0, host, port: *port })?.into();
    *host = StrBytes::from_static_str(HOST);
    Ok(true)
}

fn unreadable(api: Api, reason: Unread) -> String {
    let reason = match reason {
        Unread::Unknown => "kgrade does not know this version of it",
        Unread::Damaged => "it does not look as its version says",
        Unread::TooLong | Unread::Busy => "it is too long",
    };
    format!("the broker's answer to {api} names the addresses of brokers and cannot be read: {reason}")
}

#[cfg(test)]
mod tests;
