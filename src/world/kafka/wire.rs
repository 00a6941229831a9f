//! One connection to one broker: a request goes out, its answer comes back.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Message, StrBytes, VersionRange};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::asked::Asked;
use super::code::Code;
use super::schema;
use crate::world::access::Credentials;

/// The largest answer that is accepted, in bytes. Ours are a few kilobytes; a peer that speaks TLS or HTTP looks like gigabytes.
const LARGEST: usize = 16 * 1024 * 1024;

/// The name that the broker's logs and quotas know us by.
const CLIENT: &str = "kgrade";

/// An open connection. One request at a time; after an error it must be dropped.
pub(super) struct Connection {
    stream: TcpStream,
    next: i32,
    versions: HashMap<i16, VersionRange>,
}

impl Connection {
    /// Connects, says who asks where that is wanted, and learns which versions the broker speaks.
    pub(super) async fn open(address: &str, credentials: Option<&Credentials>) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("no connection to the broker at {address}"))?;
        stream.set_nodelay(true).context("the socket's options cannot be set")?;
        let mut connection = Self { stream, next: 0, versions: HashMap::new() };
        connection.versions = connection.api_versions().await.with_context(|| format!("{address} does not answer as a Kafka broker"))?;
        if let Some(credentials) = credentials {
            connection.sign_in(credentials).await.with_context(|| format!("{address} does not let kgrade in"))?;
        }
        Ok(connection)
    }

    /// The connection, if the broker answers on it.
    pub(super) async fn answers(mut self) -> Result<Self> {
        self.api_versions().await?;
        Ok(self)
    }

    /// Sends a request in the newest version that both sides speak, and waits for the answer.
    pub(super) async fn call<R: Asked>(&mut self, request: &R) -> Result<R::Response> {
        let version = self.version::<R>()?;
        let mut body = BytesMut::new();
        request.encode(&mut body, version).with_context(|| format!("{} cannot be encoded", name(R::KEY)))?;
        let answer = self.exchange(R::KEY, version, R::header_version(version), &body).await;
        decode::<R>(answer.with_context(|| format!("{} got no answer", name(R::KEY)))?, version)
            .with_context(|| format!("the broker's answer to {} cannot be read", name(R::KEY)))
    }

    /// Whether the broker has an API at all.
    pub(super) fn speaks<R: Asked>(&self) -> bool {
        self.version::<R>().is_ok()
    }

    fn version<R: Asked>(&self) -> Result<i16> {
        let ours = R::VERSIONS.intersect(&R::Response::VERSIONS).intersect(&VersionRange { min: R::OLDEST, max: i16::MAX });
        let theirs = self.versions.get(&R::KEY).map(|theirs| ours.intersect(theirs)).filter(|both| !both.is_empty());
        theirs
            .map(|both| both.max)
            .with_context(|| format!("the broker has no {} in versions {ours}: use Apache Kafka 3.1 or newer", name(R::KEY)))
    }

    /// ApiVersions in version 0, read by hand: every broker has it, and it needs no knowledge of versions.
    async fn api_versions(&mut self) -> Result<HashMap<i16, VersionRange>> {
        let mut answer = self.exchange(ApiKey::ApiVersions as i16, 0, 1, &[]).await?;
        answer.try_get_i32()?;
        Code::check(answer.try_get_i16()?)?;
        let count = answer.try_get_i32()?;
        let mut versions = HashMap::new();
        for _ in 0..count {
            let (key, min, max) = (answer.try_get_i16()?, answer.try_get_i16()?, answer.try_get_i16()?);
            versions.insert(key, VersionRange { min, max });
        }
        Ok(versions)
    }

    /// SASL by the mechanism PLAIN: SaslHandshake in version 1, then SaslAuthenticate in version 0, both by hand: they are a word each.
    async fn sign_in(&mut self, credentials: &Credentials) -> Result<()> {
        let mut body = BytesMut::new();
        body.put_i16(5);
        body.extend_from_slice(b"PLAIN");
        let mut answer = self.exchange(ApiKey::SaslHandshake as i16, 1, 1, &body).await?;
        answer.try_get_i32()?;
        Code::check(answer.try_get_i16()?)?;
        let plain = credentials.plain();
        let mut body = BytesMut::new();
        body.put_i32(i32::try_from(plain.len()).context("the password is too long")?);
        body.extend_from_slice(&plain);
        let mut answer = self.exchange(ApiKey::SaslAuthenticate as i16, 0, 1, &body).await?;
        answer.try_get_i32()?;
        Code::check(answer.try_get_i16()?)?;
        Ok(())
    }

    /// Sends a frame and reads the one that answers it, which begins with the correlation id.
    async fn exchange(&mut self, key: i16, version: i16, header_version: i16, body: &[u8]) -> Result<Bytes> {
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        let header = RequestHeader::default()
            .with_request_api_key(key)
            .with_request_api_version(version)
            .with_correlation_id(id)
            .with_client_id(Some(StrBytes::from_static_str(CLIENT)));
        let mut frame = BytesMut::new();
        frame.put_i32(0);
        header.encode(&mut frame, header_version)?;
        frame.extend_from_slice(body);
        let len = i32::try_from(frame.len() - 4).context("the request is too long")?;
        if let Some(prefix) = frame.get_mut(..4) {
            prefix.copy_from_slice(&len.to_be_bytes());
        }
        self.stream.write_all(&frame).await?;

        let len = self.stream.read_i32().await?;
        let len = usize::try_from(len).ok().filter(|len| (4..=LARGEST).contains(len));
        let len = len.context("the answer has an impossible length: is this a TLS or HTTP port?")?;
        // Grows with what really arrives, not with what was announced.
        let mut answer = Vec::new();
        (&mut self.stream).take(len as u64).read_to_end(&mut answer).await?;
        if answer.len() < len {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
        }
        let answer = Bytes::from(answer);
        let got = answer.clone().try_get_i32()?;
        ensure!(got == id, "the answer belongs to request {got}, not to {id}");
        Ok(answer)
    }
}

/// Decodes an answer, every length in which is checked first: the decoder allocates whatever is claimed.
fn decode<R: Asked>(mut answer: Bytes, version: i16) -> Result<R::Response> {
    let header_version = R::Response::header_version(version);
    let message = schema::response(R::KEY).context("its fields are not known")?;
    let body = answer.get(4..).context("it ends early")?;
    message.walk(version, if header_version >= 1 { schema::tags(body)? } else { body })?;
    ResponseHeader::decode(&mut answer, header_version)?;
    R::Response::decode(&mut answer, version)
}

fn name(key: i16) -> String {
    ApiKey::try_from(key).map_or_else(|()| format!("API {key}"), |key| format!("{key:?}"))
}

#[cfg(test)]
mod tests {
    use bytes::{BufMut, BytesMut};
    use kafka_protocol::messages::{MetadataRequest, MetadataResponse};

    use super::*;

    /// An answer as it comes: the correlation id, no tagged fields, the body.
    fn frame(body: &[u8]) -> Bytes {
        [&[0, 0, 0, 7, 0], body].concat().into()
    }

    #[test]
    fn an_answer_is_decoded_in_every_version_that_we_speak() {
        for version in MetadataRequest::OLDEST..=13 {
            let told = MetadataResponse::default().with_cluster_id(Some("kgrade".into()));
            let mut body = BytesMut::new();
            told.encode(&mut body, version).unwrap();
            assert_eq!(decode::<MetadataRequest>(frame(&body), version).unwrap(), told, "v{version}");
            for cut in 0..body.len() {
                assert!(decode::<MetadataRequest>(frame(&body[..cut]), version).is_err(), "v{version} cut at {cut}");
            }
            body.put_u8(0);
            let error = decode::<MetadataRequest>(frame(&body), version).unwrap_err();
            assert_eq!(error.to_string(), "1 bytes are left over");
        }
    }

    #[test]
    fn an_array_that_claims_more_than_the_answer_holds_is_refused() {
        // Throttle time, then 2,147,483,646 brokers.
        let error = decode::<MetadataRequest>(frame(&[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x07]), 12).unwrap_err();
        assert_eq!(error.to_string(), "it claims 2147483646 more bytes and has 0");
    }
}
