//! The base station: datagrams from the network go down the serial line, those from the line into the network.
use anyhow::Result;
use gossip_core::Addr;
use link::{DATAGRAM_LEN_MAX, Downlink, Provision, Uplink};
use std::{
    hash::{BuildHasher, RandomState},
    io::{self, BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// How long it may take to notice that the line has ended.
const NAP: Duration = Duration::from_millis(100);

/// For how long the microcontroller's clock is watched before it is told who it is.
const CLOCK_WATCH: Duration = Duration::from_secs(2);

/// The bridge while it runs. It ends with the serial line.
#[derive(Debug)]
pub(crate) struct Bridge {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What both directions use.
#[derive(Debug)]
struct Shared {
    name: &'static str,
    seed: SocketAddr,
    socket: UdpSocket,
    serial: Mutex<TcpStream>,
    ended: AtomicBool,
    clock_rate: OnceLock<f64>,
    traffic: Traffic,
}

/// What went over the line.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// Datagrams to the microcontroller.
    pub(crate) down: AtomicU64,
    /// Datagrams from the microcontroller.
    pub(crate) up: AtomicU64,
    /// Datagrams from the network that were too long for the line, and were dropped.
    pub(crate) too_long: AtomicU64,
    /// Frames from the microcontroller that could not be read.
    pub(crate) malformed: AtomicU64,
}

impl Bridge {
    /// Connects `serial` with a socket of its own. The microcontroller, when it wakes, is told that it is called
    /// `name` and may join through `seed`.
    pub(crate) fn start(serial: &TcpStream, name: &'static str, seed: SocketAddr) -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(NAP))?;
        let shared = Arc::new(Shared {
            name,
            seed,
            socket,
            serial: Mutex::new(serial.try_clone()?),
            ended: AtomicBool::new(false),
            clock_rate: OnceLock::new(),
            traffic: Traffic::default(),
        });
        let (upward, downward) = (Arc::clone(&shared), Arc::clone(&shared));
        let line = BufReader::new(serial.try_clone()?);
        let threads = vec![
            thread::spawn(move || {
                // However the line ends, it has ended.
                let _ = upward.carry_up(line);
                upward.ended.store(true, Ordering::Relaxed);
            }),
            thread::spawn(move || downward.carry_down()),
        ];
        Ok(Self { shared, threads })
    }

    /// What went over the line so far.
    pub(crate) fn traffic(&self) -> &Traffic {
        &self.shared.traffic
    }

    /// How fast the microcontroller's clock runs, beside ours; `None` until that was measured.
    pub(crate) fn clock_rate(&self) -> Option<f64> {
        self.shared.clock_rate.get().copied()
    }

    /// Waits for the end of the line, which comes when the machine is switched off.
    pub(crate) fn end(self) {
        for thread in self.threads {
            // A direction that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn carry_up(&self, mut line: impl BufRead) -> io::Result<()> {
        let mut frame = Vec::new();
        let mut first_awake = None;
        while line.read_until(0, &mut frame)? > 0 {
            match postcard::from_bytes_cobs(&mut frame) {
                Ok(Uplink::Awake { uptime_micros }) => self.on_awake(&mut first_awake, uptime_micros)?,
                Ok(Uplink::Datagram { to, bytes }) => {
                    let to = Addr::new(to).and_then(|to| to.to_socket_addr());
                    // A datagram that cannot be sent is lost: a network may do that.
                    let _ = to.map(|to| self.socket.send_to(bytes, to));
                    count(&self.traffic.up);
                }
                Err(_) => count(&self.traffic.malformed),
            }
            frame.clear();
        }
        Ok(())
    }

    fn carry_down(&self) {
        let mut buffer = [0; 2048];
        while !self.ended.load(Ordering::Relaxed) {
            // Nothing came, or an earlier datagram was refused at its destination: neither ends the line.
            let Ok((len, from)) = self.socket.recv_from(&mut buffer) else { continue };
            let bytes = &buffer[..len];
            if bytes.len() > DATAGRAM_LEN_MAX {
                count(&self.traffic.too_long);
                continue;
            }
            if self.send(&Downlink::Datagram { from: Addr::from(from).as_bytes(), bytes }).is_err() {
                return;
            }
            count(&self.traffic.down);
        }
    }

    /// Watches the microcontroller's clock for a while, then tells it who it is.
    fn on_awake(&self, first: &mut Option<(Instant, u64)>, uptime_micros: u64) -> io::Result<()> {
        let (since, uptime_then) = *first.get_or_insert((Instant::now(), uptime_micros));
        let (here, there) = (since.elapsed(), Duration::from_micros(uptime_micros.saturating_sub(uptime_then)));
        if here < CLOCK_WATCH {
            return Ok(());
        }
        // Said again after the answer, the first measurement stands.
        let _ = self.clock_rate.set(there.as_secs_f64() / here.as_secs_f64());
        self.provision()
    }

    fn provision(&self) -> io::Result<()> {
        let addr = Addr::from(self.socket.local_addr()?);
        let seed = Addr::from(self.seed);
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.send(&Downlink::Provision(Provision {
            name: self.name,
            addr: addr.as_bytes(),
            seed: seed.as_bytes(),
            // Keyed with randomness of the operating system.
            entropy: RandomState::new().hash_one(since_epoch),
            unix_micros: u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX),
        }))
    }

    fn send(&self, frame: &Downlink<'_>) -> io::Result<()> {
        let bytes = postcard::to_stdvec_cobs(frame).map_err(io::Error::other)?;
        self.serial.lock().unwrap_or_else(PoisonError::into_inner).write_all(&bytes)
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
