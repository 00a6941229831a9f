//! Services of the host that no program may reach. Each notes who called, and answers with a word that must be seen nowhere.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixListener};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The services of one attack. Their threads end with the test program.
pub struct Canaries {
    /// Where the HTTP service is: on loopback, and on the host's own address.
    pub http: Vec<SocketAddr>,
    /// Who called.
    calls: Arc<Mutex<Vec<String>>>,
}

impl Canaries {
    /// Starts an HTTP service on all addresses, and the same on a Unix socket in a folder and on an abstract one.
    pub fn start(word: &str, socket: &Path, abstract_name: &str) -> std::io::Result<Self> {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let tcp = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        let port = tcp.local_addr()?.port();
        let unix = UnixListener::bind(socket)?;
        let hidden = UnixListener::bind_addr(&UnixAddr::from_abstract_name(abstract_name)?)?;
        serve("the HTTP service", word, &calls, move || tcp.accept().map(|(stream, _)| stream));
        serve("the Unix socket", word, &calls, move || unix.accept().map(|(stream, _)| stream));
        serve("the abstract Unix socket", word, &calls, move || hidden.accept().map(|(stream, _)| stream));
        let addresses = [Some(Ipv4Addr::LOCALHOST.into()), own_address()];
        let http = addresses.into_iter().flatten().map(|address: IpAddr| SocketAddr::new(address, port)).collect();
        Ok(Self { http, calls })
    }

    /// Who called, and what they said first.
    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The address that this machine would call others from. Nothing is sent.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(198, 51, 100, 1), 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

fn serve<S>(name: &'static str, word: &str, calls: &Arc<Mutex<Vec<String>>>, accept: impl Fn() -> std::io::Result<S> + Send + 'static)
where
    S: Read + Write + Send + Timed + 'static,
{
    let (word, calls) = (word.to_owned(), Arc::clone(calls));
    std::thread::spawn(move || {
        while let Ok(mut stream) = accept() {
            calls.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{name} was called"));
            let mut said = [0; 256];
            stream.wait_at_most(Duration::from_millis(500));
            let count = stream.read(&mut said).unwrap_or(0);
            let text = String::from_utf8_lossy(said.get(..count).unwrap_or_default()).into_owned();
            calls.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{name} heard {text:?}"));
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{word}", word.len());
            let _ = stream.write_all(answer.as_bytes());
        }
    });
}

/// A stream whose reads can be limited in time.
trait Timed {
    fn wait_at_most(&self, time: Duration);
}

impl Timed for std::net::TcpStream {
    fn wait_at_most(&self, time: Duration) {
        let _ = self.set_read_timeout(Some(time));
    }
}

impl Timed for std::os::unix::net::UnixStream {
    fn wait_at_most(&self, time: Duration) {
        let _ = self.set_read_timeout(Some(time));
    }
}
