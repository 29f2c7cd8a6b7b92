//! `gossip info`.
use super::{
    entries::{entry_count, torn_off},
    events::counted,
    members::details,
    views::{Agreement, ClockSkew, DataFile, Info, Io, OtherVersion, Recording, Rows, Seed, since},
};
use crate::program::{
    args::InfoArgs,
    console::{self, age},
    control::client::Client,
    failure::Failure,
};
use core::time::Duration;
use gossip_core::wire::Header;

/// Shows all that an agent tells about itself.
pub(crate) async fn show(args: InfoArgs) -> Result<(), Failure> {
    let client = Client::new(args.agent.addr);
    let answer = client.get("/v1/info").await?;
    if args.format.json {
        return console::line(String::from_utf8_lossy(&answer));
    }
    let info: Info = client.read(&answer)?;
    let number = |(name, value): &(String, u64)| (name.clone(), value.to_string());
    let mut member: Vec<(String, String)> =
        details(&info.me).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    member.extend([
        ("cluster".to_owned(), format!("{} ({})", info.cluster_name, info.cluster)),
        ("running for".to_owned(), age(Duration::from_millis(info.uptime_ms))),
        ("agreement".to_owned(), agreement(&info.agreement)),
        ("wall clock".to_owned(), wall_clock(info.clock_skew)),
    ]);
    member.extend(notable(&info));
    member.extend(info.seeds.iter().map(|known| ("seed".to_owned(), seed(known))));
    member.extend([
        ("data file".to_owned(), data_file(&info.data_file)),
        ("recording".to_owned(), recording(&info.recording)),
    ]);
    section("member", &member)?;
    section("lengths, in bytes", &info.lengths.0.iter().map(number).collect::<Vec<_>>())?;
    let fill = info.usage.0.iter().map(|(name, fill)| (name.clone(), format!("{} of {}", fill.used, fill.limit)));
    section("usage", &fill.collect::<Vec<_>>())?;
    section("suspicions", &suspicions(&info.stats))?;
    section("io", &io_rows(&info.io))?;
    let counted = info.stats.0.iter().filter(|(_, count)| *count > 0);
    section("counters other than 0", &counted.map(number).collect::<Vec<_>>())
}

/// A title and what stands below it; nothing, where nothing would.
fn section(title: &str, rows: &[(String, String)]) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    console::line(title)?;
    console::line(console::rows(rows))
}

fn agreement(agreement: &Agreement) -> String {
    let Agreement { agreeing, live, since_ms, behind } = agreement;
    match since_ms {
        // With nobody to agree with, neither yes nor no says anything.
        _ if *live <= 1 => "nobody else is there".to_owned(),
        Some(at) => format!("all {live} live members agree, for {}", age(since(*at))),
        // That nothing is known to be lacking does not mean that the others have it all.
        None if *behind == 0 => format!("{agreeing} of {live} live members are known to agree"),
        None => {
            let lacking = counted(*behind, "write");
            format!("{agreeing} of {live} live members are known to agree; the others lack {lacking} that we know of")
        }
    }
}

/// How far the wall clock is from the peers', and of how many of them that was learned.
fn wall_clock(skew: Option<ClockSkew>) -> String {
    let Some(ClockSkew { skew_ms, peers }) = skew else {
        return "nothing is known of the peers' yet".to_owned();
    };
    let apart = console::apart(skew_ms);
    match peers {
        1 => format!("{apart} that of the only peer that told its own"),
        _ => format!("{apart} the median of {peers} peers'"),
    }
}

/// What a person should know of the cluster as this node sees it: nothing, where all is well.
fn notable(info: &Info) -> Vec<(String, String)> {
    let live = info.agreement.live;
    let alone = (live == 1).then(|| match info.seeds.as_slice() {
        [] => ("alone", "no other member is live, and there is no seed to ask: `gossip join` names one".to_owned()),
        seeds if seeds.iter().all(Seed::is_self_alone) => (
            "alone",
            "no other member is live, and no seed but this node itself: it waits for others to join".to_owned(),
        ),
        _ => ("alone", "no other member is live; what has become of the seeds is said below".to_owned()),
    });
    let quarantined = info.is_quarantined.then(|| {
        let said =
            "most of what this node sends or is sent is lost, and it told the others to count it as gone until its \
            links are good again: look at its network";
        ("quarantined", said.to_owned())
    });
    let partial = info.is_partial.then(|| {
        let known = info.usage.get("members").map_or(0, |fill| fill.used);
        ("partial view", format!("{known} of at least {} members; raise limits.members", known.saturating_add(1)))
    });
    let doubles = (info.name_conflicts > 0).then(|| {
        let names =
            if info.name_conflicts == 1 { "1 name".to_owned() } else { format!("{} names", info.name_conflicts) };
        let said =
            format!("two living nodes go by {names}, so that nobody agrees: `gossip members` tells where; rename one");
        ("name conflict", said)
    });
    let count = |many: usize| if many == 1 { "1 member".to_owned() } else { format!("{many} members") };
    let short = (info.short_paths > 0).then(|| {
        let whom = count(info.short_paths);
        ("short paths", format!("only short datagrams pass between us and {whom}: `gossip members` tells how long"))
    });
    let blocking = (info.blocking_paths > 0).then(|| {
        let who = count(info.blocking_paths);
        ("too long", format!("something that we lack is too long for the path from {who}: look at the MTU on the way"))
    });
    let foreign = match info.stats.get("refused_foreign_cluster") {
        None | Some(0) => None,
        Some(1) => Some("1 datagram".to_owned()),
        Some(count) => Some(format!("{count} datagrams")),
    };
    let foreign =
        foreign.map(|some| ("other cluster", format!("{some} named another cluster: check --cluster there and here")));
    let others = info.other_versions.iter().map(|other| {
        let OtherVersion { name, addr, version } = other;
        let said = format!(
            "{name} at {addr} speaks version {version} of the wire and is refused; here it is version {}",
            Header::VERSION
        );
        ("other version", said)
    });
    let known = [alone, foreign, doubles, quarantined, partial, short, blocking];
    known.into_iter().flatten().chain(others).map(|(name, said)| (name.to_owned(), said)).collect()
}

/// What has become of suspicions, and on what grounds they were raised.
fn suspicions(stats: &Rows<u64>) -> Vec<(String, String)> {
    let count = |name: &str| stats.get(name).copied().unwrap_or(0);
    let by_cause = |name: &str| {
        let (all, of_loss) = (count(name), count(&format!("{name}_of_loss")));
        format!("{all}: {} of silence, {of_loss} of loss", all.saturating_sub(of_loss))
    };
    let because = |name: &str, reason: &str| format!("{}: {reason}", count(name));
    let rows = [
        ("raised here", "suspicions_raised", by_cause("suspicions_raised")),
        ("of these, unshared", "suspicions_unshared", because("suspicions_unshared", "nobody answered us")),
        ("heard of", "suspicions_heard", count("suspicions_heard").to_string()),
        ("refuted", "suspicions_refuted", by_cause("suspicions_refuted")),
        ("confirmed", "suspicions_confirmed", by_cause("suspicions_confirmed")),
        ("late wakes", "late", because("late", "this machine kept the node waiting")),
        ("withdrawals", "withdrawals", because("withdrawals", "its own links were too bad")),
    ];
    let rows = rows.into_iter().filter(|(_, counter, _)| count(counter) > 0);
    rows.map(|(name, _, said)| (name.to_owned(), said)).collect()
}

/// What has become of a seed: where it is, who answered there, what is wrong.
fn seed(seed: &Seed) -> String {
    let place = match seed.addrs.as_slice() {
        [addr] if *addr == seed.seed => seed.seed.clone(),
        [] => seed.seed.clone(),
        addrs => format!("{} ({})", seed.seed, addrs.join(", ")),
    };
    let answer = match (&seed.answered_name, seed.addrs.as_slice()) {
        (Some(name), _) => format!(": {name} has answered"),
        (None, []) => String::new(),
        (None, [_]) if seed.is_self => ": this node itself".to_owned(),
        (None, _) if seed.is_self => ": this node itself, and nobody else has answered".to_owned(),
        (None, _) => ": nobody has answered".to_owned(),
    };
    let trouble = seed.trouble.iter().map(|reason| format!(": cannot be found, and is looked up again: {reason}"));
    format!("{place}{answer}{}", trouble.collect::<String>())
}

fn data_file(file: &DataFile) -> String {
    match file {
        DataFile::None => "none".to_owned(),
        DataFile::Fresh { path } => format!("{} (new)", path.display()),
        DataFile::Restored { path, entries, torn } => {
            format!("{} ({} restored{})", path.display(), entry_count(*entries), torn_off(*torn))
        }
        DataFile::Partial { path, entries, left, kept_as } => format!(
            "{} ({} restored, no room for {left} more: the whole is kept as {})",
            path.display(),
            entry_count(*entries),
            kept_as.display()
        ),
        DataFile::Damaged { kept_as, reason, entries } => {
            format!("damaged ({reason}), kept as {}; {} could be read", kept_as.display(), entry_count(*entries))
        }
    }
}

fn recording(recording: &Recording) -> String {
    match recording {
        Recording::None => "none".to_owned(),
        Recording::Running { path } => path.display().to_string(),
        Recording::Stopped { reason } => format!("stopped: {reason}"),
    }
}

fn io_rows(io: &Io) -> Vec<(String, String)> {
    let Io {
        send_errors,
        receive_errors,
        saves,
        saved_bytes,
        save_errors,
        recorded_bytes,
        recording_gaps,
        seeds_refused,
        last_error,
    } = io;
    let counts = [
        ("send_errors", send_errors),
        ("receive_errors", receive_errors),
        ("saves", saves),
        ("saved_bytes", saved_bytes),
        ("save_errors", save_errors),
        ("recorded_bytes", recorded_bytes),
        ("recording_gaps", recording_gaps),
        ("seeds_refused", seeds_refused),
    ];
    let counts = counts.into_iter().filter(|(_, count)| **count > 0).map(|(name, count)| (name, count.to_string()));
    let rows = counts.chain(last_error.iter().map(|error| ("last_error", error.clone())));
    rows.map(|(name, said)| (name.to_owned(), said)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn of_agreement_no_more_is_said_than_is_known() {
        let of = |agreeing: usize, behind: u64| agreement(&Agreement { agreeing, live: 3, since_ms: None, behind });
        assert_eq!(of(1, 0), "1 of 3 live members are known to agree");
        assert_eq!(of(2, 1), "2 of 3 live members are known to agree; the others lack 1 write that we know of");
        let all = Agreement { agreeing: 3, live: 3, since_ms: Some(0), behind: 0 };
        assert!(agreement(&all).starts_with("all 3 live members agree, for "));
    }

    #[test]
    fn a_seed_that_is_the_node_itself_is_said_to_be() {
        let told = |addrs: &[&str], answered: Option<&str>| {
            let known =
                json!({"seed": "a:1", "addrs": addrs, "answered_name": answered, "trouble": null, "is_self": true});
            seed(&serde_json::from_value(known).unwrap())
        };
        assert_eq!(told(&["127.0.0.1:1"], None), "a:1 (127.0.0.1:1): this node itself");
        let two = ["127.0.0.1:1", "127.0.0.2:1"];
        assert!(told(&two, None).ends_with(": this node itself, and nobody else has answered"));
        assert!(told(&two, Some("web-2")).ends_with(": web-2 has answered"));
    }
}
