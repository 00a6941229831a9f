//! Hundreds of like things as one, and one by one near the moment of the mistake.

use super::{Item, Lane};

/// So many things of a lane are drawn one by one in any case.
const SINGLY: usize = 40;
/// So many around the moment are drawn one by one in a longer lane.
const NEAR: usize = 12;
/// What lies further apart is not drawn as one, in nanoseconds.
const TOGETHER: u64 = 1_000_000_000;
/// So many are kept in the end.
pub const MOST: usize = 150;

/// Draws what is usual and far from the moment together, and drops what is too much, counting it.
pub fn thin(lane: &mut Lane, moment: Option<u64>) {
    if lane.items.len() > SINGLY {
        let near = nearest(&lane.items, moment, NEAR);
        let mut together: Vec<Item> = Vec::new();
        // Deliveries and commits take turns: each finds the last of its own look.
        let mut open: Vec<(super::Look, usize, String)> = Vec::new();
        for (place, item) in std::mem::take(&mut lane.items).into_iter().enumerate() {
            if !item.look.is_usual() || near.contains(&place) {
                // Nothing is drawn together across what stands alone, so that the order stays.
                open.retain(|(look, ..)| look.is_commit() != item.look.is_commit());
                together.push(item);
                continue;
            }
            open.retain(|(look, ..)| *look == item.look || look.is_commit() != item.look.is_commit());
            let last = open.iter().find(|(look, ..)| *look == item.look).cloned();
            match last.and_then(|(_, at, first)| together.get_mut(at).map(|last| (last, first))) {
                Some((last, first)) if item.from.saturating_sub(last.to) <= TOGETHER => {
                    last.to = last.to.max(item.to);
                    last.count += item.count;
                    (last.label, last.words) = item.look.many(last.count, &first, &item.label);
                }
                _ => {
                    open.retain(|(look, ..)| *look != item.look);
                    open.push((item.look, together.len(), item.label.clone()));
                    together.push(item);
                }
            }
        }
        lane.items = together;
    }
    if lane.items.len() > MOST {
        let kept = nearest(&lane.items, moment, MOST);
        lane.more += (lane.items.len() - kept.len()) as u64;
        let mut place = 0;
        lane.items.retain(|_| {
            place += 1;
            kept.contains(&(place - 1))
        });
    }
}

/// The places of those nearest to the moment, the unusual ones first; of the first ones when there is no moment.
fn nearest(items: &[Item], moment: Option<u64>, count: usize) -> std::collections::HashSet<usize> {
    let distance = |item: &Item| {
        let moment = moment.unwrap_or(0);
        if item.from <= moment && moment <= item.to { 0 } else { item.from.abs_diff(moment).min(item.to.abs_diff(moment)) }
    };
    let mut order: Vec<(bool, u64, usize)> =
        items.iter().enumerate().map(|(place, item)| (item.look.is_usual(), distance(item), place)).collect();
    order.sort_unstable();
    order.into_iter().take(count).map(|(_, _, place)| place).collect()
}
