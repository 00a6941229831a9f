use kgrade::world::program::{ProgramEvent, Stream};

use super::bench::*;

#[tokio::test]
async fn bytes_come_raw_but_as_text_and_in_order() {
    let script =
        "import os\nos.write(1, b'a ]]> \\x1b[31mred\\x1b[0m ::error file=x::y\\nbad \\xff\\xfe byte\\r\\nno end')\nos.write(2, b'e\\n')\n";
    let ready = ready(script).await;
    let (process, heard) = ready.start().await;
    process.exited().await;
    assert_eq!(heard.stdout(), ["a ]]> \u{1b}[31mred\u{1b}[0m ::error file=x::y", "bad \u{fffd}\u{fffd} byte", "no end"]);
    assert_eq!(heard.lines(Stream::Stderr), ["e"]);
    assert!(matches!(heard.events().last().unwrap(), ProgramEvent::Exited(_)));
}

#[tokio::test]
async fn a_long_line_is_cut_and_said() {
    let ready = ready("print('ä' * 100_000)\nprint('next')\n").await;
    let (process, heard) = ready.start().await;
    process.exited().await;
    let lines = heard.stdout();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0], "ä".repeat(16_384));
    assert_eq!(lines[1], "next");
    assert_eq!(heard.events()[1], ProgramEvent::Cut { stream: Stream::Stdout, bytes: 200_000 - 32_768 });
}

#[tokio::test]
async fn a_gigabyte_of_output_neither_blocks_nor_grows() {
    let script = "import os\nblock = b'0123456789abcdef\\n' * 61_681\ntotal = 0\nwhile total < 1 << 30: total += os.write(1, block)\n\
                  os.write(1, b'\\nlast words\\n')\nos.write(2, b'%d' % total)\n";
    let ready = ready(script).await;
    let before = resident();
    let (process, heard) = ready.start().await;
    assert_eq!(process.exited().await.code, Some(0));
    assert!(resident().saturating_sub(before) < 64 << 20, "grew from {before} to {}", resident());
    let written: u64 = heard.lines(Stream::Stderr)[0].parse().unwrap();
    assert!(written >= 1 << 30);
    let (mut shown, mut cut, mut cuts) = (0, 0, 0);
    for event in heard.events() {
        match event {
            ProgramEvent::Line { stream: Stream::Stdout, text } => shown += text.len() as u64 + 1,
            ProgramEvent::Cut { stream: Stream::Stdout, bytes } => {
                cut += bytes;
                cuts += 1;
            }
            _ => {}
        }
    }
    assert_eq!(shown + cut, written + "\nlast words\n".len() as u64, "what is not shown is said");
    assert!(shown < 2 << 20, "{shown} bytes shown");
    assert!((1..50).contains(&cuts), "{cuts} cuts");
    assert_eq!(heard.stdout().last().unwrap(), "last words");
    assert!(matches!(heard.events().last().unwrap(), ProgramEvent::Exited(_)));
}

#[tokio::test]
async fn an_endless_line_is_bounded() {
    let ready = ready("import os\nblock = b'x' * (1 << 20)\nfor _ in range(64): os.write(1, block)\n").await;
    let (process, heard) = ready.start().await;
    process.exited().await;
    let shown: usize = heard.stdout().iter().map(String::len).sum();
    assert!(shown <= 64 * 1024, "{shown}");
    assert!(heard.events().iter().any(|event| matches!(event, ProgramEvent::Cut { .. })));
}

#[tokio::test]
async fn after_much_output_a_waiting_programs_last_line_is_still_heard() {
    let ready = ready("import time\nfor n in range(20_000): print('a line of some length', n)\nprint('ready')\ntime.sleep(600)\n").await;
    let (process, heard) = ready.start().await;
    heard.line("ready").await;
    assert_eq!(process.exit(), None);
    assert!(process.kill_tree().await);
}

#[tokio::test]
async fn all_lines_come_before_the_exit_even_when_a_child_keeps_the_pipe() {
    let script = "import subprocess, sys\nfor n in range(500): print(n)\nsubprocess.Popen(['sleep', '600'])\nprint('done')\n";
    let ready = ready(script).await;
    let (process, heard) = ready.start().await;
    // Ends although the child holds both pipes.
    tokio::time::timeout(PATIENCE, process.exited()).await.unwrap();
    assert_eq!(heard.stdout().len(), 501);
    assert!(matches!(heard.events().last().unwrap(), ProgramEvent::Exited(_)));
    assert!(!process.group_is_gone());
    assert!(process.kill_tree().await);
    assert!(process.group_is_gone());
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}
