//! The agents: real processes, each with a data directory, a log and an event stream that is read from its start.
use super::seen::Seen;
use crate::program::{
    agent::Started,
    control::client::{Client, ClientError},
    failure::Failure,
    readers::views::Member,
};
use core::{net::SocketAddr, time::Duration};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::Stdio,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{Instant, sleep, timeout, timeout_at},
};

/// How long to wait for an event before asking again without one.
const ASK_INTERVAL: Duration = Duration::from_millis(500);
/// How long a killed process may take to go.
const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// All agents, and where their files are.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) agents: Vec<Agent>,
    scratch: Option<TempDir>,
    logs: PathBuf,
}

/// One agent, in one life after another.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) name: String,
    label: String,
    data_dir: PathBuf,
    log: PathBuf,
    life: Option<Life>,
    /// What the streams of former lives told.
    former: Vec<Seen>,
    /// Between two questions; the more agents, the longer, so that asking does not slow down what it measures.
    pause: Duration,
}

/// One run of an agent's process.
#[derive(Debug)]
pub(super) struct Life {
    child: Child,
    pub(super) pid: u32,
    pub(super) started: Started,
    pub(super) client: Client,
    pub(super) seen: Seen,
}

impl Cluster {
    /// Names the agents and makes room for their files; nothing runs yet.
    pub(super) fn plan(nodes: usize, keep_logs: Option<PathBuf>) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::refused(format!("cannot make room for the agents' files: {error}"));
        let scratch = tempfile::Builder::new().prefix("gossip-demo-").tempdir().map_err(failed)?;
        let logs = keep_logs.unwrap_or_else(|| scratch.path().join("logs"));
        fs::create_dir_all(&logs).map_err(failed)?;
        let label = format!("gossip-demo-{}", std::process::id());
        let digits = nodes.to_string().len();
        let agents = (1..=nodes).map(|number| {
            let name = format!("agent-{number:0digits$}");
            Agent {
                label: label.clone(),
                data_dir: scratch.path().join(&name),
                log: logs.join(format!("{name}.log")),
                life: None,
                former: Vec::new(),
                pause: Duration::from_millis(10 + 3 * nodes as u64),
                name,
            }
        });
        Ok(Self { agents: agents.collect(), scratch: Some(scratch), logs })
    }

    pub(super) fn len(&self) -> usize {
        self.agents.len()
    }

    /// Everyone but the agent of this index.
    pub(super) fn others(&self, index: usize) -> impl Iterator<Item = &Agent> {
        self.agents.iter().enumerate().filter(move |(other, _)| *other != index).map(|(_, agent)| agent)
    }

    /// Ends what still runs, without a farewell.
    pub(super) async fn kill_all(&mut self) {
        for agent in &mut self.agents {
            let _ = agent.kill().await;
        }
    }

    /// Spares the logs when the rest is removed, and says where they are.
    pub(super) fn keep_logs(&mut self) -> &Path {
        if let Some(scratch) = self.scratch.take().filter(|scratch| self.logs.starts_with(scratch.path())) {
            let _ = scratch.keep();
        }
        &self.logs
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.agents.iter().map(|agent| agent.name.clone()).collect()
    }
}

impl Agent {
    /// Starts the process, and reads its event stream from the first event on.
    pub(super) async fn start(&mut self, bind: SocketAddr) -> Result<(), String> {
        let (child, pid, started) = self.spawn(bind).await.map_err(|error| format!("{}: {error}", self.name))?;
        let control = started.control.parse().map_err(|error| format!("{}: {error}", self.name))?;
        let client = Client::new(control);
        let events = client.events(Some(0)).await.map_err(|error| format!("{}: {error}", self.name))?;
        self.life = Some(Life { child, pid, started, client, seen: Seen::follow(events) });
        Ok(())
    }

    /// The running process.
    pub(super) fn life(&self) -> Result<&Life, String> {
        self.life.as_ref().ok_or_else(|| format!("{} does not run", self.name))
    }

    pub(super) fn client(&self) -> Result<&Client, String> {
        self.life().map(|life| &life.client)
    }

    /// The members that the agent lists.
    pub(super) async fn members(&self) -> Result<Vec<Member>, String> {
        self.client()?.ask("/v1/members").await.map_err(|error| error.to_string())
    }

    /// Asks until the answer is a good one: again after each event, and every so often without one.
    pub(super) async fn until<T>(
        &self,
        by: Instant,
        ask: impl AsyncFn(&Self) -> Result<T, String>,
    ) -> Result<T, String> {
        let mut news = self.life()?.seen.news();
        loop {
            news.borrow_and_update();
            let why = match timeout_at(by, ask(self)).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(why)) => why,
                Err(_) => "it does not answer".to_owned(),
            };
            if self.life()?.seen.is_over() {
                return Err(format!("the process of {} has ended", self.name));
            }
            if Instant::now() + self.pause >= by {
                return Err(format!("{}: {why}", self.name));
            }
            sleep(self.pause).await;
            let _ = timeout(ASK_INTERVAL, news.changed()).await;
        }
    }

    /// SIGKILL: no farewell, no last save.
    pub(super) async fn kill(&mut self) -> Result<(), String> {
        let Some(mut life) = self.life.take() else {
            return Ok(());
        };
        let killed = timeout(KILL_TIMEOUT, life.child.kill()).await;
        life.seen.ended(Instant::now() + KILL_TIMEOUT).await;
        self.former.push(life.seen);
        match killed {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!("{} cannot be killed: {error}", self.name)),
            Err(_) => Err(format!("{} does not die", self.name)),
        }
    }

    /// Waits for the process to end by itself, and well.
    pub(super) async fn exited(&mut self, by: Instant) -> Result<(), String> {
        let Some(life) = &mut self.life else {
            return Err(format!("{} does not run", self.name));
        };
        let status = timeout_at(by, life.child.wait()).await;
        let status = status.map_err(|_| format!("{} has not exited", self.name))?;
        let status = status.map_err(|error| format!("{}: {error}", self.name))?;
        life.seen.ended(by).await;
        self.former.extend(self.life.take().map(|life| life.seen));
        if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", self.name)) }
    }

    /// The event streams of all its lives.
    pub(super) fn streams(&self) -> impl Iterator<Item = &Seen> {
        self.former.iter().chain(self.life.iter().map(|life| &life.seen))
    }

    async fn spawn(&self, bind: SocketAddr) -> io::Result<(Child, u32, Started)> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["agent", "--json", "--until-stdin-closes", "--control", "127.0.0.1:0"])
            .args(["--name", &self.name, "--cluster", &self.label, "--role", "demo"])
            .arg("--bind")
            .arg(bind.to_string())
            .arg("--data-dir")
            .arg(&self.data_dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::options().create(true).append(true).open(&self.log)?)
            .kill_on_drop(true);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GOSSIP_")) {
            // The user's own settings are for the user's own agents.
            command.env_remove(name);
        }
        // A Ctrl-C is for us; we end the agents.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let pid = child.id().unwrap_or_default();
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("it has no stdout"))?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).await?;
        let started = serde_json::from_str(&line).map_err(|_| self.last_words())?;
        Ok((child, pid, started))
    }

    /// Why it did not start, in its own words.
    fn last_words(&self) -> io::Error {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        io::Error::other(log.lines().last().unwrap_or("it did not start, and did not say why").to_owned())
    }
}

/// As a step's reason for waiting on.
pub(super) fn why(error: ClientError) -> String {
    error.to_string()
}
