//! `kgrade doctor`, as somebody types it.

use serde_json::Value;

use crate::desk::Desk;

/// Java and Python that say what good ones say.
fn equip(desk: &Desk) {
    desk.script("java", "echo 'openjdk version \"21.0.2\" 2024-01-16' >&2");
    let python = desk.path("bin/python3").display().to_string();
    let about = format!(r#"{{"executable": "{python}", "version": [3, 12, 1], "tag": "t", "platform": "p", "machine": "m"}}"#);
    desk.script("python3", &format!("case \"$*\" in *find_spec*) echo '[true, true, false, true]' ;; *) echo '{about}' ;; esac"));
}

#[test]
fn a_machine_with_nothing_is_not_usable_and_told_how_to_be() {
    let desk = Desk::new();
    let said = desk.kgrade(&["doctor"]);
    assert_eq!(said.code, Some(3), "{}{}", said.stdout, said.stderr);
    for words in ["✗ missing  Java ", "✗ missing  Python ", "! warning  Docker ", "Not yet: 2 things are missing"] {
        assert!(said.stdout.contains(words), "`{words}` is not in: {}", said.stdout);
    }
    assert!(!desk.path("cache").exists(), "who only looks writes nothing");
    assert_eq!(std::fs::read_dir(desk.path("temporary")).unwrap().count(), 0);
}

#[test]
fn what_is_needed_is_there() {
    let desk = Desk::new();
    equip(&desk);
    let said = desk.kgrade(&["doctor", "--json"]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    let diagnosis: Value = serde_json::from_str(&said.stdout).unwrap();
    let schema: Value = serde_json::from_str(include_str!("../../checks/schema/doctor.v1.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&diagnosis), "{:?}", validator.iter_errors(&diagnosis).map(|error| error.to_string()).collect::<Vec<_>>());
    assert_eq!((&diagnosis["usable"], &diagnosis["lab"]), (&Value::Bool(true), &Value::Null));
    let found = |topic: &str| diagnosis["findings"].as_array().unwrap().iter().find(|finding| finding["topic"] == topic).unwrap().clone();
    assert_eq!(
        (&found("java")["state"], &found("kafka")["state"], &found("docker")["state"]),
        (&"ok".into(), &"warning".into(), &"warning".into())
    );
}

#[test]
fn a_lab_needs_less() {
    let desk = Desk::new();
    equip(&desk);
    let said = desk.kgrade(&["doctor", "--lab", "lab-02"]);
    assert!(said.code == Some(0) && !said.stdout.contains("Docker"), "{}", said.stdout);
    let said = desk.kgrade(&["doctor", "--lab", "lab-01"]);
    assert!(said.code == Some(3) && said.stdout.contains("✗ missing  Docker") && !said.stdout.contains("Java"), "{}", said.stdout);
    let said = desk.kgrade(&["doctor", "--lab", "lab-2"]);
    assert!(said.code == Some(2) && said.stderr.contains("did you mean `lab-02`?"), "{}", said.stderr);
}
