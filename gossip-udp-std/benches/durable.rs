//! What it costs to have a write on the disk, and what the disk costs the node.
//!
//! `cargo bench -p gossip-udp-std --bench durable -- --dir /where/the/disk/is`
//!
//! Puts in memory, on the disk one after the other, and by 64 threads at once, with and without a neighbour that keeps the disk busy:
//! how many a second, how long the median and the slowest hundredth take, and how many bytes were written for each. A plain write and
//! flush of as many bytes stands beside them, for no two disks are alike. Then a burst of 10,000 entries of 1.2 kB, and how often the
//! node was late meanwhile; and how long it takes to write down all that a node of many entries knows, in all and at most at once.
#![allow(clippy::disallowed_methods, reason = "it measures how much time of the wall it takes")]
use core::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use gossip_core::{Addr, Config, Heap, Node, NodeId, SaveCursor};
use gossip_udp_std::{Gossip, Options};
use std::{
    env,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    thread::{scope, spawn},
    time::Instant,
};

fn main() {
    let named = env::args().skip_while(|argument| argument != "--dir").nth(1);
    let dir = named.map_or_else(env::temp_dir, PathBuf::from).join(format!("gossip-durable-{}", std::process::id()));
    println!("value of 100 B                         puts/s     p50 ms     p99 ms   bytes/put");
    plain(&dir);
    for neighbour in [Neighbour::Quiet, Neighbour::Busy] {
        puts(&dir, neighbour, "in memory", 1, 20_000, accepted);
        puts(&dir, neighbour, "durable, one at a time", 1, 300, durable);
        puts(&dir, neighbour, "durable, 64 at a time", 64, 6_400, durable);
    }
    burst(&dir);
    for entries in [10_000, 100_000, 1_000_000] {
        save(entries);
    }
    fs::remove_dir_all(dir).unwrap();
}

/// Who else has the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Neighbour {
    Quiet,
    Busy,
}

fn accepted(node: &Gossip, key: &[u8]) {
    node.put(key, [7; 100]).unwrap();
}

fn durable(node: &Gossip, key: &[u8]) {
    node.put_durable(key, [7; 100]).unwrap();
}

/// The same bytes, without a node.
fn plain(dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    let mut file = File::create(dir.join("plain")).unwrap();
    let took: Vec<Duration> = (0..300)
        .map(|_| {
            let began = Instant::now();
            file.write_all(&[7; 180]).unwrap();
            file.sync_data().unwrap();
            began.elapsed()
        })
        .collect();
    row("write and flush, no node", took.iter().sum(), took, 180.0);
}

fn puts(dir: &Path, neighbour: Neighbour, what: &str, threads: u32, count: u32, put: fn(&Gossip, &[u8])) {
    let node = start(&dir.join(what), 100_000);
    let (before, stop) = (node.info().unwrap().io.saved_bytes, Arc::new(AtomicBool::new(false)));
    let noise = (neighbour == Neighbour::Busy).then(|| make_noise(dir, &stop));
    let began = Instant::now();
    let took = scope(|scope| {
        let each = |thread: u32| {
            let node = &node;
            scope.spawn(move || {
                let once = |number: u32| {
                    let began = Instant::now();
                    put(node, &(thread * count + number).to_be_bytes());
                    began.elapsed()
                };
                (0..count / threads).map(once).collect::<Vec<_>>()
            })
        };
        let threads: Vec<_> = (0..threads).map(each).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let whole = began.elapsed();
    stop.store(true, Ordering::Relaxed);
    if let Some(noise) = noise {
        noise.join().unwrap();
    }
    // What nobody waited for is written within a second.
    std::thread::sleep(Duration::from_secs(2));
    let bytes = node.info().unwrap().io.saved_bytes - before;
    let what = if neighbour == Neighbour::Busy { format!("{what}, busy disk") } else { what.to_owned() };
    row(&what, whole, took, bytes as f64 / f64::from(count));
    node.leave().unwrap();
    fs::remove_dir_all(dir.join(what.trim_end_matches(", busy disk"))).unwrap();
}

/// Writes a mebibyte and flushes it, again and again.
fn make_noise(dir: &Path, stop: &Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    let (path, stop) = (dir.join("noise"), Arc::clone(stop));
    spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            let mut file = File::create(&path).unwrap();
            file.write_all(&vec![1; 1 << 20]).unwrap();
            file.sync_all().unwrap();
        }
    })
}

fn row(what: &str, whole: Duration, mut took: Vec<Duration>, bytes: f64) {
    took.sort_unstable();
    let ms = |part: usize| took[(took.len() - 1) * part / 100].as_secs_f64() * 1e3;
    let rate = took.len() as f64 / whole.as_secs_f64();
    println!("{what:<34} {rate:>10.0} {:>10.3} {:>10.3} {bytes:>11.0}", ms(50), ms(99));
}

fn burst(dir: &Path) {
    let node = start(&dir.join("burst"), 20_000);
    let began = Instant::now();
    for number in 0..10_000_u32 {
        node.put(number.to_be_bytes(), [7; 1_200]).unwrap();
    }
    let accepted = began.elapsed();
    loop {
        std::thread::sleep(Duration::from_secs(2));
        let info = node.info().unwrap();
        let late: Vec<_> = info.stats.iter().filter(|(name, _)| name.contains("late")).collect();
        if info.io.saved_bytes > 12_000_000 {
            println!("10,000 x 1.2 kB: accepted in {accepted:.2?}; {} B written, {late:?}", info.io.saved_bytes);
            break;
        }
    }
    node.leave().unwrap();
}

fn start(dir: &Path, entries: usize) -> Gossip {
    let mut options = Options::new("one");
    options.config.limits.entries = entries;
    options.data_dir = Some(dir.to_owned());
    Gossip::bind(options).unwrap()
}

/// All that a node knows, in chunks as the keeper has them written.
fn save(entries: usize) {
    let mut config = Config::lan();
    config.limits.entries = entries;
    let mut rng = rand_pcg::Pcg64::new(1, 1);
    let addr = Addr::new(&[1]).unwrap();
    let mut node = Node::<Heap>::new(NodeId(1), addr, config, &mut rng).unwrap();
    let now = gossip_core::Instant::from_micros(1);
    for number in 0..u32::try_from(entries).unwrap() {
        node.put(now, &number.to_be_bytes(), &[7; 100]).unwrap();
    }
    let mut buffer = vec![0; 1 << 20];
    while !matches!(node.poll_output(&mut buffer), gossip_core::Output::Schedule(_)) {}
    let (mut cursor, mut longest, mut bytes, began) = (SaveCursor::default(), Duration::ZERO, 0, Instant::now());
    loop {
        let slice = Instant::now();
        let Some(chunk) = node.save(&mut cursor, &mut buffer[..64 * 1024]) else { break };
        bytes += chunk.len();
        longest = longest.max(slice.elapsed());
    }
    println!("{entries} entries: {bytes} B written down in {:.2?}, at most {longest:.2?} at once", began.elapsed());
}
