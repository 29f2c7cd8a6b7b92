//! The commands, against agents that run.
use crate::process::{Agent, Follower, eventually, pair, program, run, run_with_stdin, text};
use std::{net::UdpSocket, process::Stdio};

#[test]
fn members_are_listed_with_all_there_is_to_know() {
    let one = Agent::start("one", &["--role", "web", "--tag", "zone=a"]);
    let two = Agent::start("two", &["--seed", &one.addr().to_string()]);
    eventually("two lists one", || two.status_of("one").as_deref() == Some("alive"));

    let members = two.run(&["members", "--json"]).json();
    let names: Vec<String> = members.as_array().unwrap().iter().map(|member| text(&member["name"])).collect();
    assert_eq!(names, ["one", "two"]);
    let member = &members[0];
    assert_eq!((&member["role"], &member["tags"]["zone"]), (&"web".into(), &"a".into()));
    assert_eq!((&member["liveness"], &member["is_self"]), (&"alive".into(), &false.into()));
    assert_eq!(text(&member["addr"]), one.addr().to_string());
    assert!(member["incarnation"].is_u64() && member["since_ms"].is_u64() && member["last_heard_ms"].is_u64());

    let table = two.run(&["members"]).done();
    let rows: Vec<&str> = table.lines().collect();
    assert!(rows[0].starts_with("NAME  ADDRESS"), "{table}");
    assert!(rows[1].starts_with("one ") && rows[1].ends_with("zone=a") && rows[1].contains(" web "), "{table}");
    assert_eq!(rows.len(), 3);

    assert_eq!(two.run(&["members", "--json", "--status", "down,left"]).json(), serde_json::json!([]));
    assert_eq!(two.run(&["member", "one", "--json"]).json()["name"], "one");
    assert!(two.run(&["member", "one"]).done().contains("zone=a"));
    let said = two.run(&["member", "nobody"]).refused(1);
    assert!(said.contains("nobody"), "{said}");
}

#[test]
fn joining_says_who_is_live_or_that_nobody_answered() {
    let (one, two) = (Agent::start("one", &[]), Agent::start("two", &[]));
    let said = two.run(&["join", &one.addr().to_string()]).done();
    assert!(said.contains("answered") && said.contains("2 members are live"), "{said}");

    let own = two.addr().to_string();
    assert!(two.run(&["join", &own]).refused(1).contains(&own));
    let deaf = UdpSocket::bind("127.0.0.1:0").unwrap();
    let deaf = deaf.local_addr().unwrap().to_string();
    let said = Agent::start("three", &[]).run(&["join", &deaf, "--wait", "1s"]).refused(1);
    assert!(said.contains(&deaf) && said.contains("not answered"), "{said}");
}

#[test]
fn all_may_be_given_the_same_seeds() {
    let free = || UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let addrs = [free(), free()];
    let seeds = ["--seed", &addrs[0], "--seed", &addrs[1]];
    let one = Agent::start_at(&addrs[0], "one", &seeds);
    let two = Agent::start_at(&addrs[1], "two", &seeds);
    eventually("one lists two", || one.status_of("two").as_deref() == Some("alive"));
    eventually("two lists one", || two.status_of("one").as_deref() == Some("alive"));
    let seeds = one.run(&["info", "--json"]).json()["seeds"].clone();
    let of_itself =
        |addr: &str| seeds.as_array().unwrap().iter().find(|seed| seed["seed"] == addr).unwrap()["is_self"] == true;
    assert!(of_itself(&addrs[0]) && !of_itself(&addrs[1]), "{seeds}");
}

#[test]
fn the_only_seed_of_the_seed_may_be_itself() {
    let addr = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let args =
        ["agent", "--json", "--until-stdin-closes", "--bind", &addr, "--control", "127.0.0.1:0", "--seed", &addr];
    let mut child = program(&args).stdin(Stdio::piped()).spawn().unwrap();
    let started = crate::process::lines(child.stdout.take().unwrap()).recv().unwrap();
    let control = text(&serde_json::from_str::<serde_json::Value>(&started).unwrap()["control"]);
    let shown = run(&mut program(&["info", "--control", &control])).done();
    assert!(shown.contains(&format!("seed  {addr}: this node itself\n")), "{shown}");
    assert!(shown.contains("alone  no other member is live, and no seed but this node itself"), "{shown}");
    drop(child.stdin.take());
    let said = crate::process::finish(child).stderr;
    assert!(said.lines().any(|line| line.contains(" INFO ") && line.contains(&addr)), "{said}");
}

#[test]
fn entries_are_written_read_listed_and_deleted() {
    let (one, two) = pair();
    one.run(&["put", "config/motd", "grüezi"]).done();
    let binary = [0, 0xff, b'\n'];
    run_with_stdin(&mut one.command(&["put", "config/blob", "-"]), &binary);
    eventually("two has both", || two.run(&["list", "config/", "--json"]).json().as_array().unwrap().len() == 2);

    assert_eq!(two.run(&["get", "config/motd"]).done(), "grüezi");
    assert_eq!(two.run(&["get", "config/blob"]).stdout, binary);
    assert_eq!(two.run(&["get", "config/blob", "--json"]).json()["value"]["hex"], "00ff0a");
    let entries = two.run(&["list", "config/", "--json"]).json();
    assert_eq!((&entries[0]["key"], &entries[1]["key"]), (&"config/blob".into(), &"config/motd".into()));
    assert!(two.run(&["list"]).done().starts_with("KEY"));
    assert_eq!(two.run(&["list", "facts/", "--json"]).json(), serde_json::json!([]));

    two.run(&["delete", "config/motd"]).done();
    eventually("one has lost it", || one.run(&["get", "config/motd"]).code == Some(1));
    for args in [&["get", "config/motd"][..], &["delete", "config/motd"]] {
        let said = one.run(args).refused(1);
        assert!(said.contains("config/motd"), "{said}");
    }
}

#[test]
fn odd_keys_and_values_come_through() {
    let agent = Agent::start("one", &[]);
    for key in ["a b", "a/b/../c", "100%", "?x=1#y", "ключ", "-"] {
        agent.run(&["put", "--", key, "--value"]).done();
        assert_eq!(agent.run(&["get", "--", key]).done(), "--value", "{key}");
    }
    agent.run(&["put", "empty", ""]).done();
    assert_eq!(agent.run(&["get", "empty"]).done(), "");
    assert!(agent.run(&["list"]).done().contains("  \"\"\n"), "an empty value is shown as one");
    let manifest = concat!("@", env!("CARGO_MANIFEST_DIR"), "/src/main.rs");
    agent.run(&["put", "file", manifest]).done();
    assert_eq!(agent.run(&["get", "file"]).stdout, std::fs::read(&manifest[1..]).unwrap());
    let said = agent.run(&["put", "file", "@/no/such/file"]).refused(1);
    assert!(said.contains("/no/such/file"), "{said}");
}

#[test]
fn an_empty_key_is_a_key_and_an_empty_notice_is_a_notice() {
    let (one, two) = pair();
    let absent = one.run(&["get", ""]).refused(1);
    assert!(absent.contains("no entry under \"\""), "{absent}");
    let monitor = Follower::start(&mut two.command(&["monitor"]));
    one.run(&["put", "", "nothing"]).done();
    one.run(&["publish", ""]).done();
    // In whatever order they come.
    let mut missing = vec!["  \"\" = nothing (by one)", "  notice by one: \"\""];
    while !missing.is_empty() {
        let line = monitor.next().unwrap_or_else(|| panic!("{missing:?} was not told"));
        missing.retain(|wanted| !line.ends_with(wanted));
    }
    assert_eq!(two.run(&["get", ""]).done(), "nothing");
    assert!(two.run(&["list"]).done().contains("\n\"\"   7 "), "{}", two.run(&["list"]).done());
    two.run(&["delete", ""]).done();
    two.run(&["get", ""]).refused(1);
}

#[test]
fn what_fits_no_datagram_is_refused_with_the_limit() {
    let agent = Agent::start("one", &[]);
    let info = agent.run(&["info", "--json"]).json();
    let (entry_max, payload_max) = (info["lengths"]["entry_max"].as_u64(), info["lengths"]["payload_max"].as_u64());
    let long = "x".repeat(60_000);
    let said = run_with_stdin(&mut agent.command(&["put", "key", "-"]), long.as_bytes()).refused(1);
    assert!(said.contains(&entry_max.unwrap().to_string()) && said.contains("split the value"), "{said}");
    let said = run_with_stdin(&mut agent.command(&["publish", "-"]), long.as_bytes()).refused(1);
    assert!(said.contains(&payload_max.unwrap().to_string()) && said.contains("shorten it"), "{said}");
    let longer = "x".repeat(100_000);
    let said = run_with_stdin(&mut agent.command(&["put", "key", "-"]), longer.as_bytes()).refused(1);
    assert!(said.contains(&entry_max.unwrap().to_string()) && said.contains("split the value"), "{said}");
    let said = agent.run(&["tag", &format!("pad={}", "x".repeat(5_000))]).refused(1);
    assert!(said.contains(&info["lengths"]["presence_max"].to_string()) && said.contains("shorten"), "{said}");
    assert_eq!(agent.run(&["list", "--json"]).json(), serde_json::json!([]));
}

#[test]
fn a_watch_tells_changes_under_its_prefix_once() {
    let (one, two) = pair();
    let watch = Follower::start(&mut two.command(&["watch", "config/", "--json", "--count", "3"]));
    one.run(&["put", "other", "unseen"]).done();
    let dot = one.run(&["put", "config/motd", "one"]).done();
    let change = watch.next_json();
    assert_eq!(
        (&change["event"], &change["key"], &change["value"]),
        (&"changed".into(), &"config/motd".into(), &"one".into())
    );
    assert_eq!((text(&change["dot"]).as_str(), &change["writer_name"]), (dot.trim(), &"one".into()));
    one.run(&["put", "config/motd", "two"]).done();
    assert_eq!(watch.next_json()["value"], "two");
    one.run(&["delete", "config/motd"]).done();
    assert!(watch.next_json()["value"].is_null());
    assert_eq!(watch.next(), None);
    assert!(watch.end().success());
}

#[test]
fn a_notice_is_told_once_and_says_how_urgent_it_is() {
    let (one, two) = pair();
    let monitor = Follower::start(&mut two.command(&["monitor", "--json"]));
    let dot = one.run(&["publish", "--critical", "the sky falls"]).done();
    one.run(&["publish", "it does not"]).done();
    let mut notices = core::iter::from_fn(|| Some(monitor.next_json())).filter(|event| event["event"] == "delivered");
    let (first, second) = (notices.next().unwrap(), notices.next().unwrap());
    assert_eq!((&first["payload"], &first["urgency"]), (&"the sky falls".into(), &"critical".into()));
    assert_eq!((text(&first["dot"]).as_str(), &first["publisher_name"]), (dot.trim(), &"one".into()));
    assert_eq!(first["publisher"], one.started["id"]);
    assert_eq!((&second["payload"], &second["urgency"]), (&"it does not".into(), &"normal".into()));
    assert!(first["number"].as_u64() < second["number"].as_u64());
}

#[test]
fn the_help_says_how_long_a_notice_may_live() {
    let help = run(&mut program(&["publish", "--help"])).done().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("from 1s to 24d"), "{help}");
}

#[test]
fn the_help_says_when_a_write_may_still_be_lost() {
    let help = run(&mut program(&["put", "--help"])).done();
    assert!(
        help.contains("in its memory") && help.contains("disk a second later") && help.contains("--durable"),
        "{help}"
    );
}

#[test]
fn a_late_monitor_can_begin_with_what_was() {
    let (one, _two) = pair();
    let monitor = Follower::start(&mut one.command(&["monitor", "--replay"]));
    let line = core::iter::from_fn(|| monitor.next()).find(|line| line.contains("two at")).unwrap();
    assert!(line.contains("is up: joined"), "{line}");
}

#[test]
fn tags_are_changed_while_the_agent_runs() {
    let (one, two) = pair();
    two.run(&["tag", "zone=a", "rack=7", "--role", "web"]).done();
    two.run(&["tag", "zone=b", "--remove", "rack"]).done();
    eventually("one knows", || {
        let two = one.run(&["member", "two", "--json"]).json();
        two["tags"] == serde_json::json!({"zone": "b"}) && two["role"] == "web"
    });
    assert!(two.run(&["tag", "--remove", "rack"]).refused(1).contains("rack"));
    two.run(&["tag"]).refused(2);
}

#[test]
fn info_has_typed_values() {
    let agent = Agent::start("one", &[]);
    let info = agent.run(&["info", "--json"]).json();
    assert_eq!((&info["name"], &info["id"]), (&"one".into(), &agent.started["id"]));
    assert!(info["lengths"]["datagram_max"].is_u64() && info["stats"]["datagrams_sent"].is_u64());
    assert!(info["usage"]["members"]["limit"].is_u64() && info["agreement"]["live"] == 1);
    let shown = agent.run(&["info"]).done();
    assert!(shown.contains("running for"), "{shown}");
    let is_zero = |line: &str| line.ends_with("  0") || line.contains("  0: ");
    assert!(!shown.lines().any(is_zero), "what never happened is told in JSON only: {shown}");
    assert_eq!(info["stats"]["refused_foreign_cluster"], 0);
    assert!(shown.contains("agreement  nobody else is there\n"), "{shown}");
}

#[test]
fn info_counts_what_has_happened() {
    let (one, _two) = pair();
    let shown = one.run(&["info"]).done();
    assert!(shown.contains("counters other than 0\n") && shown.contains("datagrams_sent"), "{shown}");
    assert!(shown.contains(" live members agree") || shown.contains(" live members are known to agree"), "{shown}");
    assert!(!shown.contains(" 0 writes"), "what is not known is not said: {shown}");
}

#[test]
fn without_an_agent_every_command_says_what_to_do() {
    let nobody = "127.0.0.1:1";
    for args in [&["members"][..], &["get", "key"], &["put", "key", "value"], &["leave"], &["monitor"], &["info"]] {
        let said = run(program(args).args(["--control", nobody])).refused(1);
        assert!(said.contains(nobody) && said.contains("gossip agent"), "{said}");
    }
}

#[test]
fn a_reader_may_stop_reading() {
    let agent = Agent::start("one", &[]);
    let mut list = agent.command(&["info"]);
    let mut child = list.spawn().unwrap();
    drop(child.stdout.take());
    let ran = crate::process::finish(child);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}
