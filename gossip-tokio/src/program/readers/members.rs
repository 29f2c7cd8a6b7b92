//! `gossip members` and `gossip member`.
use super::views::{Member, since};
use crate::program::{
    args::{MemberArgs, MembersArgs},
    console::{self, Table, age},
    control::{client::Client, percent},
    failure::Failure,
};

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
        ("status", format!("{} for {}", member.liveness, age(since(member.since_ms)))),
        ("last heard", last_heard(member)),
        ("incarnation", member.incarnation.to_string()),
        ("generation", member.generation.clone()),
        ("role", member.role.clone()),
    ];
    rows.extend(member.tags.iter().map(|(key, value)| ("tag", format!("{key}={value}"))));
    rows
}

fn table(members: &[Member]) -> Table {
    let mut table = Table::new(&["NAME", "ADDRESS", "STATUS", "SINCE", "LAST-HEARD", "INCARNATION", "ROLE", "TAGS"]);
    for member in members {
        let blank_as_dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
        table.row([
            member.name.clone(),
            member.addr.clone(),
            member.liveness.clone(),
            age(since(member.since_ms)),
            last_heard(member),
            member.incarnation.to_string(),
            blank_as_dash(&member.role),
            blank_as_dash(&member.tags_text()),
        ]);
    }
    table
}

fn last_heard(member: &Member) -> String {
    match member.last_heard_ms {
        _ if member.is_self => "self".to_owned(),
        Some(at) => age(since(at)),
        None => "never".to_owned(),
    }
}
