use kgrade::world::program::{Exit, Launch, ProgramEvent, SpawnError, Stdin, Stream, spawn};

use super::bench::*;

#[tokio::test]
async fn a_program_runs_in_its_private_copy_with_the_environments_python() {
    let ready = ready("import os, sys\nprint(os.getcwd())\nprint(sys.prefix != sys.base_prefix)\nsys.exit(3)\n").await;
    let (process, heard) = ready.start().await;
    assert_eq!(process.exited().await, Exit { code: Some(3), signal: None });
    assert_eq!(heard.stdout(), [ready.prepared.work().to_str().unwrap(), "True"]);
    assert_ne!(ready.prepared.work(), ready.submission.path());
    assert_eq!(heard.events().last().unwrap(), &ProgramEvent::Exited(Exit { code: Some(3), signal: None }));
    assert_eq!(process.exit(), Some(Exit { code: Some(3), signal: None }));
}

#[tokio::test]
async fn standard_input_is_written_line_by_line_and_closed() {
    let ready = ready("import sys\nfor line in sys.stdin:\n    print(line.strip().upper())\nprint('end')\n").await;
    let (mut process, heard) = ready.start_as(Launch { stdin: Stdin::Piped, ..ready.launch() }).await;
    process.write_line("grüße".as_bytes()).await.unwrap();
    heard.line("GRÜSSE").await;
    assert_eq!(process.exit(), None);
    process.close_stdin();
    assert_eq!(process.exited().await.code, Some(0));
    assert_eq!(heard.stdout(), ["GRÜSSE", "end"]);
}

#[tokio::test]
async fn writing_to_a_program_that_has_ended_is_an_error_value() {
    let ready = ready("").await;
    let (mut process, _) = ready.start_as(Launch { stdin: Stdin::Piped, ..ready.launch() }).await;
    assert_eq!(process.exited().await.code, Some(0));
    assert!(process.write_line(&[b'x'; 100_000]).await.is_err());
    assert!(process.take_stdin().is_some());
    assert!(process.write_line(b"x").await.is_err());
}

#[tokio::test]
async fn without_input_a_program_reads_its_end() {
    let ready = ready("import sys\nprint(len(sys.stdin.read()))\n").await;
    let (process, heard) = ready.start().await;
    process.exited().await;
    assert_eq!(heard.stdout(), ["0"]);
}

#[tokio::test]
async fn a_program_sees_its_contract_and_nothing_of_the_grader() {
    let (guard, mark) = (kgrade::world::guard::Guard::none(), mark());
    let submission =
        folder(&[("lab-02/producer.py", "import os\nfor name in sorted(os.environ): print(name, os.environ[name], sep='=')\n")]);
    let mut context = context(&guard, &mark);
    context.environment.push(("GITHUB_TOKEN".into(), "planted-secret".into()));
    context.environment.push(("PIP_INDEX_URL".into(), "planted-secret".into()));
    context.environment.push(("KAFKA_ADMIN_PASSWORD".into(), "planted-secret".into()));
    let opened = kgrade::world::program::Submission::open(submission.path()).unwrap();
    let prepared = kgrade::world::program::prepare(&opened, &context).await.unwrap();
    let ready = Ready { prepared, guard: guard.clone(), mark: mark.clone(), submission };
    let (process, heard) = ready.start_as(Launch { env: vec![("KAFKA_TOPIC".into(), "user-events".into())], ..ready.launch() }).await;
    process.exited().await;
    let lines = heard.stdout();
    assert!(lines.contains(&"KAFKA_TOPIC=user-events".to_owned()));
    assert!(lines.contains(&format!("KGRADE_RUN={mark}")));
    assert!(lines.contains(&"KGRADE_INSTANCE=producer-1".to_owned()));
    assert!(lines.contains(&"LANG=C.UTF-8".to_owned()));
    assert!(!lines.iter().any(|line| line.contains("planted-secret")), "{lines:#?}");
    let allowed = [
        "PATH",
        "HOME",
        "LANG",
        "TMPDIR",
        "PYTHONUNBUFFERED",
        "PYTHONDONTWRITEBYTECODE",
        "KGRADE_RUN",
        "KGRADE_INSTANCE",
        "KAFKA_TOPIC",
        // Python sets this one itself when the locale is C.
        "LC_CTYPE", // Where version managers keep their tools.
        "PYENV_ROOT",
        "VOLTA_HOME",
        "ASDF_DATA_DIR",
        "NODENV_ROOT",
        "JENV_ROOT",
    ];
    for line in &lines {
        let name = line.split('=').next().unwrap();
        assert!(allowed.contains(&name), "{line}");
    }
    let value = |name: &str| lines.iter().find_map(|line| line.strip_prefix(&format!("{name}="))).unwrap().to_owned();
    assert_eq!(std::fs::read_dir(value("HOME")).unwrap().count(), 0);
    assert!(value("TMPDIR").starts_with(ready.prepared.work().parent().unwrap().to_str().unwrap()));
}

#[tokio::test]
async fn a_syntax_error_is_the_programs_own_and_is_heard() {
    let ready = ready("def broken(:\n").await;
    let (process, heard) = ready.start().await;
    assert_eq!(process.exited().await.code, Some(1));
    assert!(heard.lines(Stream::Stderr).iter().any(|line| line.contains("SyntaxError")));
}

#[tokio::test]
async fn commands_that_cannot_be_started_say_what_to_do() {
    let ready = ready("").await;
    let start = async |command: &str| {
        let launch = Launch { command: words(command), ..ready.launch() };
        spawn(&ready.prepared, launch, &ready.guard, |_| {}).await.unwrap_err()
    };
    let error = start("no-such-command-anywhere x").await;
    assert!(matches!(error, SpawnError::NotFound { .. }));
    assert!(error.to_string().contains("no-such-command-anywhere is not installed"), "{error}");
    assert!(start("./bin/consumer").await.to_string().contains("is not in the submission; build it with a `setup` command"));
    assert!(start("lab-02/producer.py").await.to_string().contains("chmod +x lab-02/producer.py"));
}

#[tokio::test]
async fn a_program_in_the_submission_may_be_the_command_itself() {
    let ready = ready("").await;
    let script = ready.prepared.work().join("run.sh");
    std::fs::write(&script, "#!/bin/sh\necho \"$1 $0\"\n").unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let (process, heard) = ready.start_as(Launch { command: words("./run.sh hello"), ..ready.launch() }).await;
    assert_eq!(process.exited().await.code, Some(0));
    assert!(heard.stdout()[0].starts_with("hello "));
}
