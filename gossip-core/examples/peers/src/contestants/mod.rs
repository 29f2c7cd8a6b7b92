//! Who takes part. To enter another one: a module that implements [`Contestant`](crate::contest::Contestant), a line in
//! [`Peer`], a line in [`build`], and one in the README about its settings.
mod foca;
mod gossip;
mod memberlist;
mod plain_swim;

use crate::{cluster::Cluster, driven::Driven};
use clap::ValueEnum;
use gossip_core::{Config, sim::plain_swim::Settings};

/// A contestant, by the name it has in the tables, in the order of their columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Peer {
    /// Ours, with its preset for a datacentre.
    Gossip,
    /// SWIM as it was published, at the pace of ours.
    GossipPlain,
    /// foca, with its preset for a local network of the cluster's size.
    Foca,
    /// memberlist-core, with its preset for a local network.
    Memberlist,
    /// The same, with the original's probe interval and timeout.
    MemberlistGo,
}

impl Peer {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Gossip, Self::GossipPlain, Self::Foca, Self::Memberlist, Self::MemberlistGo];

    /// What it is called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gossip => "gossip",
            Self::GossipPlain => "gossip-plain",
            Self::Foca => "foca",
            Self::Memberlist => "memberlist",
            Self::MemberlistGo => "memberlist-go",
        }
    }
}

/// A cluster of `size` nodes of one kind, which have not started.
pub(crate) fn build(peer: Peer, size: usize, seed: u64) -> Box<dyn Cluster> {
    match peer {
        Peer::Gossip => Box::new(Driven::<gossip::Gossip>::new(&Config::lan(), size, seed)),
        Peer::GossipPlain => Box::new(Driven::<plain_swim::PlainSwim>::new(&Settings::lan(), size, seed)),
        Peer::Foca => Box::new(Driven::<foca::Foca>::new(&foca::lan(size), size, seed)),
        Peer::Memberlist => Box::new(memberlist::Memberlists::new(memberlist::shipped(), size, seed)),
        Peer::MemberlistGo => Box::new(memberlist::Memberlists::new(memberlist::original(), size, seed)),
    }
}
