//! Batches that go on: what is graded and has not changed is not graded again.

use std::fs;

use kgrade::report::cohort::State;

use crate::hall::{Hall, LAB, names};

#[test]
fn every_kind_of_submission_gets_its_own_result() {
    let hall = Hall::new(&[
        ("ada", "right"),
        ("bob", "wrong"),
        ("crash", "crash"),
        ("eve", "right"),
        ("hang", "hang"),
        ("java", "broken-twice"),
        ("liar", "liar"),
        ("once", "once"),
    ]);
    fs::create_dir(hall.path("cohort/empty")).unwrap();
    let said = hall.ends(hall.batch(&["--limit", "5s", "--workers", "3"]), 5);
    assert!(said.contains("lab-02: 4 of 9 submissions graded, 5 not graded\n"), "{said}");
    assert!(said.contains("ada: 100 of 100 points"), "{said}");
    let told = hall.told("out");
    let why = |id: &str| told[id].2.as_str();
    for (id, score) in [("ada", 100), ("eve", 100), ("once", 100)] {
        assert_eq!(told[id], (State::Graded, Some(score), String::new()), "{id}");
    }
    assert_eq!(told["bob"].0, State::Graded);
    for (id, reason) in [
        ("crash", "was ended by signal 9"),
        ("hang", "was not done after 5.0 s and was ended"),
        ("liar", "its result cannot be taken"),
        ("empty", "holds no files"),
    ] {
        assert!(told[id].0 == State::Error && why(id).contains(reason), "{id}: {}", why(id));
    }
    // Tried twice, and both reasons are kept.
    assert!(why("java").contains("there is no Java") && why("java").contains("; then: there is no Java"), "{}", why("java"));
    let gradings = hall.gradings();
    assert_eq!((gradings["ada"], gradings["crash"], gradings["hang"], gradings["once"]), (1, 2, 1, 2));

    // What is written for each.
    assert_eq!(
        names(&hall.path("out")),
        [".hand", ".lock", "cohort.html", "cohort.json", "evidence", "gradebook.csv", "journal.jsonl", "results"]
    );
    assert_eq!(names(&hall.path("out/results")).len(), 9);
    assert_eq!(names(&hall.path("out/results/ada")), ["evidence.jsonl.gz", "report.html", "result.json"]);
    assert_eq!(names(&hall.path("out/results/hang")), ["not-graded.txt"]);
    assert!(names(&hall.path("out/.hand")).is_empty());
    let mut book = csv::Reader::from_path(hall.path("out/gradebook.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = book.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 9);
    assert_eq!(rows.iter().filter(|row| row[4].is_empty()).count(), 5, "five without a grade");
    let page = fs::read_to_string(hall.path("out/cohort.html")).unwrap();
    assert!(page.contains("results/ada/report.html") && page.contains("was ended by signal 9"));
    hall.assert_clean();
}

#[test]
fn only_what_changed_is_graded_again() {
    let hall = Hall::new(&[("ada", "right"), ("bob", "wrong"), ("cy", "crash"), ("hang", "hang")]);
    let limit = ["--limit", "5s"];
    hall.ends(hall.batch(&limit), 5);
    let refused = hall.ends(hall.batch(&limit), 2);
    assert!(refused.contains("holds results already; add --resume to go on there"), "{refused}");
    let resume = |words: &[&str]| hall.batch(&[&limit[..], &["--resume"], words].concat());
    let again = |since: &std::collections::BTreeMap<String, usize>| -> Vec<String> {
        hall.gradings().into_iter().filter(|(id, count)| since.get(id) != Some(count)).map(|(id, _)| id).collect()
    };
    let before = hall.gradings();
    let first = hall.told("out");
    let said = hall.ends(resume(&[]), 5);
    // A crash need not be the submission's fault; a hang is.
    assert_eq!(again(&before), ["cy"], "{said}");
    assert_eq!(hall.told("out"), first);

    let before = hall.gradings();
    hall.write("cohort/bob/how", "right");
    hall.write("cohort/cy/how", "right");
    hall.ends(resume(&[]), 5);
    assert_eq!(again(&before), ["bob", "cy"]);
    assert_eq!(hall.told("out")["bob"].1, Some(100));

    let before = hall.gradings();
    hall.ends(resume(&["--again"]), 5);
    assert_eq!(again(&before), ["hang"], "those without a grade, and no others");

    let before = hall.gradings();
    fs::remove_file(hall.path("out/results/ada/result.json")).unwrap();
    let result = hall.path("out/results/cy/result.json");
    fs::write(&result, fs::read_to_string(&result).unwrap().replace("\"score\": 100", "\"score\": 99")).unwrap();
    hall.ends(resume(&[]), 5);
    assert_eq!(again(&before), ["ada", "cy"], "what is not there as the journal tells is graded again");

    let before = hall.gradings();
    hall.write("late.yaml", "{ kgrade: 1, labs: { lab-02: { due: 2020-01-01T00:00:00Z } } }");
    hall.ends(resume(&["--late", "late.yaml", "--only-ids", "ada"]), 5);
    assert_eq!(again(&before), ["ada"], "other rules, but only for those that were named");
    assert_eq!(hall.cohort("out").submissions.len(), 4, "the others are in the books all the same");

    fs::remove_dir_all(hall.path("cohort/cy")).unwrap();
    fs::remove_dir_all(hall.path("cohort/hang")).unwrap();
    let before = hall.gradings();
    let said = hall.ends(resume(&["--late", "late.yaml"]), 0);
    assert_eq!(again(&before), ["bob"]);
    assert!(said.contains("2 submissions that were graded before are not in the cohort any more"), "{said}");
}

#[test]
fn a_lab_that_has_changed_is_told_of_and_grades_anew() {
    let hall = Hall::new(&[("ada", "right"), ("bob", "wrong")]);
    let batch = |words: &[&str]| {
        let mut command = hall.kgrade(&["batch", "./lab.yaml", "cohort", "--out", "out", "--sandbox=none", "--kgrade"]);
        command.arg(hall.path("stand-in")).args(words);
        command
    };
    hall.write("lab.yaml", LAB);
    hall.ends(batch(&[]), 0);
    let said = hall.ends(batch(&["--resume"]), 0);
    assert!(!said.contains("has changed") && hall.gradings()["ada"] == 1, "{said}");
    hall.write("lab.yaml", LAB.replace("Let it end.", "Let it end well."));
    let said = hall.ends(batch(&["--resume"]), 0);
    assert!(said.contains("lab-90 has changed since") && said.contains("out/evidence again"), "{said}");
    assert_eq!(hall.gradings(), [("ada".to_owned(), 2), ("bob".to_owned(), 2)].into());
}

#[test]
fn a_table_says_where_the_work_is_and_when_it_is_due() {
    let hall = Hall::new(&[("a", "right"), ("b", "right")]);
    hall.write(
        "roster.csv",
        "\u{feff}id;name;path;due\r\nada;\"Lovelace; Ada\";cohort/a;2020-01-01T00:00:00Z\r\nbob;Bob;cohort/b;\r\ngone;;cohort/gone;\r\n",
    );
    let mut command = hall.kgrade(&["batch", "lab-02", "roster.csv", "--out", "out", "--sandbox=none", "--quiet", "--kgrade"]);
    command.arg(hall.path("stand-in"));
    let said = hall.ends(command, 5);
    assert!(said.contains("gone: there is no folder") && !said.contains("1/3"), "{said}");
    let cohort = hall.cohort("out");
    assert_eq!(cohort.submissions[0].name.as_deref(), Some("Lovelace; Ada"));
    assert_eq!(cohort.submissions.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(), ["ada", "bob", "gone"]);

    hall.write("roster.csv", "id,path\nada,x\nada,y\nbob,\n");
    let said = hall.ends(hall.kgrade(&["batch", "lab-02", "roster.csv", "--out", "new"]), 2);
    assert!(said.contains("line 3: `ada` is there twice") && said.contains("line 4: bob: there is neither a path nor a url"), "{said}");
    assert!(!hall.path("new").exists(), "nothing was begun");
    hall.write("roster.csv", "id,path,extension\nada,cohort/a,2d\n");
    let said = hall.ends(hall.kgrade(&["batch", "lab-02", "roster.csv", "--out", "new"]), 2);
    assert!(said.contains("ada has an extension, but nothing says when lab-02 is due"), "{said}");
}

#[test]
fn one_reason_for_all_stops_the_batch_early() {
    let ids: Vec<String> = (0..40).map(|n| format!("s{n:02}")).collect();
    let submissions: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "broken-twice")).collect();
    let hall = Hall::new(&submissions);
    let said = hall.ends(hall.batch(&["--workers", "2"]), 3);
    assert!(said.contains("could not be graded for one reason: there is no Java"), "{said}");
    assert!(hall.journal("out").records.len() < 12, "it did not try all");
    for id in &ids {
        hall.write(&format!("cohort/{id}/how"), "right");
    }
    hall.ends(hall.batch(&["--workers", "4", "--resume"]), 0);
    assert_eq!(hall.told("out").values().filter(|told| told.0 == State::Graded).count(), 40);
}

#[test]
fn a_full_disk_stops_the_batch_in_words() {
    let hall = Hall::new(&[("ada", "right")]);
    let said = hall.ends(hall.batch(&["--keep-free", "999999999"]), 3);
    assert!(said.contains("MiB are free in") && said.contains("make room, then go on with --resume"), "{said}");
    assert_eq!(hall.told("out")["ada"].0, State::Open);
    hall.ends(hall.batch(&["--resume"]), 0);
}

#[test]
fn another_lab_or_shard_needs_another_folder() {
    let hall = Hall::new(&[("ada", "right")]);
    hall.ends(hall.batch(&[]), 0);
    let said = hall.ends(hall.kgrade(&["batch", "lab-01", "cohort", "--out", "out", "--resume"]), 2);
    assert!(said.contains("holds the results of lab-02"), "{said}");
    let said = hall.ends(hall.batch(&["--resume", "--shard", "1/2"]), 2);
    assert!(said.contains("holds the results of the whole cohort"), "{said}");
    let said = hall.ends(hall.batch(&["--resume", "--only-ids", "adda"]), 2);
    assert!(said.contains("did you mean `ada`?"), "{said}");
    let said = hall.ends(hall.batch(&["--resume", "--only", "topik"]), 2);
    assert!(said.contains("there is no check and no tag `topik`"), "{said}");
}

#[test]
fn results_among_the_submissions_are_no_submission() {
    let hall = Hall::new(&[("ada", "right")]);
    let batch = |resume: &[&str]| {
        let mut command = hall.kgrade(&["batch", "lab-02", "cohort", "--sandbox=none", "--out", "cohort/results", "--kgrade"]);
        command.arg(hall.path("stand-in")).args(resume);
        command
    };
    hall.ends(batch(&[]), 0);
    let said = hall.ends(batch(&["--resume"]), 0);
    assert!(said.contains("1 of 1 submission graded"), "{said}");
    assert_eq!(hall.gradings()["ada"], 1);
}
