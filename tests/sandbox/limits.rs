//! What a program in a sandbox may use.

use kgrade::world::guard::marked_processes;
use kgrade::world::program::{Launch, Limits};

use super::Test;
use super::bench::{World, until};

pub const TESTS: &[Test] = &[
    ("the_disk_is_not_filled", the_disk_is_not_filled),
    ("memory_is_not_filled", memory_is_not_filled),
    ("files_in_memory_have_a_limit", files_in_memory_have_a_limit),
    ("too_many_processes_end", too_many_processes_end),
];

fn limited(world: &World, script: &str, limits: Limits) -> String {
    let ready = world.ready(script);
    let (process, heard) = ready.start(Launch { limits, ..ready.launch() });
    world.wait(process.exited());
    until("everything to be gone", || process.is_gone() && marked_processes(&world.mark).is_empty());
    heard.limit().unwrap_or_else(|| panic!("no limit was told: {:?}", heard.events()))
}

fn the_disk_is_not_filled(world: &World) {
    let limits = Limits { disk: 8 << 20, ..Limits::default() };
    let large =
        "import time\nfor n in range(64):\n    open(f'file-{n}', 'wb').write(b'x' * (1 << 20)); time.sleep(0.05)\ntime.sleep(600)\n";
    assert!(limited(world, large, limits.clone()).ends_with("8 MiB are allowed"));
    let many = "import os, time\nos.chdir(os.environ['HOME'])\nfor n in range(40000): open(f'{n}', 'w').close()\ntime.sleep(600)\n";
    assert!(limited(world, many, limits).ends_with("8 MiB are allowed"));
}

fn memory_is_not_filled(world: &World) {
    let grows = "import time\nkept = []\nfor n in range(60):\n    kept.append(bytearray(16 << 20)); time.sleep(0.02)\ntime.sleep(600)\n";
    assert!(limited(world, grows, Limits { memory: 300 << 20, ..Limits::default() }).ends_with("300 MiB are allowed"));
}

fn files_in_memory_have_a_limit(world: &World) {
    let said = world.run(
        "for place in ('/tmp', '/dev/shm'):\n    \
             try:\n        \
                 with open(place + '/x', 'wb') as file:\n            \
                     for n in range(200): file.write(b'x' * (1 << 20))\n        \
                 print(place, 'is large')\n    \
             except OSError as error: print(place, error.strerror)\n",
    );
    assert_eq!(said, "/tmp No space left on device\n/dev/shm No space left on device\n");
}

fn too_many_processes_end(world: &World) {
    let script =
        "import os, time\nfor _ in range(60):\n    if os.fork() == 0:\n        os.setsid()\n        time.sleep(600)\ntime.sleep(600)\n";
    assert!(limited(world, script, Limits { processes: 24, ..Limits::default() }).ends_with("24 are allowed"));
}
