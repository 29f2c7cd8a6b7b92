//! What the microcontroller and the rig say to each other over the serial line.
//!
//! The line stands for a radio: it carries datagrams, each with the address of the other end. The rig is the
//! base station that hands them to the cluster's network. Frames are `postcard`, kept apart by COBS, so a
//! receiver that starts in the middle of a frame finds the next one.
#![no_std]

use serde::{Deserialize, Serialize};

/// The longest datagram that crosses the line, in bytes.
pub const DATAGRAM_LEN_MAX: usize = 100;

/// The longest frame on the line, in bytes: a datagram, an address of 18, a kind and two lengths, and what COBS adds.
pub const FRAME_LEN_MAX: usize = DATAGRAM_LEN_MAX + 18 + 3 + 2;

/// From the rig to the microcontroller.
#[derive(Debug, Serialize, Deserialize)]
pub enum Downlink<'a> {
    /// The answer to [`Uplink::Awake`]: what a device is told once, when it is installed.
    Provision(#[serde(borrow)] Provision<'a>),
    /// A datagram arrived for the microcontroller.
    Datagram {
        /// The address of its sender, as `gossip_core::Addr` has it.
        from: &'a [u8],
        /// What it says. It comes last, so that it can be read where it lies.
        bytes: &'a [u8],
    },
}

/// Who the device is, and whom it may ask.
#[derive(Debug, Serialize, Deserialize)]
pub struct Provision<'a> {
    /// The device's name in the cluster.
    pub name: &'a str,
    /// The address under which the rig receives datagrams for it.
    pub addr: &'a [u8],
    /// The address of a member to join through.
    pub seed: &'a [u8],
    /// True randomness, which the emulated chip has no source of.
    pub entropy: u64,
    /// The time of day, in microseconds since the Unix epoch.
    pub unix_micros: u64,
}

/// From the microcontroller to the rig.
#[derive(Debug, Serialize, Deserialize)]
pub enum Uplink<'a> {
    /// The microcontroller runs and waits for its [`Provision`]. Said again until that arrives.
    Awake {
        /// For how long it has run, in microseconds of its own clock.
        uptime_micros: u64,
    },
    /// Send this datagram.
    Datagram {
        /// The address of its receiver, as `gossip_core::Addr` has it.
        to: &'a [u8],
        /// What it says.
        bytes: &'a [u8],
    },
}
