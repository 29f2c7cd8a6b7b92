//! What was counted: nothing is shed, refused or survived in silence.
use serde::{Deserialize, Serialize};

/// Declares the counters once, with their names for a reader and for an [`Observer`](crate::Observer).
macro_rules! counters {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident = $counter:ident,)* }) => {
        $(#[$doc])*
        #[non_exhaustive]
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name { $($(#[$field_doc])* pub $field: u64,)* }

        impl $name {
            /// All counters with their names, in a stable order.
            pub fn rows(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($field), self.$field)),*].into_iter()
            }

            /// Which is meant is known wherever it is counted: there, this is a field, and nothing is looked up.
            #[inline(always)]
            pub(crate) const fn of(&mut self, counter: Counter) -> &mut u64 {
                match counter { $(Counter::$counter => &mut self.$field,)* }
            }
        }

        /// What is counted, and why: one of the fields of [`Stats`].
        #[non_exhaustive]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Counter { $($(#[$field_doc])* $counter,)* }

        impl Counter {
            /// The name of its field.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$counter => stringify!($field),)* }
            }
        }
    };
}

counters! {
    /// What a node has counted since its start. All count events, unless they say bytes.
    Stats {
        /// Datagrams handed out to be sent.
        datagrams_sent = DatagramsSent,
        /// Their bytes, without the headers of lower layers.
        bytes_sent = BytesSent,
        /// Datagrams handed in.
        datagrams_received = DatagramsReceived,
        /// Their bytes.
        bytes_received = BytesReceived,
        /// Turned away: ends within its header.
        refused_truncated = RefusedTruncated,
        /// Turned away: of another version, or not ours at all.
        refused_version = RefusedVersion,
        /// Turned away: of another cluster.
        refused_foreign_cluster = RefusedForeignCluster,
        /// Turned away: longer than any datagram of this cluster.
        refused_oversized = RefusedOversized,
        /// Turned away: our own, come back.
        refused_own = RefusedOwn,
        /// Turned away: claims an incarnation beyond belief.
        refused_incredible = RefusedIncredible,
        /// Frames that could not be read, each skipped alone, unless its length was broken: that ends the datagram.
        malformed_frames = MalformedFrames,
        /// Frames of a kind that this version does not know.
        unknown_frames = UnknownFrames,
        /// Answers to questions that were not asked, or too long ago.
        stale_answers = StaleAnswers,
        /// Questions of nodes that are no members: not answered.
        questions_of_strangers = QuestionsOfStrangers,
        /// Questions dropped because too many waited, or came in one datagram.
        questions_shed = QuestionsShed,
        /// Evidence of who agrees that was dropped: a second piece in one datagram.
        evidence_shed = EvidenceShed,
        /// Datagrams dropped because too many were owed.
        outbox_shed = OutboxShed,
        /// Datagrams not sent, because the buffer given for them was too short.
        buffer_too_short = BufferTooShort,
        /// Probes started.
        probes = Probes,
        /// Probes that were not answered in time, or too seldom, neither directly nor through helpers.
        probes_failed = ProbesFailed,
        /// Probes whose first ping was not answered in time: an estimate of loss, there and back.
        pings_unanswered = PingsUnanswered,
        /// Helpers of ours that could not reach a target either, and said so.
        helpers_failed = HelpersFailed,
        /// Suspicions that we raised.
        suspicions_raised = SuspicionsRaised,
        /// Of those: because answers came, but too seldom.
        suspicions_raised_of_loss = SuspicionsRaisedOfLoss,
        /// Of those: kept to ourselves, because nobody answered us.
        suspicions_unshared = SuspicionsUnshared,
        /// Suspicions that others told us of first.
        suspicions_heard = SuspicionsHeard,
        /// Suspicions, of whomever, that were contradicted in time.
        suspicions_refuted = SuspicionsRefuted,
        /// Of those: of members that answered too seldom.
        suspicions_refuted_of_loss = SuspicionsRefutedOfLoss,
        /// Suspicions, of whomever, that turned into a verdict here.
        suspicions_confirmed = SuspicionsConfirmed,
        /// Of those: of members that answered too seldom.
        suspicions_confirmed_of_loss = SuspicionsConfirmedOfLoss,
        /// Verdicts of others that we doubted, since we did not even suspect.
        verdicts_doubted = VerdictsDoubted,
        /// Times that we found ourselves late: what should have happened long ago had not.
        late = Late,
        /// Times that we quarantined ourselves, because our own links were too bad.
        withdrawals = Withdrawals,
        /// Times that we contradicted what was said of us.
        refutations = Refutations,
        /// Claims not believed: too great a leap of the incarnation.
        claims_refused = ClaimsRefused,
        /// Members not remembered: the table was full of living ones.
        members_refused = MembersRefused,
        /// Members forgotten, to make room or for their age.
        members_forgotten = MembersForgotten,
        /// Addresses to join through, named or of members that were forgotten, that made room for others or found none.
        seeds_dropped = SeedsDropped,
        /// Datagrams of another living node that goes by our name.
        name_conflicts = NameConflicts,
        /// Names that two nodes go by, of which there was no room to remember that.
        name_conflicts_refused = NameConflictsRefused,
        /// Lives begun anew, because others claimed to know more of the former one than we said.
        rebirths = Rebirths,
        /// News of nodes that are no members: not taken in.
        news_of_strangers = NewsOfStrangers,
        /// Rumors told to the application.
        rumors_delivered = RumorsDelivered,
        /// Rumors heard again.
        rumors_duplicate = RumorsDuplicate,
        /// Rumors put off, too far ahead of others of their publisher.
        rumors_early = RumorsEarly,
        /// Rumors that we know we never heard: nobody remembered them when we asked.
        rumors_missed = RumorsMissed,
        /// Rumors not taken in for want of room; they can still be pulled.
        rumors_refused = RumorsRefused,
        /// Rumors that can no longer be told, having made room for others.
        rumors_evicted = RumorsEvicted,
        /// Rumors whose time to live was over: forgotten, or not taken in.
        rumors_expired = RumorsExpired,
        /// Rumors of our own that were refused, because too many were yet to be handed to others.
        rumors_busy = RumorsBusy,
        /// Writes taken in.
        entries_applied = EntriesApplied,
        /// Writes heard again.
        entries_duplicate = EntriesDuplicate,
        /// Writes that came before others of their writer.
        entries_early = EntriesEarly,
        /// Writes left with others for want of room: until there is room, this node cannot agree with them.
        entries_refused = EntriesRefused,
        /// Writes that no node of this version makes.
        entries_malformed = EntriesMalformed,
        /// Exchanges started because digests differed.
        exchanges = Exchanges,
        /// Exchanges broken off: no answer came.
        exchanges_failed = ExchangesFailed,
        /// Questions answered, of members that lacked something.
        pulls_answered = PullsAnswered,
        /// Writes of ours that nobody was known to have when we left.
        writes_not_handed_over = WritesNotHandedOver,
        /// Rumors of ours that nobody was known to have when we left.
        rumors_not_handed_over = RumorsNotHandedOver,
        /// Searches for the longest datagram that a path carries.
        path_searches = PathSearches,
        /// Pieces of news left out of a datagram because none that its receiver is known, or asked, to be sent can hold them.
        news_too_long = NewsTooLong,
    }
}

/// No node has more regions of memory.
const USAGE_MAX: usize = 16;

/// How full each region of memory is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    pub(crate) rows: heapless::Vec<(&'static str, usize, usize), USAGE_MAX>,
}

impl Usage {
    /// Name, rows in use and limit of each region, in a stable order.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, usize, usize)> {
        self.rows.iter().copied()
    }
}
