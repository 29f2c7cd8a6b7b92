//! A gossip node as a state machine: membership, rumors, replicated entries, anti-entropy and agreement, without a socket,
//! a clock, a thread, or an allocator of its own.
//!
//! [`Node`] turns *datagrams in* and *time passing* into *datagrams out*, *one deadline* and *events*. Something else
//! binds it to a world: `gossip-udp-std`, `gossip-tokio` and `gossip-async-std` to sockets, `sim` to a simulated
//! network, your own loop to whatever you have.
//!
//! # The contract
//!
//! - [`Node::handle_input`] takes what happened, and cannot fail: the worst that a stranger's bytes can do is be counted.
//! - Commands are methods: [`join`](Node::join), [`leave`](Node::leave), [`publish`](Node::publish), [`put`](Node::put),
//!   [`delete`](Node::delete), [`set_presence`](Node::set_presence). An Ok is a promise for as long as the node lives, and
//!   for when it leaves with a farewell: what was accepted arrives, or somebody is told that it did not. It is accepted in
//!   memory: a node that crashes before another one has it, and before it was saved, takes it along, and nobody is told. Those
//!   that can be refused have an error type each, for misuse alone.
//! - What others are to have before the application goes on, [`await_write`](Node::await_write) and
//!   [`await_converged`](Node::await_converged) wait for: each wait ends with one event, by its deadline. *Reached* is told only of
//!   what members have shown, and says that they have it in memory, as they live then.
//! - What must survive a restart, [`save`](Node::save) writes and [`restore`](Node::restore) takes in; what is new of one writer,
//!   [`save_writes`](Node::save_writes).
//! - After either, [`Node::poll_output`] is drained until it puts out [`Output::Schedule`]: the one deadline.
//! - The same seed and the same inputs give the same outputs, byte for byte, on every platform and in every storage.
//!
//! ```text
//! node.handle_input(now, Input::Received { from, bytes });
//! loop {
//!     match node.poll_output(&mut buffer) {
//!         Output::Send { to, bytes } => socket.send_to(bytes, to),
//!         Output::Event(event) => application.tell(event),
//!         Output::Schedule(at) => break timer.set(at),
//!     }
//! }
//! ```
//!
//! # Three rules that carry the design
//!
//! 1. **Everything replicated is a join-semilattice** ([`lattice`]): loss, duplication, reordering and partition are one
//!    question, *did every join happen yet?*, and the [`digest`] in every header answers it.
//! 2. **Everything that moves is written last.** What is queued is an intent of a few bytes; the datagram is written when
//!    it leaves, with the freshest news, until it is full.
//! 3. **Everything has a limit** ([`Limits`]), with a policy at the limit and a counter ([`Stats`]), on a heap too.
//!
//! # Where things are
//!
//! The modules below stand in the order of their dependency: each uses only those above it, and machines are strangers
//! to each other (`tests/architecture/` holds us to it, and to that no files import each other in a circle).
//!
//! | to change | look in |
//! |---|---|
//! | how long a suspicion lasts, and the verdict (SWIM's *confirm*) | `membership/suspicion.rs` `suspicion_deadline`, `verdict_on`; the knob is `suspicion_mult` in `config/mod.rs` |
//! | whom we probe, how often we ask, and how long we wait | `membership/probe.rs`, `membership/round_robin.rs`, `membership/timeouts.rs`; as a helper, `membership/indirect_probe.rs` `on_ping_request` |
//! | how many helpers are asked, and which | `membership/probe.rs` `ask_helpers`; the knob is `indirect_probes` in `config/mod.rs` |
//! | what a helper answers, and how that counts | `membership/indirect_probe.rs` `on_ack`, `on_timer`, written by `report`; at the asker, `membership/probe.rs` `on_relayed`, `on_unreached`, `conclude` |
//! | what we make of being slow, deaf or lossy ourselves | `membership/health.rs` (Lifeguard's local health multiplier: `stretch`), `membership/self_quarantine.rs` |
//! | what a member does whose own links lose most | `membership/health.rs` `is_poor`, `is_fit_again`, by the numbers in `config/health.rs`; it withdraws on an accusation, `membership/refutation.rs`, by `membership/self_quarantine.rs` `accepts_suspicion` |
//! | what becomes of a timer that fired late | `membership/mod.rs` `on_late`, by `probe.rs` `give_up`, `suspicion.rs` and `indirect_probe.rs` `postpone`; how late is late, `node/mod.rs` `set_now`, `config/timing.rs` |
//! | what a datagram tells of its sender, whatever is in it | `membership/hearing.rs` |
//! | what is believed of members, and what we contradict | `membership/claims.rs`; of what is said of us, `membership/refutation.rs` |
//! | how long the dead are remembered, and who of them makes room | `membership/retention.rs`; the knob is `remember_gone` in `config/mod.rs` |
//! | joining, and finding the lost again | `membership/discovery.rs`; when one announces itself again, `on_announce_timer`, `announce_wait`, by the numbers in `config/joining.rs` |
//! | which addresses of the lost are kept, where there is not room for all | `membership/book.rs` |
//! | a name that two living nodes go by | `membership/namesakes.rs`; another life under our own, `membership/rival.rs` |
//! | what is counted over all members, and who may change which column of a row | `membership/list.rs`, `membership/counted.rs`; of other machines, `columns.rs` |
//! | what is counted, and who is told | `stats.rs`; an observer, `observer.rs` |
//! | what the other machines are told of a member | `membership/update.rs` `MemberChange`; who listens, `node/mod.rs` `on_change` |
//! | what the application is told of members | `membership/events.rs` |
//! | who lacks just what changed last, and is told in passing | `membership/recent.rs` |
//! | who is drawn to be pushed to | `membership/sample.rs` |
//! | which news rides on an ack, or any datagram, and in what order | `node/piggyback.rs`; of members, `membership/news.rs`; of another store, its `delta.rs` |
//! | how often a piece of news is told (Demers' counter) | the formula, `config/mod.rs` `retransmit_limit`; of what others said, `context.rs` `relay_retransmits`; of members, `membership/news.rs` `relays_little`, and where the other one has it already (Demers' feedback), `spend_retransmits`; the knob is `news_mult` in `config/mod.rs`, its shape `config/dissemination.rs` |
//! | how often news is pushed, and how long one waits where it never ends | when, `node/mod.rs` `settle`; to whom, `push_news`; how the waits grow, `pace.rs` `mark`, `next_at`, by the numbers in `config/timing.rs`; the knob is `gossip_interval` in `config/mod.rs` |
//! | how long an answer to a stranger may be (no amplifier) | `context.rs` `Credit`, `spend_credit`, `send_bare`, granted in `node/receive.rs` `on_datagram`; who is proven, `membership/discovery.rs` `is_proven` |
//! | how a rumor spreads and is told once | `dissemination/mod.rs`; what rides on a datagram, `dissemination/delta.rs` |
//! | how many rumors are taken on, kept and forgotten | `dissemination/admission.rs`, `dissemination/retention.rs` |
//! | when a rumor expires | the moment, `dissemination/mod.rs` `time_left`; told no more, `dissemination/delta.rs`; its row, `dissemination/retention.rs` `expire`; the knob is `rumor_ttl` in `config/mod.rs` |
//! | which rumors were seen or missed | `dissemination/windows.rs`; how far ahead one may be, `records/window.rs`, and what becomes of it, `dissemination/store.rs` |
//! | how long a value or a rumor may be, and how it is refused | `replica/mod.rs` `entry_len_max`, `dissemination/mod.rs` `payload_len_max`; in which words, `error.rs` |
//! | who has what of ours: how it is asked, and told along with the question (frames `Confirm`, `Confirmed`) | `node/holders.rs` `on_confirmed`, `hand_over` |
//! | what is handed over before a farewell | `node/handover.rs` |
//! | what an application waits for, when that is reached, and how it ends in vain | `node/waits.rs` `settle_waits`, `end_waits`; how many it takes, `waiting.rs` `needed`; who is missing, `node/waits.rs` `missing` |
//! | who counts as a holder of a write, whom we ask for that, and how often | `node/confirmations.rs` `note_confirmation`, `ask_holders`, by the numbers in `config/waiting.rs` |
//! | which of two concurrent writes wins | `replica/mod.rs` `join_entry`, by `records.rs` [`records::Precedence`] |
//! | what the date is, when our clock counts as wrong, and how far others' are followed | `calendar.rs`, the bound in `config/calendar.rs`; the stamps (a hybrid logical clock, HLC), `stamp.rs`; how ours goes on, `replica/mod.rs` |
//! | what a peer lacks of members, rumors, entries | `membership/store.rs`, `dissemination/delta.rs`, `replica/delta.rs`; how the answer is written, `node/send.rs` `write_answer` |
//! | what is kept in step at all, and how a store is added | `node/stores.rs`; what a store can do, `replicated.rs`; its number, `wire/stores.rs` `Store`; with whom what of it is compared, `wire/stores.rs` `Compare` |
//! | when and with whom differences are settled | `reconcile/mod.rs`; whom not to ask for now, `reconcile/backoff.rs`; how long to wait, `reconcile/timeout.rs` |
//! | how long a datagram to a member may be | `path.rs`; how that is found out (DPLPMTUD, RFC 8899), `path_search.rs` |
//! | who agrees, and when that is claimed and taken back | `convergence/mod.rs` `claim`, `take_back`; by a tree (convergecast and broadcast), `convergence/convergecast.rs`, who is where in it, `convergence/tree.rs`; along any path, `convergence/hearsay.rs`; when it is worth asking, `convergence/calm.rs` `patience` |
//! | what is on the disk when, and what a crash may cost | `adapter/keeper/mod.rs`; how a file looks, `adapter/keeper/records.rs`; what is not written yet, and who waits, `adapter/keeper/backlog.rs`; how it is read again, `adapter/keeper/recover.rs`; what a chunk holds, `node/keep.rs` |
//! | an application's call, how it waits and is cancelled | `adapter/line.rs`; what can be asked, `adapter/methods.rs` |
//! | what a next life knows | `node/keep.rs`; of each store, its `store.rs` |
//! | a frame, and its place on the wire | `wire/frame.rs`; what a later version may add, `wire/extended.rs`, and where it is kept, `records.rs` `extension_len` |
//! | a number that a machine decides by, and why it is that | `config/detector.rs`, `config/health.rs`, `config/namesakes.rs`, `config/dissemination.rs`, `config/exchange.rs`, `config/paths.rs`, `config/convergence.rs`, `config/joining.rs`, `config/farewell.rs`, `config/waiting.rs`, `config/calendar.rs`; of several, `config/timing.rs` |
//! | a preset; a limit, and what happens there | `config/presets.rs`; `storage.rs` `Limits`, beside the memory map |
//!
//! One datagram's way: the adapter's `Driver::receive` → `node/mod.rs` `Node::handle_input` → `node/receive.rs`
//! `Node::on_datagram`, by way of `wire` `Header::open` and `Reader::next` → `Node::on_frame` → a machine's `on_…` →
//! `node/mod.rs` `Node::on_change`; and out again: `Node::poll_output` → `node/send.rs` `Node::write_next` →
//! `Writer::put` → `node/piggyback.rs` → the adapter's `Driver::send`.
//!
//! Machines have the same verbs, as far as each needs them: `on_…(cx, frame)` takes a frame (and returns what changed, where
//! others must know), `on_timer(cx)` does what is due, `next_deadline()` says when that is, `piggyback(…, writer)` adds news to a datagram, `summarise` says what we
//! have, and `serve` what an asker lacks (`replicated.rs` has those of a store).
//!
//! # Features
//!
//! `no_std` always. `alloc`: [`Heap`] storage. `std` (the default): `adapter`, what the adapters share. `sim`: whole
//! clusters under virtual time. All are additive.
#![no_std]
#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

// Values.
pub mod time;
mod rng;
pub mod round_trip;
pub mod path;
pub mod lattice;
pub mod digest;
pub mod id;
pub mod stamp;
// Memory.
pub mod table;
// Words.
pub mod wire;
pub mod waiting;
pub mod records;
pub mod io;
pub mod presence;
// Surroundings.
pub mod error;
pub mod stats;
pub mod observer;
pub mod storage;
pub mod config;
mod pace;
mod calendar;
mod context;
mod columns;
mod replicated;
// Machines.
mod membership;
mod dissemination;
mod replica;
mod reconcile;
mod convergence;
mod path_search;
// The meeting place.
mod node;
// The world.
#[cfg(feature = "std")]
pub mod adapter;
#[cfg(feature = "sim")]
pub mod sim;

#[cfg(feature = "alloc")]
pub use crate::storage::Heap;
pub use crate::{
    calendar::ClockSkew,
    config::{Config, ConfigError, Limits},
    convergence::Agreement,
    digest::Digest,
    error::{AwaitError, DeleteError, JoinError, PresenceError, PublishError, PutError, RestoreError, TooLong},
    id::{Addr, Dot, Generation, Incarnation, Life, NodeId, WaitId},
    io::{Arrival, ClockStanding, Departure, Event, Input, Output},
    node::{EntryView, Liveness, MemberView, Node, SaveCursor, Why},
    observer::Observer,
    stamp::Stamp,
    stats::{Counter, Stats, Usage},
    storage::{Sensor, Storage},
    time::Instant,
    waiting::{NotAQuorum, NotReached, Quorum},
    wire::{ClusterLabel, Urgency},
};
