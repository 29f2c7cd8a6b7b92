//! What the handles ask of the endpoint: one method a call, the same for all adapters.
use crate::{
    adapter::{
        AgreementInfo, ClockSkewInfo, Endpoint, EntryInfo, Info, Lengths, MemberInfo, PathInfo, RecordingState,
        SeedInfo, info,
    },
    calendar::ClockSkew,
    error::{DeleteError, JoinError, PresenceError, PublishError, PutError},
    id::{Addr, Dot, NodeId},
    observer::Observer,
    presence::Presence,
    wire::Urgency,
};
use core::{net::SocketAddr, time::Duration};
use std::{
    collections::BTreeMap,
    string::{String, ToString},
    vec,
    vec::Vec,
};

impl Endpoint {
    /// Asks `seed` for the cluster until it answers.
    ///
    /// # Errors
    /// The seed is the node itself; or the node is leaving.
    pub fn join(&mut self, seed: SocketAddr) -> Result<(), JoinError> {
        // As members are known: an IPv4 address is one, however it is written.
        let seed = SocketAddr::new(seed.ip().to_canonical(), seed.port());
        if self.is_running() && self.is_own(seed) {
            self.seeds.add_own(seed);
            return Err(JoinError::OwnAddress);
        }
        self.node.join(self.clock.now(), Addr::from(seed))
    }

    /// Whether it is certainly our own address: the one that others know, or the one that the socket has.
    pub(super) fn is_own(&self, addr: SocketAddr) -> bool {
        Addr::from(addr) == self.node.me().addr || addr == self.local
    }

    /// Asks for the cluster at whatever `seed`, a host's name and a port, stands for, now and later: it is looked up for ever. Of
    /// more names than `limits.seeds`, one that stands for nothing makes room.
    ///
    /// # Errors
    /// The node is leaving.
    pub fn join_name(&mut self, seed: &str) -> Result<(), JoinError> {
        if !self.is_running() {
            return Err(JoinError::Left);
        }
        let limit = self.node.config().limits.seeds;
        self.counts.seeds_refused += u64::from(self.seeds.add(seed, self.clock.now(), limit).is_err());
        Ok(())
    }

    /// Has an observer told of each thing that the node counts, from now on, in place of any other.
    pub fn observe(&mut self, observer: impl Observer + Send + 'static) {
        self.node.observer_mut().attach(observer);
    }

    /// Writes an entry of the replicated map.
    ///
    /// # Errors
    /// It is too long, or finds no room; or the node is leaving.
    pub fn put(&mut self, key: &[u8], value: &[u8]) -> Result<Dot, PutError> {
        let now = self.mark_changed();
        self.node.put(now, key, value)
    }

    /// Deletes an entry of the replicated map.
    ///
    /// # Errors
    /// There is no such entry; or the node is leaving.
    pub fn delete(&mut self, key: &[u8]) -> Result<Dot, DeleteError> {
        let now = self.mark_changed();
        self.node.delete(now, key)
    }

    /// The entry with this key.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<EntryInfo> {
        self.node.entry(key).as_ref().map(EntryInfo::of)
    }

    /// The entries whose keys begin so, sorted by key.
    #[must_use]
    pub fn list(&self, prefix: &[u8]) -> Vec<EntryInfo> {
        let mut entries: Vec<EntryInfo> = self.node.entries(prefix).map(|view| EntryInfo::of(&view)).collect();
        entries.sort_by(|one, other| one.key.cmp(&other.key));
        entries
    }

    /// Spreads a rumor: each other member is told once.
    ///
    /// # Errors
    /// It is too long, or finds no room; or the node is leaving.
    pub fn publish(&mut self, urgency: Urgency, payload: &[u8]) -> Result<Dot, PublishError> {
        self.publish_for(urgency, payload, self.node.config().rumor_ttl)
    }

    /// Spreads a rumor that lives for `ttl`, from a second to 24 days: then nobody is told of it any more.
    ///
    /// # Errors
    /// It is too long, or finds no room; or the node is leaving; or too many are yet to be handed to others.
    pub fn publish_for(&mut self, urgency: Urgency, payload: &[u8], ttl: Duration) -> Result<Dot, PublishError> {
        let now = self.mark_changed();
        self.node.publish_for(now, urgency, payload, ttl)
    }

    /// Changes what the node says of itself.
    ///
    /// # Errors
    /// Name, role and tags are too long together, or the node has left.
    pub fn set_presence(&mut self, role: &str, tags: &BTreeMap<String, String>) -> Result<(), PresenceError> {
        let tags = || tags.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        // Each string takes its bytes and a length of at most 5 more.
        let text_len = |text: &str| text.len() + 5;
        let tags_len: usize = tags().map(|(name, value)| text_len(name) + text_len(value)).sum();
        let mut blob = vec![0; text_len(&self.name) + text_len(role) + tags_len];
        let len = Presence::encode(&self.name, role, tags(), &mut blob).unwrap_or(blob.len());
        let now = self.mark_changed();
        self.node.set_presence(now, &blob[..len])
    }

    /// All members, ourselves included, sorted by name and then by id.
    #[must_use]
    pub fn members(&self) -> Vec<MemberInfo> {
        MemberInfo::all(&self.node)
    }

    /// How far the cluster agrees with us, as far as we know.
    #[must_use]
    pub fn agreement(&self) -> AgreementInfo {
        AgreementInfo::of(&self.node)
    }

    /// Everything the node says of itself.
    #[must_use]
    pub fn info(&self) -> Info {
        let (node, config) = (&self.node, self.node.config());
        let mut io = self.counts.clone();
        if let Some(keeper) = &self.keeper {
            keeper.count_into(&mut io);
        }
        if let Some(recorder) = self.node.recorder() {
            recorder.count_into(&mut io);
        }
        Info {
            me: MemberInfo::of_self(node),
            cluster: config.cluster,
            uptime: self.clock.uptime(),
            agreement: self.agreement(),
            is_quarantined: node.is_quarantined(),
            is_partial: node.is_partial(),
            name_conflicts: node.name_conflicts(),
            other_versions: self.other_versions.infos(node),
            short_paths: PathInfo::all(node).count(),
            blocking_paths: PathInfo::all(node).filter(|path| path.blocks).count(),
            clock_skew: node.clock_skew().map(|ClockSkew { millis, peers }| ClockSkewInfo { skew_ms: millis, peers }),
            lengths: Lengths {
                datagram_max: usize::from(config.datagram_len_max),
                payload_max: node.payload_len_max(),
                entry_max: node.entry_len_max(),
                presence_max: node.presence_len_max(),
            },
            seeds: self.seed_infos(),
            data_file: self.data_file.clone(),
            recording: RecordingState::of(node.recorder()),
            io,
            usage: node.usage().rows().collect(),
            stats: node.stats().rows().collect(),
        }
    }

    fn seed_infos(&self) -> Vec<SeedInfo> {
        let mut asked: Vec<(SocketAddr, Option<NodeId>)> =
            self.node.seeds().map(|(addr, answered)| (info::socket_addr(addr), answered)).collect();
        // Whoever gave us ourselves as a seed is to see what has become of it.
        asked.extend(self.seeds.own().iter().map(|addr| (*addr, None)));
        asked.sort_unstable();
        let info = |seed, addrs: Vec<SocketAddr>, trouble| {
            let mut there = asked.iter().filter(|(addr, _)| addrs.contains(addr));
            let answered = there.find_map(|(_, answered)| *answered);
            let answered_name = answered.map(|id| info::name_of(&self.node, id));
            let is_self = addrs.iter().any(|addr| self.is_own(*addr));
            SeedInfo { seed, addrs, answered, answered_name, trouble, is_self }
        };
        let names = self.seeds.names();
        let named = names.iter().map(|name| info(name.name.clone(), name.addrs.clone(), name.trouble.clone()));
        let others = asked.iter().filter(|(addr, _)| !names.iter().any(|name| name.addrs.contains(addr)));
        named.chain(others.map(|(addr, _)| info(addr.to_string(), vec![*addr], None))).collect()
    }
}
