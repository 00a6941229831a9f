//! A few Kafka requests over one plain connection: enough to know that a broker is there, which one, and which Kafka it is.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, FindCoordinatorRequest, InitProducerIdRequest, MetadataRequest, MetadataResponse,
    RequestHeader, ResponseHeader, SaslAuthenticateRequest, SaslHandshakeRequest, UnregisterBrokerRequest,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};

use crate::world::access::Credentials;

/// More than any answer to these requests has. A web server's "HTTP" read as a length is 1.2 GB.
const MAX_ANSWER: usize = 4 << 20;

/// Why a broker did not answer.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The network said no.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Somebody answered, but not as Kafka without encryption does.
    #[error("{0}")]
    NotKafka(String),
}

/// A connection to a broker.
pub struct Probe {
    stream: TcpStream,
    correlation: i32,
}

impl Probe {
    /// Connects to `HOST:PORT`; every later answer must come within `patience`, too.
    ///
    /// # Errors
    /// When no address of the host accepts the connection.
    pub fn connect(address: &str, patience: Duration) -> Result<Self, ProbeError> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host name has no address");
        for address in address.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, patience) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(patience))?;
                    stream.set_write_timeout(Some(patience))?;
                    stream.set_nodelay(true)?;
                    return Ok(Self { stream, correlation: 0 });
                }
                Err(error) => last = error,
            }
        }
        Err(last.into())
    }

    /// Says who asks, on a listener that wants to know (SASL, mechanism PLAIN).
    ///
    /// # Errors
    /// When the broker does not let us in.
    pub fn sign_in(mut self, credentials: Option<&Credentials>) -> Result<Self, ProbeError> {
        let Some(credentials) = credentials else { return Ok(self) };
        let refused = |code: i16| ProbeError::NotKafka(format!("it does not let kgrade in (error {code})"));
        let mechanism = StrBytes::from_static_str("PLAIN");
        let answer = self.call(&SaslHandshakeRequest::default().with_mechanism(mechanism), 1)?;
        if answer.error_code != 0 {
            return Err(refused(answer.error_code));
        }
        let answer = self.call(&SaslAuthenticateRequest::default().with_auth_bytes(credentials.plain().into()), 0)?;
        if answer.error_code == 0 { Ok(self) } else { Err(refused(answer.error_code)) }
    }

    /// What the broker can do.
    ///
    /// # Errors
    /// When it does not answer as Kafka.
    pub fn api_versions(&mut self) -> Result<ApiVersionsResponse, ProbeError> {
        const UNSUPPORTED_VERSION: i16 = 35;
        let request = ApiVersionsRequest::default()
            .with_client_software_name(StrBytes::from_static_str("kgrade"))
            .with_client_software_version(StrBytes::from_static_str(env!("CARGO_PKG_VERSION")));
        let answer = self.call(&request, 3)?;
        if answer.error_code == UNSUPPORTED_VERSION { self.call(&ApiVersionsRequest::default(), 0) } else { Ok(answer) }
    }

    /// The brokers of the cluster and its id, without any topic.
    ///
    /// # Errors
    /// When it does not answer as Kafka.
    pub fn metadata(&mut self) -> Result<MetadataResponse, ProbeError> {
        // Version 4 is the first that can be kept from creating topics, and all that is known here.
        self.call(&MetadataRequest::default().with_topics(Some(Vec::new())).with_allow_auto_topic_creation(false), 4)
    }

    /// Whether the coordinator for groups (`kind` 0) or transactions (`kind` 1) is there. Asking makes the broker create its topic.
    ///
    /// # Errors
    /// When it does not answer as Kafka.
    pub fn has_coordinator(&mut self, kind: i8) -> Result<bool, ProbeError> {
        let key = StrBytes::from_static_str("kgrade");
        let request = FindCoordinatorRequest::default().with_key_type(kind).with_coordinator_keys(vec![key]);
        let answer = self.call(&request, 4)?;
        Ok(answer.coordinators.first().is_some_and(|coordinator| coordinator.error_code == 0))
    }

    /// Whether the broker can number producers. It asks its controller for the numbers only when the first producer wants one, and
    /// turns that one away meanwhile; asking here spares the learner's first producer a warning and a wait.
    ///
    /// # Errors
    /// When it does not answer as Kafka.
    pub fn has_producer_ids(&mut self) -> Result<bool, ProbeError> {
        const COORDINATOR_LOAD_IN_PROGRESS: i16 = 14;
        const COORDINATOR_NOT_AVAILABLE: i16 = 15;
        let answer = self.call(&InitProducerIdRequest::default().with_transactional_id(None), 4)?;
        // Any other error is no matter of waiting.
        Ok(!matches!(answer.error_code, COORDINATOR_LOAD_IN_PROGRESS | COORDINATOR_NOT_AVAILABLE))
    }

    /// Has a controller forget a broker, as it fences one whose session has ended. The error code; 0 when it did.
    ///
    /// # Errors
    /// When it does not answer as Kafka.
    pub fn unregister(&mut self, node: i32) -> Result<i16, ProbeError> {
        Ok(self.call(&UnregisterBrokerRequest::default().with_broker_id(node.into()), 0)?.error_code)
    }

    fn call<Q: Request>(&mut self, request: &Q, version: i16) -> Result<Q::Response, ProbeError>
    where
        Q::Response: Decodable + HeaderVersion,
    {
        self.correlation += 1;
        let header = RequestHeader::default()
            .with_request_api_key(Q::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.correlation)
            .with_client_id(Some(StrBytes::from_static_str("kgrade")));
        let mut body = BytesMut::new();
        header.encode(&mut body, Q::header_version(version)).map_err(unwritable)?;
        request.encode(&mut body, version).map_err(unwritable)?;
        let length = u32::try_from(body.len()).map_err(io::Error::other)?;
        self.stream.write_all(&[&length.to_be_bytes(), body.as_ref()].concat())?;

        let mut answer = self.frame()?;
        let header = ResponseHeader::decode(&mut answer, Q::Response::header_version(version)).map_err(unreadable)?;
        if header.correlation_id != self.correlation {
            return Err(ProbeError::NotKafka("it answered another question than was asked".to_owned()));
        }
        Q::Response::decode(&mut answer, version).map_err(unreadable)
    }

    fn frame(&mut self) -> Result<Bytes, ProbeError> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).map_err(closed)?;
        match length {
            // An alert record of TLS: the listener did not understand a request without encryption.
            [0x15, 0x03, ..] => {
                return Err(ProbeError::NotKafka("it is a TLS listener, and kgrade connects without encryption".to_owned()));
            }
            [b'H', b'T', b'T', b'P'] => return Err(ProbeError::NotKafka("it is a web server, not Kafka".to_owned())),
            _ => {}
        }
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if !(4..=MAX_ANSWER).contains(&length) {
            return Err(ProbeError::NotKafka("it does not speak Kafka's protocol".to_owned()));
        }
        let mut frame = vec![0; length];
        self.stream.read_exact(&mut frame).map_err(closed)?;
        Ok(frame.into())
    }
}

fn closed(error: io::Error) -> ProbeError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ProbeError::NotKafka(
            "it accepts connections but closes them at the first request (a listener with TLS or SASL, or not Kafka)".to_owned(),
        ),
        // What a socket's read timeout is called.
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            ProbeError::NotKafka("it accepts connections but does not answer".to_owned())
        }
        _ => error.into(),
    }
}

fn unwritable(error: impl std::fmt::Display) -> ProbeError {
    ProbeError::NotKafka(format!("the request cannot be written: {error}"))
}

fn unreadable(error: impl std::fmt::Display) -> ProbeError {
    ProbeError::NotKafka(format!("its answer cannot be read: {error}"))
}
