//! Nodes end and begin again with what they kept, and nobody tells them where the others are.
use super::{
    Case, Scope, Trial, Workload,
    figures::{Bound, Findings},
    ground::{LOOK, deaths, is_false, since},
    nothing_across,
};
use core::time::Duration;
use gossip_core::{
    Heap, Node,
    sim::{HostId, Memory, World},
};

pub(super) const WORKLOAD: Workload =
    Workload { name: "restarts", compares: false, seeds: 30, cases, across: nothing_across };

const FULL: &str = "full views again after s";
const NOT_FULL: &str = "not full in 120 s";
const DEATHS: &str = "false deaths";

/// How long a node is away.
const AWAY: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_secs(120);

#[derive(Clone, Copy)]
enum Course {
    Rolling,
    AllAtOnce,
    Moved,
    LeftAndBack,
}

fn cases(scope: &Scope) -> Vec<Case> {
    let courses = [
        (Course::Rolling, "one after the other"),
        (Course::AllAtOnce, "all at once"),
        (Course::Moved, "one, to another address"),
        (Course::LeftAndBack, "one leaves and is back"),
    ];
    let of = |nodes: usize, (course, name): (Course, &str)| Case {
        name: format!("N = {nodes}, {name}"),
        nodes,
        loss: 0.0,
        seeds_max: u64::MAX,
        bounds: vec![Bound::never(NOT_FULL)],
        play: Box::new(move |trial| play(trial, nodes, course)),
    };
    scope.sizes(&[16, 64]).into_iter().flat_map(|nodes| courses.map(|course| of(nodes, course))).collect()
}

fn play(trial: &Trial, nodes: usize, course: Course) -> Findings {
    let (mut world, hosts) = trial.settled(nodes);
    let mut dice = trial.dice(5);
    world.run_for(dice.within(trial.probe_interval()));
    act(&mut world, &hosts, hosts[dice.below(nodes)], course);
    let (start, mut findings) = (world.now(), Findings::default());
    let full = world.pass_until(LOOK, LIMIT, |world| all_know_present_lives(world, nodes));
    findings.add(FULL, since(&world, start));
    findings.add(NOT_FULL, if full.is_none() { 1.0 } else { 0.0 });
    world.run_for(Duration::from_secs(30));
    let told = deaths(&world, &mut findings, is_false);
    findings.add(DEATHS, told);
    findings
}

fn act(world: &mut World, hosts: &[HostId], one: HostId, course: Course) {
    match course {
        Course::Rolling => {
            for &host in hosts {
                world.keep(host);
                world.crash(host);
                world.run_for(AWAY);
                world.restart(host, Memory::Kept);
            }
        }
        Course::AllAtOnce => {
            hosts.iter().for_each(|&host| world.keep(host));
            hosts.iter().for_each(|&host| world.crash(host));
            world.run_for(AWAY);
            hosts.iter().for_each(|&host| world.restart(host, Memory::Kept));
        }
        Course::Moved => {
            world.keep(one);
            world.readdress(one);
            world.run_for(AWAY);
            world.restart(one, Memory::Kept);
        }
        Course::LeftAndBack => {
            world.keep(one);
            world.leave(one);
            let departed = world.pass_until(LOOK, LIMIT, |world| world.node(one).is_none());
            assert!(departed.is_some(), "a farewell ends");
            world.run_for(AWAY);
            world.restart(one, Memory::Kept);
        }
    }
}

/// Whether every node counts in every other, as what it is now and not as what it was.
fn all_know_present_lives(world: &World, nodes: usize) -> bool {
    let present: Vec<_> = world.nodes().map(|node| (node.me().id, node.me().generation, node.me().addr)).collect();
    let knows = |node: &Node<Heap>| {
        let is_known = |(id, generation, addr)| {
            node.member(id).is_some_and(|member| (member.generation, member.addr) == (generation, addr))
        };
        node.live() == nodes && present.iter().all(|&life| is_known(life))
    };
    present.len() == nodes && world.nodes().all(knows)
}
