//! `gossip agent`: runs a node until it is told to leave, and serves the control API meanwhile.
use super::{
    args::AgentArgs,
    console,
    control::{
        event_log::{EVENTS_KEPT, EventLog},
        routes::Api,
        server::ControlListener,
    },
    failure::Failure,
    readers::{
        entries::{entry_count, torn_off},
        events::sentence,
    },
    settings::{Seed, Settings},
    signals::{stop_asked, stop_asked_again},
};
use crate::{BindError, CallError, DataFile, Departure, Events, Gossip, JoinError, OwnedEvent};
use core::{future::pending, net::SocketAddr, time::Duration};
use serde::{Deserialize, Serialize};
use std::{
    io::{self, IsTerminal, Read},
    sync::Arc,
};
use tokio::{
    runtime::Builder,
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};
use tracing::{debug, error, info, warn};

/// How long requests under way may take to finish once the node has left.
const SERVER_END_TIMEOUT: Duration = Duration::from_secs(2);
/// What a farewell may take beyond the node's own limit before the agent goes without it.
const LEAVE_SLACK: Duration = Duration::from_secs(2);

/// Runs the agent. It returns when the node has left the cluster.
pub(crate) fn run(args: AgentArgs) -> Result<(), Failure> {
    let settings = Settings::gather(args.flags, args.config)?;
    start_log(&settings);
    // One thread for the node, one for those who ask: neither waits for the other.
    let runtime = super::runtime(Builder::new_multi_thread().worker_threads(2))?;
    let ended = runtime.block_on(async {
        let agent = Agent::start(&settings).await?;
        agent.announce(&settings, if args.json { Announcement::Json } else { Announcement::Block });
        let parent = if args.until_stdin_closes { Parent::Watched } else { Parent::Ignored };
        agent.run_until_told_to_leave(parent).await
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

/// What an agent says of itself once it runs; with `--json`, the one line on its stdout.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Started {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) generation: String,
    pub(crate) bind: SocketAddr,
    pub(crate) advertise: SocketAddr,
    pub(crate) control: String,
    pub(crate) cluster: String,
    pub(crate) preset: String,
    pub(crate) seeds: Vec<String>,
    pub(crate) data: String,
    pub(crate) recording: String,
}

#[derive(Debug, Clone, Copy)]
enum Announcement {
    Block,
    Json,
}

#[derive(Debug, Clone, Copy)]
enum Parent {
    Watched,
    Ignored,
}

/// A node, and what the agent runs beside it.
#[derive(Debug)]
struct Agent {
    gossip: Gossip,
    info: crate::Info,
    listener: ControlListener,
    log: EventLog,
    cluster_name: Arc<str>,
    /// Ends when the node does, and says how.
    chronicle: JoinHandle<End>,
}

impl Started {
    fn block(&self) -> String {
        let Self { name, id, bind, advertise, control, cluster, preset, seeds, data, recording, .. } = self;
        let is_own = |seed: &String| [bind, advertise].iter().any(|own| own.to_string() == *seed);
        let seeds = match seeds.as_slice() {
            [] => "none: it waits to be joined".to_owned(),
            [seed] if is_own(seed) => format!("{seed}, this node itself: it waits to be joined"),
            seeds => seeds.join(", "),
        };
        let rows = [
            ("name", format!("{name} ({id})")),
            ("bind", bind.to_string()),
            ("advertise", advertise.to_string()),
            ("control", control.clone()),
            ("cluster", cluster.clone()),
            ("preset", preset.clone()),
            ("seeds", seeds),
            ("data", data.clone()),
            ("recording", recording.clone()),
        ];
        format!("gossip agent is running\n{}", console::rows(&rows))
    }
}

/// How the node came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Departed,
    Broken,
}

impl Agent {
    async fn start(settings: &Settings) -> Result<Self, Failure> {
        let listener = ControlListener::bind(&settings.control).await?;
        let mut options = settings.options();
        // What the log can keep is not to be missed on the way there.
        options.events_max = EVENTS_KEPT;
        let gossip = Gossip::bind(options).await.map_err(bind_failure)?;
        // Subscribed before the first seed is asked: nothing that happens is missed.
        let log = EventLog::new();
        let chronicle = tokio::spawn(keep_chronicle(gossip.subscribe(), log.clone()));
        for seed in &settings.seeds {
            warn_of_loopback(gossip.local_addr(), &seed.to_string());
            join(&gossip, seed).await?;
        }
        let info = gossip.info().await.map_err(|error| Failure::refused(error.to_string()))?;
        let cluster_name = settings.cluster.as_str().into();
        Ok(Self { gossip, info, listener, log, cluster_name, chronicle })
    }

    fn announce(&self, settings: &Settings, announcement: Announcement) {
        let me = &self.info.me;
        if let DataFile::Damaged { .. } = &self.info.data_file {
            error!("data: {}", data_sentence(&self.info.data_file));
        }
        let started = Started {
            name: me.name.clone(),
            id: me.id.to_string(),
            generation: me.generation.to_string(),
            bind: self.gossip.local_addr(),
            advertise: me.addr,
            control: self.listener.addr().to_string(),
            cluster: settings.cluster.clone(),
            preset: settings.preset.to_string(),
            seeds: settings.seeds.iter().map(ToString::to_string).collect(),
            data: data_sentence(&self.info.data_file),
            recording: recording_sentence(settings),
        };
        let text = match announcement {
            Announcement::Block => started.block(),
            Announcement::Json => serde_json::to_string(&started).unwrap_or_default(),
        };
        // An agent goes on when nobody listens.
        let _ = console::line(text);
    }

    async fn run_until_told_to_leave(mut self, parent: Parent) -> Result<(), Failure> {
        let (end_server, server_ends) = oneshot::channel::<()>();
        let (leave, mut leave_asked) = mpsc::channel(1);
        let api = Api { gossip: self.gossip.clone(), log: self.log.clone(), leave, cluster_name: self.cluster_name };
        let server_ends = async {
            // Dropping the sender means the same as sending.
            let _ = server_ends.await;
        };
        let server = tokio::spawn(self.listener.serve(api, server_ends));
        let end = tokio::select! {
            end = &mut self.chronicle => end.unwrap_or(End::Broken),
            (reason, timeout) = told_to_leave(parent, &mut leave_asked) => {
                info!("leaving: {reason}");
                let timeout = timeout.unwrap_or_else(|| crate::Options::new("").leave_timeout);
                farewell(&self.gossip, &mut self.chronicle, timeout).await;
                End::Departed
            }
        };
        self.log.close();
        drop(end_server);
        if timeout(SERVER_END_TIMEOUT, server).await.is_err() {
            warn!("gave up requests that were still under way");
        }
        match end {
            End::Departed => Ok(()),
            End::Broken => Err(Failure::refused("the node stopped without a farewell; its log says why")),
        }
    }
}

/// Says goodbye, within bounds: a second signal, or too long a farewell, ends it.
async fn farewell(gossip: &Gossip, chronicle: &mut JoinHandle<End>, within: Duration) {
    let limit = within.saturating_add(LEAVE_SLACK);
    let leaving = async {
        // An error means that it has stopped by itself; either way, its chronicle ends.
        let _ = gossip.leave_within(within).await;
        chronicle.await.unwrap_or(End::Broken)
    };
    tokio::select! {
        end = timeout(limit, leaving) => match end {
            Ok(End::Departed) => {}
            Ok(End::Broken) | Err(_) => warn!("the farewell may not have reached anybody: it took too long"),
        },
        signal = stop_asked_again() => warn!("going without a farewell: {signal} came again"),
    }
}

/// Writes down what happens, for the log and for the readers of the control API.
async fn keep_chronicle(mut events: Events, log: EventLog) -> End {
    let mut end = End::Broken;
    while let Some(event) = events.next().await {
        tell(&event);
        if matches!(event, OwnedEvent::Departed) {
            end = End::Departed;
        }
        log.append(event);
    }
    end
}

fn tell(event: &OwnedEvent) {
    let Ok(value) = serde_json::to_value(event) else {
        return;
    };
    let sentence = sentence(&value);
    match event {
        OwnedEvent::NameConflict { .. }
        | OwnedEvent::NotHandedOver { .. }
        | OwnedEvent::SaveFailed { .. }
        | OwnedEvent::RecordingStopped { .. } => error!("{sentence}"),
        // Whoever said farewell meant to go.
        OwnedEvent::MemberDown { departure: Departure::Left, .. } => info!("{sentence}"),
        OwnedEvent::MemberSuspect { .. }
        | OwnedEvent::MemberDown { .. }
        | OwnedEvent::Alone
        | OwnedEvent::Quarantined
        | OwnedEvent::PathBlocks { .. }
        | OwnedEvent::SeedUnresolved { .. }
        | OwnedEvent::RumorsMissed { .. }
        | OwnedEvent::Missed { .. } => warn!("{sentence}"),
        // A busy cluster does these all the time.
        OwnedEvent::Changed { .. } | OwnedEvent::Converged { .. } | OwnedEvent::Diverged { .. } => debug!("{sentence}"),
        _ => info!("{sentence}"),
    }
}

/// Waits for a reason to leave, and says it, and how long that may take where that was said.
async fn told_to_leave(
    parent: Parent,
    leave_asked: &mut mpsc::Receiver<Option<Duration>>,
) -> (String, Option<Duration>) {
    let parent_gone = async {
        match parent {
            Parent::Watched => stdin_closed().await,
            Parent::Ignored => pending().await,
        }
    };
    tokio::select! {
        signal = stop_asked() => (signal.to_owned(), None),
        Some(timeout) = leave_asked.recv() => ("asked to over the control API".to_owned(), timeout),
        () = parent_gone => ("stdin was closed".to_owned(), None),
    }
}

/// A thread of its own, since a read of stdin cannot be abandoned; it goes with the process.
async fn stdin_closed() {
    let (closed, wait) = oneshot::channel();
    std::thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        let mut ignored = [0; 64];
        while matches!(stdin.read(&mut ignored), Ok(1..)) {}
        let _ = closed.send(());
    });
    let _ = wait.await;
}

/// Begins to ask a seed. Whether it can be found, or answers, shows later: no seed keeps a node from running.
async fn join(gossip: &Gossip, seed: &Seed) -> Result<(), Failure> {
    let asked = match seed.addr() {
        Some(addr) => gossip.join(addr).await,
        None => gossip.join_name(seed.as_str()).await,
    };
    match asked {
        Ok(()) => Ok(()),
        // Where all are given the same seeds, each finds itself among them.
        Err(CallError::Refused(JoinError::OwnAddress)) => {
            info!("the seed {seed} is this node itself: it is not asked");
            Ok(())
        }
        Err(error) => Err(Failure::refused(format!("cannot join {seed}: {error}"))),
    }
}

fn data_sentence(file: &DataFile) -> String {
    match file {
        DataFile::None => "not kept: a restart begins from nothing".to_owned(),
        DataFile::Fresh { path } => format!("kept in {} from now on", path.display()),
        DataFile::Restored { path, entries, torn } => {
            format!("{} restored from {}{}", entry_count(*entries), path.display(), torn_off(*torn))
        }
        DataFile::Partial { path, entries, left, kept_as } => format!(
            "{} restored from {}; there is no room for {left} more of it, see limits.entries and \
            limits.writers: the whole is kept as {}",
            entry_count(*entries),
            path.display(),
            kept_as.display()
        ),
        DataFile::Damaged { kept_as, reason, entries } => format!(
            "damaged, kept as {}: {reason}; {} could be read, and others may have the rest",
            kept_as.display(),
            entry_count(*entries)
        ),
    }
}

fn recording_sentence(settings: &Settings) -> String {
    settings.record.as_ref().map_or_else(
        || "none is made".to_owned(),
        |path| {
            format!("made in {}, at most {} MiB: all values and notices are in it", path.display(), settings.record_max)
        },
    )
}

/// From a loopback address, nothing reaches another machine, and nobody is told so: the kernel refuses each datagram.
fn warn_of_loopback(bind: SocketAddr, seed: &str) {
    let is_elsewhere = seed.parse().is_ok_and(|seed: SocketAddr| !seed.ip().is_loopback());
    if bind.ip().is_loopback() && is_elsewhere {
        warn!(
            "the seed {seed} is on another machine, and cannot be reached from {bind}: choose an address of this one with --bind"
        );
    }
}

fn bind_failure(error: BindError) -> Failure {
    match error {
        BindError::AddressInUse(addr) => Failure::refused(format!(
            "the UDP address {addr} is in use, perhaps by another agent; choose another with --bind"
        )),
        BindError::Config(_) | BindError::Presence(_) | BindError::NoName => Failure::usage(error.to_string()),
        BindError::NoAdvertisedAddress { .. } => Failure::usage(format!("--advertise: {error}")),
        _ => Failure::refused(error.to_string()),
    }
}

fn start_log(settings: &Settings) {
    tracing_subscriber::fmt()
        .with_max_level(settings.log_level.filter())
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        // Who closes our stderr does not want to read that it is closed.
        .log_internal_errors(false)
        .init();
}
