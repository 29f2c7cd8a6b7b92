//! The keeper on a bad disk.
mod bad_disk;
mod crashes;
mod files;

use super::*;
use crate::{
    adapter::{
        Closed,
        reply::{Answer, reply},
    },
    config::Config,
    id::{Addr, NodeId},
    io::{Event, Output},
    rng::Rng,
};
use bad_disk::BadDisk;
use core::{
    net::{Ipv4Addr, SocketAddr},
    task::{Context, Poll, Waker},
};
use std::{collections::BTreeMap, path::PathBuf, string::ToString, vec};

/// Who waits for a write to be on the disk: its key, its number.
type Asked = (u8, u32, Answer<Result<(), String>>);

/// A node and its keeper, on a disk that may be bad; and what is owed to those who waited.
struct Rig {
    disk: BadDisk,
    keeper: Keeper,
    node: Node<Heap>,
    data_file: DataFile,
    now: Instant,
    chance: Rng,
    /// What was written last to each key, and what of that was said to be on the disk.
    written: BTreeMap<u8, u32>,
    flushed: BTreeMap<u8, u32>,
    asked: Vec<Asked>,
    refused: usize,
    number: u32,
}

fn node(name: &str, entries: usize) -> Node<Heap> {
    let addr = Addr::from(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)));
    let mut config = Config::lan();
    config.limits.entries = entries;
    Node::new(NodeId::from_name(name), addr, config, &mut rand_core::UnwrapErr(getrandom::SysRng)).unwrap()
}

fn start(disk: &BadDisk, now: Instant, node: Node<Heap>) -> Result<(Keeper, Node<Heap>, DataFile), BindError> {
    let mut keeper = Keeper::on(&PathBuf::from("/data"), Box::new(disk.clone()));
    let (mut node, data_file) = keeper.restore(now, node)?;
    let mut buffer = [0; 1_400];
    while !matches!(node.poll_output(&mut buffer), Output::Schedule(_)) {}
    Ok((keeper, node, data_file))
}

impl Rig {
    fn new(seed: u64) -> Self {
        let (disk, now) = (BadDisk::new(), Instant::from_micros(1_000_000));
        let (keeper, node, data_file) = start(&disk, now, node("one", 100)).unwrap();
        Self {
            disk,
            keeper,
            node,
            data_file,
            now,
            chance: Rng::from_seed(seed),
            written: BTreeMap::new(),
            flushed: BTreeMap::new(),
            asked: Vec::new(),
            refused: 0,
            number: 0,
        }
    }

    /// Writes the next number to a key, and so many bytes with it.
    fn put(&mut self, key: u8, len: usize) {
        self.number += 1;
        let value = [&self.number.to_le_bytes()[..], &vec![key; len]].concat();
        self.node.put(self.now, &[key], &value).unwrap();
        self.written.insert(key, self.number);
        self.drain();
    }

    /// And asks to be told once it is on the disk.
    fn put_durable(&mut self, key: u8, len: usize) {
        self.put(key, len);
        let (reply, answer) = reply();
        self.keeper.wait(Life { origin: self.node.me().id, generation: self.node.me().generation }, reply);
        self.asked.push((key, self.number, answer));
    }

    fn drain(&mut self) {
        let mut buffer = [0; 1_400];
        loop {
            match self.node.poll_output(&mut buffer) {
                Output::Event(event) => {
                    if let Event::Changed { dot, .. } = event {
                        self.keeper.mark_written(dot.writer());
                    }
                    self.keeper.mark_changed(self.now);
                }
                Output::Send { .. } => {}
                Output::Schedule(_) => return,
            }
        }
    }

    /// Writes all that is due within some time. Whether there was anything.
    fn pass(&mut self, time: Duration) -> usize {
        let (until, mut writings) = (self.now + time, 0);
        while self.keeper.next_deadline() <= until {
            self.now = self.now.max(self.keeper.next_deadline());
            if let Some(save) = self.keeper.due(self.now, &self.node) {
                save.write();
                writings += 1;
            }
            self.hear();
        }
        self.now = until;
        writings
    }

    /// Takes note of what is said to be on the disk.
    fn hear(&mut self) {
        let (mut flushed, mut refused) = (Vec::new(), 0);
        self.asked.retain(|(key, number, answer)| match answer.poll(&Context::from_waker(Waker::noop())) {
            Poll::Pending => true,
            Poll::Ready(Ok(Ok(()))) => {
                flushed.push((*key, *number));
                false
            }
            Poll::Ready(Ok(Err(_)) | Err(Closed)) => {
                refused += 1;
                false
            }
        });
        self.refused += refused;
        for (key, number) in flushed {
            let known = self.flushed.entry(key).or_default();
            *known = number.max(*known);
        }
    }

    /// The power goes, and the node begins again. What was said to be on the disk is there.
    fn crash(&mut self) {
        self.hear();
        self.asked.clear();
        self.disk.crash(&mut self.chance);
        self.restart();
        assert!(
            matches!(self.data_file, DataFile::Fresh { .. } | DataFile::Restored { .. }),
            "a crash is no damage: {:?}",
            self.data_file
        );
        for (key, number) in &self.flushed {
            let held = self.held(*key);
            assert!(held >= Some(*number), "{number} of {key} was on the disk, and {held:?} is there");
            assert!(held <= self.written.get(key).copied());
        }
        self.written = self.written.keys().filter_map(|key| Some((*key, self.held(*key)?))).collect();
    }

    fn leave(&mut self) {
        if let Some(save) = self.keeper.last(&self.node) {
            save.write();
        }
        self.hear();
    }

    fn restart(&mut self) {
        self.now = self.now + Duration::from_millis(10);
        let (keeper, node, data_file) = start(&self.disk, self.now, node("one", 100)).unwrap();
        (self.keeper, self.node, self.data_file) = (keeper, node, data_file);
    }

    fn held(&self, key: u8) -> Option<u32> {
        self.node.get(&[key]).and_then(|value| value.first_chunk()).map(|number| u32::from_le_bytes(*number))
    }

    fn entries(&self) -> usize {
        self.node.entries(b"").count()
    }

    /// The files that nodes are made of.
    fn names(&self) -> Vec<String> {
        self.disk.names()
    }
}
