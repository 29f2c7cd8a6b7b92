//! The demonstration.
use crate::process::{program, run};

#[test]
fn the_demonstration_holds_and_says_so() {
    let ran = run(&mut program(&["demo", "--nodes", "3", "--json"]));
    let stdout = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(stdout.lines().count(), 1, "{stdout}");
    let summary: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&summary["nodes"], &summary["held"]), (&3.into(), &true.into()), "{}", ran.stderr);
    assert_eq!(ran.code, Some(0));
    let steps = summary["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["held"] == true && step["ms"].is_number()), "{summary}");
    let names: Vec<&str> = steps.iter().filter_map(|step| step["step"].as_str()).collect();
    assert_eq!(
        names,
        [
            "start",
            "join",
            "presence",
            "facts",
            "config",
            "notice",
            "agree",
            "keep",
            "crash",
            "meanwhile",
            "return",
            "catch-up",
            "agree-again",
            "leave",
            "once"
        ]
    );
}

/// Whoever ends the demonstration, and however, ends its agents: no process and no file is left behind.
#[cfg(target_os = "linux")]
#[test]
fn nothing_is_left_of_a_demonstration_that_was_ended() {
    use crate::process::{PATIENCE, eventually, lines, signal, wait};
    use std::{fs, process::Stdio};
    for (name, code) in [("INT", Some(130)), ("KILL", None)] {
        let scratch = tempfile::tempdir().unwrap();
        let mut command = program(&["demo", "--nodes", "3"]);
        let mut demo = command.env("TMPDIR", scratch.path()).stderr(Stdio::inherit()).spawn().unwrap();
        let lines = lines(demo.stdout.take().unwrap());
        while !lines.recv_timeout(PATIENCE).unwrap().contains("presence") {}
        let label = format!("gossip-demo-{}", demo.id());
        assert_eq!(processes_with(&label), 3);
        signal(&demo, name);
        assert_eq!(wait(&mut demo).code(), code);
        eventually("the agents are gone", || processes_with(&label) == 0);
        if name == "INT" {
            assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
        }
    }

    fn processes_with(argument: &str) -> usize {
        let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
        lines.filter(|line| line.split(|byte| *byte == 0).any(|part| part == argument.as_bytes())).count()
    }
}
