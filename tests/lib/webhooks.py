# SPDX-License-Identifier: Apache-2.0
"""webhooks.py - till webhook-listen in the background, and webhooks posted to it: the simulator's, or ones that a test makes.

Signatures are made here with hashlib as the documentation says, so that neither till's code nor the simulator's is the only judge of the other.
"""

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import select
import signal
import string
import time
import urllib.parse
import uuid

from sim import kill_till, start_till

START_TIMEOUT_S = 30


def new_secret():
    """Of the right shape; its checksum is left to chance."""
    return "whsec_" + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(43))


def sign(secret, webhook_id, timestamp, body, standard=False):
    key = base64.b64decode(secret.removeprefix("whsec_")) if standard else secret.encode()
    mac = hmac.new(key, f"{webhook_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(mac).decode()


def headers_for(secret, body, webhook_id=None, age_s=0, standard=False):
    webhook_id = webhook_id or str(uuid.uuid4())
    timestamp = int(time.time()) - age_s
    return {"webhook-id": webhook_id, "webhook-timestamp": str(timestamp), "content-type": "application/json",
            "webhook-signature": sign(secret, webhook_id, timestamp, body, standard)}


def event(event_type, data, timestamp="2026-08-20T11:02:48.120934Z"):
    return json.dumps({"type": event_type, "timestamp": timestamp, "data": data}, separators=(",", ":")).encode()


class Listener:
    """with Listener(home_path, secret) as listener: listener.post(body, headers)"""

    def __init__(self, home, secret=None, args=(), env=None):
        self.home = str(home)
        self.secret = secret
        self.args = args
        self.env = {**({"POLAR_WEBHOOK_SECRET": secret} if secret else {}), **(env or {})}

    def __enter__(self):
        self.process = start_till(["webhook-listen", "--port", "0", "--json", *self.args], self.home, self.env)
        ready, _, _ = select.select([self.process.stdout], [], [], START_TIMEOUT_S)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            _, said = kill_till(self.process)
            raise AssertionError(f"till webhook-listen did not start: {said.decode()}")
        self.url = json.loads(line)["url"]
        parts = urllib.parse.urlsplit(self.url)
        self.host, self.port, self.path = parts.hostname, parts.port, parts.path
        return self

    def __exit__(self, *exception):
        self.stop()

    def stop(self, how=signal.SIGTERM):
        """Gives the exit status and what was said."""
        _, said = kill_till(self.process, how)
        return self.process.returncode, said.decode()

    def connect(self, timeout=30):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def request(self, method, path, body=None, headers=None, connection=None):
        """Status and parsed body; over a connection of its own unless one is given."""
        own = connection or self.connect()
        try:
            own.request(method, path, body=body, headers=headers or {})
            answer = own.getresponse()
            data = answer.read()
            return answer.status, json.loads(data) if data else None
        finally:
            if connection is None:
                own.close()

    def post(self, body, headers, connection=None):
        return self.request("POST", self.path, body, headers, connection)

    def send(self, event_type, data, connection=None, **options):
        """A genuine webhook of Polar's."""
        body = event(event_type, data)
        return self.post(body, headers_for(self.secret, body, **options), connection)

    def deliver(self, deliveries):
        """Posts what the simulator handed out; gives the statuses."""
        connection = self.connect()
        try:
            return [self.post(one["body"].encode(), one["headers"], connection)[0] for one in deliveries]
        finally:
            connection.close()


def register(sim, secret=None, events="all", key=None, env="production", url="http://127.0.0.1:1/webhooks/polar"):
    """From now on the simulator queues events; gives the secret."""
    body = {"url": url, **({"secret": secret} if secret else {})}
    return sim.control("POST", "webhooks", body=body, events=events, key=key, env=env)["secret"]


def deliveries(sim, seed=1, order="fifo", duplicates=0, drop=0, age_seconds=0, env="production"):
    """What is queued, signed now: a list of {"url", "headers", "body"}."""
    data = sim._control_raw("POST", "webhooks/deliver", None, {"seed": seed, "order": order, "duplicates": duplicates, "drop": drop,
                                                               "age_seconds": age_seconds, "env": env})
    return [json.loads(line) for line in data.split(b"\n") if line]
