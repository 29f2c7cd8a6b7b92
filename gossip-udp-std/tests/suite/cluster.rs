//! Several nodes, each doing what it is there for.
use super::*;

pub(crate) fn three_nodes_replicate_and_agree<A: Adapter>() {
    let nodes = three::<A>();
    let [one, two, three] = &nodes;
    one.put(b"color", b"red").unwrap();
    two.put(b"shape", b"round").unwrap();
    for node in &nodes {
        eventually("both entries", || node.list(b"").unwrap().len() == 2);
        let entries = node.list(b"").unwrap();
        assert_eq!(entries.iter().map(|entry| entry.key.as_slice()).collect::<Vec<_>>(), [b"color", b"shape"]);
        assert_eq!(node.list(b"sh").unwrap().len(), 1);
    }

    let overwrite = three.put(b"color", b"blue").unwrap();
    assert_eq!(overwrite.origin, three.id());
    for node in &nodes {
        eventually("the new color", || value(node, "color").as_deref() == Some(b"blue"));
        assert_eq!(node.get(b"color").unwrap().unwrap().dot, overwrite);
    }

    let mut events = one.subscribe();
    two.delete(b"color").unwrap();
    let deleted = |it: &OwnedEvent| matches!(it, OwnedEvent::Changed { key, value: None, .. } if key == b"color");
    happens::<A>(&mut events, "the deletion was told", deleted);
    for node in &nodes {
        eventually("the deletion", || value(node, "color").is_none());
        eventually("agreement of all three", || {
            let agreement = node.agreement().unwrap();
            agreement.is_converged() && (agreement.agreeing, agreement.live) == (3, 3)
        });
    }
    assert_eq!(one.delete(b"color"), Err(CallError::Refused(DeleteError::Absent)));
}

pub(crate) fn writes_are_waited_for_until_others_have_them<A: Adapter>() {
    let nodes = three::<A>();
    let (write, majority) = nodes[0].put_await(b"color", b"red", Quorum::Majority, PATIENCE).unwrap();
    assert!(majority.holders >= 2 && majority.of == 3, "{majority:?}");
    assert_eq!(nodes[0].await_write(write, Quorum::All, PATIENCE), Ok(Reached { holders: 3, of: 3 }));
    for node in &nodes {
        assert_eq!(node.get(b"color").unwrap().unwrap().value, b"red");
    }
    assert_eq!(nodes[0].await_converged(PATIENCE), Ok(Reached { holders: 3, of: 3 }));
    let refused = nodes[1].await_write(write, Quorum::All, PATIENCE);
    assert!(matches!(refused, Err(WaitError::Refused { reason: AwaitError::Foreign, .. })), "{refused:?}");
    nodes[2].abort().unwrap();
    let in_vain = nodes[0].put_await(b"color", b"blue", Quorum::AtLeast(3), Duration::from_millis(300)).unwrap_err();
    let WaitError::InVain(InVain { write: Some(_), why: NotReached::TimedOut, ref missing, .. }) = in_vain else {
        panic!("{in_vain}")
    };
    // It may be known by then that it is gone.
    assert!(missing.iter().all(|missing| missing.name == "three"), "{in_vain}");
    let (waiting, leaving) = (nodes[1].clone(), nodes[1].clone());
    let waiter = std::thread::spawn(move || waiting.put_await(b"size", b"big", Quorum::AtLeast(9), PATIENCE));
    eventually("it is written", || nodes[1].get(b"size").unwrap().is_some());
    leaving.leave().unwrap();
    let given_up = waiter.join().unwrap();
    assert!(matches!(&given_up, Err(WaitError::InVain(vain)) if vain.why == NotReached::Left), "{given_up:?}");
    assert_eq!(leaving.await_converged(PATIENCE), Err(WaitError::Closed));
}

pub(crate) fn presence_spreads<A: Adapter>() {
    let one = start::<A>("one", &[]);
    let mut options = options("two");
    options.role = "web".into();
    options.seeds = vec![one.local_addr()];
    let two = A::bind(options).unwrap();
    eventually("the role", || member(&one, "two").is_some_and(|two| two.role == "web"));
    let mut events = one.subscribe();
    two.set_presence("db", BTreeMap::from([("zone".into(), "a".into())])).unwrap();
    let updated = happens::<A>(
        &mut events,
        "the update",
        |it| matches!(it, OwnedEvent::MemberUpdated { member } if member.role == "db"),
    );
    let OwnedEvent::MemberUpdated { member } = updated else { unreachable!("it was asked for") };
    assert_eq!((member.id, member.tags["zone"].as_str(), member.is_self), (two.id(), "a", false));
    let names: Vec<_> = one.members().unwrap().into_iter().map(|it| (it.name, it.is_self)).collect();
    assert_eq!(names, [("one".to_owned(), true), ("two".to_owned(), false)]);
}

pub(crate) fn the_longest_presences_reach_all<A: Adapter>() {
    let nodes = three::<A>();
    let len_max = nodes[0].info().unwrap().lengths.presence_max;
    let tags = |letter: &str, len: usize| BTreeMap::from([("pad".to_owned(), letter.repeat(len))]);
    for (node, letter) in nodes.iter().zip(["a", "b", "c"]) {
        let fits = |len: &usize| node.set_presence("role", tags(letter, *len)).is_ok();
        let longest = (0..len_max).rev().find(fits).unwrap();
        assert!(longest + 32 > len_max, "name, role and framing take little: {longest} of {len_max}");
    }
    for node in &nodes {
        for (name, letter) in [("one", "a"), ("two", "b"), ("three", "c")] {
            eventually("what each says of itself", || {
                let pad = member(node, name).and_then(|member| member.tags.get("pad").cloned()).unwrap_or_default();
                pad.len() + 32 > len_max && pad.starts_with(letter)
            });
        }
    }
}

pub(crate) fn a_node_with_nobody_to_answer_says_that_it_is_alone<A: Adapter>() {
    let deaf = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let one = start::<A>("one", &[]);
    let mut events = one.subscribe();
    one.join(deaf.local_addr().unwrap()).unwrap();
    happens::<A>(&mut events, "loneliness", |it| *it == OwnedEvent::Alone);
    let seeds = one.info().unwrap().seeds;
    assert_eq!((seeds.len(), seeds[0].addrs[0], seeds[0].answered), (1, deaf.local_addr().unwrap(), None));

    let two = start::<A>("two", &[&one]);
    everybody_sees(core::slice::from_ref(&one), "two", Liveness::Alive);
    two.leave().unwrap();
    happens::<A>(&mut events, "loneliness again", |it| *it == OwnedEvent::Alone);
}

pub(crate) fn a_seed_may_be_a_name<A: Adapter>() {
    let one = start::<A>("one", &[]);
    let mut options = options("two");
    // What no resolver knows, by the standard that reserves it (RFC 6761, section 6.4), beside what each one does.
    let port = one.local_addr().port();
    options.seed_names = vec!["nowhere.invalid:7946".into()];
    let two = A::bind(options).unwrap();
    eventually("trouble with the name", || two.info().unwrap().seeds[0].trouble.is_some());
    let mut events = two.subscribe();
    two.join_name(&format!("localhost:{port}")).unwrap();
    let resolved =
        |it: &OwnedEvent| matches!(it, OwnedEvent::SeedResolved { seed, .. } if seed.starts_with("localhost"));
    happens::<A>(&mut events, "the name to be looked up", resolved);
    everybody_sees(core::slice::from_ref(&two), "one", Liveness::Alive);
    eventually("an answer from there", || {
        let seeds = two.info().unwrap().seeds;
        seeds.len() == 2 && seeds[1].answered == Some(one.id()) && seeds[1].answered_name.as_deref() == Some("one")
    });
}

pub(crate) fn a_critical_rumor_reaches_each_once<A: Adapter>() {
    let [one, two, three] = three::<A>();
    let mut listeners = [one.subscribe(), two.subscribe(), three.subscribe()];
    let dot = one.publish(Urgency::Critical, b"fire").unwrap();
    let is_fire = |told: &OwnedEvent| matches!(told, OwnedEvent::Delivered { dot: named, urgency: Urgency::Critical, payload, .. } if (*named, &payload[..]) == (dot, b"fire"));
    let [_, others @ ..] = &mut listeners;
    for events in others {
        happens::<A>(events, "the rumor", is_fire);
    }
    // Many gossip rounds later, nobody has heard it again, and its publisher never did.
    sleep(Duration::from_secs(2));
    for events in &mut listeners {
        let again = all_told::<A>(events, Duration::ZERO);
        assert!(!again.iter().any(|it| matches!(it, OwnedEvent::Delivered { .. })), "{again:?}");
    }
}

pub(crate) fn a_farewell_is_seen_as_left<A: Adapter>() {
    let [one, two, three] = three::<A>();
    let mut events = one.subscribe();
    three.leave().unwrap();
    let gone = happens::<A>(
        &mut events,
        "three to go",
        |it| matches!(it, OwnedEvent::MemberDown { member, .. } if member.name == "three"),
    );
    assert!(matches!(gone, OwnedEvent::MemberDown { departure: Departure::Left, .. }), "{gone:?}");
    everybody_sees(&[one, two], "three", Liveness::Left);
}

pub(crate) fn dropping_all_handles_is_a_farewell<A: Adapter>() {
    let [one, two, three] = three::<A>();
    let mut events = three.subscribe();
    let clone = three.clone();
    drop(three);
    assert_eq!(clone.members().unwrap().len(), 3);
    drop(clone);
    let told = all_told::<A>(&mut events, PATIENCE);
    assert_eq!(told.last(), Some(&OwnedEvent::Departed));
    assert_eq!(A::next(&mut events, Duration::ZERO), Ok(None));
    everybody_sees(&[one, two], "three", Liveness::Left);
}

pub(crate) fn a_crash_is_seen_as_down_and_a_restart_is_recognised<A: Adapter>() {
    let [one, two, three] = three::<A>();
    three.put(b"color", b"red").unwrap();
    eventually("the entry", || value(&one, "color").is_some());
    let (mut events, id) = (one.subscribe(), three.id());
    let life = member(&one, "three").unwrap().generation;
    three.abort().unwrap();
    everybody_sees(&[one.clone(), two.clone()], "three", Liveness::Down);
    let failed = |it: &OwnedEvent| matches!(it, OwnedEvent::MemberDown { member, departure: Departure::Failed, .. } if member.id == id);
    happens::<A>(&mut events, "the failure was told", failed);

    // It comes back under its name, without its memory and on another port.
    let three = start("three", &[&two]);
    let back = |it: &OwnedEvent| matches!(it, OwnedEvent::MemberUp { member, arrival: Arrival::Restarted, .. } if member.id == id);
    happens::<A>(&mut events, "the return", back);
    // On a busy machine its former life may have outdone a suspicion that not everybody had heard of when it died: then the
    // restarted one is outdone once more by what is said of the former, and has to answer.
    eventually("its new life at its new address", || {
        member(&one, "three").is_some_and(|seen| {
            (seen.liveness, seen.addr) == (Liveness::Alive, three.local_addr()) && seen.generation != life
        })
    });
    eventually("its own entry, from the others", || value(&three, "color").as_deref() == Some(b"red"));
}
