//! Anti-entropy: how often a question is asked, how long an answer is waited for, how long it may take to write, and whom not to
//! ask.
use core::time::Duration;

/// How often a question is asked before its exchange is given up.
///
/// From 2 to 7, which is what its token has bits for. Fewer: lost datagrams end exchanges, which begin again with somebody else;
/// more: an exchange with the dead lasts longer. By arithmetic: at a loss of one in four each way, (7/16)⁷, one in 300, is
/// never answered.
pub(crate) const TRIES_MAX: u8 = 7;
/// How often a comparison is, where somebody else may be asked.
///
/// From 1 to [`TRIES_MAX`]. Fewer: exchanges change their peer for a lost datagram; more: whoever joins under loss waits for one
/// that does not answer, while others have spoken. By joins under loss, of which `cargo acceptance --nocapture` prints the last
/// full view: seven tries took a second, and were one of four causes why those had become slow.
pub(crate) const TRIES_OF_MANY: u8 = 3;
/// Answers of one store in a row that bring nothing, and end an exchange whatever more they promise.
///
/// From 2 to 200. Fewer: a table of thousands, in which little differs, is not gone through in one exchange; more: a liar holds
/// us longer. A guess: not measured; `hundreds_of_ranges_that_bring_nothing_end_an_exchange_and_no_more` in
/// `tests/hostile_ranges.rs` holds that it ends.
pub(crate) const NO_PROGRESS_MAX: u8 = 64;
/// The longest that an answer is waited for, whatever was measured.
///
/// From 1 s to 60 s. Less: where round trips take longer, no exchange ends well; more: one with somebody who died holds up
/// others. A guess: not measured; more than twice the longest round trip that the swarm draws, of four seconds.
pub(crate) const TIMEOUT_MAX: Duration = Duration::from_secs(10);
/// The shortest, as a part of the gossip interval.
///
/// From 4 to 64. Fewer parts: a lost datagram is noticed later; more: an answer that takes a little longer than others is asked
/// for twice. A guess: not measured.
pub(crate) const TIMEOUT_MIN_PART: u32 = 16;
/// The first wait as long as nothing was measured, as a part of the gossip interval: the second one is longer, for a long answer
/// may be on its way.
///
/// From 2 to 32. Fewer parts: a newcomer's lost question is asked again later; more: where round trips are long, the first ones
/// are asked several times. A guess: not measured.
pub(crate) const UNMEASURED_TIMEOUT_PART: u32 = 8;
/// How often a wait is doubled, every second time that a question is asked.
///
/// From 0 to 4. Fewer: a network that drops what is too much for it gets more of it; more: exchanges under loss take longer. A
/// guess: not measured.
pub(crate) const TIMEOUT_DOUBLINGS_MAX: u8 = 2;

/// Differences and peers that are remembered not to be asked for now.
///
/// From 2 to 32, 24 bytes each. Lasting differences are few, one for each group of nodes that agree with each other, and so are
/// those who catch up at the same time. Fewer: those that are forgotten are asked in vain; more: memory, of which a sensor has
/// room for five.
pub(crate) const WAITS_MAX: usize = 5;
/// The first wait after an exchange that brought nothing, in gossip intervals.
///
/// From 1 to 10. Less: a difference that the push is about to settle is asked for again; more: one that was there just then lasts
/// longer. A guess: not measured.
pub(crate) const FIRST_WAIT: u32 = 2;
/// How often that is doubled for a lasting difference, until it is looked into every 128 gossip intervals.
///
/// From 0 to 10. Fewer: where somebody has no room for what others hold, they ask in vain for ever; more: what can be settled
/// again is settled later. A guess: not measured; the scenario `a_lasting_difference_costs_little`, and in `tests/exchanges.rs`
/// `whoever_restarts_empty_is_told_little_more_than_what_it_lacks`, hold what it costs.
pub(crate) const DIFFERENCE_DOUBLINGS: u8 = 6;
/// And for a peer: up to 16 gossip intervals.
///
/// From 0 to [`DIFFERENCE_DOUBLINGS`]; fewer than for a difference, for any time a peer may be the first to hear of something. A
/// guess: not measured.
pub(crate) const PEER_DOUBLINGS: u8 = 3;

/// Writers that an asker is counted to be behind with, at most.
///
/// From 64 to 1,024: an honest question is about no more writers than its summary tells of, and that is a datagram of them.
/// Fewer: how far somebody is behind is told too low; more: a liar's question costs more.
/// `questions_cost_what_an_honest_one_costs` in `tests/budget.rs`.
pub(crate) const WRITERS_MAX: usize = 256;
/// Rows of members that are looked at for one answer: more than a question tells of, and those who are gone between them.
///
/// From 300, which is about what a datagram tells of, to the length of the table. Fewer: a range that holds many who are gone
/// takes more questions; more: a liar's question costs more, for each row is looked for in all of its summary. As above.
pub(crate) const ROWS_MAX: usize = 1_024;
/// Entries that are told again at a time, when somebody is behind in a way that no version vector shows.
///
/// From 1 to the length of the table. Fewer: the one that is lacking has its turn later; more: all the others are told to all for
/// nothing. A guess: not measured.
pub(crate) const RE_ANNOUNCED_MAX: usize = 32;
