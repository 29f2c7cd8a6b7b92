//! The failure detector: probes and suspicions. `cargo membership` prints what it costs, how soon it finds a crash, and whom it
//! wrongs, beside plain SWIM, and holds it to bounds; `tests/detection.rs` does so in small.

/// How often a member is asked before it is accused.
///
/// A power of two, from 4 to 32: its low bits ride on a probe's number. Fewer: those that live are accused for what the network
/// loses; more: a crash costs more datagrams, and is found later. By arithmetic: at a loss of one in four each way, (7/16)¹⁶, two
/// in a million that live, answer none.
pub(crate) const ASKS_MAX: u8 = 16;
/// Whoever answers one of so many first asks is well.
///
/// From 1 to the first of [`HELP_AFTER`]. Fewer: more is asked where much is lost; more: those that answer one in three are taken for well. A
/// guess: not measured apart from those below.
pub(crate) const ASKS_EASY: u8 = 3;
/// Whoever did not must answer so many of the rest, where others answer as they should.
///
/// From [`ANSWERS_ENOUGH_AMID_LOSS`] to 13. Fewer: those that lose most of what they are sent are kept; more: a moment's trouble
/// accuses. By arithmetic, and `cargo membership gray`: of those that lose four in five of all that comes in or goes out, nine in
/// ten answer fewer than five of thirteen.
pub(crate) const ANSWERS_ENOUGH: u8 = 5;
/// And where losses are common.
///
/// From 1 to [`ANSWERS_ENOUGH`]. More: false suspicions under loss; it was 3, and two of three of them went with it, and a fifth
/// of the bytes at a loss of 25 %. By arithmetic: at one in four each way, all but four in 10,000 answer two of thirteen.
/// `cargo membership false-deaths`.
pub(crate) const ANSWERS_ENOUGH_AMID_LOSS: u8 = 2;
/// Helpers are asked when a member was asked so often in vain; each time, others.
///
/// Ascending, between [`ASKS_EASY`] and [`ASKS_MAX`]. Sooner: helpers are asked for chance losses; later: their answers come
/// after we conclude. Those of the third time are spared where those of the first confirm enough by then. By
/// `an_accusation_is_confirmed_from_its_start_even_where_much_is_lost` in `tests/detection.rs`: without a third time, four
/// accusations in ten lacked the three that confirm them where a third is lost, and lasted half as long again.
pub(crate) const HELP_AFTER: [u8; 3] = [6, 9, 11];
/// What was lost of a probe puts off the next one, by half an interval for each ask beyond the first, up to so many.
///
/// From 0 to 8. Less: a lossy network is loaded more; more: a crash there is found later. A guess: not measured apart;
/// `cargo membership idle` holds what rest costs at 25 %, of what it costs at none.
pub(crate) const PUT_OFF_MAX: u8 = 2;
/// One in so many is asked although it was heard within the last interval.
///
/// From 1, which spares nobody, to 16. Fewer: more datagrams in a busy cluster; more: one that can speak and not hear goes
/// unnoticed for longer. A guess: not measured.
pub(crate) const SPARED_OF: usize = 4;
/// Probes that are relayed for others at a time: a helper drops the oldest beyond these, and the asker has other helpers.
///
/// From 1 to 64, 32 bytes each. Fewer: where many are gone at once, suspicions are confirmed later; more: memory, which a sensor
/// has little of. A guess: not measured.
pub(crate) const INDIRECT_PROBES_MAX: usize = 6;
/// How often a target is asked for somebody else.
///
/// From 1 to [`ASKS_MAX`]. Fewer: helpers confirm what the network lost; more: they answer after the asker has concluded. A
/// guess: not measured; at a loss of one in four each way, one that lives answers none of four in one of 27.
pub(crate) const RELAYED_ASKS_MAX: u8 = 4;

/// With so many observers beside the first, a suspicion is as short as it gets: Lifeguard's *K* (Dadgar, Phillips, Currey 2018,
/// §IV-B).
///
/// 3, no other: the logarithms of `membership/suspicion.rs` `span` are for it. Fewer: two that are deaf make a short suspicion;
/// more: suspicions are long where helpers were not heard.
pub(crate) const CONFIRMATIONS_MAX: u32 = 3;
/// How often we probe a suspect ourselves before we declare it down.
///
/// From 1 to 16. Fewer: more false deaths under loss; more: a suspicion of the same length begins them sooner, at more datagrams
/// for each crash. By arithmetic: at a loss of one in four each way, (7/16)⁸, one in 700 that live, is not heard.
pub(crate) const LAST_PROBES: u8 = 8;
/// And where several observers agree, and so many others probe that the suspect has heard of it from one of them.
///
/// From 1 to [`LAST_PROBES`]. Fewer: a verdict hangs on one datagram; more: each crash costs that many from each of all. A guess:
/// not measured apart; `cargo membership false-deaths` holds what comes of it.
pub(crate) const LAST_PROBES_OF_MANY: u8 = 2;
/// Each of the last probes waits for such a part of [`Config::probe_timeout`](crate::Config::probe_timeout).
///
/// From 2 to 16. Fewer, which is a longer wait: the last probes begin sooner, at more datagrams for each crash; more: who is far
/// away answers after it was declared down. A guess: not measured apart.
pub(crate) const LAST_PROBE_WAITS: u32 = 8;
/// From so many members on, they are many: more than [`LOG_MIN`] stands for.
///
/// From 8 to 256. Fewer: the few declare somebody down at little evidence; more: crashes among dozens cost more. A guess: not
/// measured.
pub(crate) const MANY: usize = 33;
/// Of all who hear that somebody is counted as gone whom they do not suspect, how many tell that one.
///
/// From 1 to all. Fewer: it contradicts later, or not at all under loss; more: as many datagrams at once at one member. A guess:
/// not measured; `cargo membership partition` is where it matters.
pub(crate) const NOTIFIERS: usize = 8;
/// However few there are, a suspicion is as long as where the decimal logarithm of their number is this, in thousandths: among
/// 32.
///
/// From 500 to 3,000. Lower: pauses of a program are taken for crashes among few; higher: a crash is found later. Most pauses are
/// shorter, and beyond it, half of the logarithm covers the rounds that a contradiction takes to reach all: two and a half more
/// for a thousand than for 32, where each tells three others, which is half a probe interval where ours grows by three quarters.
/// `cargo membership crash slow`.
pub(crate) const LOG_MIN: u64 = 1_500;
/// What a false alarm counts: an answer in time takes one off, and as long as any is left, a member is given twice the time.
///
/// From 1 to 51, for five of them fit a byte. Less: whoever is slow now and then is taken for dead again sooner; more: its crash
/// is found late for longer. A guess: not measured apart; `cargo membership slow` holds what comes of it.
pub(crate) const FALSE_ALARM: u8 = 8;
/// The most that count: each false alarm doubles the time that a member is given, up to eight times with three, and up to the
/// longest suspicion ([`Config::suspicion_max_mult`](crate::Config::suspicion_max_mult)).
///
/// A multiple of [`FALSE_ALARM`]. Less: false deaths at those that pause for long; more: their crash takes longer to find. A
/// guess: not measured apart.
pub(crate) const FALSE_ALARMS_MAX: u8 = 3 * FALSE_ALARM;
