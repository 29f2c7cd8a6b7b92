//! W3 without a crash: nobody dies, packets are lost, and whoever is declared gone is wronged.
use super::{Case, Figures, figure};
use crate::{cluster::Cluster, observer::Verdict};
use core::time::Duration;

/// Long enough to let the joining fade.
const SETTLE: Duration = Duration::from_secs(20);
const WINDOW: Duration = Duration::from_secs(600);
/// Verdicts on one node that follow each other sooner are one incident: the news of it spreads.
const INCIDENT_GAP: Duration = Duration::from_secs(10);

pub(super) fn run(cluster: &mut dyn Cluster, case: Case) -> Figures {
    cluster.settle(SETTLE);
    cluster.links().loss_percent = case.loss_percent;
    cluster.observer().verdicts.clear();
    let traffic = cluster.traffic_of(WINDOW);
    let observer = cluster.observer();
    let mut wrong: Vec<_> = observer.false_verdicts().copied().collect();
    wrong.sort();
    vec![
        ("false incidents", Some(figure(incidents(&wrong)))),
        ("false verdicts", Some(figure(wrong.len()))),
        ("pairs missing at the end", Some(figure(observer.missing))),
        ("B/node/s", Some(figure(traffic.bytes) / figure(case.size) / WINDOW.as_secs_f64())),
    ]
}

/// Of verdicts by whom they are about, and by time.
fn incidents(wrong: &[Verdict]) -> usize {
    let follows = |pair: &&[Verdict]| pair[0].about == pair[1].about && pair[1].at <= pair[0].at + INCIDENT_GAP;
    wrong.len() - wrong.windows(2).filter(follows).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{contest::Moment, observer::Truth};

    #[test]
    fn verdicts_on_one_node_in_quick_succession_are_one_incident() {
        let verdict = |about, seconds| Verdict { about, at: Moment::from_secs(seconds), truth: Truth::False };
        assert_eq!(incidents(&[]), 0);
        assert_eq!(incidents(&[verdict(1, 5), verdict(1, 9), verdict(1, 18), verdict(1, 40), verdict(2, 41)]), 3);
    }
}
