//! How a world of plain SWIM goes on: as ours does (`sim/engine.rs`), but for clocks, stories and oracles.
use super::{Node, Output, Told, World};
use crate::{
    id::Addr,
    sim::{
        HostId, Place, Truth,
        host::Waiting,
        links::{End, Fate},
        lookup::excuse,
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
            What::Wake { host } => self.wake(HostId(index(host)), at),
            What::Serve { host } => self.serve(HostId(index(host)), at),
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
        let id = HostId(index(to.0));
        let host = &mut self.hosts[id.0];
        let unread = Waiting { to, from, datagram };
        if host.inbox.is_empty() && host.ailments.unread_until(self.now).is_none() {
            return self.deliver(id, unread);
        }
        if !host.inbox.take_in(unread, self.queue.len_of(datagram)) {
            self.queue.drop_waiting(datagram);
        }
        self.set_service(id);
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
        if host.wake_at != at {
            return;
        }
        host.wake_at = Instant::NEVER;
        let Some(node) = host.node.as_mut().filter(|node| node.deadline() <= at) else { return self.set_timer(id) };
        if let Some(resumes) = host.ailments.pauses_until(at) {
            host.wake_at = resumes;
            if resumes < Instant::NEVER {
                self.queue.push(resumes, What::Wake { host: short(id.0) });
            }
            return;
        }
        node.handle_timer(at);
        self.follow(id);
    }

    /// What waited goes out and is read, if it is to be now.
    fn serve(&mut self, id: HostId, at: Instant) {
        let host = &mut self.hosts[id.0];
        if host.served_at != at {
            return;
        }
        host.served_at = Instant::NEVER;
        if host.ailments.shut_until(at).is_none() {
            for Waiting { to, datagram, .. } in host.outbox.empty() {
                let bytes = self.queue.take(datagram);
                self.transmit(id, to, &bytes);
                self.queue.release(datagram, bytes);
            }
        }
        let host = &mut self.hosts[id.0];
        if host.ailments.unread_until(at).is_none() {
            for unread in host.inbox.empty() {
                self.deliver(id, unread);
            }
        }
        self.set_service(id);
    }

    /// Whatever ails a host has changed.
    pub(super) fn rouse(&mut self, id: HostId) {
        self.set_service(id);
        self.set_timer(id);
    }

    /// Sees to it that what waits goes out, and is read, as soon as may be.
    fn set_service(&mut self, id: HostId) {
        let host = &mut self.hosts[id.0];
        let resumes = match (host.outbox.is_empty(), host.inbox.is_empty()) {
            (true, true) => return,
            (true, false) => host.ailments.unread_until(self.now),
            (false, _) => host.ailments.shut_until(self.now),
        };
        let at = resumes.unwrap_or(self.now);
        if at < host.served_at {
            host.served_at = at;
            self.queue.push(at, What::Serve { host: short(id.0) });
        }
    }

    fn set_timer(&mut self, id: HostId) {
        let host = &mut self.hosts[id.0];
        let Some(at) = host.node.as_ref().map(|node| node.deadline().max(self.now)) else { return };
        if at < host.wake_at {
            host.wake_at = at;
            self.queue.push(at, What::Wake { host: short(id.0) });
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
        let truth = of.map_or(Truth::Gone, |of| excuse(&self.links, |host| self.hosts[host.0].ailments.any(), by, of));
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
        let Some(to) = Berth::of(to).filter(|to| index(to.0) < self.hosts.len()) else { return };
        let host = &mut self.hosts[id.0];
        if host.outbox.is_empty() && host.ailments.shut_until(self.now).is_none() {
            return self.transmit(id, to, bytes);
        }
        let datagram = self.queue.keep(bytes, None);
        if !host.outbox.take_in(Waiting { to, from: id.berth(), datagram }, bytes.len()) {
            self.queue.drop_waiting(datagram);
        }
        self.set_service(id);
    }

    /// A host's socket hands a datagram to the network.
    fn transmit(&mut self, id: HostId, to: Berth, bytes: &[u8]) {
        let [from_end, to_end] = [id, HostId(index(to.0))].map(|host| End { host, place: Place::default() });
        let deaf = self.hosts[index(to.0)].ailments.deaf;
        let host = &mut self.hosts[id.0];
        let mute = host.ailments.mute;
        let fate = self.links.transmit(self.now, &mut host.uplink, from_end, to_end, bytes.len());
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
        Berth(short(self.0))
    }
}

fn word(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or_else(|_| unreachable!("four billion hosts"))
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or_else(|_| unreachable!("an index of 32 bits fits"))
}
