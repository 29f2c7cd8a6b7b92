//! What the node knows at a moment of a replay.
use crate::program::times::{Calendar, on_calendar};
use crate::{
    MemberInfo,
    program::console::{self, Table},
};
use gossip_core::{Heap, Instant, Node};
use serde_json::{Map, Value, json};

/// For people.
pub(super) fn text(node: &Node<Heap>, number: u64, at: Instant) -> String {
    let me = node.me();
    let agreement = node.agreement();
    let agreed = agreement.since.map_or_else(
        || format!("{} of {} live members are known to agree", agreement.agreeing, agreement.live),
        |since| format!("all {} live members agree, since {}", agreement.live, Calendar(on_calendar(node, since))),
    );
    let mut rows = vec![
        ("id", me.id.to_string()),
        ("life", me.generation.to_string()),
        ("incarnation", me.incarnation.to_string()),
        ("agreement", agreed),
        ("entries held", node.entries(b"").count().to_string()),
    ];
    rows.extend(node.usage().rows().map(|(region, used, limit)| (region, format!("{used} of {limit}"))));
    rows.extend(node.stats().rows().filter(|(_, count)| *count > 0).map(|(name, count)| (name, count.to_string())));
    format!(
        "\nthe node after moment {number}, at {}\n{}\n\n{}",
        Calendar(on_calendar(node, at)),
        console::rows(&rows),
        members(node)
    )
}

/// For machines.
pub(super) fn json(node: &Node<Heap>, number: u64, at: Instant) -> Value {
    let agreement = node.agreement();
    let usage = node.usage();
    let usage = usage.rows().map(|(region, used, limit)| (region.to_owned(), json!({"used": used, "limit": limit})));
    let stats = node.stats().rows().map(|(name, count)| (name.to_owned(), count.into()));
    json!({
        "number": number,
        "at_us": at.as_micros(),
        "kind": "state",
        "members": MemberInfo::all(node),
        "entries": node.entries(b"").count(),
        "agreement": {
            "agreeing": agreement.agreeing,
            "live": agreement.live,
            "since_us": agreement.since.map(Instant::as_micros),
            "behind": agreement.behind,
        },
        "usage": usage.collect::<Map<String, Value>>(),
        "stats": stats.collect::<Map<String, Value>>(),
    })
}

fn members(node: &Node<Heap>) -> Table {
    let mut table = Table::new(&["NAME", "ADDRESS", "STATUS", "SINCE", "LAST-HEARD", "INCARNATION"]);
    let views = core::iter::once(node.me()).chain(node.members());
    let mut views: Vec<_> = views.collect();
    views.sort_by_key(|view| view.id);
    for view in views {
        let heard = view.heard_at.map_or_else(|| "-".to_owned(), |at| Calendar(on_calendar(node, at)).to_string());
        table.row([
            super::frames::Names(node).of(view.id),
            view.addr.to_string(),
            view.liveness.to_string(),
            Calendar(on_calendar(node, view.since)).to_string(),
            heard,
            view.incarnation.to_string(),
        ]);
    }
    table
}
