//! Wall clocks that are wrong, by days and by years: nothing is lost for a date, and who is wrong is told so.
#![cfg(feature = "sim")]
use core::time::Duration;
use gossip_core::{
    Addr, ClockStanding, ClusterLabel, Config, DeleteError, Digest, Generation, Heap, Incarnation, Input, Instant,
    Node, NodeId, PutError, Stamp,
    id::Life,
    records::Precedence,
    sim::{Calendar, HostId, Memory, Network, Told, World},
    wire::{Capabilities, EntryFrame, Frame, Header, MemberFrame, Operation, Standing, Stores, Writer},
};
use rand_pcg::Pcg32;

const HOUR: Duration = Duration::from_secs(3_600);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);

fn settled(count: usize) -> (World, Vec<HostId>) {
    let mut world = World::new(5, Network::lan());
    let hosts: Vec<HostId> = (0..count).map(|n| world.spawn(&format!("n{n}"), Config::lan())).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    agree(&mut world);
    (world, hosts)
}

fn agree(world: &mut World) {
    let live = world.live().count();
    let all = |world: &World| {
        world.live().all(|host| world.node(host).is_some_and(|node| node.live() == live && node.is_converged()))
    };
    assert!(world.run_until(Duration::from_secs(60), all).is_some());
    world.check_at_rest().unwrap();
}

fn value(world: &World, host: HostId, key: &[u8]) -> Option<Vec<u8>> {
    world.node(host).unwrap().get(key).map(<[u8]>::to_vec)
}

/// What a host was told of its clock.
fn skews(world: &World, host: HostId) -> Vec<ClockStanding> {
    let of = |(_, told): &(Instant, Told)| if let Told::ClockSkew(standing) = told { Some(*standing) } else { None };
    world.told(host).iter().filter_map(of).collect()
}

#[test]
fn boards_that_boot_years_behind_hold_all_that_they_kept() {
    for wrong in [Calendar::Back(2 * YEAR), Calendar::Epoch, Calendar::Missing] {
        let (mut world, hosts) = settled(3);
        for number in 0..200_u8 {
            world.put(hosts[usize::from(number) % 3], &[b'k', number], b"value").unwrap().unwrap();
        }
        agree(&mut world);
        for &host in &hosts {
            world.keep(host);
            world.crash(host);
            world.date(host, wrong);
        }
        hosts.iter().for_each(|&host| world.restart(host, Memory::Kept));
        agree(&mut world);
        // Before its clock is right, and after, whoever writes to what it holds prevails.
        for (host, turn) in hosts.iter().zip(0_u8..) {
            world.put(*host, &[b'k', turn], b"behind").unwrap().unwrap();
            world.date(*host, Calendar::Right);
            world.put(*host, &[b'k', turn + 10], b"right").unwrap().unwrap();
            agree(&mut world);
        }
        for &host in &hosts {
            assert_eq!(world.node(host).unwrap().entries(b"k").count(), 200, "{wrong:?}");
            for turn in 0..3 {
                assert_eq!(value(&world, host, &[b'k', turn]).as_deref(), Some(&b"behind"[..]));
                assert_eq!(value(&world, host, &[b'k', turn + 10]).as_deref(), Some(&b"right"[..]));
            }
        }
    }
}

#[test]
fn one_ahead_that_wrote_and_died_and_one_behind_disturb_nobody() {
    let (mut world, hosts) = settled(5);
    world.date(hosts[1], Calendar::Ahead(23 * HOUR));
    world.date(hosts[2], Calendar::Back(2 * HOUR));
    world.put(hosts[1], b"last", b"words").unwrap().unwrap();
    world.run_for(Duration::from_secs(5));
    world.crash(hosts[1]);
    world.put(hosts[3], b"other", b"value").unwrap().unwrap();
    world.run_for(Duration::from_secs(60));
    agree(&mut world);
    for host in [hosts[0], hosts[2], hosts[3], hosts[4]] {
        assert_eq!(value(&world, host, b"last").as_deref(), Some(&b"words"[..]));
    }
    // Whoever has seen that write may replace it at once, were it the one that is two hours behind.
    world.put(hosts[2], b"last", b"after all").unwrap().unwrap();
    agree(&mut world);
    assert_eq!(value(&world, hosts[0], b"last").as_deref(), Some(&b"after all"[..]));
}

#[test]
fn one_two_days_ahead_is_heard_by_all_and_followed_by_nobody() {
    let (mut world, hosts) = settled(5);
    world.date(hosts[1], Calendar::Ahead(48 * HOUR));
    world.put(hosts[1], b"k", b"from tomorrow").unwrap().unwrap();
    agree(&mut world);
    assert_eq!(value(&world, hosts[4], b"k").as_deref(), Some(&b"from tomorrow"[..]));
    world.put(hosts[4], b"other", b"value").unwrap().unwrap();
    let node = world.node(hosts[4]).unwrap();
    let (ahead, own) = (node.entry(b"k").unwrap().stamp, node.entry(b"other").unwrap().stamp);
    assert!(ahead.as_millis() - own.as_millis() > 47 * 3_600_000, "{ahead:?} {own:?}");
    world.delete(hosts[0], b"k").unwrap().unwrap();
    agree(&mut world);
    assert_eq!(value(&world, hosts[1], b"k"), None);
}

#[test]
fn whose_clock_is_wrong_is_told_once_and_once_when_it_is_right_again() {
    let (mut world, hosts) = settled(5);
    world.date(hosts[2], Calendar::Back(2 * HOUR));
    world.run_for(Duration::from_secs(120));
    assert_eq!(skews(&world, hosts[2]), [ClockStanding::Wrong]);
    let skew = world.node(hosts[2]).unwrap().clock_skew().unwrap();
    assert!(skew.peers >= 2 && skew.millis.abs_diff(-7_200_000) < 10, "{skew:?}");
    world.date(hosts[2], Calendar::Right);
    world.run_for(Duration::from_secs(120));
    assert_eq!(skews(&world, hosts[2]), [ClockStanding::Wrong, ClockStanding::Right]);
    for host in [hosts[0], hosts[1], hosts[3], hosts[4]] {
        assert_eq!(skews(&world, host), [], "the others were right all along");
        let skew = world.node(host).unwrap().clock_skew().unwrap();
        assert!(skew.millis.unsigned_abs() < 10, "{skew:?}");
    }
}

#[test]
fn of_two_nobody_is_said_to_be_wrong_and_the_difference_is_shown() {
    let (mut world, hosts) = settled(2);
    world.date(hosts[1], Calendar::Ahead(HOUR));
    world.run_for(Duration::from_secs(120));
    assert_eq!((skews(&world, hosts[0]), skews(&world, hosts[1])), (vec![], vec![]));
    let skew = world.node(hosts[0]).unwrap().clock_skew().unwrap();
    assert!(skew.peers == 1 && skew.millis.abs_diff(-3_600_000) < 10, "{skew:?}");
}

#[test]
fn the_date_costs_less_than_a_byte_a_second() {
    let sent = |calendar: Calendar| {
        let mut world = World::new(5, Network::lan());
        let hosts: Vec<HostId> = (0..8).map(|n| world.spawn(&format!("n{n}"), Config::lan())).collect();
        hosts.iter().for_each(|&host| world.date(host, calendar));
        for &host in &hosts {
            world.restart(host, Memory::Lost);
            if host != hosts[0] {
                world.join(host, hosts[0]);
            }
        }
        world.run_for(Duration::from_secs(60));
        let bytes = |world: &World| hosts.iter().map(|&host| world.traffic(host).sent.bytes).sum::<u64>();
        let before = bytes(&world);
        world.run_for(Duration::from_secs(600));
        bytes(&world) - before
    };
    let (with, without) = (sent(Calendar::Right), sent(Calendar::Missing));
    let cost = (with - without) as f64 / 8.0 / 600.0;
    assert!((0.4..0.7).contains(&cost), "{cost} bytes a node and second");
}

const ME: NodeId = NodeId(1);
const PEER: NodeId = NodeId(2);
const NOW: Instant = Instant::from_micros(9_000_000);
const DATE: u64 = 1_767_225_600_000;

/// A node that knows one peer.
fn node(date: Option<u64>) -> Node<Heap> {
    let addr = Addr::new(&[1]).unwrap();
    let mut node = Node::new(ME, addr, Config::lan(), &mut Pcg32::new(1, 1)).unwrap();
    if let Some(date) = date {
        node.set_wall_clock(NOW, date);
    }
    let (generation, incarnation) = (Generation(7), Incarnation(0));
    let (standing, addr) = (Standing::Alive, Addr::new(&[2]).unwrap());
    let capabilities = Capabilities::keeping(Stores::ALL);
    let presence = b"".into();
    let member = MemberFrame { id: PEER, generation, incarnation, standing, addr, capabilities, presence };
    hand(&mut node, &Frame::Member(member));
    node
}

fn hand(node: &mut Node<Heap>, frame: &Frame<'_>) {
    let header = Header::new(ClusterLabel::default(), PEER, Generation(7), Incarnation(0), Digest(0));
    let mut buffer = [0; 200];
    let mut writer = Writer::new(&mut buffer, &header).unwrap();
    assert!(writer.put(frame));
    let len = writer.len();
    node.handle_input(NOW, Input::Received { from: Addr::new(&[2]).unwrap(), bytes: &mut buffer[..len] });
}

/// The peer writes `key`, under its next number.
fn peer_writes(node: &mut Node<Heap>, origin: NodeId, sequence: u32, key: &[u8], stamp: Stamp) {
    let dot = Life { origin, generation: Generation(7) }.dot(sequence);
    hand(
        node,
        &Frame::Entry(EntryFrame { dot, span: 1, stamp, key, operation: Operation::Put, value: b"theirs".into() }),
    );
    assert_eq!(node.get(key), Some(&b"theirs"[..]), "nothing is refused for its date");
}

#[test]
fn a_write_comes_after_what_it_replaces_and_after_the_writers_last_one() {
    let mut node = node(Some(DATE));
    let tomorrow = Stamp::from_millis(DATE + 24 * 3_600_000);
    peer_writes(&mut node, PEER, 1, b"x", tomorrow);
    node.put(NOW, b"y", b"ours").unwrap();
    assert_eq!(node.entry(b"y").unwrap().stamp, Stamp::from_millis(DATE), "a day ahead is not followed");
    peer_writes(&mut node, PEER, 2, b"z", Stamp::from_millis(DATE + 9_000));
    node.put(NOW, b"y", b"ours").unwrap();
    assert_eq!(node.entry(b"y").unwrap().stamp, Stamp::from_millis(DATE + 9_000).next(), "a few seconds are");
    node.put(NOW, b"x", b"ours").unwrap();
    assert_eq!(node.entry(b"x").unwrap().stamp, tomorrow.next(), "what is replaced is outdone");
    node.put(NOW, b"w", b"ours").unwrap();
    assert!(node.entry(b"w").unwrap().stamp > tomorrow.next(), "our writes are in the order in which we made them");
}

#[test]
fn without_a_calendar_all_are_followed() {
    let mut node = node(None);
    node.put(NOW, b"y", b"ours").unwrap();
    assert!(node.entry(b"y").unwrap().stamp < Stamp::from_millis(1));
    peer_writes(&mut node, PEER, 1, b"x", Stamp::from_millis(DATE));
    node.put(NOW, b"y", b"ours").unwrap();
    assert_eq!(node.entry(b"y").unwrap().stamp, Stamp::from_millis(DATE).next());
}

#[test]
fn at_the_last_stamp_a_write_prevails_or_is_refused() {
    for date in [None, Some(DATE)] {
        // Of equal stamps, the greater name wins: ours is greater than the one's, and less than the other's.
        for (origin, prevails) in [(NodeId(0), true), (NodeId(9), false)] {
            let mut node = node(date);
            peer_writes(&mut node, origin, 1, b"x", Stamp::CREDIBLE_MAX);
            let put = node.put(NOW, b"x", b"ours");
            let dot = node.precedence(b"x").unwrap().dot;
            if prevails {
                assert_eq!((put, node.get(b"x")), (Ok(dot), Some(&b"ours"[..])));
                let next = node.put(NOW, b"x", b"again").unwrap();
                assert_eq!(node.precedence(b"x"), Some(Precedence { stamp: Stamp::CREDIBLE_MAX, dot: next }));
            } else {
                assert_eq!((put, node.get(b"x")), (Err(PutError::Unsurpassable), Some(&b"theirs"[..])));
                assert_eq!(node.delete(NOW, b"x"), Err(DeleteError::Unsurpassable));
            }
            // Other keys have lost nothing by it.
            node.put(NOW, b"y", b"ours").unwrap();
            assert!(node.entry(b"y").unwrap().stamp <= Stamp::from_millis(DATE));
        }
    }
}
