//! Members as a store: what a peer lacks of them, and what is saved of them.
use super::{Membership, news::news};
use crate::{
    config::exchange::ROWS_MAX,
    context::Context,
    digest::Digest,
    id::{Life, NodeId},
    records::{Claim, Member, Namesake, Question},
    replicated::{Regions, Replicated, SavePoint},
    storage::Storage,
    table::Table,
    wire::{Frame, MemberFrame, Position, Standing, Writer},
};

/// What an asker has of one member, in few bits: the first half stands for which member, the second for what is said of it.
///
/// Both are salted with the question's number, so that those which look alike in one question do not in the next.
type Print = [u8; 4];

impl<S: Storage> Replicated<S> for Membership<S> {
    /// The fingerprint of who lives, and in whose words.
    fn digest(&self) -> Digest {
        self.list.counts.digest
    }

    fn has_news(&self) -> bool {
        self.list.counts.pending > 0 || self.names.has_news()
    }

    /// Members go by their ids. Who is gone is left out: whoever counts one of them in learns otherwise by asking us.
    fn summarise(&self, cx: &Context<S>, token: u8, from: Position, out: &mut [u8]) -> (usize, Position) {
        let mut room = out.as_chunks_mut().0.iter_mut();
        let mut len = 0;
        let rows = self.list.table().ascending(from.number().map(NodeId));
        for (id, member) in rows.filter(|(_, member)| member.is_live()) {
            let Some(print) = room.next() else {
                return (len, Position::before_number(id.0));
            };
            *print = print_of(cx, token, *id, member);
            len += print.len();
        }
        (len, Position::Last)
    }

    fn serve(
        &self,
        cx: &Context<S>,
        question: &Question<S::Summary>,
        _is_live: &dyn Fn(Life) -> bool,
        writer: &mut Writer<'_>,
    ) -> Option<Position> {
        let (has, _) = question.summary.as_ref().as_chunks();
        let mut at = 0;
        let rows = self.list.table().ascending(question.from.number().map(NodeId)).enumerate();
        let until = question.until.number().unwrap_or(0);
        for (passed, (id, member)) in rows.take_while(|(_, (id, _))| id.0 <= until) {
            // The next range begins with this row.
            let end = Some(Position::before_number(id.0));
            if passed >= ROWS_MAX {
                return end;
            }
            let print = print_of(cx, question.token, *id, member);
            // Both go by id: what is sought is most often the next.
            let found = has.iter().cycle().skip(at).take(has.len()).position(|has| *has == print);
            let lacks = match found {
                Some(passed) => {
                    at = (at + passed + 1) % has.len();
                    false
                }
                // Who is gone is news only to one who counts it in.
                None => member.is_live() || has.iter().any(|has| has[..2] == print[..2]),
            };
            let is_known = || has.iter().any(|has| has[..2] == print[..2]);
            let put = |writer: &mut Writer<'_>| self.put_row(cx, *id, member, &is_known, writer);
            // Whom no answer can hold is passed over.
            if lacks && !put(writer) && !writer.is_bare() {
                return end;
            }
        }
        None
    }

    /// Those who are gone, too: when all were stopped one after the other, that is where to look for them.
    fn save(&self, _cx: &Context<S>, from: SavePoint, writer: &mut Writer<'_>) -> Option<SavePoint> {
        let mut saved = from;
        for (id, member) in self.list.table().ascending(from.position.number().map(NodeId)) {
            let frame = MemberFrame {
                id: *id,
                generation: member.generation,
                incarnation: member.incarnation,
                standing: Standing::Alive,
                addr: member.addr,
                capabilities: member.capabilities,
                presence: b"".into(),
            };
            if !writer.put(&Frame::Member(frame)) {
                return Some(saved);
            }
            saved.position = Position::behind_number(id.0);
        }
        None
    }

    fn usage(&self) -> Regions {
        let (members, seeds) = (self.list.table(), self.discovery.book.usage());
        let names = self.names.usage();
        [("members", members.len(), members.limit()), ("seeds", seeds.0, seeds.1), ("name_conflicts", names.0, names.1)]
            .into_iter()
            .collect()
    }
}

impl<S: Storage> Membership<S> {
    /// What there is to say of a member: a row that the asker has not yet goes before what is said of its name.
    fn put_row(
        &self,
        cx: &Context<S>,
        id: NodeId,
        member: &Member<S::Blob>,
        is_known: &dyn Fn() -> bool,
        writer: &mut Writer<'_>,
    ) -> bool {
        match member.namesake {
            Namesake::Known if is_known() => self.names.put(cx, id, writer),
            _ => writer.put(&news(id, member)),
        }
    }
}

fn print_of<S: Storage>(cx: &Context<S>, token: u8, id: NodeId, member: &Member<S::Blob>) -> Print {
    let name = cx.digester.of_words(&[u64::from(token), id.0]);
    let said = match member.namesake {
        Namesake::Known => cx.digester.of_words(&[name.0]),
        Namesake::None | Namesake::Heard => {
            let Claim { incarnation, standing, .. } = member.claim();
            let claim = u64::from(incarnation.0) << 32 ^ member.lives();
            cx.digester.of_words(&[name.0, claim, u64::from(member.stated.0) << 2 | standing as u64])
        }
    };
    let [a, b, ..] = name.0.to_le_bytes();
    let [c, d, ..] = said.0.to_le_bytes();
    [a, b, c, d]
}
