//! How a program in a sandbox ends, by itself and otherwise; nothing of it is left.

use std::time::Duration;

use kgrade::world::guard::marked_processes;
use kgrade::world::program::{Exit, Launch, Signal, SpawnError, spawn};

use super::Test;
use super::bench::{World, until, words};

pub const TESTS: &[Test] = &[
    ("the_end_is_told_exactly", the_end_is_told_exactly),
    ("signals_reach_the_whole_group_and_nothing_else", signals_reach_the_whole_group_and_nothing_else),
    ("what_stands_still_goes_on", what_stands_still_goes_on),
    ("what_detaches_ends_with_the_program", what_detaches_ends_with_the_program),
    ("a_kill_leaves_nothing", a_kill_leaves_nothing),
    ("commands_that_cannot_be_started_say_so", commands_that_cannot_be_started_say_so),
];

fn the_end_is_told_exactly(world: &World) {
    for (script, wanted) in [
        ("import sys; sys.exit(0)", (Some(0), None)),
        ("import sys; sys.exit(137)", (Some(137), None)),
        ("import os; os.kill(os.getpid(), 9)", (None, Some(9))),
        ("import os; os.abort()", (None, Some(6))),
    ] {
        let ready = world.ready(&format!("print('x' * 200000)\n{script}\n"));
        let (process, heard) = ready.start(ready.launch());
        let exit = world.wait(process.exited());
        assert_eq!((exit.code, exit.signal), wanted, "{script}");
        assert!(!heard.text().is_empty(), "what it wrote before its end is told");
        until("its group to be gone", || process.group_is_gone() && process.is_gone());
    }
}

fn signals_reach_the_whole_group_and_nothing_else(world: &World) {
    let ready = world.ready(
        "import os, signal, sys, time\n\
         child = os.fork()\n\
         def stop(*_):\n    \
             if child: os.waitpid(child, 0)\n    \
             print('parent' if child else 'child', flush=True); os._exit(3 if child else 0)\n\
         signal.signal(signal.SIGTERM, stop)\n\
         time.sleep(0.2) if child else None\n\
         if child: print('up', flush=True)\n\
         while True: time.sleep(1)\n",
    );
    let (process, heard) = ready.start(ready.launch());
    heard.line("up");
    process.signal(Signal::TERM);
    assert_eq!(world.wait(process.exited()), Exit { code: Some(3), signal: None });
    assert_eq!(heard.text(), "up\nchild\nparent\n");
    // Java ends with this code when it is asked to stop, without being killed.
    let ready = world.ready(
        "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\nprint('up', flush=True)\ntime.sleep(600)\n",
    );
    let (process, heard) = ready.start(ready.launch());
    heard.line("up");
    process.signal(Signal::TERM);
    assert_eq!(world.wait(process.exited()), Exit { code: Some(143), signal: None });
    let ready = world.ready("import time\nprint('up', flush=True)\ntime.sleep(600)\n");
    let (process, heard) = ready.start(ready.launch());
    heard.line("up");
    process.signal(Signal::TERM);
    assert_eq!(world.wait(process.exited()), Exit { code: None, signal: Some(15) });
}

fn what_stands_still_goes_on(world: &World) {
    let ready = world.ready("import time\nfor n in range(10**6):\n    print(n, flush=True); time.sleep(0.01)\n");
    let (process, heard) = ready.start(ready.launch());
    heard.line("3");
    process.signal(Signal::STOP);
    let lines = || heard.text().lines().count();
    let mut last = lines();
    until("it to stand still", || {
        std::thread::sleep(Duration::from_millis(300));
        std::mem::replace(&mut last, lines()) == lines()
    });
    process.signal(Signal::CONT);
    until("it to go on", || lines() > last + 3);
    assert!(world.wait(process.kill_tree()));
}

const DAEMON: &str = "import os, sys, time\n\
    if os.fork() == 0:\n    \
        os.setsid()\n    \
        if os.fork() == 0:\n        \
            for name in list(os.environ): os.unsetenv(name)\n        \
            for fd in range(3): os.close(fd)\n        \
            os.execve(sys.executable, ['quiet', '-c', 'import time; time.sleep(600)'], {})\n    \
        os._exit(0)\n\
    os.wait()\n\
    print('up', flush=True)\n";

fn what_detaches_ends_with_the_program(world: &World) {
    let before = quiet();
    let ready = world.ready(&format!("{DAEMON}time.sleep(1)\n"));
    let (process, heard) = ready.start(ready.launch());
    heard.line("up");
    assert_eq!(world.wait(process.exited()).code, Some(0));
    until("its cell to be gone", || process.is_gone() && process.group_is_gone());
    until("the daemon to be gone", || quiet().iter().all(|pid| before.contains(pid)));
}

/// The processes on this machine that go by the daemon's name.
fn quiet() -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let is_quiet =
        |name: &String| std::fs::read(format!("/proc/{name}/cmdline")).is_ok_and(|line| line.starts_with(b"quiet\0-c\0import time"));
    processes.map(|entry| entry.file_name().to_string_lossy().into_owned()).filter(is_quiet).collect()
}

fn a_kill_leaves_nothing(world: &World) {
    let ready = world.ready(&format!("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{DAEMON}time.sleep(600)\n"));
    let (process, heard) = ready.start(ready.launch());
    heard.line("up");
    process.signal(Signal::TERM);
    assert!(!process.group_is_gone());
    assert!(world.wait(process.kill_tree()));
    assert_eq!(process.exit(), Some(Exit { code: None, signal: Some(9) }));
    until("everything to be gone", || process.group_is_gone() && marked_processes(&world.mark).is_empty());
}

fn commands_that_cannot_be_started_say_so(world: &World) {
    let ready = world.ready("");
    let start = |command: &str| {
        let launch = Launch { command: words(command), ..ready.launch() };
        world.wait(spawn(&ready.prepared, launch, &world.guard, |_| {})).unwrap_err()
    };
    assert!(matches!(start("no-such-command-anywhere x"), SpawnError::NotFound { .. }));
    assert!(matches!(start("./program.py"), SpawnError::NotExecutable { .. }));
    let file = ready.prepared.work().join("broken");
    std::fs::write(&file, "#!/no/such/interpreter\n").unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let refused = start("./broken");
    assert!(matches!(refused, SpawnError::System { .. }), "{refused:?}");
    // The cell of what did not start is gone, too.
    until("the cells to be gone", || marked_processes(&world.mark).is_empty());
}
