"""Real agents and their control API: what `hosts` and `promises` share. One file of the standard library's Python."""
import collections
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release", "gossip")
BUILD = "build it first: cargo build --release -p gossip-tokio --features program"


class Failed(Exception):
    """A case did not come out as it should."""


class Control(http.client.HTTPConnection):
    """HTTP over the agent's Unix socket: that is reached from every network namespace."""

    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Agent:
    """One agent: its process, and all that it has told since it started."""

    def __init__(self, place, name, flags=(), before=(), environment=None):
        """Starts it, `before` being what goes before its command: how to get into its namespace."""
        self.name, self.events, self.notices = name, [], collections.Counter()
        self.missed, self.silently, self.kept = collections.Counter(), 0, None
        self.socket, self.log = os.path.join(place, f"{name}.sock"), os.path.join(place, f"{name}.log")
        command = [*before, BINARY, "agent", "--json", "--name", name, "--control", f"unix:{self.socket}", *flags]
        quiet = {key: value for key, value in os.environ.items() if not key.startswith("GOSSIP_")}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env={**quiet, **(environment or {})}
            )
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"{name} did not start: {self.said()}")
        self.started = json.loads(line)
        self.listening = threading.Event()
        threading.Thread(target=self.listen, daemon=True).start()
        if not self.listening.wait(10):
            raise Failed(f"{name} tells nothing")

    def said(self):
        """The end of its log."""
        with open(self.log, errors="replace") as log:
            return log.read()[-2000:].strip()

    def ask(self, method, path, body=None, timeout=20):
        """Status, headers and body of an answer."""
        self.kept = self.kept or Control(self.socket, timeout)
        try:
            self.kept.request(method, path, body)
            answer = self.kept.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self.kept = None
            raise
        return answer.status, answer.headers, json.loads(text) if text else None

    def do(self, method, path, body=None, timeout=20):
        """The body of an answer that must be a yes."""
        status, _, answer = self.ask(method, path, body, timeout)
        if status >= 300:
            raise Failed(f"{self.name}: {method} {path}: {status} {answer}")
        return answer

    def put(self, key, value):
        return self.do("PUT", "/v1/kv/" + urllib.parse.quote(key), value.encode())["dot"]

    def delete(self, key):
        return self.do("DELETE", "/v1/kv/" + urllib.parse.quote(key))["dot"]

    def publish(self, notice, urgency="normal"):
        return self.do("POST", f"/v1/publish?urgency={urgency}", notice.encode())["dot"]

    def get(self, key):
        """The value under a key, or `None`."""
        status, _, answer = self.ask("GET", "/v1/kv/" + urllib.parse.quote(key))
        return answer["value"] if status == 200 else None

    def entries(self, prefix=""):
        """Values by key."""
        return {entry["key"]: entry["value"] for entry in self.do("GET", f"/v1/kv?prefix={prefix}")}

    def members(self):
        """Members by name; where a name is borne by two, the last."""
        return {member["name"]: member for member in self.do("GET", "/v1/members")}

    def live(self):
        return {name for name, member in self.members().items() if member["liveness"] in ("alive", "suspect")}

    def info(self):
        return self.do("GET", "/v1/info")

    def leave(self):
        self.do("POST", "/v1/leave", timeout=30)
        self.process.wait(10)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def told(self, event):
        """All events of a kind so far."""
        return [told for told in list(self.events) if told["event"] == event]

    def listen(self):
        """Follows what it tells, until it ends."""
        events = Control(self.socket, None)
        try:
            events.request("GET", "/v1/events?since=0")
            stream = events.getresponse()
            self.listening.set()
            for line in stream:
                if line.startswith(b"data:"):
                    self.note(json.loads(line[5:]))
        except (OSError, ValueError, http.client.HTTPException):
            pass  # It was killed.

    def note(self, event):
        if event["event"] == "delivered":
            self.notices[event["dot"]] += 1
        elif event["event"] == "rumors_missed":
            self.missed[event["publisher"]] += event["count"]
        elif event["event"] == "missed":
            self.silently += event["count"]
        # Tens of thousands of notices are counted, and not kept.
        if event["event"] != "delivered" or len(self.events) < 10_000:
            self.events.append(event)


def wait(what, limit, holds):
    """Waits until it holds, and says how long that took; `holds` answers what is still wrong, or nothing."""
    began = time.monotonic()
    while wrong := holds():
        if time.monotonic() - began > limit:
            raise Failed(f"{what}: not within {limit:.0f} s: {wrong}")
        time.sleep(0.1)
    return time.monotonic() - began


def stays(what, seconds, holds):
    """Sees to it that it holds all the while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if wrong := holds():
            raise Failed(f"{what}: {wrong}")
        time.sleep(0.2)


def view(agents):
    """A condition: each of the agents sees all of them, and nobody else, as live."""
    names = {agent.name for agent in agents}

    def wrong():
        for agent in agents:
            if (live := agent.live()) != names:
                return f"{agent.name} sees {sorted(live)}"
        return None

    return wrong


def hold(agents, entries):
    """A condition: each of the agents holds these entries; `None` as a value is none."""

    def wrong():
        for agent in agents:
            held = agent.entries()
            lacking = [key for key, value in entries.items() if held.get(key) != value]
            if lacking:
                return f"{agent.name} differs in {len(lacking)} of {len(entries)}: {', '.join(sorted(lacking)[:5])}"
        return None

    return wrong


def agree(agents):
    """A condition: each of the agents claims that all agree."""

    def wrong():
        for agent in agents:
            if (agreement := agent.info()["agreement"])["since_ms"] is None:
                return f"{agent.name}: {agreement}"
        return None

    return wrong


def were_told(agents, dots):
    """A condition: each of the agents was told each of these notices; nobody is told one of their own."""

    def wrong():
        for agent in agents:
            me = agent.started["id"] + "."
            lacking = [dot for dot in dots if not dot.startswith(me) and not agent.notices[dot]]
            if lacking:
                return f"{agent.name} was not told {len(lacking)} of {len(dots)}"
        return None

    return wrong


def all_of(*conditions):
    """A condition: all of these."""
    return lambda: next((wrong for condition in conditions if (wrong := condition())), None)


def run_cases(cases, wanted):
    """Runs the cases that are wanted, tells how each came out, and whether all went well."""
    failed = []
    for name in wanted or cases:
        print(f"{name}: {cases[name].__doc__.splitlines()[0]}", flush=True)
        began = time.monotonic()
        try:
            cases[name]()
            outcome = "passed"
        except (Failed, OSError, ValueError, KeyError, http.client.HTTPException, subprocess.SubprocessError) as error:
            failed.append(name)
            outcome = f"FAILED: {error if isinstance(error, Failed) else repr(error)}"
        print(f"  {outcome}, {time.monotonic() - began:.0f} s", flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}")
    return not failed


def figure(text):
    print(f"  {text}", flush=True)


def choose(parser, cases):
    """The names of the cases to run, and the other arguments; the program must have been built."""
    parser.add_argument("case", nargs="*", help=f"which to run: {', '.join(cases)} [all]")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.case if name not in cases]
    if unknown:
        parser.error(f"no case is called {unknown[0]}: {', '.join(cases)}")
    if not os.path.exists(BINARY):
        sys.exit(f"{BINARY} is not there: {BUILD}")
    return arguments
