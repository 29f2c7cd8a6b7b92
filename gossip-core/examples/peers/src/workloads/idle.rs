//! W2: everybody knows everybody, and nothing happens.
use super::{Case, Figures, figure};
use crate::cluster::Cluster;
use core::time::Duration;

/// Long enough to let the joining fade, and then for one round of whatever is done now and then: foca announces itself
/// every 30 s, memberlist exchanges everything every 120 s in a cluster of 256.
const SETTLE: Duration = Duration::from_secs(150);
const WINDOW: Duration = Duration::from_secs(120);

pub(super) fn run(cluster: &mut dyn Cluster, case: Case) -> Figures {
    cluster.settle(SETTLE);
    cluster.links().loss_percent = case.loss_percent;
    let traffic = cluster.traffic_of(WINDOW);
    let node_seconds = figure(case.size) * WINDOW.as_secs_f64();
    vec![
        ("B/node/s", Some(figure(traffic.bytes) / node_seconds)),
        ("datagrams/node/s", Some(figure(traffic.datagrams) / node_seconds)),
        ("mean B", Some(figure(traffic.bytes) / figure(traffic.datagrams))),
    ]
}
