//! A node on a microcontroller: no operating system, no allocator, a few kilobytes of memory.
//!
//! It joins a cluster through a serial line that stands for a radio. Start it with `cargo run --release` in
//! the folder above, which emulates the chip and checks from outside that what is said here holds.
#![no_std]
#![no_main]

mod application;
mod board;
mod console;
mod line;
mod memory;

use application::Application;
use board::Board;
use console::{say, stop};
use core::time::Duration;
use cortex_m_rt::entry;
use gossip_core::{Addr, ConfigError, Event, Input, Instant, Node, NodeId, Output, presence::Presence};
use line::Line;
use link::{DATAGRAM_LEN_MAX, Downlink, Provision, Uplink};
use memory::Memory;
use rand_pcg::Pcg32;
use semihosting::process;
use static_cell::{ConstStaticCell, StaticCell};

// Statics, not locals: the linker then knows the memory of the node, and the stack stays shallow.
static NODE: StaticCell<Result<Node<Memory>, ConfigError>> = StaticCell::new();
static LINE: ConstStaticCell<Line> = ConstStaticCell::new(Line::new());

/// How often we say that we are awake, until we are told who we are.
const AWAKE_INTERVAL_MICROS: u64 = 100_000;

#[entry]
fn main() -> ! {
    let Some(mut board) = Board::take() else { stop("the board is taken") };
    let line = LINE.take();
    let (node, origin) = install(&mut board, line);
    let mut device = Device { application: Application::new(origin), origin, board, line };
    device.run(node)
}

/// Waits to be told who we are, and becomes that node. Also says when, in the cluster's time, we were started.
fn install(board: &mut Board, line: &mut Line) -> (&'static mut Node<Memory>, Instant) {
    let mut awake_at = 0;
    loop {
        if board.micros() >= awake_at {
            let uptime_micros = board.micros();
            Line::send(board, &Uplink::Awake { uptime_micros });
            awake_at = board.micros() + AWAKE_INTERVAL_MICROS;
        }
        if let Some(Downlink::Provision(provision)) = line.receive(board) {
            let started = Instant::from_micros(provision.unix_micros.saturating_sub(board.micros()));
            return (become_node(&provision, Instant::from_micros(provision.unix_micros)), started);
        }
        board.sleep();
    }
}

fn become_node(provision: &Provision<'_>, now: Instant) -> &'static mut Node<Memory> {
    let (Some(addr), Some(seed)) = (Addr::new(provision.addr), Addr::new(provision.seed)) else {
        stop("an address is too long")
    };
    let id = NodeId::from_name(provision.name);
    let mut rng = Pcg32::new(provision.entropy, id.0);
    // The result stays where it is made: unwrapped first, the whole node would pass over the stack.
    let made = NODE.init_with(|| Node::with_storage(id, addr, memory::config(), &mut rng));
    let Ok(node) = made else { stop("the configuration does not suit the memory") };
    let mut presence = [0; 32];
    let presence = Presence::encode(provision.name, "sensor", [], &mut presence).and_then(|len| presence.get(..len));
    if presence.is_none_or(|presence| node.set_presence(now, presence).is_err()) {
        stop("the name is too long");
    }
    if node.join(now, seed).is_err() {
        stop("no room for the seed");
    }
    node
}

/// All that the node is connected to.
struct Device {
    /// When the clock stood at zero.
    origin: Instant,
    board: Board,
    line: &'static mut Line,
    application: Application,
}

impl Device {
    /// Serves the node until it has left.
    fn run(&mut self, node: &mut Node<Memory>) -> ! {
        self.application.record_uptime(node, self.now());
        let mut deadline = self.drain(node);
        loop {
            while let Some((from, bytes)) = self.line.receive_datagram(&mut self.board) {
                node.handle_input(now(self.origin, &self.board), Input::Received { from, bytes });
                deadline = self.drain(node);
            }
            if self.now() >= deadline {
                node.handle_input(self.now(), Input::TimerFired);
                deadline = self.drain(node);
            }
            self.board.sleep();
        }
    }

    /// Does what the node wants done, until it wants nothing before the moment returned.
    fn drain(&mut self, node: &mut Node<Memory>) -> Instant {
        let mut buffer = [0; DATAGRAM_LEN_MAX];
        loop {
            match node.poll_output(&mut buffer) {
                Output::Send { to, bytes } => {
                    Line::send(&mut self.board, &Uplink::Datagram { to: to.as_bytes(), bytes });
                }
                Output::Event(Event::Departed) => {
                    say(&["sensor: farewell"]);
                    process::exit(0)
                }
                Output::Event(event) => {
                    self.application.on_event(node, now(self.origin, &self.board), &event);
                }
                Output::Schedule(at) => return at,
            }
        }
    }

    fn now(&self) -> Instant {
        now(self.origin, &self.board)
    }
}

fn now(origin: Instant, board: &Board) -> Instant {
    origin + Duration::from_micros(board.micros())
}
