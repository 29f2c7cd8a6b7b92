//! Where settings come from, and what becomes of bad ones.
use crate::process::{Agent, program, run};
use std::{fs, net::UdpSocket, path::Path};

#[test]
fn flags_go_before_the_environment_and_the_environment_before_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = written(
        dir.path(),
        "name = 'file'\nrole = 'file'\ncluster = 'file'\nbind = '127.0.0.1:0'\ncontrol = '127.0.0.1:0'\n\
         tags = { from = 'file', file = 'yes' }\npreset = 'wan'",
    );
    let mut command = program(&["agent", "--json", "--config", &file, "--name", "flag"]);
    command.env("GOSSIP_NAME", "environment").env("GOSSIP_ROLE", "environment");
    let agent = Agent::start_command(&mut command);
    let info = agent.run(&["info", "--json"]).json();
    assert_eq!((&info["name"], &info["role"]), (&"flag".into(), &"environment".into()));
    assert_eq!(info["tags"]["file"], "yes");
    assert_eq!((&agent.started["cluster"], &agent.started["preset"]), (&"file".into(), &"wan".into()));
}

#[test]
fn the_environment_alone_is_enough() {
    let mut command = program(&["agent", "--json"]);
    command
        .env("GOSSIP_NAME", "environment")
        .env("GOSSIP_BIND", "127.0.0.1:0")
        .env("GOSSIP_CONTROL", "127.0.0.1:0")
        .env("GOSSIP_TAGS", "zone=a,rack=7");
    let agent = Agent::start_command(&mut command);
    let info = agent.run(&["info", "--json"]).json();
    assert_eq!((&info["tags"]["zone"], &info["tags"]["rack"]), (&"a".into(), &"7".into()));
}

#[test]
fn a_bad_command_line_is_named_in_one_line() {
    for (args, named) in [
        (&["agent", "--bnd", "127.0.0.1:0"][..], "--bnd"),
        (&["agent", "--bind", "nowhere"], "--bind"),
        (&["agent", "--bind", "localhost:7946"], "an IP address and a port are wanted"),
        (&["agent", "--advertise", "localhost:7946"], "an IP address and a port are wanted"),
        (&["agent", "--seed", "nowhere"], "--seed"),
        (&["agent", "--tag", "novalue"], "--tag"),
        (&["agent", "--preset", "moon"], "moon"),
        (&["agent", "--bind", "0.0.0.0:0"], "--advertise"),
        (&["agent", "--control", "0.0.0.0:0"], "not authenticated"),
        (&["agent", "--config", "/no/such/file.toml"], "/no/such/file.toml"),
        (&["members", "--status", "gone"], "gone"),
        (&["members", "--control", "nowhere"], "nowhere"),
        (&["put", "key"], "<VALUE>"),
        (&["get"], "<KEY>"),
        (&["publish", "fire", "--ttl", "0s"], "from 1s to 24d"),
        (&["publish", "fire", "--ttl", "25d"], "from 1s to 24d"),
        (&["publish", "fire", "--ttl", "soon"], "from 1s to 24d"),
        (&["publish", "fire", "--ttl", "-1s"], "from 1s to 24d"),
        (&["demo", "--nodes", "2"], "--nodes"),
        (&["dance"], "dance"),
        (&[], "gossip --help"),
    ] {
        let said = run(&mut program(args)).refused(2);
        assert!(said.contains(named), "{args:?}: {said}");
    }
}

#[test]
fn a_bad_environment_is_named() {
    let said = run(program(&["agent"]).env("GOSSIP_BIND", "nowhere")).refused(2);
    assert!(said.contains("GOSSIP_BIND=nowhere"), "{said}");
}

#[test]
fn a_bad_file_is_named_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = written(dir.path(), "name = 'n'\nbnd = '127.0.0.1:0'");
    let said = run(&mut program(&["agent", "--config", &file])).refused(2);
    assert!(said.contains(&format!("{file}:2")) && said.contains("bnd"), "{said}");
    let said = run(program(&["agent"]).env("GOSSIP_CONFIG", &file)).refused(2);
    assert!(said.contains(&file), "{said}");
}

#[test]
fn tags_that_fit_no_datagram_are_refused_at_the_start() {
    let tag = format!("novel={}", "word ".repeat(1_000));
    let said =
        run(&mut program(&["agent", "--bind", "127.0.0.1:0", "--control", "127.0.0.1:0", "--tag", &tag])).refused(2);
    assert!(said.contains("too long"), "{said}");
}

#[test]
fn an_address_in_use_is_named() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let said = run(&mut program(&["agent", "--bind", &addr, "--control", "127.0.0.1:0"])).refused(1);
    assert!(said.contains(&addr) && said.contains("--bind"), "{said}");

    let agent = Agent::start("one", &[]);
    let said = run(&mut program(&["agent", "--bind", "127.0.0.1:0", "--control", &agent.control])).refused(1);
    assert!(said.contains(&agent.control) && said.contains("--control"), "{said}");
}

#[test]
fn help_and_version_are_no_errors() {
    for args in [&["--help"][..], &["agent", "--help"], &["--version"]] {
        assert!(!run(&mut program(args)).done().is_empty());
    }
}

#[test]
fn the_help_explains_each_column_that_does_not_explain_itself() {
    let help = run(&mut program(&["members", "--help"])).done();
    for column in ["INC", "SINCE", "HEARD", "RTT", "ALSO AT", "PATH", "WHY"] {
        assert!(help.lines().any(|line| line.starts_with(&format!("  {column} "))), "{column}: {help}");
    }
}

fn written(dir: &Path, text: &str) -> String {
    let path = dir.join("gossip.toml");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}
