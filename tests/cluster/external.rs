//! Clusters that are already there.

use std::io::{Read, Write};
use std::net::TcpListener;

use kgrade::world::cluster::{Cluster, ClusterError, ClusterSpec, Health, Runtime, start};

use crate::machine::{context, host, is_alive, start_private};

async fn reach(addresses: &str) -> Result<Cluster, ClusterError> {
    start(&addresses.parse::<Runtime>().unwrap(), &ClusterSpec::default(), &context(host())).await
}

#[tokio::test]
async fn is_used_and_left_alone() {
    let context = context(host());
    let other = start_private(&context).await.unwrap();
    let closed = { TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap() };
    let addresses = format!("{closed},{}", other.bootstrap());
    let cluster = reach(&addresses).await.unwrap();
    assert_eq!(cluster.version(), Some("4.3"));
    assert_eq!((cluster.bootstrap(), cluster.admin().bootstrap.as_str()), (addresses.as_str(), addresses.as_str()));
    assert_eq!((cluster.pid(), cluster.health()), (None, Health::Running));
    cluster.stop().await;
    assert!(is_alive(other.pid().unwrap()));
    assert_eq!(other.health(), Health::Running);
}

#[tokio::test]
async fn says_what_is_wrong_with_an_address() {
    let refused = { TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap() };
    let error = reach(&refused.to_string()).await.unwrap_err().to_string();
    assert!(error.contains(&format!("reach the cluster at {refused}")), "{error}");
    assert!(error.to_lowercase().contains("connection refused"), "{error}");
    assert!(error.contains(&format!("nc -vz 127.0.0.1 {}", refused.port())), "{error}");

    for (answer, said) in [
        (&b"\x15\x03\x03\x00\x02\x02\x46"[..], "TLS"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "a web server"),
        (b"\xff\xff\xff\xff\x00\x00", "does not speak Kafka's protocol"),
        (b"\x00\x00\x00\x08\x00\x00\x00\x63\x00\x00\x00\x00", "another question"),
        (b"", "closes them"),
    ] {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap().to_string();
        let thread = std::thread::spawn(move || {
            let (mut connection, _) = server.accept().unwrap();
            // Reads the request first: closing with unread bytes would reset the connection.
            let mut length = [0; 4];
            connection.read_exact(&mut length).unwrap();
            let mut request = vec![0; u32::from_be_bytes(length) as usize];
            connection.read_exact(&mut request).unwrap();
            connection.write_all(answer).unwrap();
        });
        let error = reach(&address).await.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
        thread.join().unwrap();
    }
}
