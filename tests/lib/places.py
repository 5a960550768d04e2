# SPDX-License-Identifier: Apache-2.0
"""places.py - one loopback server that is a little of every place that a channel may lead to, for tests of the commands: it takes what is well-formed and keeps it.

    with Places() as places:
        run_till(["channels", "add", "slack", "--token-stdin"], input=places.secrets("slack"))
        assert places.got["slack"]

What the services refuse, and their limits, is not here. Secrets are made anew for each Places; places.all_secrets are those that must be seen nowhere.
"""

import base64
import collections
import http.server
import json
import re
import secrets
import socketserver
import threading


class Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, body):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        places = self.server.places
        if self.path.startswith(f"/api/webhooks/1/{places.key['discord']}"):
            return self.answer(200, {"id": "1", "type": 1, "name": "till", "channel_id": "2", "token": places.key["discord"]})
        if self.path.startswith("/v1/health"):
            return self.answer(200, {"healthy": True})
        if self.path.startswith(f"/{places.key['topic']}/"):
            return self.answer(200, "")
        return self.do_POST()

    def do_POST(self):
        places = self.server.places
        places.gate.wait(30)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = json.loads(body) if body[:1] == b"{" else {}
        method = re.match(rf"/bot{re.escape(places.key['telegram'])}/(\w+)", self.path)
        if self.path == f"/services/T0/B0/{places.key['slack']}":
            if not said:
                return self.answer(400, "no_text")
            places.got["slack"].append(said)
            return self.answer(200, "ok")
        if self.path.startswith(f"/api/webhooks/1/{places.key['discord']}"):
            places.got["discord"].append(said)
            return self.answer(200, {"id": "3", "type": 0})
        if method:
            if method[1] == "sendMessage":
                places.got["telegram"].append(said)
            return self.answer(200, {"ok": True, "result": {"id": 42, "is_bot": True, "first_name": "till", "username": "till_bot", "type": "private", "message_id": 7,
                                                            "chat": {"id": 42, "type": "private"}, "date": 1}})
        if self.path.startswith("/bot"):
            return self.answer(404, {"ok": False, "error_code": 404, "description": "Not Found"})
        if self.path == "/" and said.get("topic") == places.key["topic"]:
            places.got["ntfy"].append(said)
            return self.answer(200, {"id": "x", "time": 1, "event": "message", "topic": said["topic"]})
        if self.path == "/hook":
            places.got["webhook"].append((self.headers, body))
            return self.answer(200, "")
        return self.answer(404, {"code": 10015, "message": "Unknown Webhook"})


class Mail(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.say("220 mail.example ESMTP")
        for line in self.rfile:
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                self.say("354 go on")
                text = b""
                for part in self.rfile:
                    if part == b".\r\n":
                        break
                    text += part
                self.server.places.got["email"].append(text)
            if word == b"EHLO":
                self.say("250-mail.example\r\n250 8BITMIME")
            elif word == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64


class MailServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True


class Places:
    def __enter__(self):
        self.gate = threading.Event()  # cleared: requests wait
        self.gate.set()
        self.got = collections.defaultdict(list)
        self.key = {"slack": secrets.token_hex(12), "discord": secrets.token_hex(34), "telegram": f"{secrets.randbelow(10**9) + 10**9}:{secrets.token_urlsafe(26)}",
                    "topic": f"till-{secrets.token_hex(8)}", "access": f"tk_{secrets.token_hex(14)}",
                    "webhook": base64.b64encode(secrets.token_bytes(24)).decode()}
        self.all_secrets = tuple(self.key.values())
        self.servers = [Server(("127.0.0.1", 0), Web), MailServer(("127.0.0.1", 0), Mail)]
        for server in self.servers:
            server.places = self
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.servers[0].server_port}"
        self.smtp = f"127.0.0.1:{self.servers[1].server_address[1]}"
        return self

    def __exit__(self, *exception):
        self.gate.set()
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def options(self, kind, folder="."):
        """What `till channels add KIND` needs beside the secrets."""
        return {
            "email": ["--smtp-host", self.smtp, "--to-address", "me@example.com"],
            "slack": [],
            "discord": [],
            "telegram": ["--chat", "42", "--api-url", self.url],
            "ntfy": ["--api-url", self.url],
            "webhook": ["--url", f"{self.url}/hook"],
            "file": ["--path", f"{folder}/digest-{{date}}.md", "--format", "markdown"],
            "command": ["--command", f"cat > '{folder}/out'"],
        }[kind]

    def secrets(self, kind):
        """What goes by standard input; None for a kind without."""
        return {
            "slack": f"{self.url}/services/T0/B0/{self.key['slack']}\n",
            "discord": f"{self.url}/api/webhooks/1/{self.key['discord']}\n",
            "telegram": self.key["telegram"] + "\n",
            "ntfy": f"{self.key['topic']}\n{self.key['access']}\n",
            "webhook": f"whsec_{self.key['webhook']}\n",
        }.get(kind)
