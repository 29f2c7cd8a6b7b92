//! What is yet to be told: of whom, and how often it was.
use crate::id::NodeId;
use alloc::vec::Vec;

/// The buffer of recent updates (SWIM §4.1). It says of whom; what, is read when it is told.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Of whom, and how often it was told; what was told least first.
    pending: Vec<(NodeId, u32)>,
}

impl News {
    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    pub(super) fn is_pending(&self, id: NodeId) -> bool {
        self.pending.iter().any(|(other, _)| *other == id)
    }

    /// Something new of a member: what was said of it before needs not be told any more.
    pub(super) fn put(&mut self, id: NodeId) {
        self.pending.retain(|(other, _)| *other != id);
        let at = self.pending.partition_point(|(_, told)| *told == 0);
        self.pending.insert(at, (id, 0));
    }

    /// Tells news until `tell` says that no more fits: what was told least comes first, and what was told `limit` times is
    /// told no more (SWIM §4.1).
    pub(super) fn tell(&mut self, limit: u32, mut tell: impl FnMut(NodeId) -> bool) {
        let fitting = self.pending.iter_mut().take_while(|(id, _)| tell(*id));
        let count = fitting.map(|(_, told)| *told += 1).count();
        // Of those that were told as often, the one comes next that was not told for longest: the sort keeps their order.
        self.pending.rotate_left(count);
        self.pending.retain(|(_, told)| *told < limit);
        self.pending.sort_by_key(|(_, told)| *told);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_least_comes_first_and_nothing_is_told_too_often() {
        let mut news = News::default();
        (0..5).for_each(|id| news.put(NodeId(id)));
        let mut told = Vec::new();
        while !news.is_empty() {
            let mut room = 2;
            news.tell(3, |id| {
                room -= i32::from(room >= 0);
                if room >= 0 {
                    told.push(id.0);
                }
                room >= 0
            });
        }
        assert_eq!(told, [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
        news.put(NodeId(1));
        news.tell(3, |_| true);
        news.put(NodeId(2));
        news.put(NodeId(1));
        let mut order = Vec::new();
        news.tell(1, |id| {
            order.push(id.0);
            true
        });
        assert_eq!((order, news.is_empty()), ([2, 1].into(), true));
    }
}
