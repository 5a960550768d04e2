# SPDX-License-Identifier: Apache-2.0
"""sim.py - what black-box tests need: a simulator in the background, and till run in a home of its own.

    with Sim(orders=200, seed=7) as sim:
        result = run_till(["sync"], home=home, env={"POLAR_ACCESS_TOKEN": sim.production.tokens["read"]})
        assert sim.stats()["write_violations"] == 0
        truth = sim.rows("orders")

A Sim is one till-sim process on loopback, port 0, that dies with its stdin, so a killed test leaves nothing behind.
Programs are found by $TILL_SIM and $TILL_BIN, else as build/till-sim and build/till beside the sources.
Only the standard library is used.
"""

import collections
import http.client
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 60
CONTROL_TIMEOUT_S = 120
STOP_TIMEOUT_S = 15

TABLES = (
    "organizations",
    "customers",
    "products",
    "orders",
    "subscriptions",
    "refunds",
    "checkouts",
    "benefits",
)
READ_SCOPES = tuple(f"{table}:read" for table in TABLES)

# url: base without a trailing slash; tokens: name -> token, of which "read", "events", "full", "write" and "minimal" always exist.
Environment = collections.namedtuple("Environment", "name url organization_id organization_name tokens")
# body is bytes; headers is an http.client.HTTPMessage.
Answer = collections.namedtuple("Answer", "status headers body")


class SimError(Exception):
    """The simulator did not start, or refused a control call."""


def program(variable, name):
    """Path of a built program: $variable, else build/name."""
    path = pathlib.Path(os.environ.get(variable) or ROOT / "build" / name)
    if not path.is_file():
        raise SimError(f"{path} is missing: build it first, or set {variable}")
    return str(path)


def sim_path():
    return program("TILL_SIM", "till-sim")


def till_path():
    return program("TILL_BIN", "till")


class Google(dict):
    """The greeting's words about Google; "private_key_pem" is made and fetched when it is first asked for."""

    def __init__(self, hello, sim):
        super().__init__(hello)
        self._sim = sim

    def __missing__(self, name):
        if name != "private_key_pem":
            raise KeyError(name)
        self[name] = self._sim._control_raw("GET", "google-key", None, {}).decode()
        return self[name]


class Sim:
    """A running simulator. Use as a context manager, or call start() and stop()."""

    def __init__(
        self,
        orders=50,
        seed=1,
        limiter="none",
        sandbox_orders=None,
        years=None,
        faults=None,
        tokens=(),
        now=None,
        latency_ms=None,
        newest_shapes=True,
        port=None,
        sandbox_port=None,
        extra_args=(),
    ):
        """limiter: "none" or "real". faults: a plan (dict). tokens: specs "name=scope,scope[@sandbox]". now: ISO 8601 text with Z.

        newest_shapes=False leaves out what SDK 0.49.0 cannot read. latency_ms is waited before each answer."""
        self._faults = faults
        self._args = ["--exit-with-stdin", "--orders", str(orders), "--seed", str(seed), "--limiter", limiter]
        options = {
            "--sandbox-orders": sandbox_orders,
            "--years": years,
            "--now": now,
            "--latency": latency_ms,
            "--port": port,
            "--sandbox-port": sandbox_port,
        }
        for option, value in options.items():
            if value is not None:
                self._args += [option, str(value)]
        for spec in tokens:
            self._args += ["--tokens", spec]
        if not newest_shapes:
            self._args.append("--without-newest-shapes")
        self._args += list(extra_args)
        self._process = None
        self.production = None
        self.sandbox = None
        self.posthog = self.google = self.plausible = self.umami = None  # the traffic services: dicts, see sim/README.md
        self.control_url = None
        self.control_key = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        self.stop()

    def start(self):
        # Logs go to a file: a pipe that nobody reads would stop the simulator one day.
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sim_path(), *self._args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log
        )
        try:
            ready, _, _ = select.select([self._process.stdout], [], [], START_TIMEOUT_S)
            line = self._process.stdout.readline() if ready else b""
            if not line:
                raise SimError(f"till-sim did not start: {self.log()}")
            hello = json.loads(line)
            self.production = self._environment("production", hello["production"])
            self.sandbox = self._environment("sandbox", hello["sandbox"])
            self.posthog, self.google, self.plausible, self.umami = (hello[name] for name in ("posthog", "google", "plausible", "umami"))
            self.google = Google(self.google, self)
            self.control_url = hello["control"]["url"]
            self.control_key = hello["control"]["key"]
            if self._faults is not None:
                self.faults(self._faults)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        """Stops the simulator; raises when it did not end cleanly (a sanitizer's report, a crash)."""
        process, self._process = self._process, None
        if process is None:
            return
        process.stdin.close()
        try:
            status = process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        process.stdout.close()
        log = self.log()
        self._log.close()
        if status != 0:
            raise SimError(f"till-sim ended with status {status}: {log}")

    def live(self, every_ms, url, secret):
        """From now on the shop goes on living, in real time, and sends its webhooks there."""
        self._process.stdin.write(f"live {every_ms} {url} {secret}\n".encode())
        self._process.stdin.flush()

    def log(self):
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    @property
    def pid(self):
        return self._process.pid

    def environment(self, name):
        return {"production": self.production, "sandbox": self.sandbox}[name]

    @staticmethod
    def _environment(name, hello):
        return Environment(name, hello["url"], hello["organization_id"], hello["organization_name"], hello["tokens"])

    # -- the control API ------------------------------------------------------------------------------------------------

    def control(self, method, path, body=None, **query):
        """One call under /_sim/; gives the parsed JSON answer (None when it has no body)."""
        answer = self._control_raw(method, path, body, query)
        return json.loads(answer) if answer else None

    def _control_raw(self, method, path, body, query):
        url = urllib.parse.urlsplit(self.control_url)
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=CONTROL_TIMEOUT_S)
        try:
            pairs = {key: value for key, value in query.items() if value is not None}
            target = f"{url.path}{path}" + ("?" + urllib.parse.urlencode(pairs) if pairs else "")
            text = json.dumps(body) if isinstance(body, (dict, list)) else body
            connection.request(method, target, body=text, headers={"X-Sim-Key": self.control_key})
            response = connection.getresponse()
            data = response.read()
            if response.status != 200:
                raise SimError(f"{method} {target}: {response.status} {data[:500]!r}")
            return data
        finally:
            connection.close()

    def stats(self):
        """Counters since the start or the last reset_stats(); see sim/README.md for the keys."""
        return self.control("GET", "stats")

    def reset_stats(self):
        self.control("POST", "reset-stats")

    def requests(self):
        """The last requests, oldest first: dicts of at_ms, environment, method, target, status, version, user_agent, ..."""
        data = self._control_raw("GET", "requests", None, {})
        return [json.loads(line) for line in data.split(b"\n") if line]

    def rows(self, table, env="production", listed=True):
        """The truth: every row of a table, in creation order, as Polar would print it now. listed=False adds the hidden rows."""
        return [json.loads(line) for line in self.row_lines(table, env, listed)]

    def row_lines(self, table, env="production", listed=True):
        """The same as bytes of JSON."""
        data = self._control_raw("GET", f"rows/{table}", None, {"env": env, "listed": int(listed)})
        return [line for line in data.split(b"\n") if line]

    def facts(self, about, env="production"):
        """What Polar knows and does not list, as dicts; about: subscriptions, checkouts, seats or rates (sim/README.md)."""
        data = self._control_raw("GET", f"facts/{about}", None, {"env": env})
        return [json.loads(line) for line in data.split(b"\n") if line]

    def ids(self, table, env="production"):
        """id -> whether it is listed, for every row there ever was; of events those of the system."""
        lines = self._control_raw("GET", f"ids/{table}", None, {"env": env}).decode().splitlines()
        return {line[:-2]: line[-1] == "1" for line in lines}

    def count(self, table, env="production", listed=True):
        return self.control("GET", f"count/{table}", env=env, listed=int(listed))["count"]

    def mutate(self, count=10, seed=1, seconds=3600, env="production", **options):
        """Lets `count` things happen in the shop and moves its clock on; gives the number of rows that changed. options: see mutated()."""
        return self.mutated(count, seed, seconds, env, **options)["changed"]

    def mutated(self, count=10, seed=1, seconds=3600, env="production", kinds=None, scattered=False, event_lag_minutes=None):
        """The same; gives the whole answer: changed, now_us, impossible, and kinds (name -> how often).

        kinds: names of kinds or of groups of kinds (sim/README.md), None for all. scattered: rows of any age alike.
        event_lag_minutes: events of this call are listed up to so long after their time."""
        return self.control("POST", "mutate", env=env, seed=seed, count=count, seconds=seconds, kinds=self._kinds(kinds),
                            scattered=int(scattered), event_lag_minutes=event_lag_minutes)

    def mutate_during(self, every, count=1, seed=1, seconds=1, env="production", kinds=None, scattered=False, event_lag_minutes=None):
        """From now on `count` things happen after every `every`-th list request; every=0 ends that."""
        self.control("POST", "mutate-during", env=env, every=every, count=count, seed=seed, seconds=seconds, kinds=self._kinds(kinds),
                     scattered=int(scattered), event_lag_minutes=event_lag_minutes)

    @staticmethod
    def _kinds(kinds):
        return kinds if kinds is None or isinstance(kinds, str) else ",".join(kinds)

    def token(self, scopes, env="production"):
        """A new token with exactly these scopes (a list, or one of the named sets "read", "events", "full", "write", "minimal")."""
        text = scopes if isinstance(scopes, str) else ",".join(scopes)
        return self.control("POST", "token", scopes=text, env=env)["token"]

    def edit_token(self, token, scopes):
        """Changes the scopes of a live token. The token travels in the body, as in all calls that name one."""
        text = scopes if isinstance(scopes, str) else ",".join(scopes)
        self.control("POST", "token-edit", body={"token": token}, scopes=text)

    def revoke(self, token):
        self.control("POST", "token-revoke", body={"token": token})

    def faults(self, plan):
        """Replaces the fault plan (a dict, or a list of rules); None or [] ends all faults."""
        if isinstance(plan, list) or plan is None:
            plan = {"rules": plan or []}
        self.control("POST", "faults", body=plan)

    def fault_counts(self):
        """How often each rule of the plan matched and fired."""
        return self.control("GET", "faults")["rules"]

    def limiter(self, group=None, block_seconds=None, mode=None, env="production", reset=False):
        """group: default, restricted or elevated; block_seconds: every /v1 call is refused that long; mode: real or none."""
        self.control(
            "POST", "limiter", env=env, group=group, block_seconds=block_seconds, mode=mode, reset=int(reset) or None
        )

    def traffic(self, service, first, last, timezone=None, **options):
        """The visits' truth, days `first` to `last` included, as dicts. options: bucket="hour", basis="sessions", dimensions="channel,country"."""
        query = {"service": service, "from": first, "to": last, "timezone": timezone, **options}
        return [json.loads(line) for line in self._control_raw("GET", "traffic", None, query).splitlines() if line]

    def set_traffic(self, **settings):
        """Moods of the traffic services (sim/README.md): posthog_timezone, posthog_hourly, revoke_refresh=1, clock_shift_seconds, ..."""
        self.control("POST", "traffic", **settings)

    # -- plain HTTP -----------------------------------------------------------------------------------------------------

    def get(self, target, token=None, env="production", headers=None, method="GET", body=None, timeout=30):
        """One plain request to an environment, on a connection of its own; redirects are not followed."""
        url = urllib.parse.urlsplit(self.environment(env).url)
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=timeout)
        try:
            fields = dict(headers or {})
            if token is not None:
                fields.setdefault("Authorization", f"Bearer {token}")
            connection.request(method, target, body=body, headers=fields)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()


def clean_environment(home, extra=None):
    """A small environment without anything inherited that could be a secret or lead to one."""
    kept = ("PATH", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "LLVM_PROFILE_FILE")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    env.update(HOME=str(home), TILL_HOME=str(home), LANG="C.UTF-8", TZ="UTC", TILL_KEYRING="file", NO_COLOR="1")
    for name, value in (extra or {}).items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = str(value)
    return env


def run_till(args, home=None, env=None, input=None, timeout=60, check=False):
    """Runs till with a private home and gives a CompletedProcess with text output.

    Without `home` a folder is made for this one run and removed. env: more variables; None removes one. input: text for stdin,
    which is empty otherwise (never the terminal). check=True raises on a status other than 0, with what till said.
    """
    own_home = tempfile.mkdtemp(prefix="till-home-") if home is None else None
    place = pathlib.Path(own_home or home)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        result = subprocess.run(
            [till_path(), *map(str, args)],
            env=clean_environment(place, env),
            input=input if input is not None else "",
            capture_output=True,
            text=True,
            timeout=timeout,
        )
    finally:
        if own_home:
            shutil.rmtree(own_home, ignore_errors=True)
    if check and result.returncode != 0:
        raise AssertionError(f"till {' '.join(map(str, args))}: status {result.returncode}\n{result.stdout}\n{result.stderr}")
    return result


def start_till(args, home, env=None):
    """Starts till in the background (its own process group) and gives the Popen; end it with kill_till()."""
    return subprocess.Popen(
        [till_path(), *map(str, args)],
        env=clean_environment(home, env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def connect_shop(home, sim, name="polar", env="production", scopes="read", token=None):
    """Connects one organization of a simulator to a home under a name; gives the token.

    A simulator has two organizations, in production and in the sandbox: connected under two names they share one database."""
    place = sim.environment(env)
    token = token or (place.tokens[scopes] if isinstance(scopes, str) else sim.token(scopes, env=env))
    run_till(["connect", "polar", "--name", name, "--environment", env, "--api-url", place.url, "--token-stdin"], home=home,
             env={"TILL_RATE": "max"}, input=token, check=True)
    return token


def shifted_clock(shift_us):
    """Variables that give a program a time of day that is so far off (tests/lib/shifted_clock.c). Not for sanitizer builds."""
    library = os.environ.get("TILL_SHIFTED_CLOCK") or pathlib.Path(till_path()).with_name("shifted-clock.so")
    if not pathlib.Path(library).is_file():
        raise SimError(f"{library} is missing: build it first, or set TILL_SHIFTED_CLOCK")
    return {"LD_PRELOAD": str(library), "SHIFTED_CLOCK_US": str(shift_us)}


def till_methods():
    """How a run is asked for: "set" is as each table is set; with "consent" every removal is believed."""
    incremental, consent = ("--method", "incremental"), ("--accept-removals",)
    return {"set": (), "full": ("--full",), "incremental": incremental, "full consent": ("--full", *consent), "incremental consent": (*incremental, *consent)}


def wait_for(condition, what, timeout=30):
    """Waits until condition() is true: a test that sleeps a fixed time instead fails on a busy machine."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come within {timeout} s")
        time.sleep(0.005)


def catches(process, number=signal.SIGINT):
    """Whether a running process has a handler for the signal: from then on it ends in its own way."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    [mask] = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigCgt:")]
    return bool(mask >> (number - 1) & 1)


def processor_seconds(process):
    """The time that a running process has worked."""
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def kill_till(process, how=signal.SIGKILL):
    """Sends a signal to the process that start_till() gave, collects it, and gives (stdout, stderr)."""
    if process.poll() is None:
        process.send_signal(how)
    return process.communicate(timeout=STOP_TIMEOUT_S)
