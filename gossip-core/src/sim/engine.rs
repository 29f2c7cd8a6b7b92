//! How a world goes on: one thing after another, and what follows from it.
use super::{
    Chance, HostId, Memory, News, Scrutiny, Truth, World,
    clock::shown_date,
    journal::{Detail, Noted},
    links::Fate,
    machine::{Passage, Waiting},
    measure::Death,
    oracle::{Caller, Drained, End, Prompt},
    queue::{Berth, DatagramId, Pending, What},
    stream,
    told::Told,
};
use crate::{
    digest::Digester,
    id::Addr,
    io::{Departure, Event, Input, Output},
    node::{Liveness, Node},
    storage::Storage,
    time::Instant,
};
use core::{fmt::Write, hash::Hasher};
use siphasher::sip::SipHasher13;

impl<S: Storage> World<S> {
    /// Does the next thing, if it comes before `end`.
    pub(super) fn step(&mut self, end: Instant) -> bool {
        let Some(Pending { at, what, .. }) = self.queue.pop_until(end) else { return false };
        self.now = at;
        match what {
            What::Deliver { to, from, datagram } => self.arrive(to, from, datagram),
            What::Wake { host } => self.wake(host, at),
            What::Serve { host } => self.serve(host, at),
        }
        true
    }

    /// Starts a node.
    pub(super) fn boot(&mut self, id: HostId, memory: Memory) {
        let host = &mut self.hosts[id.0];
        let mut chance = Chance(stream(&[self.seed, 1, word(id.0), word(host.lives.len())]));
        let node = Node::with_storage(host.id, host.addr(), host.config.clone(), &mut chance);
        let mut node = node.unwrap_or_else(|error| panic!("{}: {error}", host.name));
        host.lives.push(node.me().generation);
        let shown = host.clock.at(self.now);
        if let Some(date) = shown_date(host.calendar, shown) {
            node.set_wall_clock(shown, date);
        }
        if memory == Memory::Kept {
            for chunk in &host.kept {
                node.restore(shown, chunk).unwrap_or_else(|error| panic!("{}: {error}", host.name));
            }
            self.oracles.on_restored(self.now, id, &node, &host.kept);
        }
        node.handle_input(shown, Input::TimerFired);
        host.node = Some(node);
        host.ended_at = None;
        let name = host.id;
        self.oracles.on_started(self.now, id, name, memory);
        self.follow(id, Prompt::Start);
    }

    /// Hands a node a datagram.
    pub(super) fn hand_over(&mut self, id: HostId, from: Addr, bytes: &mut [u8]) {
        let host = &mut self.hosts[id.0];
        let Some(node) = &mut host.node else { return };
        host.traffic.received.count(bytes, host.config.cluster);
        let len = bytes.len();
        let caller = if self.scrutiny == Scrutiny::Close { Caller::of(node, from, bytes) } else { Caller::Proven };
        node.handle_input(host.clock.at(self.now), Input::Received { from, bytes });
        self.follow(id, Prompt::Datagram { from, caller, len });
    }

    /// Takes up what follows from a command.
    pub(super) fn drain(&mut self, host: HostId) {
        self.follow(host, Prompt::Command);
    }

    /// Sees to it that a host's timer fires when its clock shows the deadline.
    pub(super) fn set_timer(&mut self, id: HostId) {
        let host = &mut self.hosts[id.0];
        host.machine.set_timer(host.clock.when(host.deadline), self.now, &mut self.queue);
    }

    /// A datagram has come to an address.
    fn arrive(&mut self, to: Berth, from: Berth, datagram: DatagramId) {
        let id = self.berths[to.index()];
        let unread = Waiting { to, from, datagram };
        match self.hosts[id.0].machine.receive(unread, self.now, &mut self.queue) {
            Passage::Free => self.deliver(id, unread),
            Passage::Held => {}
            Passage::Full => self.lost_by(from, |losses| losses.queue_full += 1),
        }
    }

    /// Whatever ails a host has changed: it looks at once whether there is something to do for it.
    pub(super) fn rouse(&mut self, id: HostId) {
        self.hosts[id.0].machine.set_service(self.now, &mut self.queue);
        self.set_timer(id);
    }

    /// What waited goes out and is read, if it is to be now; later, if the host is held up still.
    fn serve(&mut self, id: HostId, at: Instant) {
        let Some([out, read]) = self.hosts[id.0].machine.resume(at) else { return };
        for Waiting { to, from, datagram } in out {
            let bytes = self.queue.take(datagram);
            self.transmit(id, from, to, &bytes);
            self.queue.release(datagram, bytes);
        }
        for unread in read {
            self.deliver(id, unread);
        }
        self.hosts[id.0].machine.set_service(at, &mut self.queue);
    }

    /// A host takes up a datagram.
    fn deliver(&mut self, id: HostId, Waiting { to, from, datagram }: Waiting) {
        let mut bytes = self.queue.take(datagram);
        let host = &self.hosts[id.0];
        if host.berth == to && host.node.is_some() {
            self.events += 1;
            self.hand_over(id, from.addr(), &mut bytes);
        } else {
            self.lost_by(from, |losses| losses.nobody += 1);
        }
        self.queue.release(datagram, bytes);
    }

    /// Fires a node's timer, if it is due; sets it again if not.
    fn wake(&mut self, id: HostId, at: Instant) {
        let host = &mut self.hosts[id.0];
        if !host.machine.is_woken(at) {
            return;
        }
        let shown = host.clock.at(at);
        let Some(node) = host.node.as_mut().filter(|_| host.deadline <= shown) else { return self.set_timer(id) };
        if let Some(resumes) = host.machine.ailments.pauses_until(at) {
            return host.machine.set_timer(resumes, at, &mut self.queue);
        }
        self.events += 1;
        let due = host.deadline;
        host.deadline = Instant::NEVER;
        node.handle_input(shown, Input::TimerFired);
        self.follow(id, Prompt::Timer { due });
    }

    /// Takes up all that a node puts out.
    fn follow(&mut self, id: HostId, prompt: Prompt) {
        let mut buffer = core::mem::take(&mut self.buffer);
        let mut drained = Drained { prompt, events: 0, datagrams: 0, bytes: 0, bytes_back: 0, longest: 0 };
        while let Some(node) = &mut self.hosts[id.0].node {
            match node.poll_output(&mut buffer) {
                Output::Send { to, bytes } => {
                    drained.count(to, bytes.len());
                    let len = bytes.len();
                    self.send(id, to, &buffer[..len]);
                }
                Output::Event(event) => {
                    drained.events += 1;
                    self.tell(id, &event);
                }
                Output::Schedule(at) => {
                    self.hosts[id.0].deadline = at;
                    break;
                }
            }
        }
        self.buffer = buffer;
        self.set_timer(id);
        if self.scrutiny == Scrutiny::Close {
            let host = &self.hosts[id.0];
            if let Some(node) = &host.node {
                let leaves = node.me().liveness == Liveness::Left;
                self.oracles.on_drained(self.now, id, node, host.clock.at(self.now), host.deadline, &drained);
                if leaves && self.oracles.is_farewell_news(id) {
                    self.look_at_farewell(id);
                }
            }
        }
    }

    /// A node told its application something.
    fn tell(&mut self, id: HostId, event: &Event<'_>) {
        let now = self.now;
        match *event {
            Event::MemberSuspect(who) => {
                let truth = self.meant(id, who).map_or(Truth::Gone, |of| self.truth(id, of));
                self.measures.on_suspicion(truth);
            }
            Event::MemberDown { id: who, departure: Departure::Failed } => match self.meant(id, who) {
                None => self.measures.on_verdict(now, id, who),
                Some(of) => self.measures.on_death(Death { at: now, by: id, of, truth: self.truth(id, of) }),
            },
            Event::Delivered { dot, .. } => self.measures.on_knowledge(now, id, News::Rumor(dot)),
            Event::Changed { dot, .. } => self.measures.on_knowledge(now, id, News::Write(dot)),
            _ => {}
        }
        self.record(id, &[], &fingerprint(event).to_le_bytes());
        if self.journaled >= Detail::Events {
            self.journal.push((now, id, Noted::Told(Told::from(*event))));
        }
        if self.scrutiny == Scrutiny::Close {
            if matches!(event, Event::WaitReached { .. }) {
                self.note_holders();
            }
            let told = Told::from(*event);
            let ended_at = told.about().and_then(|who| self.ended_at(who));
            if let Some(node) = &self.hosts[id.0].node {
                self.oracles.on_told(now, id, node, event, ended_at);
            }
            self.hosts[id.0].told.push((now, told));
        }
        if *event == Event::Departed {
            self.oracles.on_departed(now, id);
            self.note_last_holdings(id);
            self.hosts[id.0].end_life(now);
            self.oracles.on_ended(now, id, End::Departed);
        }
    }

    /// A host's node says farewell: what it leaves behind is held against what the others have.
    fn look_at_farewell(&mut self, id: HostId) {
        let Some(node) = &self.hosts[id.0].node else { return };
        let cluster = node.config().cluster;
        let others = self.hosts.iter().filter(|host| host.id != node.me().id).filter_map(|host| host.node.as_ref());
        let others = others.filter(|other| other.config().cluster == cluster);
        self.oracles.on_farewell(self.now, id, node, others);
    }

    /// A host hands its socket a datagram.
    fn send(&mut self, id: HostId, to: Addr, bytes: &[u8]) {
        self.record(id, to.as_bytes(), bytes);
        let berth = Berth::of(to).filter(|berth| berth.index() < self.berths.len());
        let host = &mut self.hosts[id.0];
        host.traffic.sent.count(bytes, host.config.cluster);
        let Some(berth) = berth else {
            host.traffic.lost.nobody += 1;
            return;
        };
        let from = host.berth;
        match host.machine.send(from, berth, bytes, self.now, &mut self.queue) {
            Passage::Free => self.transmit(id, from, berth, bytes),
            Passage::Held => {}
            Passage::Full => host.traffic.lost.queue_full += 1,
        }
    }

    /// A host's socket hands a datagram to the network.
    fn transmit(&mut self, id: HostId, from: Berth, berth: Berth, bytes: &[u8]) {
        let host = &self.hosts[id.0];
        let (end, mute) = (host.end(), host.machine.ailments.mute);
        let mut uplink = host.machine.uplink;
        let other = &self.hosts[self.berths[berth.index()].0];
        let (other_end, deaf) = (other.end(), other.machine.ailments.deaf);
        let fate = self.links.transmit(self.now, &mut uplink, end, other_end, bytes.len());
        let host = &mut self.hosts[id.0];
        host.machine.uplink = uplink;
        if self.journaled >= Detail::Datagrams {
            let lost = mute || deaf || matches!(fate, Fate::Lost(_));
            self.journal.push((self.now, id, Noted::Sent { to: berth.addr(), bytes: bytes.to_vec(), lost }));
        }
        match fate {
            Fate::Lost(cause) => host.traffic.lost.count(cause),
            Fate::Arrives { .. } if mute || deaf => host.traffic.lost.cut += 1,
            Fate::Arrives { after, again_after, damage } => {
                for after in core::iter::once(after).chain(again_after) {
                    let datagram = self.queue.keep(bytes, damage);
                    self.queue.push(self.now + after, What::Deliver { to: berth, from, datagram });
                }
            }
        }
    }

    fn lost_by(&mut self, from: Berth, count: impl FnOnce(&mut super::Losses)) {
        let sender = self.berths[from.index()];
        count(&mut self.hosts[sender.0].traffic.lost);
    }

    fn record(&mut self, host: HostId, to: &[u8], bytes: &[u8]) {
        let digester = Digester::unkeyed();
        let words =
            [self.trace.0, self.now.as_micros(), word(host.0), digester.of_bytes(to).0, digester.of_bytes(bytes).0];
        self.trace = digester.of_words(&words);
    }
}

/// An event's fingerprint: of its words, which are the same on every platform.
fn fingerprint(event: &Event<'_>) -> u64 {
    struct Words(SipHasher13);
    impl Write for Words {
        fn write_str(&mut self, text: &str) -> core::fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }
    let mut words = Words(SipHasher13::new());
    // Hashing does not fail.
    let _ = write!(words, "{event:?}");
    words.0.finish()
}

fn word(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use crate::{
        Config,
        sim::{Ailment, HostId, Network, World},
    };
    use alloc::format;
    use core::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);

    fn pair(network: Network) -> (World, HostId, HostId) {
        let mut world = World::new(3, network);
        let config = Config { gossip_interval: Duration::from_millis(1), ..Config::lan() };
        let (a, b) = (world.spawn("a", config.clone()), world.spawn("b", config));
        world.join(b, a);
        world.run_for(5 * SECOND);
        (world, a, b)
    }

    fn sent(world: &World) -> u64 {
        world.hosts().map(|host| world.traffic(host).sent.datagrams).sum()
    }

    #[test]
    fn a_cured_host_goes_on_at_once() {
        let (mut world, a, b) = pair(Network::lan());
        for host in [a, b] {
            world.afflict(host, Ailment::Slow { awake: SECOND, paused: 3_600 * SECOND });
        }
        world.run_for(5 * SECOND);
        let before = sent(&world);
        world.run_for(60 * SECOND);
        assert_eq!(sent(&world), before, "both pause");
        for host in [a, b] {
            world.cure(host);
        }
        world.run_for(5 * SECOND);
        assert!(sent(&world) > before);
    }

    #[test]
    fn a_host_that_never_pauses_is_not_slow_and_one_that_never_runs_waits_to_be_cured() {
        let (mut world, a, b) = pair(Network::lan());
        world.afflict(a, Ailment::Slow { awake: Duration::ZERO, paused: Duration::ZERO });
        let (events, before) = (world.events(), world.traffic(a).sent.datagrams);
        world.run_for(10 * SECOND);
        assert!(world.traffic(a).sent.datagrams > before, "{:?}", world.traffic(a));
        assert!(world.events() < events + 1_000, "{} events", world.events() - events);
        for host in [a, b] {
            world.afflict(host, Ailment::Slow { awake: Duration::ZERO, paused: Duration::from_micros(1) });
        }
        let before = sent(&world);
        world.run_for(10 * SECOND);
        assert_eq!(sent(&world), before);
        world.cure(a);
        world.run_for(10 * SECOND);
        assert!(sent(&world) > before);
    }

    #[test]
    fn a_blocked_host_goes_on_but_neither_hears_nor_is_heard_until_its_socket_opens() {
        let (mut world, a, b) = pair(Network::lan());
        let shortly = Duration::from_millis(100);
        let heard = |world: &World| [a, b].map(|host| world.traffic(host).received.datagrams);
        world.afflict(b, Ailment::Blocked { open: SECOND, shut: 10 * SECOND });
        // What was under way arrives; then nothing does.
        world.run_for(SECOND + shortly);
        let (before, said) = (heard(&world), [a, b].map(|host| world.traffic(host).sent.datagrams));
        world.run_for(10 * SECOND - 2 * shortly);
        let waits: [u64; 2] = [1, 0].map(|other| world.traffic([a, b][other]).sent.datagrams - said[other]);
        assert_eq!(heard(&world), before);
        assert!(waits.iter().all(|&waits| waits > 0), "both send: {waits:?}");
        world.run_for(2 * shortly);
        for (host, (now, (before, waits))) in heard(&world).into_iter().zip(before.into_iter().zip(waits)).enumerate() {
            assert!(now >= before + waits, "{host}: {now}, {before} before, {waits} sent to it");
        }
        // A cure opens the socket at once.
        world.run_for(2 * SECOND);
        let (before, said) = (heard(&world)[0], world.traffic(b).sent.datagrams);
        world.run_for(5 * SECOND);
        assert!(world.traffic(b).sent.datagrams > said);
        world.cure(b);
        world.run_for(shortly);
        assert!(heard(&world)[0] > before);
    }

    #[test]
    fn every_datagram_is_accounted_for_by_its_sender() {
        let (awake, paused) = (Duration::from_millis(1), 3_600 * SECOND);
        account_for_all(|world, _, b| world.afflict(b, Ailment::Slow { awake, paused }));
        account_for_all(|world, _, b| world.afflict(b, Ailment::Blocked { open: awake, shut: paused }));
        account_for_all(|world, a, _| world.afflict(a, Ailment::Blocked { open: awake, shut: paused }));
    }

    fn account_for_all(afflict: impl Fn(&mut World, HostId, HostId)) {
        let (mut world, a, b) = pair(Network::lan().with_loss(0.1));
        afflict(&mut world, a, b);
        for round in 0..1_500 {
            // What is refused for want of room is sent the next time.
            let _ = world.put(a, format!("k{}", round % 8).as_bytes(), &[0; 1_000]);
            world.run_for(Duration::from_millis(2));
        }
        assert!(world.traffic(a).lost.queue_full > 0, "{:?}", world.traffic(a).lost);
        assert_eq!(world.traffic(b).lost.queue_full, 0);
        [a, b].into_iter().for_each(|host| world.cure(host));
        world.run_for(SECOND);
        world.crash(a);
        world.crash(b);
        world.run_for(SECOND);
        let received: u64 = world.hosts().map(|host| world.traffic(host).received.datagrams).sum();
        let lost = |host: HostId| {
            let lost = world.traffic(host).lost;
            lost.by_chance + lost.cut + lost.too_long + lost.queue_full + lost.nobody
        };
        assert_eq!(sent(&world), received + lost(a) + lost(b));
    }
}
