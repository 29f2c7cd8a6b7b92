//! What was counted: nothing is shed, refused or survived in silence.
use serde::{Deserialize, Serialize};

/// Declares the counters once, with their names for a reader.
macro_rules! counters {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident,)* }) => {
        $(#[$doc])*
        #[non_exhaustive]
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name { $($(#[$field_doc])* pub $field: u64,)* }

        impl $name {
            /// All counters with their names, in a stable order.
            pub fn rows(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($field), self.$field)),*].into_iter()
            }
        }
    };
}

counters! {
    /// What a node has counted since its start. All count events, unless they say bytes.
    Stats {
        /// Datagrams handed out to be sent.
        datagrams_sent,
        /// Their bytes, without the headers of lower layers.
        bytes_sent,
        /// Datagrams handed in.
        datagrams_received,
        /// Their bytes.
        bytes_received,
        /// Turned away: ends within its header.
        refused_truncated,
        /// Turned away: of another version, or not ours at all.
        refused_version,
        /// Turned away: of another cluster.
        refused_foreign_cluster,
        /// Turned away: longer than any datagram of this cluster.
        refused_oversized,
        /// Turned away: our own, come back.
        refused_own,
        /// Turned away: claims an incarnation beyond belief.
        refused_incredible,
        /// Frames that could not be read, each skipped alone, unless its length was broken: that ends the datagram.
        malformed_frames,
        /// Frames of a kind that this version does not know.
        unknown_frames,
        /// Answers to questions that were not asked, or too long ago.
        stale_answers,
        /// Questions of nodes that are no members: not answered.
        questions_of_strangers,
        /// Questions dropped because too many waited, or came in one datagram.
        questions_shed,
        /// Evidence of who agrees that was dropped: a second piece in one datagram.
        evidence_shed,
        /// Datagrams dropped because too many were owed.
        outbox_shed,
        /// Datagrams not sent, because the buffer given for them was too short.
        buffer_too_short,
        /// Probes started.
        probes,
        /// Probes that were not answered in time, or too seldom, neither directly nor through helpers.
        probes_failed,
        /// Probes whose first ping was not answered in time: an estimate of loss, there and back.
        pings_unanswered,
        /// Helpers of ours that could not reach a target either, and said so.
        helpers_failed,
        /// Suspicions that we raised.
        suspicions_raised,
        /// Of those: because answers came, but too seldom.
        suspicions_raised_of_loss,
        /// Of those: kept to ourselves, because nobody answered us.
        suspicions_unshared,
        /// Suspicions that others told us of first.
        suspicions_heard,
        /// Suspicions, of whomever, that were contradicted in time.
        suspicions_refuted,
        /// Of those: of members that answered too seldom.
        suspicions_refuted_of_loss,
        /// Suspicions, of whomever, that turned into a verdict here.
        suspicions_confirmed,
        /// Of those: of members that answered too seldom.
        suspicions_confirmed_of_loss,
        /// Verdicts of others that we doubted, since we did not even suspect.
        verdicts_doubted,
        /// Times that we found ourselves late: what should have happened long ago had not.
        late,
        /// Times that we quarantined ourselves, because our own links were too bad.
        withdrawals,
        /// Times that we contradicted what was said of us.
        refutations,
        /// Claims not believed: too great a leap of the incarnation.
        claims_refused,
        /// Members not remembered: the table was full of living ones.
        members_refused,
        /// Members forgotten, to make room or for their age.
        members_forgotten,
        /// Addresses to join through, named or of members that were forgotten, that made room for others or found none.
        seeds_dropped,
        /// Datagrams of another living node that goes by our name.
        name_conflicts,
        /// Names that two nodes go by, of which there was no room to remember that.
        name_conflicts_refused,
        /// Lives begun anew, because others claimed to know more of the former one than we said.
        rebirths,
        /// News of nodes that are no members: not taken in.
        news_of_strangers,
        /// Rumors told to the application.
        rumors_delivered,
        /// Rumors heard again.
        rumors_duplicate,
        /// Rumors put off, too far ahead of others of their publisher.
        rumors_early,
        /// Rumors that we know we never heard: nobody remembered them when we asked.
        rumors_missed,
        /// Rumors not taken in for want of room; they can still be pulled.
        rumors_refused,
        /// Rumors that can no longer be told, having made room for others.
        rumors_evicted,
        /// Rumors whose time to live was over: forgotten, or not taken in.
        rumors_expired,
        /// Rumors of our own that were refused, because too many were yet to be handed to others.
        rumors_busy,
        /// Writes taken in.
        entries_applied,
        /// Writes heard again.
        entries_duplicate,
        /// Writes that came before others of their writer.
        entries_early,
        /// Writes left with others for want of room: until there is room, this node cannot agree with them.
        entries_refused,
        /// Writes that no node of this version makes.
        entries_malformed,
        /// Exchanges started because digests differed.
        exchanges,
        /// Exchanges broken off: no answer came.
        exchanges_failed,
        /// Questions answered, of members that lacked something.
        pulls_answered,
        /// Writes of ours that nobody was known to have when we left.
        writes_not_handed_over,
        /// Rumors of ours that nobody was known to have when we left.
        rumors_not_handed_over,
        /// Searches for the longest datagram that a path carries.
        path_searches,
        /// Pieces of news left out of a datagram because none that its receiver is known, or asked, to be sent can hold them.
        news_too_long,
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
