//! What an agent says of the others: that nobody is there, who is suspected and why, how far away they are.
use crate::process::{Agent, Follower, eventually, pair, text};
use serde_json::Value;
use std::net::UdpSocket;

#[test]
fn an_agent_whose_seeds_cannot_be_found_runs_and_says_that_it_is_alone() {
    let deaf = UdpSocket::bind("127.0.0.1:0").unwrap();
    let deaf = deaf.local_addr().unwrap().to_string();
    // What no resolver knows, by the standard that reserves it (RFC 6761, section 6.4).
    let agent = Agent::start("one", &["--seed", "nowhere.invalid:7946", "--seed", &deaf]);
    let told = Follower::start(&mut agent.command(&["monitor", "--json", "--replay"]));
    let mut missing = vec!["alone", "seed_unresolved"];
    while !missing.is_empty() {
        let event = told.next_json();
        missing.retain(|name| event["event"] != **name);
    }
    let seeds = agent.run(&["info", "--json"]).json()["seeds"].clone();
    assert_eq!((&seeds[0]["seed"], &seeds[1]["seed"]), (&"nowhere.invalid:7946".into(), &deaf.as_str().into()));
    assert!(seeds[0]["trouble"].is_string() && seeds[1]["trouble"].is_null(), "{seeds}");
    let said = agent.run(&["info"]).done();
    let wanted = ["alone  no other member is live", "nowhere.invalid:7946: cannot be found, and is looked up again: "];
    assert!(wanted.iter().all(|wanted| said.contains(wanted)), "{said}");
    assert!(said.contains(&format!("{deaf}: nobody has answered")), "{said}");
}

#[test]
fn who_is_told_of_another_cluster_says_what_to_look_at() {
    let one = Agent::start("one", &["--cluster", "blue"]);
    let lost = "named another cluster: check --cluster there and here";
    let said = one.run(&["info"]).done();
    assert!(said.contains("cluster  blue (") && !said.contains(lost), "{said}");
    let two = Agent::start("two", &["--cluster", "green", "--seed", &one.addr().to_string()]);
    eventually("one says that two asked for another cluster", || one.run(&["info"]).done().contains(lost));
    let (one, two) = (one.run(&["info", "--json"]).json(), two.run(&["info", "--json"]).json());
    assert_eq!((&one["cluster_name"], &two["cluster_name"]), (&"blue".into(), &"green".into()));
    assert_ne!(text(&one["cluster"]), text(&two["cluster"]));
}

#[test]
fn a_seed_is_found_by_its_name() {
    let one = Agent::start("one", &[]);
    let two = Agent::start("two", &["--seed", &format!("localhost:{}", one.addr().port())]);
    eventually("one lists two", || one.status_of("two").as_deref() == Some("alive"));
    eventually("two tells who answered", || two.run(&["info"]).done().contains(": one has answered"));
    assert!(!two.run(&["info"]).done().contains("alone"), "it is not");
}

#[test]
fn a_presence_of_the_greatest_length_reaches_the_others() {
    let (one, two) = pair();
    let len_max = one.run(&["info", "--json"]).json()["lengths"]["presence_max"].as_u64().unwrap();
    let len_max = usize::try_from(len_max).unwrap();
    // Name, role, key and lengths take a few bytes of it; how many, the agent knows.
    let fits = |len: &usize| one.run(&["tag", &format!("pad={}", "x".repeat(*len))]).code == Some(0);
    let longest = (len_max - 32..len_max).rev().find(fits).unwrap();
    let padded = || two.run(&["member", "one", "--json"]).json()["tags"]["pad"].as_str().map(str::len);
    eventually("two knows all of it", || padded() == Some(longest));
}

#[test]
fn who_suspects_a_crashed_member_and_why_is_told_and_listed() {
    let one = Agent::start("one", &[]);
    let seed = one.addr().to_string();
    let (mut two, three) = (Agent::start("two", &["--seed", &seed]), Agent::start("three", &["--seed", &seed]));
    let knows_all = || ["two", "three"].iter().all(|name| one.status_of(name).as_deref() == Some("alive"));
    eventually("one lists both", knows_all);
    eventually("three lists two", || three.status_of("two").as_deref() == Some("alive"));
    let measured = || one.run(&["member", "two", "--json"]).json()["round_trip_us"].as_u64().is_some_and(|us| us > 0);
    eventually("a round trip was measured", measured);
    assert!(!one.run(&["members"]).done().contains("WHY"), "there is nothing to explain");

    let told = Follower::start(&mut one.command(&["monitor", "--json"]));
    two.child.kill().unwrap();
    let of_two = |kind: &str| loop {
        let event = told.next_json();
        if event["event"] == kind && event["member"]["name"] == "two" {
            return event;
        }
    };
    let is_reason = |why: &Value| {
        let by_one_of_us = ["one", "three"].contains(&text(&why["by_name"]).as_str()) && why["by"].is_string();
        by_one_of_us && why["cause"] == "silence" && why["observers"].as_u64() >= Some(1)
    };
    let suspect = of_two("member_suspect");
    assert!(is_reason(&suspect["member"]["why"]), "{suspect}");
    let down = of_two("member_down");
    assert!(is_reason(&down["member"]["why"]) && down["after_ms"].as_u64() > Some(0), "{down}");

    assert!(is_reason(&one.run(&["member", "two", "--json"]).json()["why"]));
    let table = one.run(&["members"]).done();
    assert!(table.contains("  WHY  ") && table.contains("silent, "), "{table}");
    assert!(table.lines().all(|row| row.chars().count() <= 100), "{table}");
    assert!(one.run(&["member", "two"]).done().contains(": silent, says "), "it says whose word it is");
    let info = one.run(&["info"]).done();
    assert!(info.contains("suspicions\n") && !info.contains("quarantined") && !info.contains("partial view"), "{info}");
}
