//! The cluster on this machine: ordinary nodes on loopback sockets.
use crate::checks::until;
use anyhow::{Context, Result};
use gossip_core::{Config, Liveness, NodeId, Urgency};
use gossip_udp_std::{Gossip, Options};
use std::time::Duration;

/// The host's nodes, in order.
#[derive(Debug)]
pub(crate) struct Cluster {
    nodes: Vec<Gossip>,
}

impl Cluster {
    /// Starts `size` nodes that know each other.
    pub(crate) fn start(size: usize) -> Result<Self> {
        let mut nodes: Vec<Gossip> = Vec::new();
        for number in 1..=size {
            let mut options = Options::new(format!("host-{number}"));
            // A cluster has one length of datagrams: the shortest that one of its media carries.
            options.config = Config { datagram_len_max: Config::sensor().datagram_len_max, ..Config::lan() };
            options.seeds = nodes.first().map(Gossip::local_addr).into_iter().collect();
            nodes.push(Gossip::bind(options)?);
        }
        Ok(Self { nodes })
    }

    /// One of the nodes.
    pub(crate) fn node(&self, index: usize) -> Result<&Gossip> {
        self.nodes.get(index).context("no such node")
    }

    /// Waits until every node has seen that all `live` members know the same.
    pub(crate) fn agree(&self, live: usize, limit: Duration) -> Result<()> {
        until(limit, || {
            for node in &self.nodes {
                let agreement = node.agreement()?;
                if agreement.live != live || !agreement.is_converged() {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        })
    }

    /// Waits until every node sees `id` as `liveness`.
    pub(crate) fn see(&self, id: NodeId, liveness: Liveness, limit: Duration) -> Result<()> {
        until(limit, || {
            for node in &self.nodes {
                let members = node.members()?;
                if !members.iter().any(|member| member.id == id && member.liveness == liveness) {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        })
    }

    /// What the node at `index` has under `key`.
    pub(crate) fn text(&self, index: usize, key: &str) -> Result<Option<String>> {
        let entry = self.node(index)?.get(key)?;
        Ok(entry.map(|entry| String::from_utf8_lossy(&entry.value).into_owned()))
    }

    /// Waits until every node has `value` under `key`.
    pub(crate) fn read(&self, key: &str, value: &str, limit: Duration) -> Result<()> {
        until(limit, || {
            for index in 0..self.nodes.len() {
                if self.text(index, key)?.as_deref() != Some(value) {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        })
    }

    /// Publishes a critical rumor at the node at `index`.
    pub(crate) fn publish(&self, index: usize, payload: &str) -> Result<()> {
        self.node(index)?.publish(Urgency::Critical, payload)?;
        Ok(())
    }
}
