use std::time::Duration;

use kgrade::world::guard::marked_processes;
use kgrade::world::program::{Exit, Launch, Limit, Limited, Limits, ProgramEvent};

use super::bench::*;

fn passed(heard: &Heard) -> Vec<Limit> {
    let of = |event| if let ProgramEvent::Limit(limit) = event { Some(limit) } else { None };
    heard.events().into_iter().filter_map(of).collect()
}

async fn limited(script: &str, limits: Limits) -> (Ready, Heard, Exit) {
    let ready = ready(script).await;
    let (process, heard) = ready.start_as(Launch { limits, ..ready.launch() }).await;
    let exit = tokio::time::timeout(PATIENCE, process.exited()).await.unwrap();
    until(|| process.group_is_gone() && marked_processes(&ready.mark).is_empty()).await;
    (ready, heard, exit)
}

#[tokio::test]
async fn two_hundred_children_are_too_many() {
    let script =
        "import os, time\nfor _ in range(200):\n    if os.fork() == 0:\n        os.setsid()\n        time.sleep(600)\ntime.sleep(600)\n";
    let (_ready, heard, exit) = limited(script, Limits::default()).await;
    assert_eq!(exit.signal, Some(9));
    let limits = passed(&heard);
    assert_eq!(limits.len(), 1, "{limits:?}");
    assert_eq!((limits[0].what, limits[0].allowed), (Limited::Processes, 128));
    assert!(limits[0].to_string().ends_with("processes at once; 128 are allowed"));
}

#[tokio::test]
async fn processes_that_double_are_all_killed() {
    // Would be a thousand, if nobody stopped it.
    let script = "import os, time\nfor _ in range(10):\n    os.fork()\n    time.sleep(0.02)\ntime.sleep(600)\n";
    let (_ready, heard, _) = limited(script, Limits { processes: 24, ..Limits::default() }).await;
    assert_eq!(passed(&heard)[0].what, Limited::Processes);
}

#[tokio::test]
async fn a_hundred_threads_are_one_process() {
    let script = "import threading, time\nfor _ in range(300): threading.Thread(target=time.sleep, args=(0.5,)).start()\nprint('up')\n";
    let (_ready, heard, exit) = limited(script, Limits { processes: 4, ..Limits::default() }).await;
    assert_eq!((exit.code, passed(&heard)), (Some(0), vec![]));
}

#[tokio::test]
async fn memory_counts_for_the_whole_tree_and_shared_pages_once() {
    let grows =
        "import os, time\nif os.fork() == 0:\n    x = b'x' * (200 << 20)\n    time.sleep(600)\ny = b'y' * (200 << 20)\ntime.sleep(600)\n";
    let (_ready, heard, exit) = limited(grows, Limits { memory: 300 << 20, ..Limits::default() }).await;
    assert_eq!(exit.signal, Some(9));
    let limit = passed(&heard)[0];
    assert_eq!(limit.what, Limited::Memory);
    assert!(limit.seen > 300 << 20 && limit.seen < 500 << 20, "{limit}");
    let shares = "import os, time\nx = b'x' * (150 << 20)\nfor _ in range(4):\n    if os.fork() == 0:\n        time.sleep(1)\n        os._exit(0)\nfor _ in range(4): os.wait()\n";
    let (_ready, heard, exit) = limited(shares, Limits { memory: 300 << 20, ..Limits::default() }).await;
    assert_eq!((exit.code, passed(&heard)), (Some(0), vec![]));
}

#[tokio::test]
async fn processor_time_counts_for_the_whole_tree() {
    let script = "import os\nos.fork()\nwhile True: pass\n";
    let (_ready, heard, _) = limited(script, Limits { cpu: Duration::from_secs(1), ..Limits::default() }).await;
    let limit = passed(&heard)[0];
    assert_eq!((limit.what, limit.allowed), (Limited::Cpu, 1000));
}

#[tokio::test]
async fn files_core_dumps_and_open_files_are_limited() {
    let script = "import resource as r\nfor what in (r.RLIMIT_FSIZE, r.RLIMIT_NOFILE, r.RLIMIT_CORE, r.RLIMIT_CPU): print(r.getrlimit(what)[0])\n\
                  try:\n    open('big', 'wb').write(b'x' * (2 << 20))\nexcept OSError as error: print(error.errno == 27)\n";
    let limits = Limits { file_size: 1 << 20, open_files: 100, cpu: Duration::from_secs(50), ..Limits::default() };
    let (_ready, heard, exit) = limited(script, limits).await;
    assert_eq!(heard.stdout(), ["1048576", "100", "0", "52", "True"]);
    assert_eq!(exit.code, Some(0));
}

#[tokio::test]
async fn a_program_ended_by_the_file_limit_says_so() {
    let script = "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_DFL)\nopen('big', 'wb').write(b'x' * (2 << 20))\n";
    let (_ready, heard, exit) = limited(script, Limits { file_size: 1 << 20, ..Limits::default() }).await;
    assert!(exit.signal.is_some());
    assert_eq!(passed(&heard)[0].what, Limited::FileSize);
}
