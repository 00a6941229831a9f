use super::*;
use crate::world::doctor::{System, Topic};

fn diagnosis() -> Diagnosis {
    let findings = vec![
        Finding::ok(Topic::Java, "17.0.15 at /usr/lib/jvm/java-17/bin/java (PATH)"),
        Finding::missing(Topic::Python, "no Python 3.9 or newer is on PATH").install(System::Debian, ["python3 python3-venv", "", ""]),
        Finding::warning(Topic::Docker, "this user may not use Docker's socket /var/run/docker.sock; lab-01 needs it")
            .advise("become a member of its group, then log out and in again")
            .command("sudo usermod -aG docker $USER"),
        Finding::ok(Topic::Terminal, "a \u{1b}[31mred\u{1b}[0m word"),
    ];
    Diagnosis::of(None, findings)
}

fn page(width: usize) -> String {
    render(&diagnosis(), &Style { width, ..Style::FILE })
}

#[test]
fn eighty_columns() {
    assert_eq!(
        page(80),
        "\
What this machine has for kgrade

✓ ok       Java            17.0.15 at /usr/lib/jvm/java-17/bin/java (PATH)
✗ missing  Python          no Python 3.9 or newer is on PATH
                           $ sudo apt-get install python3 python3-venv
! warning  Docker          this user may not use Docker's socket
                           /var/run/docker.sock; lab-01 needs it
                           become a member of its group, then log out and in
                           again
                           $ sudo usermod -aG docker $USER
✓ ok       terminal        a red word

Not yet: 1 thing is missing; 1 warning on things that it can do without. Mend it
as said above, and run this again.
"
    );
}

#[test]
fn forty_four_columns() {
    assert_eq!(
        page(44),
        "\
What this machine has for kgrade

✓ ok       Java
    17.0.15 at /usr/lib/jvm/java-17/bin/java
    (PATH)
✗ missing  Python
    no Python 3.9 or newer is on PATH
    $ sudo apt-get install python3 python3-venv
! warning  Docker
    this user may not use Docker's socket
    /var/run/docker.sock; lab-01 needs it
    become a member of its group, then log
    out and in again
    $ sudo usermod -aG docker $USER
✓ ok       terminal
    a red word

Not yet: 1 thing is missing; 1 warning on
things that it can do without. Mend it as
said above, and run this again.
"
    );
}

#[test]
fn usable_with_and_without_warnings() {
    let mut diagnosis = diagnosis();
    diagnosis.findings.remove(1);
    let style = Style { width: 100, ..Style::FILE };
    let said = |diagnosis: &Diagnosis| render(diagnosis, &style).lines().last().unwrap().to_owned();
    assert_eq!(said(&diagnosis), "kgrade can be used here; 1 warning on things that it can do without.");
    diagnosis.findings.remove(1);
    diagnosis.lab = Some("lab-02".to_owned());
    assert_eq!(said(&diagnosis), "kgrade can be used here.");
    assert!(render(&diagnosis, &style).starts_with("What this machine has for kgrade for lab-02\n"));
}

#[test]
fn the_json_fits_its_schema() {
    let value: Value = serde_json::from_str(&json(&diagnosis()).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema()).unwrap();
    assert!(validator.is_valid(&value), "{:?}", validator.iter_errors(&value).map(|error| error.to_string()).collect::<Vec<_>>());
    assert_eq!((&value["usable"], &value["findings"][1]["state"]), (&json!(false), &json!("missing")));
    assert!(!validator.is_valid(&json!({ "schema": SCHEMA })), "the schema asks for something");
}
