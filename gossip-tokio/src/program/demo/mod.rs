//! `gossip demo`: a cluster of real processes on this machine does its main job, and every step is measured.
//!
//! Nothing is taken for granted: what a step claims, it has read off the control API of every agent that it speaks of.
mod seen;
mod cluster;
mod report;
mod source;
mod steps;

use super::{args::DemoArgs, failure::Failure, signals::stop_asked};
use cluster::Cluster;
use report::{Form, Report};
use tokio::runtime::Builder;

/// Runs the demonstration; it fails if any step did.
pub(crate) fn run(args: DemoArgs) -> Result<(), Failure> {
    let runtime = super::runtime(Builder::new_multi_thread().worker_threads(2))?;
    runtime.block_on(async {
        let source = source::choose(args.file)?;
        let mut cluster = Cluster::plan(usize::from(args.nodes), args.keep_logs)?;
        let mut report = Report::new(cluster.len(), if args.json { Form::Json } else { Form::Text });
        let interrupted = tokio::select! {
            () = steps::run(&mut cluster, &source, &mut report) => false,
            _ = stop_asked() => true,
        };
        cluster.kill_all().await;
        if interrupted {
            return Err(Failure::Interrupted);
        }
        report.finish(&cluster.names())?;
        if report.held() {
            return Ok(());
        }
        super::console::note(format_args!("gossip: the agents' logs are in {}", cluster.keep_logs().display()));
        Err(Failure::Told)
    })
}
