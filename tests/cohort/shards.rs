//! A cohort that is cut into parts and put together again.

use std::fs;

use kgrade::report::cohort::State;

use crate::hall::{Hall, names};

fn hall() -> Hall {
    let ids: Vec<String> = (0..24).map(|n| format!("s{n:02}")).collect();
    let submissions: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), if id.ends_with('7') { "wrong" } else { "right" })).collect();
    Hall::new(&submissions)
}

fn shard(hall: &Hall, nth: usize) {
    let (out, shard) = (format!("part-{nth}"), format!("{nth}/3"));
    let mut command = hall.kgrade(&["batch", "lab-02", "cohort", "--sandbox=none", "--out", &out, "--shard", &shard, "--kgrade"]);
    command.arg(hall.path("stand-in"));
    hall.ends(command, 0);
}

#[test]
fn shards_come_together_as_one_batch_would_have_done() {
    let hall = hall();
    for nth in 1..=3 {
        shard(&hall, nth);
        assert_eq!(hall.cohort(&format!("part-{nth}")).shards, [format!("{nth}/3")]);
    }
    assert_eq!(hall.gradings().values().sum::<usize>(), 24, "each is in one shard");
    let said = hall.ends(hall.kgrade(&["merge", "--out", "two", "part-1", "part-3"]), 5);
    assert!(said.contains("shard 2/3 is missing"), "{said}");
    let said = hall.ends(hall.kgrade(&["merge", "--out", "all", "part-2", "part-3", "part-1"]), 0);
    assert!(said.contains("24 of 24 submissions graded") && !said.contains("missing"), "{said}");
    hall.ends(hall.batch(&[]), 0);
    assert_eq!(hall.told("all"), hall.told("out"));
    assert_eq!(names(&hall.path("all/results")), names(&hall.path("out/results")));
    let book = |out: &str| fs::read_to_string(hall.path(out).join("gradebook.csv")).unwrap();
    assert_eq!(book("all"), book("out"));
    // A merge that is done again changes nothing, and what is merged can be gone on with.
    hall.ends(hall.kgrade(&["merge", "--resume", "--out", "all", "part-1", "part-2", "part-3"]), 0);
    assert_eq!(fs::read_to_string(hall.path("all/journal.jsonl")).unwrap().matches("\"done\"").count(), 24);
}

#[test]
fn what_was_graded_twice_is_named() {
    let hall = hall();
    shard(&hall, 1);
    hall.ends(hall.batch(&[]), 0);
    hall.ends(hall.kgrade(&["merge", "--out", "same", "part-1", "out"]), 0);
    let id = hall.cohort("part-1").submissions[0].id.clone();
    hall.write(&format!("cohort/{id}/how"), "wrong");
    hall.ends(hall.batch(&["--resume"]), 0);
    let said = hall.ends(hall.kgrade(&["merge", "--out", "no", "part-1", "out"]), 2);
    assert!(said.contains("--newest takes the newer one") && said.contains(&format!("{id} in part-1 and in out")), "{said}");
    // The clock of a journal counts in seconds.
    let path = hall.path("part-1/journal.jsonl");
    let older: String = fs::read_to_string(&path).unwrap().replace("\"at\":1", "\"at\":0");
    fs::write(&path, older).unwrap();
    hall.ends(hall.kgrade(&["merge", "--newest", "--out", "new", "part-1", "out"]), 0);
    assert_ne!(hall.told("new")[&id].1, Some(100));
}

#[test]
fn damaged_parts_are_refused() {
    let hall = hall();
    shard(&hall, 1);
    let said = hall.ends(hall.kgrade(&["merge", "--out", "new", "part-1", "cohort"]), 2);
    assert!(said.contains("name folders that `kgrade batch --out` has written"), "{said}");
    let entry = &hall.cohort("part-1").submissions[0];
    assert_eq!(entry.state, State::Graded);
    fs::write(hall.path(&format!("part-1/results/{}/result.json", entry.id)), "{}").unwrap();
    let said = hall.ends(hall.kgrade(&["merge", "--out", "new", "part-1"]), 2);
    assert!(said.contains("are not those that the journal beside them tells of"), "{said}");
}
