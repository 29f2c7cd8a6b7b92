//! The commands that wait for others.
use crate::process::{Agent, eventually, pair, text};

#[test]
fn a_write_is_waited_for_and_agreement_too() {
    let (one, two) = pair();
    let dot = one.run(&["put", "k", "v", "--wait", "all"]).done();
    assert_eq!(dot.trim().split('.').count(), 3, "{dot}");
    assert_eq!(two.run(&["get", "k"]).done(), "v", "it is there, and not on its way");
    let waited = one.run(&["put", "k", "w", "--wait", "2", "--json"]).json();
    assert_eq!((&waited["reached"], &waited["holders"], &waited["of"]), (&true.into(), &2.into(), &2.into()));
    assert!(waited["dot"].is_string() && one.run(&["put", "k", "x", "--json"]).json()["dot"].is_string());
    assert_eq!(two.run(&["wait", "--converged"]).done().trim(), "all 2 agree");
    assert_eq!(two.run(&["wait", "--converged", "--json"]).json()["reached"], true);
}

#[cfg(unix)]
#[test]
fn who_is_missing_is_named_and_the_write_stands() {
    let (one, two) = pair();
    crate::process::signal(&two.child, "STOP");
    let said = one.run(&["put", "k", "v", "--wait", "all", "--timeout", "300ms"]).refused(1);
    assert!(said.contains("1 of 2 have the write; missing: two; the write stands"), "{said}");
    let ran = one.run(&["put", "k", "w", "--wait", "majority", "--timeout", "300ms", "--json"]);
    assert_eq!(ran.code, Some(1));
    let waited: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!((&waited["reached"], text(&waited["missing"][0]).as_str()), (&false.into(), "two"));
    let said = one.run(&["wait", "--converged", "--timeout", "300ms"]).refused(1);
    assert!(said.contains("1 of 2 agree; missing: two"), "{said}");
    crate::process::signal(&two.child, "CONT");
    eventually("two has it", || two.run(&["get", "k"]).stdout == b"w");
}

#[test]
fn who_is_alone_has_a_majority_and_nobody_to_agree_with() {
    let one = Agent::start("one", &[]);
    one.run(&["put", "k", "v", "--wait", "majority"]).done();
    let said = one.run(&["wait", "--converged", "--timeout", "100ms"]).refused(1);
    assert!(said.contains("no other member is there"), "{said}");
    let said = one.run(&["put", "k", "v", "--wait", "2", "--timeout", "100ms"]).refused(1);
    assert!(said.contains("1 of 1 have the write"), "{said}");
}
