use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;
use crate::world::folder::{OWNER, PrivateFolder};
use crate::world::guard::Guard;
use crate::world::owner;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A cache with one of each, and a folder for temporary files beside it.
struct Machine {
    root: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { root: tempfile::tempdir().unwrap() };
        for (path, text) in [
            ("cache/kafka/lock", ""),
            ("cache/kafka/4.3.1/manifest.json", "{}"),
            ("cache/kafka/4.3.1/libs/a.jar", "12345678"),
            ("cache/kafka/java/manifest.json", "{}"),
            ("cache/kafka/images/00ff/manifest.json", "{}"),
            ("cache/kafka/tmp-abc/half", "1"),
            (&format!("cache/python/{KEY}.lock"), ""),
            (&format!("cache/python/{KEY}.seal"), &format!("{{\"folder\":\"{KEY}-whole1\",\"entries\":1,\"bytes\":3}}")),
            (&format!("cache/python/{KEY}-whole1/a"), "abc"),
            (&format!("cache/python/{KEY}-half12/a"), "a"),
            ("temporary/kgrade-run-1/.kgrade-owner", "x"),
        ] {
            machine.write(path, text);
        }
        machine
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn cache(&self) -> CacheDir {
        CacheDir::new(self.path("cache"))
    }

    fn look(&self) -> Stock {
        look(&self.cache(), &self.path("temporary"))
    }

    /// Kinds, names and sizes.
    fn told(&self) -> Vec<(What, String, u64)> {
        self.look().items.into_iter().map(|item| (item.what, item.name, item.bytes)).collect()
    }

    fn item(&self, what: What) -> Item {
        self.look().items.into_iter().find(|item| item.what == what).unwrap()
    }
}

/// The owner's line of a process that is gone.
fn dead() -> String {
    let own = owner::this_process();
    let words: Vec<_> = own.splitn(3, ' ').collect();
    format!("{} {} another-boot 17", words[0], words[1])
}

#[test]
fn everything_is_found_with_its_size() {
    let machine = Machine::new();
    let told = [
        (What::Kafka, "4.3.1", 10),
        (What::Images, "00ff", 2),
        (What::Java, "java", 2),
        (What::Python, "0123456789ab", 3),
        (What::Leftovers, "not finished", 1),
        (What::Leftovers, "tmp-abc", 1),
    ];
    assert_eq!(machine.told(), told.map(|(what, name, bytes)| (what, name.to_owned(), bytes)));
    assert_eq!(machine.look().strangers, Vec::<String>::new());
}

#[test]
fn what_is_removed_is_gone_and_nothing_else() {
    let machine = Machine::new();
    let cache = machine.cache();
    for item in machine.look().items {
        assert!(remove(&cache, &item).unwrap(), "{item:?}");
        assert!(!item.path.exists(), "{item:?}");
    }
    assert_eq!(machine.told(), []);
    let names = |path: &str| {
        let mut names: Vec<_> = fs::read_dir(machine.path(path)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names("cache/kafka"), ["images", "lock"]);
    assert_eq!(names("cache/python"), [format!("{KEY}.lock").as_str()]);
    assert_eq!(names("temporary"), ["kgrade-run-1"], "nobody knows whose that is");
}

#[test]
fn what_is_in_use_stays() {
    let machine = Machine::new();
    let cache = machine.cache();
    let (kafka, python) = (machine.item(What::Kafka), machine.item(What::Python));
    let folder = File::open(cache.kafka()).unwrap();
    folder.lock_shared().unwrap();
    let lock = File::open(machine.path(&format!("cache/python/{KEY}.lock"))).unwrap();
    lock.lock_shared().unwrap();
    assert!(machine.look().items.iter().all(|item| item.in_use));
    assert!(!remove(&cache, &kafka).unwrap() && !remove(&cache, &python).unwrap());
    drop((folder, lock));
    // One that is changing the cache now.
    let lock = File::open(cache.kafka().join("lock")).unwrap();
    lock.lock().unwrap();
    assert!(machine.item(What::Kafka).in_use && !machine.item(What::Python).in_use);
    assert!(!remove(&cache, &kafka).unwrap());
    drop(lock);
    assert!(remove(&cache, &kafka).unwrap() && remove(&cache, &python).unwrap());
}

#[test]
fn what_is_not_kgrades_stays() {
    let root = tempfile::tempdir().unwrap();
    let home = |path: &str| root.path().join(path);
    // As if KGRADE_CACHE were somebody's home folder.
    for folder in ["kafka/4.3.1/libs", "kafka/images/photos", "kafka/java", "python/project-one", "prepared/meals", "work"] {
        fs::create_dir_all(home(folder)).unwrap();
        fs::write(home(folder).join("mine"), "mine").unwrap();
    }
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("manifest.json"), "{}").unwrap();
    symlink(elsewhere.path(), home("kafka/9.9.9")).unwrap();
    let stock = look(&CacheDir::new(root.path()), &home("work"));
    assert_eq!(stock.items, []);
    assert_eq!(stock.strangers.len(), 4, "{:?}", stock.strangers);
    assert!(stock.strangers.iter().all(|stranger| stranger.ends_with("it stays")), "{:?}", stock.strangers);
    // A place of the cache that is a link.
    let linked = tempfile::tempdir().unwrap();
    symlink(Machine::new().path("cache/kafka"), linked.path().join("kafka")).unwrap();
    let machine = Machine::new();
    symlink(machine.path("cache/python"), linked.path().join("python")).unwrap();
    let stock = look(&CacheDir::new(linked.path()), &home("work"));
    assert_eq!((stock.items.len(), stock.strangers.len()), (0, 1), "{stock:?}");
}

#[test]
fn a_half_broken_cache_is_looked_at_all_the_same() {
    let machine = Machine::new();
    machine.write("cache/kafka/4.3.1/manifest.json", "{");
    machine.write(&format!("cache/python/{KEY}.seal"), "nonsense");
    fs::remove_file(machine.path("cache/kafka/lock")).unwrap();
    fs::write(machine.path("cache/prepared"), "a file where a folder should be").unwrap();
    let stock = machine.look();
    let cache = machine.cache();
    assert_eq!(stock.items.iter().filter(|item| item.what == What::Leftovers).count(), 3, "without a seal nothing is whole: {stock:?}");
    assert_eq!(stock.strangers.len(), 1);
    for item in stock.items {
        assert!(remove(&cache, &item).unwrap(), "{item:?}");
    }
    let nothing = look(&CacheDir::new(machine.path("nowhere")), &machine.path("nowhere"));
    assert_eq!(nothing, Stock::default());
}

#[test]
fn folders_of_dead_runs_are_leftovers_and_those_of_living_ones_are_not() {
    let machine = Machine::new();
    let temporary = machine.path("temporary");
    fs::create_dir(machine.path("other")).unwrap();
    let run = |name: &str, text: &str| machine.write(&format!("temporary/{name}/{OWNER}"), text);
    run("kgrade-run-2", &dead());
    run("kgrade-broker-3", &owner::this_process());
    run("kgrade-run-elsewhere", "elsewhere/pid:[1] 17 another-boot 17");
    run("somebody-elses-4", &dead());
    machine.write("other/.kgrade-owner", &dead());
    symlink(machine.path("other"), temporary.join("kgrade-cell-5")).unwrap();
    let lured = temporary.join("kgrade-run-6");
    fs::create_dir(&lured).unwrap();
    symlink(temporary.join("kgrade-run-2").join(OWNER), lured.join(OWNER)).unwrap();
    let left: Vec<_> = machine.look().items.into_iter().filter(|item| item.path.starts_with(&temporary)).collect();
    assert_eq!(left.iter().map(|item| item.name.as_str()).collect::<Vec<_>>(), ["kgrade-run-2"]);
    assert!(remove(&machine.cache(), &left[0]).unwrap());
    let mine = PrivateFolder::make(&Guard::none(), "kgrade-run-").unwrap();
    assert!(!temporary::remove(mine.path()).unwrap(), "its owner lives");
    assert!(mine.path().exists());
}

#[test]
fn what_is_meant() {
    let now = SystemTime::now();
    let item = |what, used: Option<Duration>| Item {
        what,
        name: String::new(),
        path: Path::new("/").to_owned(),
        bytes: 0,
        last_use: used.map(|ago| now - ago),
        in_use: false,
    };
    let old = Choice { what: vec![What::Java], older_than: Some(30 * DAY) };
    for (item, meant) in [
        (item(What::Java, Some(31 * DAY)), true),
        (item(What::Java, Some(29 * DAY)), false),
        (item(What::Java, None), false),
        (item(What::Kafka, Some(31 * DAY)), false),
    ] {
        assert_eq!(old.means(&item, now), meant, "{item:?}");
        assert!(Choice::default().means(&item, now));
    }
    let future = Item { last_use: Some(now + DAY), ..item(What::Java, None) };
    assert!(!old.means(&future, now), "a clock that went back makes nothing old");
}
