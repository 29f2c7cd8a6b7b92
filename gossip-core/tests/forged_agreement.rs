//! What one that lies about agreement can cause: a claim too soon, for as long as nobody contradicts it. No row is changed by it. And
//! what one causes that knows more than the others can take in: no storm.
#![cfg(feature = "sim")]
use core::time::Duration;
use gossip_core::{
    Addr, ClusterLabel, Config, Digest, Event, Generation, Heap, Incarnation, Input, Instant, Limits, Node, NodeId,
    Output,
    sim::{Network, World},
    wire::{Capabilities, Frame, Header, MemberFrame, Standing, Stores, Writer},
};
use rand_pcg::Pcg32;

const ME: NodeId = NodeId(1);
/// A tree of these is a root, eight children, and two below the first of them.
const ALL: u64 = 11;

/// A node that has counted in the others, has heard nothing else of any of them, and is the root of those who have its digest.
struct Root {
    node: Node<Heap>,
    now: Instant,
    digest: Digest,
    told: Vec<String>,
}

impl Root {
    fn new() -> Self {
        let node = Node::new(ME, addr(ME), Config::lan(), &mut Pcg32::new(1, 1)).unwrap();
        let mut root =
            Self { node, now: Instant::from_micros(1_780_000_000_000_000), digest: Digest(0), told: Vec::new() };
        (2..=ALL).for_each(|id| root.hear(header(NodeId(id), Digest(0)), &[introduction(NodeId(id))]));
        // Ranks begin at us, who have the least name; the digest tells how far the tree is turned.
        let is_root = |root: &Self| root.digest.0.is_multiple_of(ALL);
        for value in 0_u32.. {
            root.node.put(root.now, b"k", &value.to_le_bytes()).unwrap();
            root.pass(Duration::from_millis(300));
            if is_root(&root) {
                break;
            }
        }
        root.told.clear();
        root
    }

    fn hear(&mut self, header: Header, frames: &[Frame<'_>]) {
        let mut buffer = [0; 1_400];
        let mut writer = Writer::new(&mut buffer, &header).unwrap();
        assert!(frames.iter().all(|frame| writer.put(frame)));
        let mut bytes = writer.finish().to_vec();
        self.node.handle_input(self.now, Input::Received { from: addr(header.sender), bytes: &mut bytes });
        self.pass(Duration::from_micros(1));
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
        self.node.handle_input(self.now, Input::TimerFired);
        let mut buffer = [0; 1_400];
        loop {
            match self.node.poll_output(&mut buffer) {
                Output::Send { bytes, .. } => {
                    self.digest = Header::open(bytes, ClusterLabel::default()).unwrap().0.digest;
                }
                Output::Event(Event::Converged { live }) => self.told.push(format!("all {live} agree")),
                Output::Event(Event::Diverged { .. }) => self.told.push("not all agree".into()),
                Output::Event(_) => {}
                Output::Schedule(_) => return,
            }
        }
    }

    fn hear_report(&mut self, from: u64) {
        let said = header(NodeId(from), self.digest).subtree();
        self.hear(said, &[]);
    }
}

fn addr(id: NodeId) -> Addr {
    Addr::new(&id.0.to_le_bytes()[..4]).unwrap()
}

fn header(sender: NodeId, digest: Digest) -> Header {
    Header::new(ClusterLabel::default(), sender, Generation(7), Incarnation(0), digest)
}

fn introduction(id: NodeId) -> Frame<'static> {
    let (generation, incarnation, standing) = (Generation(7), Incarnation(0), Standing::Alive);
    let (addr, capabilities, presence) = (addr(id), Capabilities::keeping(Stores::ALL), b"".into());
    Frame::Member(MemberFrame { id, generation, incarnation, standing, addr, capabilities, presence })
}

#[test]
fn a_forged_report_makes_a_claim_too_soon_which_the_first_true_word_ends() {
    let mut root = Root::new();
    let held: Vec<_> = root.node.entries(b"").map(|entry| entry.dot).collect();
    // The first child says so of the two below it, of whom neither was heard.
    (2..=8).for_each(|child| root.hear_report(child));
    assert_eq!(root.told, [""; 0], "the last child was not heard");
    root.hear_report(9);
    assert_eq!((&root.told[..], root.node.live()), (&["all 11 agree".to_string()][..], 11));
    let after = root.node.entries(b"").map(|entry| entry.dot);
    assert_eq!(after.collect::<Vec<_>>(), held);
    root.hear(header(NodeId(11), Digest(5)), &[]);
    assert_eq!(root.told[1..], ["not all agree"]);
}

#[test]
fn a_forged_unanimity_makes_such_a_claim_by_itself() {
    let mut root = Root::new();
    let said = header(NodeId(5), root.digest).subtree().unanimous();
    root.hear(said, &[]);
    assert_eq!(root.told, ["all 11 agree"]);
    root.hear(header(NodeId(11), Digest(5)), &[]);
    assert_eq!(root.told[1..], ["not all agree"]);
}

#[test]
fn of_another_digest_or_by_a_stranger_it_counts_for_nothing() {
    let mut root = Root::new();
    let other = Digest(root.digest.0 ^ 1 << 40);
    (2..=ALL).for_each(|id| root.hear(header(NodeId(id), other).subtree().unanimous(), &[]));
    root.hear(header(NodeId(77), root.digest).subtree().unanimous(), &[]);
    assert_eq!(root.told, [""; 0]);
}

#[test]
fn one_with_more_room_than_the_others_makes_no_storm() {
    let mut world = World::new(5, Network::lan());
    let of_room = |entries| Config { limits: Limits { entries, ..Config::lan().limits }, ..Config::lan() };
    let hosts: Vec<_> = (0..12).map(|n| world.spawn(&format!("n{n}"), of_room(if n == 4 { 500 } else { 6 }))).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    world.run_for(Duration::from_secs(20));
    let put = |world: &mut World, key: u8| world.command(hosts[4], |node, now| node.put(now, &[key], b"v")).unwrap();
    for key in 0..6 {
        put(&mut world, key).unwrap();
    }
    world.run_for(Duration::from_secs(30));
    assert!(world.nodes().all(|node| node.is_converged()));
    // The others have no room for this one: from here on, one knows more, and the others agree on less.
    put(&mut world, 77).unwrap();
    let sent = |world: &World| hosts.iter().map(|&host| world.traffic(host).sent.datagrams).sum::<u64>();
    let before = sent(&world);
    world.run_for(Duration::from_secs(60));
    let paced = (sent(&world) - before) / 12 / 60;
    assert!(paced < 8, "{paced} datagrams a node and second");
}
