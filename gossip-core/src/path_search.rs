//! Finding out how long a datagram may be on the way to a member, where there is cause to doubt it.
//!
//! A search as of RFC 8899 (datagram packetization layer path MTU discovery), §5.3: a ping is padded, and so is its answer,
//! so that both directions are tried, and nothing else is lost with them. It begins with the longest datagram that there
//! is, for most often that was lost by chance; then come what is assumed, and longer ones in steps of a fifth; where something
//! is too long for what such steps found, the last of them is halved, until 16 bytes are left of it. There is one search at a
//! time, and none without cause: where every datagram arrives, it costs nothing.
//!
//! A cause is that what was asked for at full length did not come, and less did. One such answer may have been lost by chance, and
//! where answers of full length arrived before, so may a few in a row: on lossy links, searches cost more than all else.
use crate::{
    columns::Paths,
    config::{
        paths::{BLOCKED_REVISED_AFTER, CLEAN_SEARCHES_MAX, REVISED_AFTER, STEP_MIN, STEP_PART, TRIES_MAX},
        timing::{PING_TIMEOUT_MIN_PART, UNMEASURED_PING_PART},
    },
    context::{Context, Credit},
    id::NodeId,
    io::Event,
    path::{Path, PathTold, Proof},
    records::{Intent, Member, Outgoing},
    stats::Counter,
    storage::Storage,
    table::{Blob, Table},
    time::{Instant, Span},
    wire::{Ping, len},
};
use serde::{Deserialize, Serialize};

/// The search under way, and when there may be another.
#[derive(Serialize, Deserialize)]
pub(crate) struct PathSearch {
    search: Option<Search>,
    cause: Cause,
    /// Not before this does the next one start.
    free_at: Instant,
    /// When paths that were found to be short become worth another search.
    revise_at: Instant,
    /// How many searches in a row found nothing wrong.
    clean_searches: u8,
    /// Whether a row may have something to tell the application.
    untold: bool,
}

/// Whether some path is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Cause {
    None,
    Some,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Search {
    peer: NodeId,
    /// What is being tried, how often it was, and when we go on.
    len: u16,
    tries: u8,
    until: Instant,
    /// The longest that arrived, or 0, and the shortest that did not.
    good: u16,
    bad: u16,
    /// What it will have proved: whether it goes on in halves of the last step.
    proof: Proof,
}

impl PathSearch {
    pub(crate) const fn new() -> Self {
        Self {
            search: None,
            cause: Cause::None,
            free_at: Instant::ZERO,
            revise_at: Instant::NEVER,
            clean_searches: 0,
            untold: false,
        }
    }

    /// A question was answered that had failed before, and the answer was cut short where the earlier ones were not: those
    /// were longer, and did not come.
    pub(crate) fn on_failures<S: Storage>(
        &mut self,
        cx: &Context<S>,
        members: &mut Paths<'_, S>,
        peer: NodeId,
        failures: u8,
    ) {
        let Some(path) = path_of::<S>(members, peer) else { return };
        match path.halvings(failures) {
            0 => {}
            1 => self.miss(cx, path),
            _ => {
                let arrived = path.wanted(cx.config.datagram_len_max, failures);
                self.lower(cx, path, arrived);
            }
        }
    }

    /// An answer of `len` bytes came.
    pub(crate) fn on_answer<S: Storage>(cx: &Context<S>, members: &mut Paths<'_, S>, peer: NodeId, len: u16) {
        if let Some(path) = path_of::<S>(members, peer)
            && matches!(path.proof, Proof::Untried | Proof::Missed)
            && Path::is_about(cx.config.datagram_len_max, len)
        {
            path.proof = Proof::Arrived;
        }
    }

    /// A member asks for answers no longer than this: it may have found that longer ones do not arrive.
    pub(crate) fn on_wanted<S: Storage>(
        &mut self,
        cx: &Context<S>,
        members: &mut Paths<'_, S>,
        peer: NodeId,
        len: u16,
    ) {
        let Some(path) = path_of::<S>(members, peer) else { return };
        let len = len.max(Path::floor(cx.config.datagram_len_max));
        match path.proof {
            _ if len >= path.len => {}
            // Its question or our answer may have been lost by chance, once.
            Proof::Untried | Proof::Arrived => path.proof = Proof::Missed,
            _ if len < path.len / 2 => self.lower(cx, path, len),
            _ => self.doubt(cx, path),
        }
    }

    /// An answer left something for the next one.
    pub(crate) fn on_cut_short<S: Storage>(&mut self, cx: &Context<S>, members: &mut Paths<'_, S>, peer: NodeId) {
        if let Some(path) = path_of::<S>(members, peer).filter(|path| path.proof == Proof::Stale) {
            self.queue(cx, path, Proof::Wanted);
        }
    }

    /// Something did not fit a datagram to a member, and would have fitted a longer one.
    pub(crate) fn on_need<S: Storage>(&mut self, cx: &Context<S>, members: &mut Paths<'_, S>, peer: NodeId) {
        if let Some(path) = path_of::<S>(members, peer)
            && matches!(path.proof, Proof::Untried | Proof::Missed | Proof::Arrived | Proof::Rough | Proof::Stale)
        {
            let proof = if path.proof >= Proof::Stale { Proof::Wanted } else { Proof::Doubted };
            self.queue(cx, path, proof);
        }
    }

    /// A member has something for us that is too long for an answer of the length that we asked for.
    #[inline(never)] // seldom needed
    pub(crate) fn on_blocked<S: Storage>(&mut self, cx: &Context<S>, members: &mut Paths<'_, S>, peer: NodeId) {
        self.on_need(cx, members, peer);
        let Some(path) = path_of::<S>(members, peer).filter(|path| path.proof == Proof::Settled) else { return };
        self.revise_at = self.revise_at.min(cx.now + BLOCKED_REVISED_AFTER);
        if !matches!(path.told, PathTold::Blocks | PathTold::BlocksUntold) {
            path.told = PathTold::BlocksUntold;
            self.untold = true;
        }
    }

    /// A datagram as long as we tried came through, and its answer. The next one is longer: nobody unproven is sent that.
    pub(crate) fn on_ack<S: Storage>(
        &mut self,
        cx: &mut Context<S>,
        members: &mut Paths<'_, S>,
        from: NodeId,
        len: u16,
    ) {
        match self.search {
            Some(search) if (search.peer, search.len) == (from, len) && cx.received.credit == Credit::Full => {
                self.go_on(cx, members, Search { good: len, ..search });
            }
            _ => cx.count(Counter::StaleAnswers),
        }
    }

    pub(crate) fn on_timer<S: Storage>(&mut self, cx: &mut Context<S>, members: &mut Paths<'_, S>) {
        if !may_search::<S>() {
            return;
        }
        if cx.now >= self.revise_at {
            self.revise::<S>(members);
        }
        match self.search {
            Some(search) if cx.now < search.until => {}
            Some(search) if search.tries < TRIES_MAX => self.ask::<S>(cx, members, search),
            Some(search) => self.go_on(cx, members, Search { bad: search.len, ..search }),
            None if self.cause == Cause::Some && cx.now >= self.free_at => self.start(cx, members),
            None => {}
        }
    }

    pub(crate) fn next_deadline(&self) -> Instant {
        let next = match (self.search, self.cause) {
            (Some(search), _) => search.until,
            (None, Cause::Some) => self.free_at,
            (None, Cause::None) => Instant::NEVER,
        };
        next.min(self.revise_at)
    }

    pub(crate) fn next_event<S: Storage>(
        &mut self,
        cx: &Context<S>,
        members: &mut Paths<'_, S>,
    ) -> Option<Event<'static>> {
        if !self.untold {
            return None;
        }
        let is_untold = |path: Path| matches!(path.told, PathTold::LenUntold | PathTold::BlocksUntold);
        let found = members.as_slice().iter().find(|(_, member)| is_untold(member.path)).map(|(id, _)| *id);
        let Some((id, path)) = found.and_then(|id| Some((id, path_of::<S>(members, id)?))) else {
            self.untold = false;
            return None;
        };
        let len = path.len;
        if path.told == PathTold::BlocksUntold {
            path.told = PathTold::Blocks;
            return Some(Event::PathBlocks { id, len });
        }
        path.told = if len < cx.config.datagram_len_max { PathTold::Len } else { PathTold::Nothing };
        Some(Event::PathLen { id, len })
    }

    /// Something as long as is assumed did not come, and something shorter did: the second time, there is cause for doubt.
    fn miss<S: Storage>(&mut self, cx: &Context<S>, path: &mut Path) {
        match path.proof {
            Proof::Untried | Proof::Arrived => path.proof = Proof::Missed,
            _ => self.doubt(cx, path),
        }
    }

    fn lower<S: Storage>(&mut self, cx: &Context<S>, path: &mut Path, len: u16) {
        path.len = path.len.min(len);
        if path.told != PathTold::Nothing {
            path.told = PathTold::Outdated;
        }
        self.doubt(cx, path);
    }

    fn doubt<S: Storage>(&mut self, cx: &Context<S>, path: &mut Path) {
        self.queue(cx, path, Proof::Doubted);
    }

    #[inline(never)] // called in many places, and seldom
    fn queue<S: Storage>(&mut self, cx: &Context<S>, path: &mut Path, proof: Proof) {
        if cx.config.datagram_len_max <= Path::FLOOR {
            // There is nothing to find out: all datagrams are as short as any path.
            return;
        }
        path.proof = proof;
        self.cause = Cause::Some;
        if self.search.is_none() {
            self.free_at = self.free_at.max(cx.now);
        }
    }

    fn start<S: Storage>(&mut self, cx: &mut Context<S>, members: &S::Members) {
        let waits = |member: &Member<S::Blob>| matches!(member.path.proof, Proof::Doubted | Proof::Wanted);
        let waiting = members.as_slice().iter().find(|(_, member)| waits(member) && member.is_live());
        let Some((peer, Path { len, proof, .. })) = waiting.map(|(id, member)| (*id, member.path)) else {
            self.cause = Cause::None;
            return;
        };
        cx.count(Counter::PathSearches);
        let (good, len, proof) = if proof == Proof::Wanted {
            (len, next_above(cx, len), Proof::Settled)
        } else {
            (0, cx.config.datagram_len_max, Proof::Rough)
        };
        self.ask::<S>(cx, members, Search { peer, len, tries: 0, until: cx.now, good, bad: u16::MAX, proof });
    }

    fn ask<S: Storage>(&mut self, cx: &mut Context<S>, members: &S::Members, search: Search) {
        let Some(member) = members.get(&search.peer).filter(|member| member.is_live()) else {
            return self.end(cx);
        };
        let (to, peer) = (member.addr, Some(search.peer));
        cx.owe(Outgoing { to, peer, intent: Intent::Ping(Ping::PATH_PROBE), len_max: search.len });
        let longest = cx.config.probe_timeout;
        let timeout = member.round_trip.timeout().unwrap_or_else(|| longest.part(UNMEASURED_PING_PART));
        let timeout = timeout.at_most(longest).at_least(longest.part(PING_TIMEOUT_MIN_PART));
        let tries = search.tries + 1;
        self.search = Some(Search { tries, until: cx.now + timeout.times(tries.into()), ..search });
    }

    /// Tries the next length, or comes to a conclusion.
    fn go_on<S: Storage>(&mut self, cx: &mut Context<S>, members: &mut Paths<'_, S>, search: Search) {
        let Search { peer, good, bad, proof, .. } = search;
        let len_max = cx.config.datagram_len_max;
        let Some(path) = path_of::<S>(members, peer) else { return self.end(cx) };
        let above = next_above(cx, good);
        let next = match good {
            0 if path.len < bad => path.len,
            0 => (bad / 2).max(Path::floor(len_max)),
            _ if above < bad || proof == Proof::Rough || bad - good <= STEP_MIN => above,
            _ => good.midpoint(bad),
        };
        if good < next && next < bad {
            return self.ask::<S>(cx, members, Search { len: next, tries: 0, ..search });
        }
        if good > 0 {
            self.settle(cx, path, good, proof);
        } else {
            // Not even short ones came back: it is not for their length.
            path.proof = Proof::Stale;
        }
        self.end(cx);
    }

    fn settle<S: Storage>(&mut self, cx: &Context<S>, path: &mut Path, len: u16, proof: Proof) {
        let is_short = len < cx.config.datagram_len_max;
        let told = match path.told {
            PathTold::Nothing if !is_short => PathTold::Nothing,
            told @ (PathTold::Len | PathTold::Blocks | PathTold::BlocksUntold) if is_short && len == path.len => told,
            _ => PathTold::LenUntold,
        };
        *path = Path { len, proof, told };
        self.untold = true;
        if is_short {
            self.clean_searches = 0;
            self.revise_at = self.revise_at.min(cx.now + REVISED_AFTER);
        }
    }

    fn end<S: Storage>(&mut self, cx: &Context<S>) {
        self.search = None;
        let interval = cx.config.gossip_interval;
        self.free_at = cx.now + interval.times(1 << self.clean_searches);
        self.clean_searches = (self.clean_searches + 1).min(CLEAN_SEARCHES_MAX);
    }

    /// Paths change: those that were short may carry more by now.
    fn revise<S: Storage>(&mut self, members: &mut Paths<'_, S>) {
        self.revise_at = Instant::NEVER;
        for slot in 0..members.len() {
            if let Some(path) = members.at(slot).filter(|path| path.proof >= Proof::Rough) {
                path.proof = Proof::Stale;
            }
        }
    }
}

/// The next length to be tried once `len` bytes have arrived.
fn next_above<S: Storage>(cx: &Context<S>, len: u16) -> u16 {
    len.saturating_add(len / STEP_PART).min(cx.config.datagram_len_max)
}

/// Whether there is anything to find out: where all datagrams are as short as any path, no search is part of the program.
const fn may_search<S: Storage>() -> bool {
    S::Summary::CAPACITY.saturating_add(len::HEADER) > Path::FLOOR as usize
}

fn path_of<'r, S: Storage>(members: &'r mut Paths<'_, S>, peer: NodeId) -> Option<&'r mut Path> {
    if !may_search::<S>() {
        return None;
    }
    members.of(peer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::Config,
        id::{Addr, Generation, Incarnation},
        records::Claim,
        storage::Heap,
        wire::Standing,
    };
    use std::boxed::Box;

    const PEER: NodeId = NodeId(2);

    /// How long a path of so many bytes is found to be, and by how many datagrams.
    fn found(mtu: u16) -> (Path, u32) {
        let addr = Addr::new(&[1]).unwrap();
        let mut cx = Context::<Heap>::new(NodeId(1), addr, Config::lan(), 1);
        let mut table = <Heap as Storage>::Members::with_limit(2);
        let claim = Claim { incarnation: Incarnation(0), standing: Standing::Alive, generation: Generation(1) };
        let path = Path { proof: Proof::Arrived, ..Path::untried(cx.config.datagram_len_max) };
        let member = Member::new(PEER, claim, addr, Box::from(&b""[..]), path, cx.now);
        assert!(table.insert(PEER, member).is_ok());
        let mut members = Paths::new(&mut table);
        let mut search = PathSearch::new();
        let mut asked = 0;
        // An answer came once much less was asked for; then something turns out to be too long for what is assumed.
        search.on_failures(&cx, &mut members, PEER, 6);
        for _ in 0..100 {
            cx.now = cx.now.max(search.next_deadline());
            if cx.now == Instant::NEVER {
                break;
            }
            search.on_timer(&mut cx, &mut members);
            while let Some(outgoing) = cx.next_outgoing() {
                assert_eq!(outgoing.intent, Intent::Ping(Ping::PATH_PROBE));
                asked += 1;
                if outgoing.len_max <= mtu {
                    search.on_ack(&mut cx, &mut members, PEER, outgoing.len_max);
                }
            }
            let path = members.get(&PEER).unwrap().path;
            if path.proof == Proof::Settled || path.proof == Proof::Rough && path.len == cx.config.datagram_len_max {
                break;
            }
            search.on_need(&cx, &mut members, PEER);
        }
        (members.get(&PEER).unwrap().path, asked)
    }

    #[test]
    fn a_path_is_found_to_within_sixteen_bytes() {
        for mtu in (520..1_400).step_by(40) {
            let (path, asked) = found(mtu);
            assert_eq!(path.proof, Proof::Settled, "{mtu}");
            assert!(path.len <= mtu && mtu - path.len <= STEP_MIN, "{} of {mtu}", path.len);
            assert!(asked <= 40, "{asked} datagrams for {mtu}");
        }
    }

    #[test]
    fn a_path_that_carries_all_is_tried_once() {
        let (path, asked) = found(1_400);
        assert_eq!((path.len, asked), (1_400, 1));
    }
}
