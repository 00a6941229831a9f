//! What a program in a sandbox can reach: its own folders, the machine's tools, its doors. And what it cannot.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use kgrade::world::program::{Doors, Launch, Stdin};

use super::Test;
use super::bench::{Canary, World, cache, folder};

pub const TESTS: &[Test] = &[
    ("a_program_runs_with_its_folders_and_tools", a_program_runs_with_its_folders_and_tools),
    ("nothing_of_the_machine_can_be_read", nothing_of_the_machine_can_be_read),
    ("nothing_but_its_own_folders_can_be_written", nothing_but_its_own_folders_can_be_written),
    ("no_service_and_no_address_is_reached", no_service_and_no_address_is_reached),
    ("its_doors_are_reached_by_it_alone", its_doors_are_reached_by_it_alone),
    ("no_process_is_seen_and_none_can_be_looked_into", no_process_is_seen_and_none_can_be_looked_into),
];

fn a_program_runs_with_its_folders_and_tools(world: &World) {
    let ready = world.ready(
        "import os, pathlib, subprocess, sys, tempfile\n\
         print(sys.stdin.readline().strip())\n\
         pathlib.Path('state').write_text('kept')\n\
         pathlib.Path(os.environ['HOME'], 'state').write_text('kept')\n\
         print(open(tempfile.mkstemp()[1], 'w').write('x'), subprocess.check_output(['ls', '-1'], text=True).split())\n\
         print(os.environ['GREETING'], os.getcwd() == os.environ['WORK'])\n\
         sys.exit(7)\n",
    );
    let env = vec![("GREETING".to_owned(), "hello".to_owned()), ("WORK".to_owned(), ready.prepared.work().display().to_string())];
    let (mut process, heard) = ready.start(Launch { stdin: Stdin::Piped, env, ..ready.launch() });
    world.wait(process.write_line(b"a line")).unwrap();
    process.close_stdin();
    assert_eq!(world.wait(process.exited()).code, Some(7), "{:?}", heard.events());
    assert_eq!(heard.text(), "a line\n1 ['program.py', 'state']\nhello True\n");
    // What it leaves in its folder is there for its next start.
    assert_eq!(std::fs::read_to_string(ready.prepared.work().join("state")).unwrap(), "kept");
}

fn nothing_of_the_machine_can_be_read(world: &World) {
    let neighbour = folder(&[("secret", "canary-5d1f")]);
    let socket = neighbour.path().join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    let places = [
        neighbour.path().join("secret").display().to_string(),
        env!("CARGO_MANIFEST_DIR").to_owned() + "/Cargo.toml",
        env!("CARGO_BIN_EXE_kgrade").to_owned(),
        std::env::var("HOME").unwrap_or_default() + "/.bashrc",
        "/etc/shadow".to_owned(),
        "/var/log/dpkg.log".to_owned(),
        "/run/docker.sock".to_owned(),
        "/var/run/docker.sock".to_owned(),
        socket.display().to_string(),
        "/.kgrade/inside".to_owned(),
        "/proc/1/environ".to_owned(),
        "/proc/1/root/etc/shadow".to_owned(),
        "/dev/mem".to_owned(),
        "/dev/vda".to_owned(),
        "/sys/kernel/security".to_owned(),
    ];
    let said = world.run(&format!(
        "import os, socket\n\
         for place in {places:?}:\n    \
             try:\n        open(place, 'rb').read(16); print('READ', place)\n    \
             except OSError as error: pass\n    \
             try:\n        s = socket.socket(socket.AF_UNIX); s.connect(place); print('CONNECTED', place)\n    \
             except OSError as error: pass\n\
         for folder in ['/root', '/home', '/var', '/run', '/srv', '/mnt', '/tmp', '/proc/1/fd', '/proc/1/cwd/']:\n    \
             try: print('LIST', folder, os.listdir(folder)) if os.listdir(folder) else None\n    \
             except OSError: pass\n\
         print('env', sorted(name for name in os.environ if 'TOKEN' in name or name.startswith(('KGRADE_', 'CARGO', 'PIP_', 'DOCKER'))))\n"
    ));
    let unexpected: Vec<&str> = said.lines().filter(|line| line.starts_with("READ") || line.starts_with("CONNECTED")).collect();
    assert_eq!(unexpected, Vec::<&str>::new());
    // Among the temporary files is its own run folder, and on the way to the tools there may be a home with nothing else.
    for line in said.lines().filter(|line| line.starts_with("LIST")) {
        let leads_to_tools = |name: &str| cache().starts_with(Path::new("/tmp").join(name));
        let names: Vec<&str> = line.split('\'').skip(1).step_by(2).collect();
        let only_the_run =
            line.starts_with("LIST /tmp ") && names.iter().all(|name| name.starts_with("kgrade-run-") || leads_to_tools(name));
        let only_tools =
            line.starts_with("LIST /root ") && line.split(['\'', ',']).all(|name| !name.contains(".ssh") && !name.contains("bash"));
        assert!(only_the_run || only_tools, "{line}");
    }
    assert!(said.contains("env ['KGRADE_INSTANCE', 'KGRADE_RUN']"), "{said}");
}

fn nothing_but_its_own_folders_can_be_written(world: &World) {
    let said = world.run(
        "import os, sys\n\
         places = ['/', '/usr', '/usr/bin', '/etc', '/opt', '/dev', '/var', '/proc/sys/kernel', sys.prefix, sys.base_prefix, os.path.dirname(os.__file__), '/.kgrade', '/bin', '/root']\n\
         for place in places:\n    \
             try: open(os.path.join(place, 'left-behind'), 'w').write('x'); print('WROTE', place)\n    \
             except OSError: pass\n    \
             try: os.chmod(place, 0o777); print('CHANGED', place)\n    \
             except OSError: pass\n\
         for program in ['/.kgrade/inside', sys.executable, '/bin/sh']:\n    \
             try: os.chmod(program, 0o777); print('CHANGED', program)\n    \
             except OSError: pass\n\
         try: os.mkfifo('/tmp/ok'); print('tmp', os.path.exists('/tmp/ok'))\n\
         except OSError as error: print(error)\n\
         print('sudo', os.geteuid() == 0 and open('/proc/self/status').read().split('CapEff:')[1].split()[0] != '0' * 16)\n",
    );
    assert_eq!(said, "tmp True\nsudo False\n");
}

fn no_service_and_no_address_is_reached(world: &World) {
    let (here, everywhere) = (Canary::on("127.0.0.1"), Canary::on("0.0.0.0"));
    let own = own_addresses();
    let said = world.run(&format!(
        "import socket\n\
         targets = [('127.0.0.1', {}), ('127.0.0.1', {}), ('localhost', {})] + [(a, {}) for a in {own:?}]\n\
         targets += [('192.0.2.1', 80), ('8.8.8.8', 53), ('169.254.169.254', 80), ('172.17.0.1', {})]\n\
         for target in targets:\n    \
             try: socket.create_connection(target, timeout=2).sendall(b'here'); print('REACHED', target)\n    \
             except OSError: pass\n\
         try: print('RESOLVED', socket.getaddrinfo('pypi.org', 443))\n\
         except OSError: pass\n\
         for family in (socket.AF_INET, socket.AF_INET6):\n    \
             try:\n        s = socket.socket(family, socket.SOCK_DGRAM); s.sendto(b'x', ('8.8.8.8', 53) if family == socket.AF_INET else ('2001:4860:4860::8888', 53)); print('SENT')\n    \
             except OSError: pass\n\
         try: s = socket.socket(socket.AF_UNIX); s.connect('\\0/tmp/.X11-unix/X0'); print('ABSTRACT')\n\
         except OSError: pass\n\
         print('interfaces', [name for _, name in socket.if_nameindex()])\n",
        here.port, everywhere.port, everywhere.port, everywhere.port, everywhere.port
    ));
    assert_eq!(said, "interfaces ['lo']\n");
    assert_eq!((here.calls(), everywhere.calls()), (vec![], vec![]));
}

/// The addresses of this machine on networks.
fn own_addresses() -> Vec<String> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let address = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr());
    address.map(|address| address.ip().to_string()).into_iter().collect()
}

/// Doors that answer with a word and what came in.
fn doors(port: u16, word: &'static str, heard: &Arc<Mutex<Vec<String>>>) -> Doors {
    let heard = Arc::clone(heard);
    let serve = move |listeners: Vec<std::net::TcpListener>| {
        for listener in listeners {
            let heard = Arc::clone(&heard);
            std::thread::spawn(move || {
                for mut caller in listener.incoming().filter_map(Result::ok) {
                    let mut said = String::new();
                    let _ = caller.read_to_string(&mut said);
                    heard.lock().unwrap().push(said);
                    let _ = caller.write_all(word.as_bytes());
                }
            });
        }
        Ok(Box::new(()) as Box<dyn std::any::Any + Send + Sync>)
    };
    Doors { ports: vec![port, port + 1], serve: Some(Arc::new(serve)) }
}

fn its_doors_are_reached_by_it_alone(world: &World) {
    let ready = world.ready(
        "import os, socket, sys\n\
         for port in map(int, os.environ['PORTS'].split()):\n    \
             try:\n        s = socket.create_connection(('127.0.0.1', port), timeout=5); s.sendall(os.environ['NAME'].encode()); s.shutdown(socket.SHUT_WR); print(port, s.recv(100).decode())\n    \
             except OSError as error: print(port, type(error).__name__)\n\
         print('up', flush=True); sys.stdin.read()\n",
    );
    // The same numbers in two cells lead to two places.
    let (first, second) = (Arc::default(), Arc::default());
    let start = |name: &str, doors: Doors| {
        let env = vec![("NAME".to_owned(), name.to_owned()), ("PORTS".to_owned(), "40001 40002 40003".to_owned())];
        let instance = format!("program-{name}");
        ready.start(Launch { stdin: Stdin::Piped, env, instance, doors, ..ready.launch() })
    };
    let one = start("one", doors(40001, "first", &first));
    let two = start("two", doors(40001, "second", &second));
    for (mut process, heard, word) in [(one.0, one.1, "first"), (two.0, two.1, "second")] {
        heard.line("up");
        assert_eq!(heard.text(), format!("40001 {word}\n40002 {word}\n40003 ConnectionRefusedError\nup\n"));
        process.close_stdin();
        assert_eq!(world.wait(process.exited()).code, Some(0));
    }
    assert_eq!((first.lock().unwrap().clone(), second.lock().unwrap().clone()), (vec!["one".to_owned(); 2], vec!["two".to_owned(); 2]));
}

fn no_process_is_seen_and_none_can_be_looked_into(world: &World) {
    let said = world.run(
        "import os, signal\n\
         own = {os.getpid(), os.getppid()}\n\
         others = [int(name) for name in os.listdir('/proc') if name.isdigit() and int(name) not in own]\n\
         for pid in others + [os.getppid()]:\n    \
             for file in ('environ', 'mem', 'maps', 'fd', 'cwd', 'exe', 'root'):\n        \
                 path = f'/proc/{pid}/{file}'\n        \
                 try:\n            (os.listdir if file == 'fd' else os.readlink if file in ('cwd', 'exe', 'root') else open)(path); print('LOOKED INTO', pid, file)\n        \
                 except OSError: pass\n\
         print(len(others) < 4)\n\
         print(sorted(set(open(f'/proc/{pid}/comm').read().strip() for pid in others)))\n",
    );
    let names = said.lines().last().unwrap();
    assert!(!names.contains("java") && !names.contains("dockerd"), "{said}");
    assert!(said.contains("True\n"), "{said}");
    assert!(!said.contains("LOOKED INTO"), "{said}");
}
