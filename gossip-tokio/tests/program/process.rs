//! Running the program, never for longer than a test may take.
use core::{net::SocketAddr, time::Duration};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Instant,
};

/// Nothing that a test waits for takes longer, however busy the machine is.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ran {
    /// It did what it was asked to do; its stdout.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        String::from_utf8(self.stdout).unwrap()
    }

    /// It did what it was asked to do; the JSON on its stdout.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.done()).unwrap()
    }

    /// It refused with this exit code, in one line, which this returns.
    #[track_caller]
    pub(crate) fn refused(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        assert!(self.stderr.starts_with("gossip: "), "{}", self.stderr);
        self.stderr
    }
}

/// The program, with none of the settings of whoever runs the tests.
pub(crate) fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gossip"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GOSSIP_")) {
        command.env_remove(name);
    }
    command
}

/// Runs a command to its end.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Ran {
    finish(command.spawn().unwrap())
}

/// Runs a command that reads this on its stdin.
#[track_caller]
pub(crate) fn run_with_stdin(command: &mut Command, input: &[u8]) -> Ran {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    finish(child)
}

#[track_caller]
pub(crate) fn finish(mut child: Child) -> Ran {
    let (stdout, stderr) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let status = wait(&mut child);
    let stderr = String::from_utf8(stderr.join().unwrap()).unwrap();
    Ran { code: status.code(), stdout: stdout.join().unwrap(), stderr }
}

/// Waits for a process to end; one that does not is killed, and the test fails.
#[track_caller]
pub(crate) fn wait(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            panic!("the process did not end");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Asks again until the answer is yes.
#[track_caller]
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: still not so");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Sends a signal; `std` has no words for it.
#[cfg(unix)]
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
    assert!(sent.unwrap().success());
}

/// A running agent, which ends with the test.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) child: Child,
    /// The line of JSON by which it said that it runs.
    pub(crate) started: Value,
    pub(crate) control: String,
}

impl Agent {
    /// Starts an agent on free ports.
    #[track_caller]
    pub(crate) fn start(name: &str, flags: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", name, flags)
    }

    /// Starts an agent on this address.
    #[track_caller]
    pub(crate) fn start_at(addr: &str, name: &str, flags: &[&str]) -> Self {
        let args = ["agent", "--json", "--name", name, "--bind", addr, "--control", "127.0.0.1:0"];
        Self::start_command(program(&args).args(flags))
    }

    /// Starts an agent that prints JSON.
    #[track_caller]
    pub(crate) fn start_command(command: &mut Command) -> Self {
        let mut child = command.args(["--log-level", "error"]).stderr(Stdio::inherit()).spawn().unwrap();
        let lines = lines(child.stdout.take().unwrap());
        let line = next(&lines).expect("the agent says that it runs");
        let started: Value = serde_json::from_str(&line).unwrap();
        let control = text(&started["control"]);
        Self { child, started, control }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        text(&self.started["advertise"]).parse().unwrap()
    }

    /// A command for this agent.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = program(args);
        command.env("GOSSIP_CONTROL", &self.control);
        command
    }

    /// Runs a command for this agent.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        run(&mut self.command(args))
    }

    /// The status of a member, as this agent lists it.
    #[track_caller]
    pub(crate) fn status_of(&self, name: &str) -> Option<String> {
        let members = self.run(&["members", "--json"]).json();
        let members = members.as_array().unwrap();
        members.iter().find(|member| member["name"] == name).map(|member| text(&member["liveness"]))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Two agents that have joined.
#[track_caller]
pub(crate) fn pair() -> (Agent, Agent) {
    let (one, two) = (Agent::start("one", &[]), Agent::start("two", &[]));
    two.run(&["join", &one.addr().to_string()]).done();
    eventually("one lists two", || one.status_of("two").as_deref() == Some("alive"));
    (one, two)
}

/// A command that goes on, line by line.
#[derive(Debug)]
pub(crate) struct Follower {
    child: Child,
    lines: Receiver<String>,
}

impl Follower {
    /// Starts it, and waits until it follows.
    #[track_caller]
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut notes = BufReader::new(child.stderr.take().unwrap());
        let mut note = String::new();
        notes.read_line(&mut note).unwrap();
        assert!(note.contains("following"), "{note}");
        let lines = lines(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next line; `None` when there is no more.
    pub(crate) fn next(&self) -> Option<String> {
        next(&self.lines)
    }

    /// The next line as JSON.
    #[track_caller]
    pub(crate) fn next_json(&self) -> Value {
        serde_json::from_str(&self.next().expect("another line")).unwrap()
    }

    #[track_caller]
    pub(crate) fn end(mut self) -> ExitStatus {
        wait(&mut self.child)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A JSON string.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no string")).to_owned()
}

/// What a process prints, line by line.
pub(crate) fn lines(stdout: ChildStdout) -> Receiver<String> {
    let (found, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if found.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn next(lines: &Receiver<String>) -> Option<String> {
    lines.recv_timeout(PATIENCE).ok()
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.read_to_end(&mut bytes).unwrap();
        }
        bytes
    })
}
