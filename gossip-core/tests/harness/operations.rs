//! Any story of commands, crashes, restarts and faults over a small cluster; then calm, and a verdict.
//!
//! In the end all live nodes must see each other and hold the same entries; no write that its node was given to
//! keep may be lost, nothing deleted may return, no rumor be told twice, no dot be given out twice. (The last two are
//! watched all along, in [`World`].)
use super::{
    machine::Entry,
    tell,
    world::{self, Memory, SIZE, World},
};
use arbitrary::{Arbitrary, Unstructured};
use core::{array, time::Duration};
use gossip_core::{Dot, Liveness, Stamp, Urgency};
use std::collections::BTreeMap;

/// A story longer than this says nothing that a shorter one would not.
const OPERATIONS_MAX: usize = 96;
/// More lives than this, and the sensor, which remembers all writers, is full by right.
const RESTARTS_MAX: usize = 12;
const KEYS: u8 = 6;
/// How long calm may take: the sensor's preset suspects for minutes, and calls on the lost twice a minute.
const CALM_MAX: Duration = Duration::from_secs(30 * 60);

/// What may happen.
#[derive(Debug, Arbitrary)]
enum Operation {
    Pass { quarter_seconds: u8 },
    PassMinutes { minutes: u8 },
    Put { place: Place, key: u8, value: u16 },
    Delete { place: Place, key: u8 },
    Publish { place: Place, urgent: bool },
    Present { place: Place, tag: u8 },
    Save { place: Place },
    Crash { place: Place },
    Start { place: Place, memory: Memory },
    Leave { place: Place },
    SetClock { place: Place, seconds_ahead: u8 },
    Lose { percent: u8 },
    Duplicate { percent: u8 },
    Divide { sides: u8 },
    Heal,
    Replay { pick: u8 },
    FireEarly { place: Place },
}

/// Which node.
#[derive(Debug, Clone, Copy)]
struct Place(usize);

impl<'a> Arbitrary<'a> for Place {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self(usize::from(u8::arbitrary(bytes)?) % SIZE))
    }
}

/// Plays the story that `bytes` tell.
///
/// # Panics
/// When something that must hold does not.
pub(crate) fn operations(bytes: &[u8]) {
    let mut bytes = Unstructured::new(bytes);
    let mut story = Story { world: World::new(bytes.arbitrary().unwrap_or(0)), ledger: Ledger::default(), restarts: 0 };
    for _ in 0..OPERATIONS_MAX {
        if bytes.is_empty() {
            break;
        }
        let Ok(operation) = bytes.arbitrary() else { break };
        tell(&story.world, &operation);
        story.play(&operation);
    }
    story.calm();
    story.judge();
}

struct Story {
    world: World,
    ledger: Ledger,
    restarts: usize,
}

impl Story {
    fn play(&mut self, operation: &Operation) {
        let world = &mut self.world;
        match *operation {
            Operation::Pass { quarter_seconds } => world.pass(Duration::from_millis(250) * u32::from(quarter_seconds)),
            Operation::PassMinutes { minutes } => world.pass(Duration::from_secs(60) * u32::from(minutes % 16)),
            Operation::Put { place: Place(place), key, value } => {
                let (key, value) = (name(key), value.to_be_bytes());
                let dot = world.write(place, |node, now| node.put(now, &key, &value));
                self.ledger.wrote(world, place, &key, dot);
            }
            Operation::Delete { place: Place(place), key } => {
                let key = name(key);
                let before = entry(world, place, &key);
                let dot = world.write(place, |node, now| node.delete(now, &key));
                self.ledger.deleted(world, place, before, dot);
            }
            Operation::Publish { place: Place(place), urgent } => {
                let urgency = if urgent { Urgency::Critical } else { Urgency::Normal };
                world.publish(place, urgency, b"news");
            }
            Operation::Present { place: Place(place), tag } => {
                world.command(place, |node, now| node.set_presence(now, &[tag]).is_ok());
            }
            Operation::Save { place: Place(place) } => {
                if world.save(place) {
                    self.ledger.saved(place);
                }
            }
            Operation::Crash { place: Place(place) } => world.crash(place),
            Operation::Start { place: Place(place), memory } => self.start(place, memory),
            Operation::Leave { place: Place(place) } => {
                world.command(place, |node, now| node.leave(now));
                // Its farewell is bounded in time: behind a partition, what only it knew goes with it.
                self.ledger.restarted(place, Memory::Lost);
            }
            Operation::SetClock { place: Place(place), seconds_ahead } => {
                // Only while it is down: time never runs backwards for a node.
                let host = &mut world.hosts[place];
                if host.node.is_none() {
                    host.clock_ahead = Duration::from_secs(seconds_ahead.into());
                }
            }
            Operation::Lose { percent } => world.network.loss = percent % 60,
            Operation::Duplicate { percent } => world.network.duplication = percent % 100,
            Operation::Divide { sides } => {
                world.network.sides = array::from_fn(|place| sides >> place & 1);
            }
            Operation::Heal => world.network.heal(),
            Operation::Replay { pick } => world.network.replay(world.now, pick.into()),
            Operation::FireEarly { place: Place(place) } => world.fire(place),
        }
    }
    fn start(&mut self, place: usize, memory: Memory) {
        if self.restarts < RESTARTS_MAX && self.world.hosts[place].node.is_none() {
            self.restarts += 1;
            self.world.start(place, memory);
            self.ledger.restarted(place, memory);
        }
    }

    /// Ends all faults, brings back whoever crashed, and waits until nobody has anything more to say.
    fn calm(&mut self) {
        self.world.network.heal();
        for place in 0..SIZE {
            let host = &self.world.hosts[place];
            if host.node.is_none() && !host.left {
                self.world.start(place, Memory::Kept);
                self.ledger.restarted(place, Memory::Kept);
            }
        }
        let end = self.world.now + CALM_MAX;
        while self.world.now < end {
            self.world.pass(Duration::from_secs(1));
            if self.quarrel().is_none() {
                return;
            }
        }
        if let Some(quarrel) = self.quarrel() {
            for (place, host) in self.world.hosts.iter().enumerate() {
                println!("{place}: {:?}", host.node.as_ref().map(|node| (node.members(), node.stats())));
            }
            panic!("after {CALM_MAX:?} of calm: {quarrel}");
        }
    }

    /// In what the live nodes differ.
    fn quarrel(&self) -> Option<String> {
        let live =
            || self.world.hosts.iter().enumerate().filter_map(|(place, host)| Some((place, host.node.as_ref()?)));
        let (first, opinion) = live().next().map(|(place, node)| (place, node.entries()))?;
        for (place, node) in live() {
            let entries = node.entries();
            if entries != opinion {
                return Some(format!("{first} holds {opinion:?}, {place} holds {entries:?}"));
            }
            for (other, _) in live().filter(|(other, _)| *other != place) {
                let liveness = node.members().iter().find(|member| member.id == world::id(other)).map(|m| m.liveness);
                if liveness != Some(Liveness::Alive) {
                    return Some(format!("{place} sees {other} as {liveness:?}"));
                }
            }
            // Alone, there is nobody to agree with.
            if live().count() > 1 && !node.is_converged() {
                let others = node.members();
                return Some(format!("all agree, and {place} does not say so; it sees {others:?}"));
            }
        }
        None
    }

    /// Compares what there is with what must be there.
    fn judge(&self) {
        // All agree, so one will do; and where all have left, nobody is there to ask.
        if let Some(node) = self.world.hosts.iter().find_map(|host| host.node.as_ref()) {
            self.ledger.audit(&node.entries());
        }
    }
}

/// What was written, and what of it must still be there.
#[derive(Debug, Default)]
struct Ledger {
    writes: BTreeMap<Dot, Write>,
    deletions: Vec<Deletion>,
}

#[derive(Debug)]
struct Write {
    key: Vec<u8>,
    value: Vec<u8>,
    stamp: Stamp,
    fate: Fate,
}

/// A key was deleted at a node that held a write to it as old as this.
#[derive(Debug)]
struct Deletion {
    key: Vec<u8>,
    held: Stamp,
    fate: Fate,
}

/// Whether a write must be there in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Yes, while its writer lives.
    InMemory { place: usize },
    /// Yes, unless its writer loses its disk.
    OnDisk { place: usize },
    /// Its writer forgot it, perhaps before it told anybody.
    Uncertain,
}

impl Fate {
    fn save(&mut self, saved: usize) {
        if let Self::InMemory { place } = *self
            && place == saved
        {
            *self = Self::OnDisk { place };
        }
    }

    fn restart(&mut self, restarted: usize, memory: Memory) {
        match (*self, memory) {
            (Self::InMemory { place }, _) | (Self::OnDisk { place }, Memory::Lost) if place == restarted => {
                *self = Self::Uncertain;
            }
            _ => {}
        }
    }
}

impl Ledger {
    fn wrote(&mut self, world: &World, place: usize, key: &[u8], dot: Option<Dot>) {
        let Some(dot) = dot else { return };
        let entry = entry(world, place, key).filter(|entry| entry.dot == dot);
        let Entry { key, value, stamp, .. } = entry.expect("a write is there at once where it was made");
        self.writes.insert(dot, Write { key, value, stamp, fate: Fate::InMemory { place } });
    }

    fn deleted(&mut self, world: &World, place: usize, before: Option<Entry>, dot: Option<Dot>) {
        let (Some(before), Some(_)) = (before, dot) else { return };
        assert_eq!(entry(world, place, &before.key), None, "what was deleted is gone at once");
        self.deletions.push(Deletion { key: before.key, held: before.stamp, fate: Fate::InMemory { place } });
    }

    fn saved(&mut self, place: usize) {
        self.fates().for_each(|fate| fate.save(place));
    }

    fn restarted(&mut self, place: usize, memory: Memory) {
        self.fates().for_each(|fate| fate.restart(place, memory));
    }

    fn fates(&mut self) -> impl Iterator<Item = &mut Fate> {
        let writes = self.writes.values_mut().map(|write| &mut write.fate);
        writes.chain(self.deletions.iter_mut().map(|deletion| &mut deletion.fate))
    }

    /// Judges the entries on which all agree.
    fn audit(&self, entries: &[Entry]) {
        for entry in entries {
            let write = self.writes.get(&entry.dot).unwrap_or_else(|| panic!("nobody wrote {entry:?}"));
            assert_eq!((&write.key, &write.value), (&entry.key, &entry.value), "a write changed on its way");
        }
        let held = |key: &[u8]| entries.iter().find(|entry| entry.key == key);
        for (dot, write) in self.writes.iter().filter(|(_, write)| write.fate != Fate::Uncertain) {
            match held(&write.key) {
                Some(entry) => {
                    assert!(entry.stamp >= write.stamp, "{dot} was lost: an older write prevailed")
                }
                None => assert!(self.was_deleted(&write.key), "{dot}, {write:?}, was lost, and nobody deleted its key"),
            }
        }
        for deletion in self.deletions.iter().filter(|deletion| deletion.fate != Fate::Uncertain) {
            let returned = held(&deletion.key).filter(|entry| entry.stamp <= deletion.held);
            assert_eq!(returned, None, "what was deleted has returned");
        }
    }

    fn was_deleted(&self, key: &[u8]) -> bool {
        self.deletions.iter().any(|deletion| deletion.key == key)
    }
}

fn name(key: u8) -> [u8; 2] {
    [b'k', b'0' + key % KEYS]
}

fn entry(world: &World, place: usize, key: &[u8]) -> Option<Entry> {
    let node = world.hosts[place].node.as_ref()?;
    node.entries().into_iter().find(|entry| entry.key == key)
}
