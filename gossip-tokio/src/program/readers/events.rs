//! `gossip monitor` and `gossip watch`: what happens, as it happens.
use super::views::{Text, Why};
use crate::program::{
    args::{MonitorArgs, Stop, WatchArgs},
    console,
    control::client::{Client, EventStream},
    failure::Failure,
};
use core::{pin::pin, time::Duration};
use serde_json::Value;
use std::time::SystemTime;

/// A notice that is not older when it comes needs no word on that.
const STALE: Duration = Duration::from_secs(2);

/// Follows everything.
pub(crate) async fn monitor(args: MonitorArgs) -> Result<(), Failure> {
    let client = Client::new(args.agent.addr);
    let events = client.events(args.replay.then_some(0)).await?;
    let form = if args.format.json { Form::Json } else { Form::Text };
    follow(&client, events, form, args.stop, |_| true).await
}

/// Follows changes of entries whose key starts with a prefix.
pub(crate) async fn watch(args: WatchArgs) -> Result<(), Failure> {
    let client = Client::new(args.agent.addr);
    let events = client.events(None).await?;
    let form = if args.format.json { Form::Json } else { Form::Text };
    follow(&client, events, form, args.stop, |event| is_change_under(event, &args.prefix)).await
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Json,
    Text,
}

/// Prints the events that are wanted, until there were enough or the agent ends.
async fn follow(
    client: &Client,
    mut events: EventStream,
    form: Form,
    stop: Stop,
    wanted: impl Fn(&Value) -> bool,
) -> Result<(), Failure> {
    console::note(format_args!("gossip: following {}; interrupt to stop", client.agent()));
    let mut left = stop.count.map_or(u64::MAX, core::num::NonZeroU64::get);
    let mut departed = false;
    let mut reader_gone = pin!(console::reader_gone());
    loop {
        let line = tokio::select! {
            line = events.next_line() => line?,
            () = &mut reader_gone => return Err(Failure::PipeClosed),
        };
        let Some(line) = line else { break };
        let event: Value = client.read(line.as_bytes())?;
        departed |= kind(&event) == "departed";
        // What was missed may have been wanted.
        if !wanted(&event) && kind(&event) != "missed" {
            continue;
        }
        match form {
            Form::Json => console::line(line)?,
            Form::Text => console::line(format_args!("{}  {}", clock_text(&event), sentence(&event)))?,
        }
        left -= 1;
        if left == 0 {
            return Ok(());
        }
    }
    if departed { Ok(()) } else { Err(Failure::refused(format!("the agent at {} has gone", client.agent()))) }
}

/// Says in words what an event tells.
pub(crate) fn sentence(event: &Value) -> String {
    let member = &event["member"];
    let (name, addr) = (text(&member["name"]), text(&member["addr"]));
    let number = |field: &str| event[field].as_u64().unwrap_or(0);
    let said = match kind(event) {
        "member_up" => format!("{name} at {addr} is up: {}{}", text(&event["arrival"]), lasted(event, " after ")),
        "member_updated" => format!("{name} at {addr} has changed what it says of itself"),
        "member_suspect" => {
            format!("{name} at {addr} is suspected{}{}", grounds(&member["why"], ": "), last_heard(member))
        }
        "member_refuted" => {
            let suspected = lasted(event, ", having been suspected for ");
            format!("{name} at {addr} answers after all{suspected}{}", grounds(&event["why"], ": "))
        }
        "member_down" => {
            let (how, suspected) = (text(&event["departure"]), lasted(event, ", having been suspected for "));
            format!("{name} at {addr} is gone: {how}{}{suspected}", grounds(&member["why"], ", "))
        }
        "name_conflict" => format!(
            "two living nodes go by the name of {name}, {} at {addr} and another at {}: rename one of the two; until \
            then, nobody claims agreement",
            if member["is_self"] == true { "this one" } else { "one" },
            text(&member["rival"])
        ),
        "name_conflict_over" => format!("only one living node goes by the name of {name} now, for all that is heard"),
        "path_len" => match &member["path"]["len"] {
            Value::Null => format!("datagrams of every length reach {name} at {addr} again"),
            len => format!(
                "datagrams longer than {len} bytes do not reach {name} at {addr}, or theirs us: shorter ones are sent"
            ),
        },
        "path_blocks" => format!(
            "{name} at {addr} has something for us that is too long for the path, which carries {} bytes: it is \
            missing here until somebody else has it for us, or the path carries more",
            member["path"]["len"]
        ),
        "alone" => "no other member is live; `gossip info` tells what has become of the seeds".to_owned(),
        "quarantined" => {
            "this node has quarantined itself: most of what it sends or is sent is lost, so the others count it \
            as gone; it returns by itself once its links are good: look at its network, and at what loads this machine"
                .to_owned()
        }
        "resumed" => {
            "this node takes part again: its links have been good for a while; nothing needs to be done".to_owned()
        }
        "seed_resolved" => {
            let itself = if event["is_self"] == true { ", where this node itself is" } else { "" };
            format!("the seed {} is at {}{itself}", text(&event["seed"]), addrs_text(&event["addrs"]))
        }
        "seed_unresolved" => {
            let (seed, reason) = (text(&event["seed"]), text(&event["reason"]));
            format!("the seed {seed} cannot be found, and is looked up again: {reason}")
        }
        "delivered" => {
            let urgency = if event["urgency"] == "critical" { "critical notice" } else { "notice" };
            format!("{urgency} by {}{}: {}", text(&event["publisher_name"]), aged(event), bytes_text(&event["payload"]))
        }
        "rumors_missed" => {
            let publisher = text(&event["publisher_name"]);
            format!("{} by {publisher} missed: nobody has them for us any more", counted(number("count"), "notice"))
        }
        "not_handed_over" => {
            let (writes, notices) = (counted(number("writes"), "write"), counted(number("rumors"), "notice"));
            format!("nobody is known to have the last of what this node said: {writes}, {notices}")
        }
        "changed" => {
            let (key, writer) = (bytes_text(&event["key"]), text(&event["writer_name"]));
            match &event["value"] {
                Value::Null => format!("{key} was deleted by {writer}"),
                value => format!("{key} = {} (by {writer})", bytes_text(value)),
            }
        }
        "converged" => format!("all {} live members agree", event["live"]),
        "diverged" => format!("{} of {} live members are known to agree", event["agreeing"], event["live"]),
        "save_failed" => format!("the data file cannot be written, and is tried again: {}", text(&event["reason"])),
        "recording_stopped" => format!("nothing is recorded any more: {}", text(&event["reason"])),
        "clock_skew" => clock_sentence(event),
        "departed" => "this node has left".to_owned(),
        "missed" => format!("{} events were missed: too many at once", event["count"]),
        _ => event.to_string(),
    };
    console::plain(&said)
}

fn clock_sentence(event: &Value) -> String {
    if event["standing"] == "right" {
        return "this machine's wall clock is right again, by most of the peers'".to_owned();
    }
    let skew = event["skew_ms"].as_i64().unwrap_or(0);
    format!(
        "this machine's wall clock is wrong: {} most of the peers'; set it, and see to its NTP",
        console::apart(skew)
    )
}

/// Which event it is.
pub(crate) fn kind(event: &Value) -> &str {
    event["event"].as_str().unwrap_or_default()
}

/// A key, value or payload of an event.
pub(crate) fn bytes_of(value: &Value) -> Option<Text> {
    serde_json::from_value(value.clone()).ok()
}

fn is_change_under(event: &Value, prefix: &str) -> bool {
    kind(event) == "changed" && bytes_of(&event["key"]).is_some_and(|key| key.bytes().starts_with(prefix.as_bytes()))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

/// On what grounds a member is suspected or gone, and whose finding that is, if there is any to be told.
fn grounds(why: &Value, before: &str) -> String {
    let why: Option<Why> = serde_json::from_value(why.clone()).ok().flatten();
    why.map(|why| format!("{before}{}", why.sentence())).unwrap_or_default()
}

/// How long a member had stood otherwise, where that is known.
fn lasted(event: &Value, before: &str) -> String {
    let after = event["after_ms"].as_u64().map(Duration::from_millis);
    after.map(|after| format!("{before}{}", console::short(after))).unwrap_or_default()
}

/// How long a member had been silent when it came to be suspected.
fn last_heard(member: &Value) -> String {
    let (since, heard) = (member["since_ms"].as_u64(), member["last_heard_ms"].as_u64());
    let silent = since.zip(heard).map(|(since, heard)| Duration::from_millis(since.saturating_sub(heard)));
    silent.map(|silent| format!("; last heard {} before", console::short(silent))).unwrap_or_default()
}

/// How old a notice was when it came, if it was not fresh.
fn aged(event: &Value) -> String {
    let age = event["age_ms"].as_f64().and_then(|ms| Duration::try_from_secs_f64(ms / 1_000.0).ok());
    let age = age.filter(|age| *age >= STALE);
    age.map(|age| format!(", {} old", console::age(age))).unwrap_or_default()
}

/// `1 notice`, `2 notices`.
pub(crate) fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn addrs_text(addrs: &Value) -> String {
    let addrs = addrs.as_array().into_iter().flatten().map(text);
    addrs.collect::<Vec<_>>().join(", ")
}

fn bytes_text(value: &Value) -> String {
    bytes_of(value).map_or_else(|| "?".to_owned(), console::excerpt)
}

/// When it happened, as the time of day (UTC).
fn clock_text(event: &Value) -> String {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(event["at_ms"].as_u64().unwrap_or(0));
    let ms = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis() % 86_400_000;
    format!("{:02}:{:02}:{:02}.{:03}Z", ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60, ms % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_are_put_into_words() {
        let up =
            json!({"event": "member_up", "arrival": "joined", "member": {"name": "a\u{7}", "addr": "127.0.0.1:1"}});
        assert_eq!(sentence(&up), "a\\u{7} at 127.0.0.1:1 is up: joined");
        let changed = json!({"event": "changed", "key": "motd", "value": {"hex": "00ff"}, "writer_name": "web-3"});
        assert_eq!(sentence(&changed), "motd = 0x00ff (by web-3)");
        let deleted = json!({"event": "changed", "key": "motd", "value": null, "writer_name": "web-3"});
        assert_eq!(sentence(&deleted), "motd was deleted by web-3");
    }

    #[test]
    fn notices_are_told_with_their_age_and_those_missed_with_their_publisher() {
        let notice = |age: f64| json!({"event": "delivered", "urgency": "critical", "publisher_name": "web-3", "payload": "fire", "age_ms": age});
        assert_eq!(sentence(&notice(400.5)), "critical notice by web-3: fire");
        assert_eq!(sentence(&notice(720_000.0)), "critical notice by web-3, 12m00s old: fire");
        let missed = json!({"event": "rumors_missed", "publisher": "0a", "publisher_name": "web-3", "count": 1});
        assert_eq!(sentence(&missed), "1 notice by web-3 missed: nobody has them for us any more");
        let left = json!({"event": "not_handed_over", "writes": 1, "rumors": 2});
        assert_eq!(sentence(&left), "nobody is known to have the last of what this node said: 1 write, 2 notices");
    }

    #[test]
    fn suspicions_are_told_with_their_grounds() {
        let why = json!({"by": "3", "by_name": "web-3", "cause": "loss", "observers": 1});
        let member = json!({
            "name": "a", "addr": "127.0.0.1:1", "why": why, "since_ms": 5_000, "last_heard_ms": 3_800,
        });
        let suspect = json!({"event": "member_suspect", "member": member});
        assert_eq!(sentence(&suspect), "a at 127.0.0.1:1 is suspected: lossy, says web-3; last heard 1.2s before");
        let down = json!({"event": "member_down", "departure": "failed", "after_ms": 2_300, "member": member});
        assert_eq!(
            sentence(&down),
            "a at 127.0.0.1:1 is gone: failed, lossy, says web-3, having been suspected for 2.3s"
        );
        let refuted = json!({"event": "member_refuted", "after_ms": 400, "why": why, "member": member});
        assert_eq!(
            sentence(&refuted),
            "a at 127.0.0.1:1 answers after all, having been suspected for 400ms: lossy, says web-3"
        );
        let skew = json!({"event": "clock_skew", "standing": "wrong", "skew_ms": -90_000});
        assert!(sentence(&skew).contains("wrong: 1m30s behind most"), "{}", sentence(&skew));
        for told in ["quarantined", "resumed"] {
            assert!(!sentence(&json!({"event": told})).contains('{'), "{told} is put into words");
        }
    }

    #[test]
    fn a_watch_sees_its_prefix_only() {
        let changed = json!({"event": "changed", "key": "config/motd", "value": "hi"});
        assert!(is_change_under(&changed, "config/") && is_change_under(&changed, ""));
        assert!(!is_change_under(&changed, "facts/"));
        assert!(!is_change_under(&json!({"event": "alone"}), ""));
    }

    #[test]
    fn the_time_of_day_is_read_off_the_event() {
        assert_eq!(clock_text(&json!({"at_ms": 86_400_000 + 3_723_004})), "01:02:03.004Z");
    }
}
