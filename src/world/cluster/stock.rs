//! What the Kafka part of the cache holds, for `kgrade clean`.

use std::fs;
use std::io;
use std::path::Path;

use super::cache::{CacheDir, SCRATCH_PREFIX};
use super::manifest::Manifest;
use crate::world::clean::{Item, Stock, Users, What};
use crate::world::folder;

/// Adds what is there.
pub fn look(cache: &CacheDir, users: &Users, stock: &mut Stock) {
    let place = cache.kafka();
    if !folder::is_real(&place) {
        if place.exists() {
            stock.strangers.push(format!("{} is a link or a file: it stays", place.display()));
        }
        return;
    }
    // One that cannot be locked is left to those who may.
    let busy = !matches!(cache.have_kafka(), Ok(Some(_)));
    let mut add = |what: What, name: &str, path: &Path| match last_use(what, path) {
        Some(last_use) => {
            let (path, bytes, in_use) = (path.to_owned(), folder::bytes(path), busy || users.have(path));
            stock.items.push(Item { what, name: name.to_owned(), path, bytes, last_use: Some(last_use), in_use });
        }
        None => stock.strangers.push(format!("{} has no manifest of kgrade's, or is a link: it stays", path.display())),
    };
    for (name, path) in entries(&place) {
        match what(&name) {
            Some(what) => add(what, &name, &path),
            None if name == "images" && folder::is_real(&path) => {
                for (name, path) in entries(&path) {
                    add(What::Images, &name, &path);
                }
            }
            None => {}
        }
    }
}

/// Removes something of it; `false` when somebody uses it.
pub fn remove(cache: &CacheDir, path: &Path) -> io::Result<bool> {
    let Some(sole) = cache.have_kafka()? else { return Ok(false) };
    if Users::now().have(path) {
        return Ok(false);
    }
    cache.remove(&sole, path).map(|()| true)
}

/// What a name in the Kafka part of the cache stands for.
fn what(name: &str) -> Option<What> {
    match name {
        "java" => Some(What::Java),
        _ if name.starts_with(SCRATCH_PREFIX) => Some(What::Leftovers),
        _ if name.starts_with(|sign: char| sign.is_ascii_digit()) => Some(What::Kafka),
        _ => None,
    }
}

/// When it was used last; `None` when it is not kgrade's. What was being made has no manifest yet.
fn last_use(what: What, path: &Path) -> Option<std::time::SystemTime> {
    if !folder::is_real(path) {
        return None;
    }
    match what {
        What::Leftovers => fs::symlink_metadata(path).and_then(|meta| meta.modified()).ok(),
        _ => Manifest::last_use(path),
    }
}

fn entries(folder: &Path) -> Vec<(String, std::path::PathBuf)> {
    let all = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    all.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path())).collect()
}
