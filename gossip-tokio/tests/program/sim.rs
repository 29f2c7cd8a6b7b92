//! `gossip sim`: from flags to a story, from a story to figures and a page.
use crate::process::{program, run, run_with_stdin};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

/// All that can happen, in a cluster of a handful.
const EVENTFUL: [&str; 17] = [
    "sim",
    "--nodes",
    "8",
    "--loss",
    "5%",
    "--kill",
    "1",
    "--partition",
    "50%:8s",
    "--rumors",
    "2",
    "--puts",
    "2",
    "--time",
    "20s",
    "--seed",
    "7",
];

#[test]
fn flags_become_a_story() {
    let story = run(program(&EVENTFUL).arg("--print")).done();
    assert_eq!(
        story,
        "\
seed 7
network lan loss 5%
config lan
chapter \"All join\"
spawn n0..7
join n1..7 via n0
until full within 3m
chapter \"Nothing happens\"
run 5s
publish n0 rumor-0
chapter \"4 are cut off\"
partition n0..3 / n4..7
run 3300ms
put n0 key-0 value-0
run 3400ms
publish n3 rumor-1
run 1300ms
chapter \"The cut heals\"
heal
run 2s
put n3 key-1 value-1
run 2500ms
chapter \"1 crash\"
crash n7
run 2500ms
chapter \"All come to rest\"
until full within 3m
settle 3m
"
    );
    let flags = "sim --nodes 300 --preset wan --latency exponential:10ms:40ms --churn 5m --time 1m --print";
    let story = run(&mut program(&flags.split(' ').collect::<Vec<_>>())).done();
    for line in [
        "scrutiny loose",
        "log nothing",
        "network lan latency exponential 10ms 40ms loss 1% duplication 0.1%",
        "churn n0..299 lifetime 5m downtime 10s for 30s",
    ] {
        assert!(story.lines().any(|said| said == line), "{line}\n{story}");
    }
    let close = run(program(&["sim", "--nodes", "300", "--scrutiny", "close", "--print"]).arg("--seed=9")).done();
    assert!(close.starts_with("seed 9\n") && !close.contains("loose"), "{close}");
}

#[test]
fn one_seed_prints_the_same_bytes_wherever_it_runs() {
    let flags = run(program(&EVENTFUL).arg("--json")).done();
    assert_eq!(run(program(&EVENTFUL).arg("--json")).done(), flags);

    // The same story as a file, in two places, and with a report beside it.
    let dir = tempfile::tempdir().unwrap();
    let story = run(program(&EVENTFUL).arg("--print")).done();
    fs::write(dir.path().join("one.txt"), &story).unwrap();
    fs::write(dir.path().join("two.txt"), &story).unwrap();
    let of_file = |name: &str| run(program(&["sim", "--json", name]).current_dir(dir.path())).done();
    assert_eq!(of_file("one.txt"), flags);
    assert_eq!(of_file("two.txt"), flags);
    assert_eq!(run_with_stdin(&mut program(&["sim", "-", "--json"]), story.as_bytes()).done(), flags);
    let other = run(program(&["sim", "--json", "one.txt", "--seed", "8"]).current_dir(dir.path())).json();
    let json: Value = serde_json::from_str(&flags).unwrap();
    assert_ne!(other["trace"], json["trace"]);

    assert_eq!((&json["ended"], &json["seed"], &json["nodes"]), (&"well".into(), &7.into(), &8.into()));
    assert_eq!(
        json["at_the_end"],
        serde_json::json!({
            "live": 7, "see_all": 7, "know_the_same": 7, "claim_agreement": 7,
        })
    );
    for (news, least) in [("rumors", 2), ("writes", 2)] {
        assert_eq!((&json[news]["count"], &json[news]["reached_all"]), (&least.into(), &least.into()));
    }
    let crash = &json["crashes"][0];
    assert_eq!((&crash["host"], &crash["others"], &crash["told"]), (&"n7".into(), &7.into(), &7.into()));
    let times = ["first", "median", "all"].map(|name| crash[name].as_f64().unwrap());
    assert!(times.is_sorted() && times[0] > 0.0, "{times:?}");
    let bytes: u64 = json["frames"].as_array().unwrap().iter().map(|kind| kind["bytes"].as_u64().unwrap()).sum();
    assert_eq!(Some(bytes), json["datagrams"]["bytes_sent"].as_u64());
}

#[test]
fn the_table_says_what_was_found() {
    let table = run(&mut program(&EVENTFUL)).done();
    assert!(table.starts_with("All 7 nodes agree in the end"), "{table}");
    for row in
        ["joined  median", "crash known  1 crash: first", "rumors  2: median", "writes  2: median", "copies received"]
    {
        assert!(table.contains(row), "{row}\n{table}");
    }
    assert!(table.contains("times real time") && table.lines().any(|line| line.starts_with("Ping ")), "{table}");
    assert!(!table.contains('\u{1b}'), "{table}");
}

#[test]
fn the_table_says_what_nobody_was_told() {
    let story = "spawn a b\njoin b via a\nuntil full within 5s\ncut a > b\npublish a unheard\ncrash b\nrun 1s\n";
    let table = run_with_stdin(&mut program(&["sim", "-"]), story.as_bytes()).done();
    for row in ["crash known  1 crash: nobody was told", "rumors  1: nobody else was told"] {
        assert!(table.contains(row), "{row}\n{table}");
    }
}

#[test]
fn the_log_is_printed_if_asked_for() {
    let story = "spawn a b\njoin b via a\nuntil full within 5s\ncrash b\nuntil known b within 30s\n";
    let said = |args: &[&str]| run_with_stdin(&mut program(&[&["sim", "-"], args].concat()), story.as_bytes()).done();
    assert!(said(&["--log"]).contains("* crash b\n"));
    assert!(!said(&[]).contains("* crash b\n"));
    let log: Value = serde_json::from_str(&said(&["--json", "--log"])).unwrap();
    assert!(log["log"].as_array().unwrap().iter().any(|line| line.as_str().unwrap().contains("b is down")));
}

#[test]
fn a_story_that_fails_says_where_and_how_it_came_to_it() {
    for (story, named) in [
        (
            "spawn a b\njoin b via a\nuntil converged within 1ms\n",
            ["in act 3, `until converged within 1ms`", "not reached"],
        ),
        (
            "spawn a\nrun 1s\njoin a via nobody\n",
            ["after 1.00 s, in act 3, `join a via nobody`", "no host called `nobody`"],
        ),
    ] {
        let ran = run_with_stdin(&mut program(&["sim", "-"]), story.as_bytes());
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        let last = ran.stderr.lines().last().unwrap();
        assert!(last.starts_with("gossip: ") && named.iter().all(|named| last.contains(named)), "{}", ran.stderr);
        assert!(ran.stderr.contains("* spawn a"), "the log's last lines come first: {}", ran.stderr);
        assert!(String::from_utf8(ran.stdout).unwrap().starts_with("Failed after"));
    }
}

#[test]
fn nonsense_is_refused() {
    for (flags, named) in [
        ("--nodes 1", "--nodes"),
        ("--loss 10", "10% or 0.1"),
        ("--loss 99%", "hardly anything"),
        ("--latency 5ms", "uniform:MIN:MAX"),
        ("--latency uniform:5ms:1ms", "uniform:5ms:1ms"),
        ("--kill 100%", "two at least"),
        ("--partition 50%", "50%:25s"),
        ("--partition 50%:55s", "half of the time"),
        ("--partition 32:5s", "cut off from"),
        ("--time 5", "`5` is no time"),
        ("--time 0s", "one second"),
        ("--churn 1ms", "a second"),
        ("--preset sensor", "room for 16"),
        ("--preset moon", "moon"),
        ("--puts 20000", "room for 16384"),
        ("--print --json", "--json"),
        ("story.txt --nodes 3", "--nodes"),
        ("no-such-story.txt", "no-such-story.txt"),
    ] {
        let args: Vec<&str> = core::iter::once("sim").chain(flags.split(' ')).collect();
        let said = run(&mut program(&args)).refused(2);
        assert!(said.contains(named), "{flags}: {said}");
    }
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("story.txt"), "spawn a\n\nfly a\n").unwrap();
    let said = run(program(&["sim", "story.txt"]).current_dir(dir.path())).refused(2);
    assert_eq!(said, "gossip: story.txt:3: `fly` is no act: `gossip_core::sim::story` lists them\n");
    let said = run_with_stdin(&mut program(&["sim", "-"]), b"run").refused(2);
    assert_eq!(said, "gossip: stdin:1: a time is missing\n");
}

#[test]
fn the_report_is_one_page_with_every_plot_and_nothing_of_it_is_markup_that_was_not_meant() {
    let dir = tempfile::tempdir().unwrap();
    let (story, page) = ("<b>&'\"story.txt", "<i>page.html");
    let printed = run(program(&EVENTFUL).arg("--print")).done();
    fs::write(dir.path().join(story), format!("{printed}put n0 \"</pre><script>\" \"&\"\nrun 1s\n")).unwrap();
    run(program(&["sim", story, "--report", page]).current_dir(dir.path())).done();
    let page = fs::read_to_string(dir.path().join(page)).unwrap();

    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let page = roxmltree::Document::parse_with_options(&page, options).unwrap();
    let figures: Vec<&str> = page
        .descendants()
        .filter(|node| node.has_tag_name(XHTML_FIGURE))
        .filter_map(|node| node.attribute("id"))
        .collect();
    assert_eq!(figures, ["agreement", "cost", "rumors", "writes", "detection", "by-node", "frames"]);
    let plots = page.descendants().filter(|node| node.tag_name().name() == "svg").count();
    assert_eq!(plots, figures.len());
    let said: BTreeSet<String> =
        page.descendants().filter_map(|node| node.text()).map(|text| text.trim().to_owned()).collect();
    for series in [
        "see all that live",
        "know the same",
        "claim agreement",
        "false suspicions",
        "false deaths",
        "bytes",
        "datagrams",
        "partition",
        "crash: n7",
        "time since the beginning, in seconds",
        "nodes that know",
        "seconds since the crash",
        "bytes sent a second",
        "Ping",
    ] {
        assert!(said.contains(series), "{series} is missing among {said:?}");
    }
    let tags: BTreeSet<&str> = page.descendants().map(|node| node.tag_name().name()).collect();
    assert!(["script", "link", "img", "b", "i"].iter().all(|tag| !tags.contains(tag)), "{tags:?}");
    assert!(
        page.descendants()
            .flat_map(|node| node.attributes())
            .all(|attribute| !matches!(attribute.name(), "src" | "href"))
    );
    let pre: Vec<&str> =
        page.descendants().filter(|node| node.tag_name().name() == "pre").filter_map(|node| node.text()).collect();
    assert!(pre[0].contains("<b>&") && pre[1].contains("put n0 </pre><script> &"), "{pre:?}");
}

const XHTML_FIGURE: (&str, &str) = ("http://www.w3.org/1999/xhtml", "figure");

#[test]
fn a_report_that_cannot_be_written_is_said() {
    let path = Path::new("no").join("such").join("folder.html");
    let said = run(program(&["sim", "--nodes", "2", "--time", "1s", "--report"]).arg(&path)).refused(1);
    assert!(said.contains("folder.html"), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_story_tells_what_there_is_so_far() {
    use crate::process::{eventually, finish, signal};
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("long.txt"), "spawn a b\njoin b via a\nrun 8000h\n").unwrap();
    let child = program(&["sim", "long.txt"]).current_dir(dir.path()).spawn().unwrap();
    eventually("it heeds signals", || {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        // The second bit is SIGINT's.
        u64::from_str_radix(caught.trim(), 16).unwrap() & 0b10 != 0
    });
    signal(&child, "INT");
    let ran = finish(child);
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
    assert!(String::from_utf8(ran.stdout).unwrap().starts_with("Stopped after"));
}
