//! All at once through one seed: until when each sees all, and at what cost.
use super::{
    Case, Scope, Trial, Workload,
    cluster::Cluster,
    figures::{Bound, Findings},
    ground::{LOOK, since},
    nothing_across,
};
use core::time::Duration;
use gossip_core::{
    Digest, Generation, Heap, Incarnation, Node,
    sim::{Network, World},
    wire::{Capabilities, Frame, Header, MemberFrame, Standing, Stores, Writer},
};

pub(super) const WORKLOAD: Workload =
    Workload { name: "join", compares: false, seeds: 30, cases, across: nothing_across };

const FULL: &str = "view full after s";
const UNFULL: &str = "views not full in 120 s";
const COST: &str = "bytes sent/table";

fn cases(scope: &Scope) -> Vec<Case> {
    let sizes = scope.sizes(&[64, 256, 1_024]);
    let of = |(nodes, loss): (usize, f64)| Case {
        name: format!("N = {nodes}, loss {loss}"),
        nodes,
        loss,
        seeds_max: u64::MAX,
        bounds: bounds(nodes, loss),
        play: Box::new(move |trial| play(trial, nodes, loss)),
    };
    sizes.iter().flat_map(|&nodes| scope.losses(&[0.0]).into_iter().map(move |loss| of((nodes, loss)))).collect()
}

fn bounds(nodes: usize, loss: f64) -> Vec<Bound> {
    let seconds = match nodes {
        ..=64 => 2.0,
        65..=256 => 3.0,
        257..=1_024 => 6.0,
        _ => return vec![Bound::never(UNFULL)],
    };
    let mut bounds = vec![Bound::never(UNFULL)];
    // Under losses, only that it ends; and where tables are small, what goes with each datagram is more than they are.
    if loss == 0.0 {
        bounds.push(Bound::max(FULL, seconds));
    }
    if loss == 0.0 && nodes >= 64 {
        bounds.push(Bound::max(COST, 1.5));
    }
    bounds
}

fn play(trial: &Trial, nodes: usize, loss: f64) -> Findings {
    let (mut world, hosts) = trial.joining(nodes, Network::lan().with_loss(loss));
    let start = world.now();
    let mut full_at = vec![None; nodes];
    world.pass_until(LOOK, Duration::from_secs(120), |world| {
        for (&host, at) in hosts.iter().zip(&mut full_at) {
            if at.is_none() && world.node(host).is_some_and(|node| node.live() == nodes) {
                *at = Some(since(world, start));
            }
        }
        full_at.iter().all(Option::is_some)
    });
    let mut findings = Findings::default();
    full_at.iter().flatten().for_each(|&at| findings.add(FULL, at));
    let unfull = full_at.iter().filter(|at| at.is_none()).count();
    findings.add(UNFULL, unfull as f64);
    findings.add(COST, world.sent().1 / nodes as f64 / table_len(&world));
    findings
}

/// How many bytes it takes to say once who all are.
fn table_len(world: &World) -> f64 {
    let lens = world.nodes().map(|node| row_len(node) as f64);
    lens.sum()
}

fn row_len(node: &Node<Heap>) -> usize {
    let me = node.me();
    let mut buffer = [0; 1_400];
    let header = Header::new(node.config().cluster, me.id, Generation(0), Incarnation(0), Digest::default());
    let mut writer = Writer::new(&mut buffer, &header).expect("a header fits");
    let before = writer.len();
    let row = MemberFrame {
        id: me.id,
        generation: me.generation,
        incarnation: me.incarnation,
        standing: Standing::Alive,
        addr: me.addr,
        capabilities: Capabilities::keeping(Stores::ALL),
        presence: me.presence.into(),
    };
    assert!(writer.put(&Frame::Member(row)), "a row fits");
    writer.len() - before
}
