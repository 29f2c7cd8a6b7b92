//! `gossip members` and `gossip member`.
use super::views::{Member, ShortPath, Why, since};
use crate::program::{
    args::{MemberArgs, MembersArgs},
    console::{self, Table, age},
    control::{client::Client, percent},
    failure::Failure,
};
use core::time::Duration;

/// Lists members, by name.
pub(crate) async fn list(args: MembersArgs) -> Result<(), Failure> {
    let client = Client::new(args.agent.addr);
    let statuses: Vec<String> = args.status.iter().map(ToString::to_string).collect();
    let path = match statuses.as_slice() {
        [] => "/v1/members".to_owned(),
        statuses => format!("/v1/members?status={}", statuses.join(",")),
    };
    let answer = client.get(&path).await?;
    if args.format.json {
        return console::line(String::from_utf8_lossy(&answer));
    }
    let members: Vec<Member> = client.read(&answer)?;
    console::line(table(&members))
}

/// Shows one member.
pub(crate) async fn show(args: MemberArgs) -> Result<(), Failure> {
    let client = Client::new(args.agent.addr);
    let answer = client.get(&format!("/v1/members/{}", percent(args.name.as_bytes()).replace('/', "%2F"))).await?;
    if args.format.json {
        return console::line(String::from_utf8_lossy(&answer));
    }
    let member: Member = client.read(&answer)?;
    console::line(console::rows(&details(&member)))
}

/// What there is to say of one member.
pub(super) fn details(member: &Member) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("name", member.name.clone()),
        ("id", member.id.clone()),
        ("address", member.addr.clone()),
        ("status", status(member)),
        ("last heard", last_heard(member)),
        ("round trip", round_trip(member)),
        ("datagrams", datagrams(member)),
        ("incarnation", member.incarnation.to_string()),
        ("generation", member.generation.clone()),
        ("role", member.role.clone()),
    ];
    if let Some(rival) = &member.rival {
        rows.insert(3, ("also at", format!("{rival}: another living node of this name; rename one of the two")));
    }
    rows.extend(member.tags.iter().map(|(key, value)| ("tag", format!("{key}={value}"))));
    rows
}

/// Narrow, so that it fits a terminal; and why is a column only where there is anything to explain.
fn table(members: &[Member]) -> Table {
    let explains = members.iter().any(|member| member.why.is_some());
    let measures = members.iter().any(|member| member.path.is_some());
    let doubles = members.iter().any(|member| member.rival.is_some());
    let header = ["NAME", "ADDRESS", "STATUS", "SINCE", "HEARD", "RTT", "INC"].into_iter();
    let header = header.chain(doubles.then_some("ALSO AT")).chain(measures.then_some("PATH"));
    let header: Vec<&'static str> = header.chain(explains.then_some("WHY")).chain(["ROLE", "TAGS"]).collect();
    let mut table = Table::new(&header);
    for member in members {
        let blank_as_dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
        let cells = [
            member.name.clone(),
            member.addr.clone(),
            member.liveness.clone(),
            age(since(member.since_ms)),
            last_heard(member),
            round_trip(member),
            member.incarnation.to_string(),
        ];
        let rival = doubles.then(|| blank_as_dash(member.rival.as_deref().unwrap_or_default()));
        let path = measures.then(|| blank_as_dash(&member.path.as_ref().map(ShortPath::brief).unwrap_or_default()));
        let reason = explains.then(|| blank_as_dash(&member.why.as_ref().map(Why::brief).unwrap_or_default()));
        let said = [blank_as_dash(&member.role), blank_as_dash(&member.tags_text())];
        table.row(cells.into_iter().chain(rival).chain(path).chain(reason).chain(said));
    }
    table
}

fn status(member: &Member) -> String {
    let status = format!("{} for {}", member.liveness, age(since(member.since_ms)));
    let why = member.why.as_ref().map(|why| format!(": {}", why.sentence()));
    status + &why.unwrap_or_default()
}

fn round_trip(member: &Member) -> String {
    member.round_trip_us.map_or_else(|| "-".to_owned(), |us| console::short(Duration::from_micros(us)))
}

fn datagrams(member: &Member) -> String {
    match &member.path {
        None => "of every length arrive, as far as is known".to_owned(),
        Some(path) if path.blocks => {
            format!("longer than {} bytes do not arrive, and something that we lack is", path.len)
        }
        Some(path) => format!("longer than {} bytes do not arrive", path.len),
    }
}

fn last_heard(member: &Member) -> String {
    match member.last_heard_ms {
        _ if member.is_self => "self".to_owned(),
        Some(at) => age(since(at)),
        None => "never".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn member(change: serde_json::Value) -> Member {
        let mut member = json!({
            "id": "1", "name": "database-12", "role": "db", "tags": {"zone": "a"}, "addr": "192.168.100.100:17946",
            "liveness": "alive", "incarnation": 2, "generation": "1", "since_ms": 0, "last_heard_ms": null,
            "round_trip_us": null, "path": null, "rival": null, "why": null, "is_self": false,
        });
        for (field, value) in change.as_object().unwrap() {
            member[field] = value.clone();
        }
        serde_json::from_value(member).unwrap()
    }

    #[test]
    fn the_table_has_a_column_of_paths_where_one_is_short() {
        let short = member(json!({"path": {"len": 512, "blocks": true}}));
        let text = table(&[member(json!({})), short.clone()]).to_string();
        let rows: Vec<&str> = text.lines().collect();
        assert!(rows[0].contains("INC  PATH ") && rows[1].contains("2    - "), "{text}");
        assert!(rows[2].contains("2    512 B, blocks  db"), "{text}");
        assert!(datagrams(&short).starts_with("longer than 512 bytes do not arrive, and"));
    }

    #[test]
    fn the_table_has_a_column_of_rivals_where_a_name_is_borne_by_two() {
        let double = member(json!({"rival": "10.0.0.9:7946"}));
        let text = table(&[member(json!({})), double.clone()]).to_string();
        let rows: Vec<&str> = text.lines().collect();
        assert!(rows[0].contains("INC  ALSO AT ") && rows[1].contains("2    - "), "{text}");
        assert!(rows[2].contains("2    10.0.0.9:7946  db"), "{text}");
        assert!(details(&double)[3].1.contains("rename one"), "{:?}", details(&double));
    }

    #[test]
    fn the_table_says_why_where_there_is_anything_to_explain() {
        let healthy = member(json!({"round_trip_us": 1_234}));
        let calm = table(core::slice::from_ref(&healthy)).to_string();
        assert!(!calm.contains("WHY") && calm.contains(" 1.2ms  2    db    zone=a"), "{calm}");
        let why = json!({"by": "3", "by_name": "web-3", "cause": "silence", "observers": 4});
        let gone = member(json!({"liveness": "down", "why": why}));
        let troubled = table(&[healthy, gone.clone()]).to_string();
        let rows: Vec<&str> = troubled.lines().collect();
        assert!(rows[0].contains("INC  WHY ") && rows[1].contains("2    - "), "{troubled}");
        assert!(rows[2].contains("silent, web-3 +3  db    zone=a"), "{troubled}");
        // Two columns are wide only for those who tag themselves at length.
        assert!(rows.iter().all(|row| row.chars().count() <= 110), "{troubled}");
        assert!(status(&gone).ends_with(": silent, says web-3 and 3 more"), "{}", status(&gone));
    }
}
