//! Who speaks another version of the wire: refused by the node, and told by name.
use super::info::{self, OtherVersionInfo};
use crate::{
    id::Addr,
    node::Node,
    storage::Heap,
    wire::{ClusterLabel, OtherVersion},
};
use std::vec::Vec;

/// So many are remembered; of more, those that were heard last. Anybody can make them up.
const REMEMBERED_MAX: usize = 8;

/// Those that were heard last, the latest last.
#[derive(Debug, Default)]
pub(super) struct OtherVersions(Vec<(Addr, OtherVersion)>);

impl OtherVersions {
    /// A datagram came: whoever sent it may be one of them.
    pub(super) fn on_datagram(&mut self, from: Addr, bytes: &[u8], cluster: ClusterLabel) {
        let Some(other) = OtherVersion::of(bytes, cluster) else { return };
        self.0.retain(|(_, known)| known.sender != other.sender);
        if self.0.len() >= REMEMBERED_MAX {
            self.0.remove(0);
        }
        self.0.push((from, other));
    }

    /// All of them, by name and then by id: of those that speak our version by now, none.
    pub(super) fn infos(&self, node: &Node<Heap>) -> Vec<OtherVersionInfo> {
        let heard_since = |id| node.member(id).is_some_and(|member| member.heard_at.is_some());
        let others = self.0.iter().filter(|(_, other)| !heard_since(other.sender));
        let mut infos: Vec<_> = others
            .map(|(addr, other)| OtherVersionInfo {
                id: other.sender,
                name: info::name_of(node, other.sender),
                addr: info::socket_addr(*addr),
                version: other.version,
            })
            .collect();
        infos.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
        infos
    }
}
