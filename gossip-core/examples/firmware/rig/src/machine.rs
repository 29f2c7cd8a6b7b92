//! The emulated chip: QEMU, its serial line, and a look into its memory.
use crate::image::Image;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

const EMULATOR: &str = "qemu-system-arm";
const START_MAX: Duration = Duration::from_secs(20);
/// What `cortex-m-rt` paints the stack with.
const PAINT: [u8; 4] = [0xcc; 4];

/// A running chip. It is switched off when dropped.
#[derive(Debug)]
pub(crate) struct Machine {
    child: Child,
    /// The other end of its serial line.
    pub(crate) serial: TcpStream,
    monitor: Monitor,
}

impl Machine {
    /// Switches it on.
    pub(crate) fn start(image: &Image) -> Result<Self> {
        let (serial, monitor) = (listen()?, listen()?);
        let mut child = Command::new(EMULATOR)
            .args(["-machine", "lm3s6965evb", "-display", "none", "-monitor", "none"])
            .args(["-semihosting-config", "enable=on,target=native"])
            .args(["-serial", &format!("tcp:{}", serial.local_addr()?)])
            .args(["-qmp", &format!("tcp:{}", monitor.local_addr()?)])
            .arg("-kernel")
            .arg(&image.path)
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("{EMULATOR} does not start; is it installed?"))?;
        let connected = accept(&serial, &mut child).and_then(|serial| Ok((serial, accept(&monitor, &mut child)?)));
        match connected.and_then(|(serial, monitor)| Ok((serial, Monitor::open(monitor)?))) {
            Ok((serial, monitor)) => Ok(Self { child, serial, monitor }),
            Err(error) => {
                switch_off(&mut child);
                Err(error)
            }
        }
    }

    /// The deepest that the stack has been so far, in bytes: all above the paint that is left.
    pub(crate) fn stack_used(&mut self, image: &Image) -> Result<u64> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("stack");
        let size = image.stack.end - image.stack.start;
        self.monitor.save_memory(image.stack.start, size, &file.to_string_lossy())?;
        let stack = fs::read(&file)?;
        let painted = stack.chunks(PAINT.len()).take_while(|word| *word == PAINT).count() * PAINT.len();
        ensure!(painted > 0, "the stack was used up, all {size} bytes of it");
        Ok(u64::try_from(stack.len() - painted)?)
    }

    /// Waits until the firmware ends.
    pub(crate) fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        let start = Instant::now();
        while start.elapsed() < limit {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("it still runs after {limit:?}");
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        switch_off(&mut self.child);
    }
}

/// QEMU's machine protocol: a line of JSON each way.
#[derive(Debug)]
struct Monitor {
    stream: BufReader<TcpStream>,
}

impl Monitor {
    fn open(stream: TcpStream) -> Result<Self> {
        stream.set_read_timeout(Some(START_MAX))?;
        let mut monitor = Self { stream: BufReader::new(stream) };
        monitor.read_line().context("no greeting")?;
        monitor.execute(&json!({ "execute": "qmp_capabilities" }))?;
        Ok(monitor)
    }

    fn save_memory(&mut self, from: u64, size: u64, file: &str) -> Result<()> {
        let arguments = json!({ "val": from, "size": size, "filename": file });
        self.execute(&json!({ "execute": "pmemsave", "arguments": arguments }))
    }

    fn execute(&mut self, command: &Value) -> Result<()> {
        writeln!(self.stream.get_mut(), "{command}")?;
        loop {
            let answer = self.read_line()?;
            if answer.get("return").is_some() {
                return Ok(());
            }
            // What is neither an answer nor a refusal is an event, told in between.
            ensure!(answer.get("error").is_none(), "the emulator refuses {command}: {answer}");
        }
    }

    fn read_line(&mut self) -> Result<Value> {
        let mut line = String::new();
        ensure!(self.stream.read_line(&mut line)? > 0, "the emulator has ended");
        Ok(serde_json::from_str(&line)?)
    }
}

fn listen() -> Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn accept(listener: &TcpListener, child: &mut Child) -> Result<TcpStream> {
    let start = Instant::now();
    while start.elapsed() < START_MAX {
        if let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(false)?;
            stream.set_nodelay(true)?;
            return Ok(stream);
        }
        if let Some(status) = child.try_wait()? {
            bail!("{EMULATOR} ended at once: {status}");
        }
        thread::sleep(Duration::from_millis(10));
    }
    bail!("{EMULATOR} did not connect");
}

/// Nothing can be done about a child that cannot be killed.
fn switch_off(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
