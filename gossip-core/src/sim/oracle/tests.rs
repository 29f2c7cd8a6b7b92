//! For each oracle a fault, and that it speaks; and that without the fault it does not.
use super::{Caller, Drained, Oracle, Prompt, tampering::Redrawn};
use crate::{
    config::Config,
    id::Dot,
    io::{Arrival, Event},
    sim::{HostId, Memory, Network, Scrutiny, World},
    time::Instant,
    waiting::Quorum,
    wire::Urgency,
};
use alloc::{boxed::Box, collections::BTreeSet, format, vec, vec::Vec};
use core::time::Duration;

mod promises;

/// Four nodes that agree, and nothing to be said of them.
fn settled() -> (World, [HostId; 4]) {
    settled_in(Network::lan())
}

fn settled_in(network: Network) -> (World, [HostId; 4]) {
    let mut world = World::new(3, network);
    let hosts = core::array::from_fn(|n| world.spawn(&format!("n{n}"), Config::lan()));
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    world.put(hosts[0], b"k", b"v").unwrap().unwrap();
    world.run_for(Duration::from_secs(10));
    assert_eq!(world.check_at_rest(), Ok(()));
    (world, hosts)
}

/// Which oracles have spoken.
fn spoken(world: &World) -> Vec<Oracle> {
    world.violations().iter().map(|violation| violation.oracle).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Has the events that a host tells its application told otherwise.
fn retell(world: &mut World, host: HostId, mut retold: impl for<'b> FnMut(Event<'b>) -> Vec<Event<'b>> + 'static) {
    world.oracles.tampering.event =
        Some(Box::new(move |whose, event| if whose == host { retold(event) } else { vec![event] }));
}

/// Publishes, writes, deletes, and lets that spread.
fn talk(world: &mut World, hosts: &[HostId; 4]) {
    world.publish(hosts[0], Urgency::Normal, b"a rumor").unwrap().unwrap();
    world.put(hosts[1], b"k", b"other").unwrap().unwrap();
    world.run_for(Duration::from_secs(3));
    world.delete(hosts[3], b"k").unwrap().unwrap();
    world.run_for(Duration::from_secs(10));
}

/// What the oracles say of a world in which one host's drains are drawn otherwise, once.
fn redrawn_once(mut redrawn: impl FnMut(&mut Instant, &mut Drained) -> bool + 'static) -> Vec<Oracle> {
    let (mut world, hosts) = settled();
    let mut done = false;
    let once: Box<Redrawn> = Box::new(move |whose, deadline, drained| {
        done = done || whose == hosts[2] && redrawn(deadline, drained);
    });
    world.oracles.tampering.drain = Some(once);
    talk(&mut world, &hosts);
    let _ = world.check_at_rest();
    spoken(&world)
}

#[test]
fn each_has_a_name_and_a_sentence_of_its_own() {
    let names: BTreeSet<_> = Oracle::ALL.iter().map(|oracle| oracle.name()).collect();
    let sentences: BTreeSet<_> = Oracle::ALL.iter().map(|oracle| oracle.sentence()).collect();
    assert_eq!((names.len(), sentences.len(), Oracle::ALL.len()), (17, 17, 17));
    assert!(names.iter().all(|name| name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-')));
}

#[test]
fn nothing_is_said_of_a_world_without_a_fault() {
    let (mut world, hosts) = settled();
    retell(&mut world, hosts[2], |event| vec![event]);
    talk(&mut world, &hosts);
    assert_eq!(world.check_at_rest(), Ok(()));
}

#[test]
fn members_that_do_not_see_each_other_do_not_agree() {
    let (mut world, hosts) = settled();
    world.partition(&[&hosts[..2], &hosts[2..]]);
    world.run_for(Duration::from_secs(30));
    assert_eq!(world.check(), Ok(()), "a partition is no fault, a rest within one is");
    assert!(world.check_at_rest().is_err());
    // Each side agrees with itself, and claims so.
    assert_eq!(spoken(&world), [Oracle::AgreementAtRest, Oracle::TrueConvergence]);
}

#[test]
fn what_was_kept_and_is_gone_is_seen() {
    let (mut world, hosts) = settled();
    world.keep(hosts[1]);
    world.restart(hosts[1], Memory::Kept);
    assert_eq!(world.check(), Ok(()));
    world.put(hosts[1], b"other", b"v").unwrap().unwrap();
    world.keep(hosts[1]);
    // As if the node had not taken the entries: it is handed a memory without them.
    let kept = core::mem::take(&mut world.hosts[hosts[1].index()].kept);
    world.restart(hosts[1], Memory::Kept);
    let node = world.hosts[hosts[1].index()].node.as_ref().unwrap();
    world.oracles.on_restored(world.now, hosts[1], node, &kept);
    assert_eq!(spoken(&world), [Oracle::KeptIsHeld]);
}

#[test]
fn a_presence_that_has_not_come_round_is_no_agreement() {
    let (mut world, hosts) = settled();
    world.command(hosts[1], |node, now| node.set_presence(now, b"new")).unwrap().unwrap();
    assert!(world.check_at_rest().is_err());
    assert_eq!(spoken(&world), [Oracle::AgreementAtRest]);
}

#[test]
fn a_dead_member_that_is_seen_is_no_agreement() {
    let (mut world, hosts) = settled();
    world.crash(hosts[1]);
    assert!(world.check_at_rest().is_err());
    assert_eq!(spoken(&world), [Oracle::AgreementAtRest]);
}

#[test]
fn a_write_that_only_one_holds_is_not_agreed_upon_and_may_be_lost() {
    let (mut world, hosts) = settled();
    world.cut(&hosts[1..], &hosts[..1]);
    world.cut(&hosts[..1], &hosts[1..]);
    world.put(hosts[0], b"k", b"mine").unwrap().unwrap();
    world.run_for(Duration::from_millis(100));
    assert!(world.check_at_rest().is_err());
    assert_eq!(spoken(&world), [Oracle::AgreementAtRest, Oracle::NoLostWrite]);
}

#[test]
fn a_write_that_was_told_and_that_nobody_holds_is_lost() {
    let (mut world, hosts) = settled();
    retell(&mut world, hosts[2], |event| match event {
        Event::Changed { key, value: None, dot } => {
            let later = Dot { sequence: dot.sequence + 1, ..dot };
            vec![event, Event::Changed { key, value: Some(b"phantom"), dot: later }]
        }
        _ => vec![event],
    });
    talk(&mut world, &hosts);
    assert!(world.check_at_rest().is_err());
    assert_eq!(spoken(&world), [Oracle::NoLostWrite, Oracle::OwnTruth]);
}

#[test]
fn a_rumor_told_twice_is_seen() {
    let (mut world, hosts) = settled();
    retell(&mut world, hosts[2], |event| match event {
        Event::Delivered { .. } => vec![event, event],
        _ => vec![event],
    });
    talk(&mut world, &hosts);
    assert_eq!(spoken(&world), [Oracle::RumorOnce]);
}

#[test]
fn a_rumor_told_again_in_a_life_that_remembers_it_is_seen() {
    for remembers in [false, true] {
        let (mut world, hosts) = settled();
        world.keep(hosts[2]);
        talk(&mut world, &hosts);
        if remembers {
            // The oracles take it to be kept after the rumor, which it was not.
            world.oracles.on_kept(hosts[2]);
        }
        world.restart(hosts[2], Memory::Kept);
        world.run_for(Duration::from_secs(20));
        let told_again: &[Oracle] = if remembers { &[Oracle::RumorOnce] } else { &[] };
        assert_eq!(spoken(&world), told_again);
    }
}

#[test]
fn a_rumor_that_is_not_told_is_missed() {
    let (mut world, hosts) = settled();
    retell(&mut world, hosts[2], |event| match event {
        Event::Delivered { .. } => vec![],
        _ => vec![event],
    });
    talk(&mut world, &hosts);
    assert_eq!(world.check(), Ok(()));
    assert!(world.check_at_rest().is_err());
    assert_eq!(spoken(&world), [Oracle::RumorReachesAll]);
}

#[test]
fn a_rumor_or_write_that_says_two_things_is_seen() {
    let (mut world, hosts) = settled();
    retell(&mut world, hosts[2], |event| match event {
        Event::Delivered { dot, urgency, age, .. } => {
            vec![Event::Delivered { dot, urgency, payload: b"something else", age }]
        }
        _ => vec![event],
    });
    talk(&mut world, &hosts);
    assert_eq!(spoken(&world), [Oracle::DotUsedOnce]);

    let (mut world, hosts) = settled();
    retell(&mut world, hosts[2], |event| match event {
        Event::Changed { key, dot, value: Some(_) } => vec![Event::Changed { key, dot, value: None }],
        _ => vec![event],
    });
    talk(&mut world, &hosts);
    assert_eq!(spoken(&world), [Oracle::DotUsedOnce]);
}

#[test]
fn an_older_write_after_a_later_one_is_seen() {
    let (mut world, hosts) = settled();
    retell(&mut world, hosts[2], |event| match event {
        Event::Changed { key, value, dot } => {
            let before = Dot { sequence: 0, ..dot };
            vec![event, Event::Changed { key, value, dot: before }]
        }
        _ => vec![event],
    });
    talk(&mut world, &hosts);
    assert_eq!(spoken(&world), [Oracle::NoRisenEntry]);
}

#[test]
fn a_member_that_is_back_from_the_dead_is_seen() {
    let (mut world, hosts) = settled();
    retell(&mut world, hosts[2], |event| match event {
        Event::MemberDown { id, .. } => vec![event, Event::MemberUp { id, arrival: Arrival::Returned }],
        _ => vec![event],
    });
    world.crash(hosts[1]);
    world.run_for(Duration::from_secs(30));
    assert_eq!(spoken(&world), [Oracle::NoRisenMember, Oracle::OwnTruth]);
}

#[test]
fn a_dead_member_is_not_there_in_words_that_it_never_said() {
    for said in [true, false] {
        let (mut world, hosts) = settled();
        let id = world.id(hosts[1]);
        world.crash(hosts[1]);
        if !said {
            world.oracles.incarnations.remove(&id);
        }
        // Nobody has noticed yet, so that the newcomer is told that it is there.
        let newcomer = world.spawn("new", Config::lan());
        world.join(newcomer, hosts[0]);
        world.run_for(Duration::from_secs(30));
        let seen: &[Oracle] = if said { &[] } else { &[Oracle::NoRisenMember] };
        assert_eq!(spoken(&world), seen);
    }
}

#[test]
fn a_claim_that_counts_wrongly_is_seen() {
    let (mut world, hosts) = settled();
    retell(&mut world, hosts[2], |event| match event {
        Event::Converged { live } => vec![Event::Converged { live: live + 1 }],
        _ => vec![event],
    });
    talk(&mut world, &hosts);
    assert_eq!(spoken(&world), [Oracle::TrueConvergence]);
}

#[test]
fn a_claim_before_the_others_know_is_seen() {
    let (mut world, hosts) = settled();
    world.put(hosts[0], b"k", b"nobody else knows").unwrap().unwrap();
    let node = world.hosts[0].node.take().unwrap();
    world.oracles.hear(world.now, hosts[0], &node, &Event::Converged { live: 4 }, None);
    assert_eq!(spoken(&world), [Oracle::TrueConvergence]);
    assert_eq!(world.violations().len(), 3, "none of the three others knew");
}

#[test]
fn what_is_owed_and_not_sent_is_seen() {
    let (mut world, hosts) = settled();
    let mut node = world.hosts[0].node.take().unwrap();
    let mut at = world.now;
    while node.usage().rows().all(|(region, used, _)| region != "outbox" || used == 0) {
        at = at + Duration::from_millis(100);
        node.handle_input(at, crate::io::Input::TimerFired);
    }
    let quiet = Drained { prompt: Prompt::Command, events: 0, datagrams: 0, bytes: 0, bytes_back: 0, longest: 0 };
    world.oracles.on_drained(at, hosts[0], &node, at, at + Duration::from_secs(1), &quiet);
    assert_eq!(spoken(&world), [Oracle::LimitsKept]);
}

#[test]
fn a_node_that_wants_to_be_woken_in_the_past_or_never_is_seen() {
    let in_the_past = redrawn_once(|deadline, drained| {
        let timer = matches!(drained.prompt, Prompt::Timer { .. });
        if let Prompt::Timer { due } = drained.prompt {
            *deadline = Instant::from_micros(due.as_micros() - 1);
        }
        timer
    });
    assert_eq!(in_the_past, [Oracle::Punctual]);
    let never = redrawn_once(|deadline, _| {
        *deadline = Instant::NEVER;
        true
    });
    assert_eq!(never, [Oracle::Punctual]);
}

#[test]
fn a_node_that_spins_is_seen() {
    // At once, again and again; and a millisecond later, again and again.
    for ahead in [0, 1_000] {
        let (mut world, hosts) = settled();
        let node = world.hosts[2].node.take().unwrap();
        let mut at = world.now;
        for _ in 0..40 {
            let prompt = Prompt::Timer { due: at };
            let nothing = Drained { prompt, events: 0, datagrams: 0, bytes: 0, bytes_back: 0, longest: 0 };
            let deadline = at + Duration::from_micros(ahead);
            world.oracles.on_drained(at, hosts[2], &node, at, deadline, &nothing);
            at = deadline;
        }
        assert_eq!(spoken(&world), [Oracle::Punctual], "{ahead}");
    }
}

#[test]
fn what_is_beyond_the_budget_is_seen() {
    let faults: [fn(&mut Drained); 3] = [
        |drained| drained.longest = 1_401,
        |drained| drained.datagrams = 1_024 + 64 + 1,
        |drained| drained.events += 4 + 1 + 4 + 16,
    ];
    for fault in faults {
        let seen = redrawn_once(move |_, drained| {
            fault(drained);
            true
        });
        assert_eq!(seen, [Oracle::WithinBudget]);
    }
}

#[test]
fn a_stranger_that_is_answered_at_length_is_seen() {
    for caller in [Caller::Stranger, Caller::Proven] {
        let seen = redrawn_once(move |_, drained| {
            let Prompt::Datagram { from, len, .. } = drained.prompt else { return false };
            drained.prompt = Prompt::Datagram { from, caller, len };
            drained.bytes_back = len + 1;
            true
        });
        let expected: &[Oracle] = if caller == Caller::Stranger { &[Oracle::WithinBudget] } else { &[] };
        assert_eq!(seen, expected);
    }
}

#[test]
fn a_member_that_was_not_told_of_is_seen() {
    let (mut world, hosts) = settled();
    retell(&mut world, hosts[2], |event| match event {
        Event::MemberUp { .. } => vec![],
        _ => vec![event],
    });
    let newcomer = world.spawn("new", Config::lan());
    world.join(newcomer, hosts[0]);
    world.run_for(Duration::from_secs(3));
    assert_eq!(spoken(&world), [Oracle::OwnTruth]);
}

#[test]
fn a_node_that_is_not_what_it_was_is_seen() {
    use crate::{id::Generation, id::Incarnation, node::Liveness};
    let faults: [fn(&mut super::watched::Myself); 4] = [
        |me| me.presence.push(1),
        |me| me.generation = Generation(!me.generation.0),
        |me| me.incarnation = Incarnation(me.incarnation.0 + 1),
        |me| me.liveness = Liveness::Left,
    ];
    for fault in faults {
        let (mut world, hosts) = settled();
        fault(world.oracles.hosts[hosts[2].index()].life.me.as_mut().unwrap());
        world.run_for(Duration::from_secs(3));
        assert_eq!(spoken(&world), [Oracle::OwnTruth]);
    }
}

#[test]
fn who_sends_much_at_rest_is_heard() {
    let (mut world, _) = settled();
    let (before, time) = (world.sent(), Duration::from_secs(10));
    world.run_for(time);
    world.check_quiet(&before, time);
    assert_eq!(spoken(&world), []);
    world.check_quiet(&before, time / 100);
    assert_eq!(spoken(&world), [Oracle::QuietAtRest]);
}

#[test]
fn where_bytes_may_be_forged_only_conduct_counts() {
    let mut corrupt = Network::lan();
    corrupt.corruption = 1e-9;
    let (mut world, hosts) = settled_in(corrupt);
    retell(&mut world, hosts[2], |event| vec![event, event]);
    talk(&mut world, &hosts);
    assert_eq!(spoken(&world), []);
    world.oracles.tampering.drain = Some(Box::new(|_, deadline, _| *deadline = Instant::NEVER));
    world.run_for(Duration::from_secs(30));
    assert_eq!(spoken(&world), [Oracle::Punctual]);
    assert_eq!(world.violations().len(), 16, "there is an end to it");

    let (mut world, hosts) = settled();
    world.inject(hosts[0], world.addr(hosts[1]), b"lies");
    retell(&mut world, hosts[2], |event| vec![event, event]);
    talk(&mut world, &hosts);
    assert_eq!(spoken(&world), []);
}

#[test]
fn who_looks_away_sees_nothing() {
    let mut world = World::new(3, Network::lan());
    world.set_scrutiny(Scrutiny::Loose);
    let hosts: [HostId; 4] = core::array::from_fn(|n| world.spawn(&format!("n{n}"), Config::lan()));
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    retell(&mut world, hosts[2], |event| vec![event, event]);
    talk(&mut world, &hosts);
    assert_eq!(world.check_at_rest(), Ok(()));
    world.partition(&[&hosts[..2], &hosts[2..]]);
    world.run_for(Duration::from_secs(30));
    assert!(world.check_at_rest().is_err(), "how things stand can be seen at any time");
}
