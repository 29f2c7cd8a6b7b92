//! The endpoint: a node with its clock, its subscribers and its files. A driver adds a socket and a way to wait.
use crate::{
    adapter::{
        BindError, Clock, DataFile, IoCounts, Keeper, LookUp, Options, OwnedEvent, Save, Subscribers,
        flight::{Recorded, Recorder},
        past::Past,
        save::Rouse,
        seeds::Seeds,
        versions::OtherVersions,
        waiters::Waiters,
    },
    id::{Addr, NodeId},
    io::{Input, Output},
    node::Node,
    storage::Heap,
    time::Instant,
};
use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use getrandom::SysRng;
use rand_core::UnwrapErr;
use std::{boxed::Box, io, string::String, sync::Weak, vec, vec::Vec};

/// What a handle asks of its driver: it is run on the endpoint, and carries its answer away by itself.
///
/// A closure, rather than an enum of commands and one of replies: so the compiler knows which answer belongs to which
/// question, and a new call is one method of [`Endpoint`] and one of the handles, in `methods.rs`.
pub type Call = Box<dyn FnOnce(&mut Endpoint) + Send>;

/// How many datagrams a driver reads at most before it lets the node speak.
pub const RECEIVE_BATCH_MAX: usize = 32;
/// Room for any datagram that UDP can carry, so that one which is too long is seen to be so.
pub const RECEIVE_BUFFER_LEN: usize = 64 * 1024;
/// How long a driver rests after an error while receiving, so that one which stays cannot keep a processor busy.
pub const RECEIVE_ERROR_PAUSE: Duration = Duration::from_millis(1);
/// Nobody waits longer: far deadlines overflow the timers of some systems, and an early call is harmless.
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// What the driver does next.
#[must_use]
#[derive(Debug)]
pub enum Step<'p> {
    /// Send this datagram, and report an error to [`Endpoint::send_failed`].
    Send {
        /// Where to.
        to: SocketAddr,
        /// What it says.
        bytes: &'p [u8],
    },
    /// Run [`Save::write`], where blocking on the disk hurts nobody; no need to wait for it.
    Save(Save),
    /// Look up [`LookUp::name`], and say what was found with [`LookUp::answer`]; no need to wait for it.
    LookUp(LookUp),
    /// Wait for a datagram, a call or this moment, whichever comes first; then tell the endpoint, and poll again.
    Wait(std::time::Instant),
    /// The node has left. Close the socket, run [`Endpoint::last_save`], drop the endpoint.
    Stop,
}

/// A node as a driver sees it: everything but the socket and the waiting.
///
/// ```text
/// loop {
///     match endpoint.poll() {
///         Step::Send { to, bytes } => …    Step::Save(save) => save.write(),
///         Step::LookUp(look_up) => …       Step::Wait(deadline) => …
///         Step::Stop => break,
///     }       // a datagram: endpoint.receive(…); a call: call(&mut endpoint); the deadline: endpoint.fire_timer()
/// }
/// ```
///
/// Dropping it ends all subscriptions: that is how the handles learn that the node has stopped.
#[derive(Debug)]
pub struct Endpoint {
    pub(super) node: Recorded,
    pub(super) clock: Clock,
    pub(super) name: String,
    pub(super) local: SocketAddr,
    pub(super) subscribers: Subscribers,
    pub(super) keeper: Option<Keeper>,
    pub(super) data_file: DataFile,
    /// Whether something is being written.
    pub(super) saving: Weak<()>,
    /// What is done once it is.
    pub(super) rouse: Option<Rouse>,
    pub(super) counts: IoCounts,
    pub(super) seeds: Seeds,
    pub(super) waiters: Waiters,
    pub(super) other_versions: OtherVersions,
    past: Past,
    standing: Standing,
    leave_timeout: Duration,
    /// What the node writes its output into.
    output: Box<[u8]>,
    /// What is lent to the driver to be sent.
    datagram: Vec<u8>,
}

impl Endpoint {
    /// A node for a socket that is bound to `local`. It has read its data file, and is about to ask its seeds.
    ///
    /// # Errors
    /// Whatever keeps it from starting, in words for the one who started it.
    pub fn new(options: Options, local: SocketAddr) -> Result<Self, BindError> {
        if options.name.is_empty() {
            return Err(BindError::NoName);
        }
        let mut clock = Clock::start();
        let now = clock.now();
        let date = clock.follow(now);
        let mut keeper = options.data_dir.as_deref().map(Keeper::open).transpose()?;
        let (mut node, data_file) = begin(&options, local, keeper.as_mut(), now, date)?;
        let mut output = vec![0; usize::from(options.config.datagram_len_max)].into_boxed_slice();
        // What the file says happened in a former life: nobody is told of it as if it happened now.
        while let Output::Event(_) = node.poll_output(&mut output) {}
        let recorder = recorder(&options)?;
        let subscribers = Subscribers::new(options.events_max);
        let mut endpoint = Self {
            node: Recorded::new(node, recorder, now),
            clock,
            name: options.name,
            local,
            subscribers,
            keeper,
            data_file,
            saving: Weak::new(),
            rouse: None,
            counts: IoCounts::default(),
            seeds: Seeds::default(),
            waiters: Waiters::default(),
            other_versions: OtherVersions::default(),
            past: Past::default(),
            standing: Standing::Running,
            leave_timeout: options.leave_timeout,
            output,
            datagram: Vec::new(),
        };
        endpoint.set_presence(&options.role, &options.tags).map_err(BindError::Presence)?;
        endpoint.join_all(options.seed_names, options.seeds)?;
        Ok(endpoint)
    }

    /// A datagram arrived.
    pub fn receive(&mut self, from: SocketAddr, bytes: &mut [u8]) {
        // A socket that serves both families writes IPv4 senders as IPv6; members know them as IPv4.
        let from = Addr::from(SocketAddr::new(from.ip().to_canonical(), from.port()));
        self.other_versions.on_datagram(from, bytes, self.node.config().cluster);
        let now = self.follow_wall_clock();
        self.node.handle_input(now, Input::Received { from, bytes });
    }

    /// The moment of [`Step::Wait`] has come.
    pub fn fire_timer(&mut self) {
        let now = self.follow_wall_clock();
        self.node.handle_input(now, Input::TimerFired);
    }

    /// A datagram could not be sent. It is lost, as datagrams may be, and counted.
    pub fn send_failed(&mut self, to: SocketAddr, error: &io::Error) {
        self.counts.send_errors += 1;
        self.counts.last_error = Some(std::format!("sending to {to}: {error}"));
        self.node.send_failed(self.clock.now(), Addr::from(to), &std::format!("{error}"));
    }

    /// Receiving failed, which may also be the echo of an earlier sending. It is counted; rest for [`RECEIVE_ERROR_PAUSE`].
    pub fn receive_failed(&mut self, error: &io::Error) {
        self.counts.receive_errors += 1;
        self.counts.last_error = Some(std::format!("receiving: {error}"));
        self.node.receive_failed(self.clock.now(), &std::format!("{error}"));
    }

    /// What to do next. Call it until it answers [`Step::Wait`] or [`Step::Stop`].
    pub fn poll(&mut self) -> Step<'_> {
        if self.standing == Standing::Aborted {
            return Step::Stop;
        }
        self.cancel_deserted();
        loop {
            match self.node.poll_output(&mut self.output) {
                Output::Send { to, bytes } => {
                    let Some(to) = to.to_socket_addr() else {
                        self.counts.send_errors += 1;
                        self.counts.last_error = Some(std::format!("sending to {to}: not an address of the Internet"));
                        continue;
                    };
                    // Copied: a loan of `output` that leaves this function would keep the next turn from writing into it.
                    self.datagram.clear();
                    self.datagram.extend_from_slice(bytes);
                    return Step::Send { to: self.reachable(to), bytes: &self.datagram };
                }
                Output::Event(event) if self.waiters.on_event(&event, &self.node) => {}
                Output::Event(event) => {
                    // A member that was forgotten between the event and its drain is nobody to tell of.
                    if let Some(event) = OwnedEvent::of(event, &self.node) {
                        self.on_event(event);
                    }
                }
                Output::Schedule(at) => {
                    // What was found out may give the node something to do.
                    if !self.take_found() {
                        return self.wait(at);
                    }
                }
            }
        }
    }

    /// Says farewell; [`Step::Stop`] follows when it is spread, or after [`Options::leave_timeout`].
    pub fn leave(&mut self) {
        self.leave_within(self.leave_timeout);
    }

    /// Says farewell within this time; [`Step::Stop`] follows.
    pub fn leave_within(&mut self, timeout: Duration) {
        if self.standing == Standing::Running {
            let now = self.clock.now();
            self.standing = Standing::Leaving { until: now + timeout };
            // What is left of the time is for the farewell itself.
            self.node.leave_within(now, timeout / 2);
        }
    }

    /// Stops at the next poll, without a farewell and without a last save: what a crash looks like to the others.
    pub fn abort(&mut self) {
        self.standing = Standing::Aborted;
    }

    /// The id of the node.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.node.me().id
    }

    /// Where to subscribe; it may be asked from anywhere, at any time.
    #[must_use]
    pub fn subscribers(&self) -> &Subscribers {
        &self.subscribers
    }

    pub(super) fn is_aborted(&self) -> bool {
        self.standing == Standing::Aborted
    }

    pub(super) fn is_running(&self) -> bool {
        self.standing == Standing::Running
    }

    fn on_event(&mut self, mut event: OwnedEvent) {
        let now = self.mark_changed();
        self.past.complete(&mut event);
        if self.past.len() > self.node.config().limits.members {
            let node = &self.node;
            self.past.retain(|id| node.member(id).is_some());
        }
        match &event {
            OwnedEvent::Changed { dot, .. } => self.mark_written(*dot),
            OwnedEvent::Alone => self.seeds.reset_backoff(now),
            OwnedEvent::Departed => self.standing = Standing::Departed,
            _ => {}
        }
        self.subscribers.tell(&event);
    }

    /// What time it is; the node is told if the date has moved against that.
    pub(super) fn follow_wall_clock(&mut self) -> Instant {
        let now = self.clock.now();
        if let Some(date) = self.clock.follow(now) {
            self.node.set_wall_clock(now, date);
        }
        now
    }

    /// The node has nothing left to do before `at`. Have we?
    fn wait(&mut self, at: Instant) -> Step<'_> {
        let now = self.clock.now();
        let leave_by = match self.standing {
            Standing::Running => Instant::NEVER,
            Standing::Leaving { until } if now < until => until,
            Standing::Leaving { .. } | Standing::Departed | Standing::Aborted => return Step::Stop,
        };
        self.tell_of_failures();
        if let Some(save) = self.due_save(now) {
            return Step::Save(save);
        }
        if let Some(look_up) = self.due_look_up(now) {
            return Step::LookUp(look_up);
        }
        let look_up_at = if self.is_running() { self.seeds.next_deadline(now) } else { Instant::NEVER };
        let at = at.min(leave_by).min(self.save_at(now)).min(look_up_at);
        Step::Wait(self.clock.to_std(at.min(now + WAIT_MAX)))
    }

    fn tell_of_failures(&mut self) {
        if let Some(reason) = self.keeper.as_mut().and_then(Keeper::take_failure) {
            self.subscribers.tell(&OwnedEvent::SaveFailed { reason });
        }
        if let Some(reason) = self.node.recorder_mut().and_then(Recorder::take_failure) {
            self.subscribers.tell(&OwnedEvent::RecordingStopped { reason });
        }
    }

    /// What the operating system wants to read: an IPv6 socket reaches IPv4 through mapped addresses.
    fn reachable(&self, to: SocketAddr) -> SocketAddr {
        match (self.local, to.ip()) {
            (SocketAddr::V6(_), IpAddr::V4(v4)) => SocketAddr::new(v4.to_ipv6_mapped().into(), to.port()),
            _ => to,
        }
    }
}

/// A node that has taken in what its former life kept, and what became of the file.
fn begin(
    options: &Options,
    local: SocketAddr,
    keeper: Option<&mut Keeper>,
    now: Instant,
    date: Option<u64>,
) -> Result<(Node<Heap>, DataFile), BindError> {
    let (id, addr) = (NodeId::from_name(&options.name), Addr::from(options.advertised(local)?));
    let mut node = Node::new(id, addr, options.config.clone(), &mut UnwrapErr(SysRng)).map_err(BindError::Config)?;
    if let Some(date) = date {
        node.set_wall_clock(now, date);
    }
    match keeper {
        Some(keeper) => keeper.restore(now, node),
        None => Ok((node, DataFile::None)),
    }
}

fn recorder(options: &Options) -> Result<Option<Recorder>, BindError> {
    let refuse = |source| BindError::Recording { path: options.record.clone().unwrap_or_default(), source };
    let recorder = options.record.as_deref().map(|path| Recorder::open(path, options.record_len_max));
    recorder.transpose().map_err(refuse)
}

/// Whether a socket that is bound to `local` can send to `to`: only one that is bound to all IPv6 addresses serves both families.
#[must_use]
pub fn can_send(local: SocketAddr, to: SocketAddr) -> bool {
    let (local, to) = (local.ip().to_canonical(), to.ip().to_canonical());
    local.is_ipv4() == to.is_ipv4() || (local.is_ipv6() && local.is_unspecified())
}

impl Drop for Endpoint {
    /// The end is told last: whoever hears of it may start a node in the same place.
    fn drop(&mut self) {
        // Should the node have panicked, this is what shows how.
        if let Some(tape) = self.node.recorder_mut().and_then(Recorder::write) {
            tape.write();
        }
        self.tell_of_failures();
        self.keeper = None;
        drop(self.node.take_recorder());
        self.subscribers.end();
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Running,
    Leaving { until: Instant },
    Departed,
    Aborted,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::{
        Closed,
        flight::{Builds, Recording},
    };
    use core::{
        ops::ControlFlow,
        task::{Context, Poll, Waker},
    };

    fn endpoint(change: impl FnOnce(&mut Options)) -> Endpoint {
        let mut options = Options::new("one");
        options.seeds = vec![SocketAddr::from(([127, 0, 0, 1], 2))];
        change(&mut options);
        Endpoint::new(options, SocketAddr::from(([127, 0, 0, 1], 1))).unwrap()
    }

    /// Polls until the endpoint wants to wait, or to stop.
    fn drain(endpoint: &mut Endpoint) -> (usize, Result<std::time::Instant, Closed>) {
        let mut sent = 0;
        loop {
            match endpoint.poll() {
                Step::Send { .. } => sent += 1,
                Step::Save(save) => save.write(),
                Step::LookUp(look_up) => look_up.answer(Ok([SocketAddr::from(([127, 0, 0, 1], 3))])),
                Step::Wait(deadline) => return (sent, Ok(deadline)),
                Step::Stop => return (sent, Err(Closed)),
            }
        }
    }

    /// An endpoint that owes its seed a datagram.
    fn eager_endpoint() -> Endpoint {
        let mut endpoint = endpoint(|options| options.config.gossip_interval = Duration::from_millis(1));
        while endpoint.clock.uptime() < Duration::from_millis(2) {
            core::hint::spin_loop();
        }
        endpoint.fire_timer();
        endpoint
    }

    #[test]
    fn seeds_are_asked() {
        let mut endpoint = eager_endpoint();
        let Step::Send { to, bytes } = endpoint.poll() else { panic!("the seed is to be asked") };
        assert_eq!(to.port(), 2);
        assert!(!bytes.is_empty());
        assert_eq!(drain(&mut endpoint).0, 0);
    }

    #[test]
    fn a_list_of_seeds_may_name_the_node_itself() {
        let myself = SocketAddr::from(([127, 0, 0, 1], 1));
        let mut endpoint = endpoint(|options| options.seeds.push(myself));
        assert_eq!(endpoint.join(myself), Err(crate::error::JoinError::OwnAddress), "who asks for it by name is told");
        let seeds: Vec<(String, bool)> =
            endpoint.info().seeds.into_iter().map(|seed| (seed.seed, seed.is_self)).collect();
        assert_eq!(seeds, [("127.0.0.1:1".into(), true), ("127.0.0.1:2".into(), false)]);
    }

    #[test]
    fn a_node_that_others_reach_elsewhere_does_not_ask_its_own_socket() {
        let bound = SocketAddr::from(([127, 0, 0, 1], 1));
        let mut endpoint = endpoint(|options| {
            options.advertise = Some(SocketAddr::from(([127, 0, 0, 1], 9)));
            options.seeds = vec![bound];
            options.seed_names = vec!["self.example:1".into()];
        });
        endpoint.seeds.due(endpoint.clock.now()).unwrap().answer(Ok([bound]));
        assert!(endpoint.take_found());
        assert_eq!(endpoint.node.seeds().count(), 0, "it would hear its own name from there");
        assert!(endpoint.info().seeds.iter().all(|seed| seed.is_self));
    }

    #[test]
    fn a_farewell_takes_no_longer_than_it_may() {
        let mut patient = endpoint(|_| {});
        patient.leave();
        assert!(drain(&mut patient).1.is_ok(), "a seed that may yet answer is worth a wait");
        let mut hasty = endpoint(|options| options.leave_timeout = Duration::ZERO);
        hasty.leave();
        assert_eq!(drain(&mut hasty).1, Err(Closed));
    }

    #[test]
    fn an_aborted_endpoint_says_nothing_more() {
        let mut endpoint = eager_endpoint();
        endpoint.abort();
        assert_eq!(drain(&mut endpoint), (0, Err(Closed)));
    }

    #[test]
    fn what_was_saved_is_remembered_and_not_told_again() {
        let dir = std::env::temp_dir().join(std::format!("gossip-endpoint-{}", std::process::id()));
        let mut first = endpoint(|options| options.data_dir = Some(dir.clone()));
        first.put(b"color", b"red").unwrap();
        first.last_save().unwrap().write();
        first.put(b"shape", b"round").unwrap();
        first.abort();
        assert!(first.last_save().is_none(), "a crash saves nothing");
        drop(first);
        let mut second = endpoint(|options| options.data_dir = Some(dir.clone()));
        let mut events = second.subscribers().subscribe();
        assert!(drain(&mut second).1.is_ok());
        assert_eq!(second.get(b"color").unwrap().value, b"red");
        assert_eq!(events.poll_next(&Context::from_waker(Waker::noop())), Poll::Pending);
        drop(second);
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_last_save_that_fails_is_told_before_the_end() {
        let dir = std::env::temp_dir().join(std::format!("gossip-endpoint-unsaved-{}", std::process::id()));
        let mut endpoint = endpoint(|options| options.data_dir = Some(dir.clone()));
        let mut events = endpoint.subscribers().subscribe();
        std::fs::remove_dir_all(dir).unwrap();
        endpoint.last_save().unwrap().write();
        drop(endpoint);
        let cx = Context::from_waker(Waker::noop());
        assert!(matches!(events.poll_next(&cx), Poll::Ready(Some(OwnedEvent::SaveFailed { .. }))));
        assert_eq!(events.poll_next(&cx), Poll::Ready(None));
    }

    #[test]
    fn an_endpoint_that_is_dropped_in_a_hurry_leaves_its_recording() {
        let file = std::env::temp_dir().join(std::format!("gossip-endpoint-flight-{}", std::process::id()));
        let mut endpoint = endpoint(|options| options.record = Some(file.clone()));
        endpoint.put(b"color", b"red").unwrap();
        drop(endpoint);
        let mut last = None;
        let verdict = Recording::open(&file).unwrap().replay(Builds::Own, |_, node| {
            last = node.get(b"color").map(<[u8]>::to_vec);
            ControlFlow::Continue(())
        });
        assert_eq!((last.as_deref(), verdict.is_exact()), (Some(&b"red"[..]), true));
        std::fs::remove_file(file).unwrap();
    }

    #[test]
    fn subscriptions_end_with_the_endpoint() {
        let endpoint = endpoint(|_| {});
        let mut events = endpoint.subscribers().subscribe();
        let cx = Context::from_waker(Waker::noop());
        assert_eq!(events.poll_next(&cx), Poll::Pending);
        drop(endpoint);
        assert_eq!(events.poll_next(&cx), Poll::Ready(None));
    }

    #[test]
    fn a_socket_sends_to_its_own_family_or_to_both() {
        let sends = |local: &str, to: &str| can_send(local.parse().unwrap(), to.parse().unwrap());
        assert!(sends("127.0.0.1:1", "127.0.0.1:2") && sends("127.0.0.1:1", "[::ffff:127.0.0.1]:2"));
        assert!(sends("[::]:1", "[::1]:2") && sends("[::]:1", "127.0.0.1:2"));
        assert!(!sends("0.0.0.0:1", "[::1]:2") && !sends("[::1]:1", "127.0.0.1:2"));
    }

    #[test]
    fn ipv6_sockets_are_given_ipv4_addresses_in_their_own_form() {
        let mut endpoint = endpoint(|options| options.advertise = Some(SocketAddr::from(([127, 0, 0, 1], 1))));
        let (v4, v6) = (SocketAddr::from(([127, 0, 0, 1], 2)), "[::1]:2".parse().unwrap());
        assert_eq!((endpoint.reachable(v4), endpoint.reachable(v6)), (v4, v6));
        endpoint.local = "[::]:1".parse().unwrap();
        assert_eq!((endpoint.reachable(v4), endpoint.reachable(v6)), ("[::ffff:127.0.0.1]:2".parse().unwrap(), v6));
    }
}
