//! How an agent ends, and how it comes back.
use crate::process::{Agent, Follower, eventually, pair, program, run, text, wait};
use core::time::Duration;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::BufRead,
    path::Path,
    process::Stdio,
    thread::{sleep, spawn},
    time::Instant,
};

#[cfg(unix)]
#[test]
fn signals_make_an_agent_leave() {
    for name in ["TERM", "INT"] {
        let (one, mut two) = pair();
        crate::process::signal(&two.child, name);
        assert_eq!(wait(&mut two.child).code(), Some(0));
        eventually("one knows that two has left", || one.status_of("two").as_deref() == Some("left"));
    }
}

#[cfg(unix)]
#[test]
fn a_wish_to_stop_that_comes_as_two_signals_is_one() {
    let one = Agent::start("one", &[]);
    let args = ["agent", "--name", "two", "--bind", "127.0.0.1:0", "--control", "127.0.0.1:0", "--seed"];
    let two = program(&args).arg(one.addr().to_string()).spawn().unwrap();
    eventually("one lists two", || one.status_of("two").as_deref() == Some("alive"));
    // Not the same signal twice, of which the system might make one.
    let both = format!("kill -INT {0}; sleep 0.02; kill -TERM {0}", two.id());
    assert!(std::process::Command::new("sh").args(["-c", &both]).status().unwrap().success());
    let ran = crate::process::finish(two);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stderr.contains("this node has left") && !ran.stderr.contains("without"), "{}", ran.stderr);
}

#[test]
fn a_farewell_is_no_warning() {
    let args = ["agent", "--name", "one", "--bind", "127.0.0.1:0", "--json", "--until-stdin-closes"];
    let mut one = program(&args).args(["--control", "127.0.0.1:0"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut started = String::new();
    std::io::BufReader::new(one.stdout.take().unwrap()).read_line(&mut started).unwrap();
    let started: serde_json::Value = serde_json::from_str(&started).unwrap();
    let two = Agent::start("two", &["--seed", &text(&started["advertise"])]);
    let status = || two.status_of("one");
    eventually("two lists one", || status().as_deref() == Some("alive"));
    two.run(&["leave"]).done();
    let two_at_one = || run(&mut program(&["member", "two", "--control", &text(&started["control"])])).done();
    eventually("one knows that two has left", || two_at_one().contains("left for"));
    drop(one.stdin.take());
    let said = crate::process::finish(one).stderr;
    let farewell = said.lines().find(|line| line.contains("is gone: left")).unwrap();
    assert!(farewell.contains(" INFO "), "{said}");
}

#[test]
fn the_command_makes_an_agent_leave() {
    let (one, mut two) = pair();
    let monitor = Follower::start(&mut two.command(&["monitor", "--json"]));
    assert_eq!(two.run(&["leave"]).done(), "two has left\n");
    assert_eq!(wait(&mut two.child).code(), Some(0));
    eventually("one knows that two has left", || one.status_of("two").as_deref() == Some("left"));
    let last = core::iter::from_fn(|| monitor.next()).last().unwrap();
    assert!(last.contains("\"departed\""), "{last}");
    assert!(monitor.end().success());
}

#[test]
fn an_agent_whose_parent_is_gone_leaves() {
    let mut command = program(&["agent", "--json", "--name", "child", "--until-stdin-closes"]);
    command.args(["--bind", "127.0.0.1:0", "--control", "127.0.0.1:0"]).stdin(Stdio::piped());
    let mut agent = Agent::start_command(&mut command);
    drop(agent.child.stdin.take());
    assert_eq!(wait(&mut agent.child).code(), Some(0));
}

#[test]
fn what_was_kept_is_there_again() {
    let dir = tempfile::tempdir().unwrap();
    let first = keeping(dir.path(), &[]);
    assert!(text(&first.started["data"]).contains("from now on"), "{}", first.started);
    first.run(&["put", "key", "value"]).done();
    first.run(&["leave"]).done();

    let again = keeping(dir.path(), &[]);
    assert!(text(&again.started["data"]).contains("1 entry restored"), "{}", again.started);
    assert_eq!(again.run(&["get", "key"]).done(), "value");
    assert_eq!(again.run(&["info", "--json"]).json()["data_file"]["state"], "restored");
}

#[test]
fn a_damaged_file_is_kept_aside_and_the_peers_help_out() {
    let dir = tempfile::tempdir().unwrap();
    let one = Agent::start("one", &[]);
    let two = keeping(dir.path(), &["--seed", &one.addr().to_string()]);
    two.run(&["put", "key", "value"]).done();
    eventually("one has it", || one.run(&["get", "key"]).code == Some(0));
    two.run(&["leave"]).done();
    drop(two);

    let file = dir.path().join("gossip.log-1");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    fs::write(&file, &bytes).unwrap();
    let two = keeping(dir.path(), &["--seed", &one.addr().to_string()]);
    let said = text(&two.started["data"]);
    assert!(said.contains("damaged, kept as"), "{said}");
    let data_file = two.run(&["info", "--json"]).json()["data_file"].clone();
    assert_eq!(data_file["state"], "damaged");
    assert_eq!(fs::read(text(&data_file["kept_as"])).unwrap(), bytes);
    eventually("two has it again", || two.run(&["get", "key"]).code == Some(0));
}

/// Killed at a random moment while several write, again and again: what was said to be on the disk is there, and no write goes by the
/// name of another. `GOSSIP_KILLS=500` kills that often.
#[test]
fn what_was_durable_survives_any_kill() {
    let kills = std::env::var("GOSSIP_KILLS").map_or(6, |kills| kills.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let (mut said, mut dots) = (BTreeMap::<String, u64>::new(), BTreeSet::new());
    for life in 0..kills {
        let mut agent = keeping(dir.path(), &[]);
        for (key, number) in &said {
            let held: u64 = agent.run(&["get", key]).done().parse().unwrap();
            assert!(held >= *number, "{key} was {number} on the disk, and is {held}");
        }
        // A different moment in each life: as one puts, it is anywhere in a writing.
        let until = Instant::now() + Duration::from_millis(20 + life * 37 % 160);
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let (control, key) = (agent.control.clone(), format!("k{writer}"));
                spawn(move || {
                    let mut done = Vec::new();
                    for number in 1.. {
                        let number = life * 10_000 + number;
                        let mut put = program(&["put", "--durable", &key, &number.to_string()]);
                        let output = put.env("GOSSIP_CONTROL", &control).output().unwrap();
                        if !output.status.success() {
                            return done;
                        }
                        done.push((key.clone(), number, String::from_utf8(output.stdout).unwrap()));
                    }
                    done
                })
            })
            .collect();
        sleep(until.saturating_duration_since(Instant::now()));
        agent.child.kill().unwrap();
        wait(&mut agent.child);
        for (key, number, dot) in writers.into_iter().flat_map(|writer| writer.join().unwrap()) {
            assert!(dots.insert(dot.clone()), "{dot} names two writes");
            said.insert(key, number);
        }
        damage_now_and_then(dir.path(), life);
    }
    assert!(said.len() == 3 && dots.len() > 3, "{} writes were said to be on the disk", dots.len());
}

/// The end of a file is not written, or half of it is: as much as a crash may leave beyond what was flushed.
fn damage_now_and_then(dir: &Path, life: u64) {
    let logs = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let Some(last) = logs.filter(|path| path.display().to_string().contains("gossip.log-")).max() else { return };
    if life % 3 == 1 {
        let torn = [fs::read(&last).unwrap(), vec![0xa5; 100]].concat();
        fs::write(last, torn).unwrap();
    }
}

#[test]
fn a_durable_write_needs_a_data_directory() {
    let agent = Agent::start("one", &[]);
    let said = agent.run(&["put", "--durable", "key", "value"]).refused(1);
    assert!(said.contains("nothing was written") && said.contains("data directory"), "{said}");
    assert_ne!(agent.run(&["get", "key"]).code, Some(0));
}

#[test]
fn two_agents_cannot_share_a_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    let _first = keeping(dir.path(), &[]);
    let mut command = program(&["agent", "--bind", "127.0.0.1:0", "--control", "127.0.0.1:0"]);
    let said = run(command.arg("--data-dir").arg(dir.path())).refused(1);
    assert!(said.contains(dir.path().to_str().unwrap()), "{said}");
}

/// An agent called `keeper` that keeps its memory there.
fn keeping(dir: &Path, flags: &[&str]) -> Agent {
    let flags = [&["--data-dir", dir.to_str().unwrap()], flags].concat();
    Agent::start("keeper", &flags)
}
