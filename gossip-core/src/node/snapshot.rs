//! A node written down whole, and read back the same: a replay can begin with it, in the middle of a life.
//!
//! Unlike [`save`](Node::save), which keeps what a next life should know, this keeps everything: timers, chance, what is
//! owed, what was counted. Whatever the original would put out from here on, its copy puts out, byte for byte. It is
//! for this very version of the code: there is no other version of all that a node thinks to itself.
use super::Node;
use crate::storage::{Heap, Snapshot, Storage};
use alloc::vec::Vec;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What was read is no node of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotANode;

impl Node<Heap> {
    /// The whole node, as bytes.
    pub(crate) fn snapshot(&self) -> Vec<u8> {
        // Nothing in a node is unsized or of unknown length, so that writing it to the heap cannot fail.
        postcard::to_extend(&Whole(self), Vec::new()).unwrap_or_default()
    }

    /// The node whose [`snapshot`](Self::snapshot) this is.
    pub(crate) fn from_snapshot(bytes: &[u8]) -> Result<Self, NotANode> {
        match postcard::take_from_bytes::<Read>(bytes) {
            Ok((Read(node), [])) if node.cx.config.check::<Heap>().is_ok() => Ok(node),
            _ => Err(NotANode),
        }
    }
}

/// Private, so that nobody mistakes these bytes for a format.
struct Whole<'n, S: Storage>(&'n Node<S>);

impl<S: Snapshot> Serialize for Whole<'_, S> {
    fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
        // By name, and without a rest: a part that is added cannot be forgotten here.
        let Node {
            cx,
            membership,
            stores,
            reconcile,
            convergence,
            paths,
            questions,
            gossip,
            parting,
            held,
            waits,
            alarm,
        } = self.0;
        let of_machines = (membership, stores, reconcile, convergence, paths);
        (cx, of_machines, questions, gossip, parting, held, waits, alarm).serialize(serializer)
    }
}

struct Read(Node<Heap>);

impl<'de> Deserialize<'de> for Read {
    fn deserialize<R: Deserializer<'de>>(deserializer: R) -> Result<Self, R::Error> {
        let (cx, of_machines, questions, gossip, parting, held, waits, alarm) = Deserialize::deserialize(deserializer)?;
        let (membership, stores, reconcile, convergence, paths) = of_machines;
        Ok(Self(Node {
            cx,
            membership,
            stores,
            reconcile,
            convergence,
            paths,
            questions,
            gossip,
            parting,
            held,
            waits,
            alarm,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::Config,
        id::{Addr, NodeId},
        io::{Input, Output},
        time::Instant,
        wire::Urgency,
    };
    use core::time::Duration;
    use std::{format, string::String, vec};

    /// Draws one number, for ever.
    struct Always(u64);

    impl rand_core::TryRng for Always {
        type Error = core::convert::Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(0)
        }

        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(self.0)
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            bytes.fill(0);
            Ok(())
        }
    }

    fn node(number: u8) -> Node<Heap> {
        let addr = Addr::new(&[number]).unwrap();
        let mut config = Config::lan();
        // Little room, so that it runs out.
        (config.limits.entries, config.limits.rumors) = (5, 3);
        Node::new(NodeId(number.into()), addr, config, &mut Always(number.into())).unwrap()
    }

    /// Puts out everything, and says what it was; what is for node `other` is kept.
    fn drain(node: &mut Node<Heap>, mail: &mut Vec<Vec<u8>>) -> String {
        let mut said = String::new();
        let mut buffer = [0; 1_400];
        loop {
            let output = node.poll_output(&mut buffer);
            said += &format!("{output:?}\n");
            match output {
                Output::Send { bytes, .. } => mail.push(bytes.to_vec()),
                Output::Event(_) => {}
                Output::Schedule(_) => return said,
            }
        }
    }

    /// What the application does in each turn.
    fn live(node: &mut Node<Heap>, turn: u32, now: Instant) {
        match turn {
            0 => node.join(now, Addr::new(&[2]).unwrap()).unwrap(),
            40..60 => {
                let refused = node.put(now, &[turn.to_le_bytes()[0] % 6], &turn.to_le_bytes()).is_err();
                assert_eq!(refused, turn % 6 == 3, "there is room for five of six keys");
            }
            // As fast as so small a table lets it.
            100..500 if turn.is_multiple_of(100) => {
                node.publish(now, Urgency::Normal, &turn.to_le_bytes()).unwrap();
            }
            70 => drop(node.delete(now, &[1]).unwrap()),
            710 => node.leave(now),
            _ => {}
        }
    }

    #[test]
    fn a_copy_of_a_copy_says_what_the_original_says_for_ever() {
        let (mut one, mut two) = (node(1), node(2));
        let mut copy = Node::from_snapshot(&one.snapshot()).unwrap();
        let (mut to_one, mut to_two) = (Vec::new(), Vec::new());
        let mut heard = 0;
        for turn in 0..1_000_u32 {
            let now = Instant::ZERO + Duration::from_millis(20) * turn;
            for node in [&mut one, &mut copy] {
                live(node, turn, now);
            }
            let (for_one, for_two): (Vec<Vec<u8>>, Vec<Vec<u8>>) = (to_one.split_off(0), to_two.split_off(0));
            for mut bytes in for_two {
                let from = Addr::new(&[1]).unwrap();
                two.handle_input(now, Input::Received { from, bytes: &mut bytes });
            }
            // Somebody falls silent for a while: suspicions have to be copied, too.
            let silent = (200..420).contains(&turn);
            for bytes in for_one.into_iter().filter(|_| !silent) {
                heard += 1;
                let from = Addr::new(&[2]).unwrap();
                for node in [&mut one, &mut copy] {
                    node.handle_input(now, Input::Received { from, bytes: &mut bytes.clone() });
                }
            }
            for node in [&mut one, &mut two, &mut copy] {
                node.handle_input(now, Input::TimerFired);
            }
            copy = Node::from_snapshot(&copy.snapshot()).unwrap();
            let (said, copied) = (drain(&mut one, &mut to_two), drain(&mut copy, &mut vec![]));
            assert_eq!(said, copied, "turn {turn}");
            assert_eq!(one.snapshot(), copy.snapshot(), "turn {turn}");
            drain(&mut two, &mut to_one);
        }
        assert!(heard > 30 && one.stats().suspicions_raised > 0, "{heard} datagrams, {:?}", one.stats());
        assert!(
            one.stats().rumors_evicted > 0 && one.usage().rows().any(|(name, used, _)| name == "entries" && used == 5)
        );
    }

    #[test]
    fn what_is_cut_off_or_too_long_is_no_node() {
        let mut node = node(1);
        node.put(Instant::ZERO, b"key", b"value").unwrap();
        let mut bytes = node.snapshot();
        assert!((0..bytes.len()).all(|cut| Node::from_snapshot(&bytes[..cut]).is_err()));
        bytes.push(0);
        assert!(Node::from_snapshot(&bytes).is_err());
    }
}
