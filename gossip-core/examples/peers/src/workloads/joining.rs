//! W1: everybody joins through the first node, within a second.
use super::{Case, Figures, figure};
use crate::{
    cluster::Cluster,
    contest::{Acquaintance, Moment},
};

/// What is not done by then is not done.
const LIMIT: Moment = Moment::from_secs(300);

pub(super) fn run(cluster: &mut dyn Cluster, case: Case) -> Figures {
    let nodes = figure(case.size);
    let pairs = case.size * (case.size - 1);
    cluster.links().loss_percent = case.loss_percent;
    cluster.start(Acquaintance::Joined);
    let half = until_missing(cluster, pairs / 2);
    let most = until_missing(cluster, pairs / 100);
    let (traffic, first) = (cluster.links().traffic, cluster.links().sent_by_first);
    let nearly_all = until_missing(cluster, pairs / 1_000);
    let all = until_missing(cluster, 0);
    let total = figure(cluster.links().traffic.bytes) / nodes / 1e3;
    vec![
        ("t50 s", half),
        ("t99 s", most),
        ("t99.9 s", nearly_all),
        ("t100 s", all),
        ("kB/node to t99", most.map(|_| figure(traffic.bytes) / nodes / 1e3)),
        ("datagrams/node to t99", most.map(|_| figure(traffic.datagrams) / nodes)),
        ("kB of the first node to t99", most.map(|_| figure(first) / 1e3)),
        ("longest B", Some(figure(traffic.longest))),
        ("kB/node to t100", all.map(|_| total)),
    ]
}

/// When no more than `missing` ordered pairs had yet to meet, in seconds.
fn until_missing(cluster: &mut dyn Cluster, missing: usize) -> Option<f64> {
    cluster.run_until(LIMIT, &mut |observer| observer.missing <= missing).map(|at| at.as_secs_f64())
}
