//! How long to wait, as all machines do: what is no matter of one of them.

/// When a timer is late: when it fires after its time by more than this part of the probe timeout.
///
/// From 2 to 32. Fewer parts: a blocked process takes what it did not hear for silence, and suspects others; more: a timer that
/// strays as timers do costs a probe each time. A guess within bounds, not measured: an eighth, 62 ms on a `lan`, is well beyond
/// what a timer strays by, and well short of what others wait for.
pub(crate) const LATE_PART: u32 = 8;
/// The first wait of a [`Pace`](crate::pace::Pace), as a part of its interval; each further one is twice as long.
///
/// From 2 to 32. Fewer parts: the hops of a rumor wait for each other; more: a steady stream goes out in more datagrams before it
/// comes to one an interval. A guess: not measured; at an eighth, four datagrams are ahead of that.
pub(crate) const PACE_FIRST_WAIT: u32 = 8;
/// After so many intervals without one, what is paced goes at once again.
///
/// From 1 to 8. Fewer: a steady stream that pauses begins in haste each time; more: news after a pause waits. A guess: not
/// measured.
pub(crate) const PACE_REST: u32 = 2;
/// The longest wait after an exchange that brought something, as a part of the interval.
///
/// From 1 to [`PACE_FIRST_WAIT`]. Fewer parts: whoever lacks much catches up slower, with one exchange after the other; more:
/// peers that catch up themselves are asked for what they are yet to hear. A guess: not measured.
pub(crate) const PACE_AFTER_PROGRESS: u32 = 4;
/// How long an answer is waited for as long as nothing was measured, as a part of the gossip interval: of whoever is to say what
/// it knows, or how much of ours it has.
///
/// From 1 to 16. Fewer parts: agreement and farewells wait; more: the first questions are asked twice where a round trip is
/// longer, until one was measured. A guess: not measured; a quarter is 50 ms on a `lan`, where round trips take one.
pub(crate) const UNMEASURED_ANSWER_PART: u32 = 4;
/// How long a ping's answer is waited for as long as nothing was measured, as a part of the probe timeout.
///
/// From 1 to [`PING_TIMEOUT_MIN_PART`]. Fewer parts: the first losses take long to be noticed; more: first pings are sent twice
/// where round trips are long. A guess: not measured.
pub(crate) const UNMEASURED_PING_PART: u32 = 4;
/// The shortest that a ping's answer is waited for, however short round trips were, as a part of the probe timeout.
///
/// From 4 to 64. Fewer parts: whoever lost a datagram is asked again later; more: what a scheduler holds up for a moment counts
/// as lost. A guess: not measured; a sixteenth is 31 ms on a `lan`.
pub(crate) const PING_TIMEOUT_MIN_PART: u32 = 16;
