//! Everything that goes into a node, and everything that comes out.
use crate::{
    id::{Addr, Dot, NodeId, WaitId},
    time::Instant,
    waiting::NotReached,
    wire::Urgency,
};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// What happened outside.
#[derive(Debug)]
pub enum Input<'a> {
    /// A datagram arrived. It is read, and later decrypted, where it lies.
    Received {
        /// Where it came from.
        from: Addr,
        /// What it says.
        bytes: &'a mut [u8],
    },
    /// The moment named by [`Output::Schedule`] has come; an early call is harmless.
    TimerFired,
}

/// What the node wants done outside.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum Output<'b> {
    /// Send this datagram; it lies in the buffer given to `poll_output`.
    Send {
        /// Where to.
        to: Addr,
        /// What it says.
        bytes: &'b [u8],
    },
    /// Tell the application; any payload lies in the same buffer.
    Event(Event<'b>),
    /// Nothing is left to do before this moment. Always the last output of a drain.
    Schedule(Instant),
}

/// What the application may care about.
///
/// Events speak of how things stand when they are drained: what came and went between two drains is told as what it
/// came to. Nothing is lost by that, and no queue of events can overflow.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Event<'b> {
    /// A member is there.
    MemberUp {
        /// Who.
        id: NodeId,
        /// How it came.
        arrival: Arrival,
    },
    /// A member changed its address or its presence.
    MemberUpdated(NodeId),
    /// A member did not answer; it has until the end of the suspicion to contradict.
    MemberSuspect(NodeId),
    /// A suspected member contradicted.
    MemberRefuted(NodeId),
    /// A member is gone.
    MemberDown {
        /// Who.
        id: NodeId,
        /// How it went.
        departure: Departure,
    },
    /// Two living nodes go by one name, which may be ours. Neither wins, and nobody claims agreement while it lasts: one of the
    /// two must be renamed. Told once, to everybody.
    NameConflict {
        /// The name.
        id: NodeId,
        /// Where the two are: first the one that [`Node::member`](crate::Node::member) shows.
        addrs: [Addr; 2],
    },
    /// One node at most goes by this name again, for all that was heard of the other in thirty probe intervals.
    NameConflictOver(NodeId),
    /// Datagrams up to this length reach a member, and we it; longer ones do not. Or they do again: then it is
    /// `config.datagram_len_max`. Told of a path that was found to carry less than that, each time that it changes.
    PathLen {
        /// Who.
        id: NodeId,
        /// The longest that came through, in bytes without the headers of lower layers.
        len: u16,
    },
    /// A member has something for us that no datagram which comes through can hold. We lack it, and what its writer wrote
    /// after it, until somebody else has it for us.
    PathBlocks {
        /// Who.
        id: NodeId,
        /// The longest datagram that comes through, in bytes without the headers of lower layers.
        len: u16,
    },
    /// There is no live member but us.
    Alone,
    /// Our own links are so bad that we quarantine ourselves: others count us as gone, by our own word, and nothing that we say
    /// reaches the cluster until [`Resumed`](Self::Resumed).
    Quarantined,
    /// Our links have been good for a while: we take part again.
    Resumed,
    /// A rumor reached us: told once. Its publisher is `dot.origin`.
    Delivered {
        /// Its name.
        dot: Dot,
        /// How urgent its publisher found it.
        urgency: Urgency,
        /// What it says.
        payload: &'b [u8],
        /// How long ago it was published, as far as is known: what it lay at each node that passed it on, added up. What it took
        /// from node to node is not counted.
        age: Duration,
    },
    /// Rumors were published while we were there, and did not reach us: told together, as soon as it is known that nobody can
    /// tell them to us any more.
    RumorsMissed {
        /// By whom they were published.
        publisher: NodeId,
        /// How many.
        count: u32,
    },
    /// An entry changed, here or elsewhere: told once, as it is by then.
    Changed {
        /// Which.
        key: &'b [u8],
        /// What it is now; `None` when it was deleted.
        value: Option<&'b [u8]>,
        /// By which write.
        dot: Dot,
    },
    /// Every live member has known all that we know, as it said itself or somebody that knows it too says of it. Told after all of that.
    Converged {
        /// How many agree, we included.
        live: usize,
    },
    /// Not every live member is known to agree any more.
    Diverged {
        /// How many are known to agree, we included.
        agreeing: usize,
        /// Out of how many.
        live: usize,
    },
    /// Our wall clock turned out to be wrong: the median of the peers' is more than ten seconds away; or it is right again.
    /// It takes two peers at least to tell, so that no single one can say so of us. Nothing is refused for it, but of
    /// concurrent writes the wrong one may win.
    ClockSkew {
        /// Which of the two.
        standing: ClockStanding,
        /// By how many milliseconds ours is ahead of the median of theirs; below zero, behind. Up to 24 days either way.
        millis: i32,
    },
    /// We leave, and nobody has shown in time that it has all that we wrote and published. Told just before
    /// [`Departed`](Self::Departed); whoever saved the node's state has them still.
    NotHandedOver {
        /// How many of the last writes of this life nobody is known to have.
        writes: u32,
        /// How many of its last rumors.
        rumors: u32,
    },
    /// What was waited for has come true: so many members have the write, or all agree.
    WaitReached {
        /// Which wait.
        wait: WaitId,
        /// How many have it, or agree, we included.
        holders: usize,
        /// Out of how many: the live members that keep entries; or all that live, where agreement was waited for.
        of: usize,
    },
    /// A wait ended in vain. Who is missing, [`Node::missing`](crate::Node::missing) says until the next input.
    WaitFailed {
        /// Which wait.
        wait: WaitId,
        /// Why it ended.
        why: NotReached,
        /// How many are known to have the write, or to agree, we included.
        holders: usize,
        /// Out of how many, as above.
        of: usize,
    },
    /// Our farewell has been said: the node may be dropped.
    Departed,
}

/// How a member came to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Arrival {
    /// We had not known it.
    Joined,
    /// It had been down, or had left, and is the same that it was.
    Returned,
    /// It was started anew, under its old name.
    Restarted,
}

/// What is to be thought of our wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClockStanding {
    /// It agrees with most of the peers', as far as is known.
    Right,
    /// It does not.
    Wrong,
}

/// How a member went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Departure {
    /// It fell silent.
    Failed,
    /// It said farewell.
    Left,
}
