//! A mirror with Kafka's release tarball, on this machine.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha512};

const NAME: &str = "kafka_2.13-4.3.1.tgz";

/// A web server that has `NAME` and `NAME.sha512` for as long as the test runs.
pub struct Mirror {
    pub url: String,
}

/// What the mirror does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// The published digest is that of another file.
    WrongDigest,
    /// The connection ends in the middle of the tarball.
    Cut,
    /// The server falls silent in the middle of the tarball.
    Silent,
    /// There is no tarball.
    Missing,
}

impl Mirror {
    pub fn serve(tarball: Vec<u8>, fault: Fault) -> Self {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/kafka/4.3.1/", server.local_addr().unwrap());
        let digest = if fault == Fault::WrongDigest { Sha512::digest(b"another file") } else { Sha512::digest(&tarball) };
        // As Apache writes it.
        let groups: Vec<_> = digest.chunks(4).map(|group| group.iter().map(|byte| format!("{byte:02X}")).collect::<String>()).collect();
        let published = format!("{NAME}: {}\n  {}\n", groups[..8].join(" "), groups[8..].join(" "));
        std::thread::spawn(move || {
            for connection in server.incoming() {
                answer(connection.unwrap(), &tarball, published.as_bytes(), fault);
            }
        });
        Self { url }
    }
}

fn answer(mut connection: TcpStream, tarball: &[u8], published: &[u8], fault: Fault) {
    let mut request = String::new();
    let mut lines = BufReader::new(&connection);
    lines.read_line(&mut request).unwrap();
    let mut line = String::from("-");
    while !line.trim().is_empty() {
        line.clear();
        if lines.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    let (status, body) = match path.strip_prefix("/kafka/4.3.1/") {
        Some(file) if file == format!("{NAME}.sha512") => ("200 OK", published),
        Some(NAME) if fault != Fault::Missing => ("200 OK", tarball),
        _ => ("404 Not Found", &b""[..]),
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let sent = if matches!(fault, Fault::Cut | Fault::Silent) && body.len() > 10_000 { &body[..body.len() / 2] } else { body };
    let _ = connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(sent));
    if fault == Fault::Silent {
        // Until the client goes away.
        let _ = connection.read(&mut [0; 64]);
    }
    // Lets the client read everything before the connection goes.
    let _ = connection.shutdown(std::net::Shutdown::Write);
    let _ = connection.read(&mut [0; 64]);
}

/// A tarball like Apache's, with these jars in `libs`, and what else a release has.
pub fn tarball(jars: &[PathBuf]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::new(1)));
    let mut add = |path: &str, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, Path::new("kafka_2.13-4.3.1").join(path), content).unwrap();
    };
    add("LICENSE", b"Apache License");
    add("bin/kafka-topics.sh", b"#!/bin/sh\n");
    add("libs/rocksdbjni-9.7.3.jar", &[7; 1000]);
    for jar in jars {
        let mut content = Vec::new();
        File::open(jar).unwrap().read_to_end(&mut content).unwrap();
        add(&format!("libs/{}", jar.file_name().unwrap().to_str().unwrap()), &content);
    }
    builder.into_inner().unwrap().finish().unwrap()
}
