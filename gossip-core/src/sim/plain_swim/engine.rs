//! How a world of plain SWIM goes on: as ours does (`sim/engine.rs`), but for clocks, stories and oracles.
use super::{Node, Output, Told, World};
use crate::{
    id::Addr,
    sim::{
        HostId, Place, Truth,
        links::{End, Fate},
        lookup::excuse,
        machine::{Passage, Waiting},
        measure::Death,
        queue::{Berth, DatagramId, Pending, What},
        stream,
    },
    time::Instant,
};

impl World {
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
    pub(super) fn boot(&mut self, id: HostId) {
        let seed = stream(&[self.seed, 1, word(id.0), self.hosts[id.0].lives]).next_u64();
        let host = &mut self.hosts[id.0];
        host.lives += 1;
        host.node = Some(Node::new(self.now, host.id, id.berth().addr(), self.settings.clone(), seed));
        self.follow(id);
    }

    /// A datagram has come to a host: it is read at once, unless the host is held up.
    fn arrive(&mut self, to: Berth, from: Berth, datagram: DatagramId) {
        let id = HostId(to.index());
        let unread = Waiting { to, from, datagram };
        match self.hosts[id.0].machine.receive(unread, self.now, &mut self.queue) {
            Passage::Free => self.deliver(id, unread),
            Passage::Held | Passage::Full => {}
        }
    }

    fn deliver(&mut self, id: HostId, Waiting { from, datagram, .. }: Waiting) {
        let bytes = self.queue.take(datagram);
        if let Some(node) = &mut self.hosts[id.0].node {
            node.handle_datagram(self.now, from.addr(), &bytes);
            self.follow(id);
        }
        self.queue.release(datagram, bytes);
    }

    /// Fires a node's timer, if it is due and the host does not pause.
    fn wake(&mut self, id: HostId, at: Instant) {
        let host = &mut self.hosts[id.0];
        if !host.machine.is_woken(at) {
            return;
        }
        let Some(node) = host.node.as_mut().filter(|node| node.deadline() <= at) else { return self.set_timer(id) };
        if let Some(resumes) = host.machine.ailments.pauses_until(at) {
            return host.machine.set_timer(resumes, at, &mut self.queue);
        }
        node.handle_timer(at);
        self.follow(id);
    }

    /// What waited goes out and is read, if it is to be now.
    fn serve(&mut self, id: HostId, at: Instant) {
        let Some([out, read]) = self.hosts[id.0].machine.resume(at) else { return };
        for Waiting { to, datagram, .. } in out {
            let bytes = self.queue.take(datagram);
            self.transmit(id, to, &bytes);
            self.queue.release(datagram, bytes);
        }
        for unread in read {
            self.deliver(id, unread);
        }
        self.hosts[id.0].machine.set_service(at, &mut self.queue);
    }

    /// Whatever ails a host has changed.
    pub(super) fn rouse(&mut self, id: HostId) {
        self.hosts[id.0].machine.set_service(self.now, &mut self.queue);
        self.set_timer(id);
    }

    fn set_timer(&mut self, id: HostId) {
        let host = &mut self.hosts[id.0];
        if let Some(node) = &host.node {
            host.machine.set_timer(node.deadline(), self.now, &mut self.queue);
        }
    }

    /// Takes up all that a node puts out.
    pub(super) fn follow(&mut self, id: HostId) {
        while let Some(output) = self.hosts[id.0].node.as_mut().and_then(Node::poll_output) {
            match output {
                Output::Send { to, bytes } => self.send(id, to, &bytes),
                Output::Told(told) => self.tell(id, told),
            }
        }
        self.set_timer(id);
    }

    fn tell(&mut self, by: HostId, told: Told) {
        let (Told::Up(who) | Told::Suspect(who) | Told::Down(who)) = told;
        let of = self.names.get(&who).copied().filter(|of| self.node(*of).is_some());
        let truth =
            of.map_or(Truth::Gone, |of| excuse(&self.links, |host| self.hosts[host.0].machine.ailments.any(), by, of));
        match (told, of) {
            (Told::Up(_), _) => {}
            (Told::Suspect(_), _) => self.measures.on_suspicion(truth),
            (Told::Down(_), None) => self.measures.on_verdict(self.now, by, who),
            (Told::Down(_), Some(of)) => self.measures.on_death(Death { at: self.now, by, of, truth }),
        }
    }

    /// A host hands its socket a datagram.
    fn send(&mut self, id: HostId, to: Addr, bytes: &[u8]) {
        let host = &mut self.hosts[id.0];
        host.datagrams += 1;
        host.bytes += word(bytes.len());
        let Some(to) = Berth::of(to).filter(|to| to.index() < self.hosts.len()) else { return };
        match self.hosts[id.0].machine.send(id.berth(), to, bytes, self.now, &mut self.queue) {
            Passage::Free => self.transmit(id, to, bytes),
            Passage::Held | Passage::Full => {}
        }
    }

    /// A host's socket hands a datagram to the network.
    fn transmit(&mut self, id: HostId, to: Berth, bytes: &[u8]) {
        let [from_end, to_end] = [id, HostId(to.index())].map(|host| End { host, place: Place::default() });
        let deaf = self.hosts[to.index()].machine.ailments.deaf;
        let machine = &mut self.hosts[id.0].machine;
        let mute = machine.ailments.mute;
        let fate = self.links.transmit(self.now, &mut machine.uplink, from_end, to_end, bytes.len());
        let Fate::Arrives { after, again_after, damage } = fate else { return };
        if mute || deaf {
            return;
        }
        for after in core::iter::once(after).chain(again_after) {
            let datagram = self.queue.keep(bytes, damage);
            self.queue.push(self.now + after, What::Deliver { to, from: id.berth(), datagram });
        }
    }
}

impl HostId {
    /// Its address, which is its number.
    pub(super) fn berth(self) -> Berth {
        Berth::numbered(self.0)
    }
}

fn word(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
