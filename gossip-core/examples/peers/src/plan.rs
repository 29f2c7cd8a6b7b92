//! Which cells are run for the tables: everything that a patient reader can afford.
use crate::{
    contestants::Peer,
    workloads::{Case, Workload},
};

/// The sizes of the clusters.
const SIZES: [usize; 3] = [64, 256, 1024];
/// Losses, of a hundred packets.
const LOSSES: [u8; 3] = [0, 10, 25];

/// The cases of a workload: the lines of its table.
pub(crate) fn cases(workload: Workload) -> Vec<Case> {
    let losses: &[u8] = if workload == Workload::W2 { &LOSSES[..1] } else { &LOSSES };
    let mut cases = Vec::new();
    for size in SIZES {
        for &loss_percent in losses {
            let kills: &[usize] = if workload == Workload::W3Crashes { &[1, size / 10] } else { &[0] };
            cases.extend(kills.iter().map(|&killed| Case { size, loss_percent, killed }));
        }
    }
    cases
}

/// How many seeds a contestant is run with, from 1 on: three, but one where that takes long, and none where a single run would
/// take more than a minute or so.
pub(crate) fn seeds(workload: Workload, case: Case, peer: Peer) -> u64 {
    let (middling, large) = (case.size > 64, case.size > 256);
    let (joining, calm) = (workload == Workload::W1, workload == Workload::W3Calm);
    let lossy = case.loss_percent > 0;
    match peer {
        Peer::Gossip if large && calm => 1,
        // Suspicions and their refutations keep them talking, when the cluster is large and loses much.
        Peer::Foca if large && (case.loss_percent > 10 || lossy && calm) => 0,
        Peer::GossipPlain if lossy && (large || middling && calm) => 0,
        Peer::Foca | Peer::GossipPlain if large || middling && calm => 1,
        // Every one of its nodes is a handful of tasks, and exchanges everything over streams.
        Peer::MemberlistGo if large => u64::from(joining && !lossy),
        Peer::Memberlist if large || middling && calm => 0,
        Peer::Memberlist | Peer::MemberlistGo if middling => 1,
        Peer::Gossip | Peer::GossipPlain | Peer::Foca | Peer::Memberlist | Peer::MemberlistGo => 3,
    }
}
