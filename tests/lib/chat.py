# SPDX-License-Identifier: Apache-2.0
"""chat.py - Slack, Discord, Telegram, ntfy and a webhook's receiver on loopback: their limits, errors and rate limits, strictly.

    with Telegram() as telegram:
        ... {"kind": "telegram", "values": {"chat": telegram.chat, "telegram_api_url": telegram.url}, "secret": telegram.token}
        telegram.messages[0].lines, .pings, .links, .formats

Each keeps what arrived: `messages` as a reader would see them (escapes decoded as that service decodes them), and in `pings`, `links` and `formats` whatever the
service would have made of a text beyond showing it. `requests` has everything that came. answer() says how the next requests end; state how all do.
Lengths are counted as the service counts them; where that is not known, in the unit that counts more.
"""

import base64
import collections
import hashlib
import hmac
import http.server
import json
import random
import re
import string
import threading
import time
import urllib.parse

# A message as it is shown. formats: signs that formatted something; groups: (heading, lines).
Message = collections.namedtuple("Message", "title groups lines pings links formats raw")
Request = collections.namedtuple("Request", "method path headers body")
Answer = collections.namedtuple("Answer", "status headers body")

SLACK_TEXT, SLACK_HEADER, SLACK_BLOCKS, SLACK_TOTAL = 3000, 150, 50, 13200
DISCORD_LIMITS = {"title": 256, "description": 4096, "name": 256, "value": 1024, "total": 6000, "fields": 25, "embeds": 10, "content": 2000}
TELEGRAM_TEXT = 4096
NTFY_MESSAGE = 4096
TOLERANCE_S = 300


def units(text):
    """UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def letters(count, chance=random.SystemRandom(), alphabet=string.ascii_letters + string.digits):
    return "".join(chance.choice(alphabet) for _ in range(count))


class Refused(Exception):
    """What a service answers instead of taking a message."""

    def __init__(self, status, body, headers=()):
        super().__init__(status)
        self.answer = Answer(status, list(headers), body)


class Fake:
    """A service on loopback. answer(...) takes one step for each of the next requests that would be taken: a status, an Answer, or
    "drop" (it arrives, and the connection ends without an answer), "break" (it arrives, and the answer ends in the middle), "refuse" (the connection ends before
    anything arrived), or a number of seconds as a float (it arrives, and the answer is late)."""

    def __init__(self, per_second=None):
        self.messages, self.requests, self.steps = [], [], []
        self.state = None
        self.per_second, self.taken_at = per_second, []
        self.lock = threading.RLock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                outer.serve(self)

            do_POST = do_PUT = do_GET

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *arguments: None  # clients are killed on purpose
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, *steps):
        with self.lock:
            self.steps += steps

    def seen(self):
        """Everything that came, as one text: what must never be there can be looked for."""
        with self.lock:
            return "\n".join(f"{r.method} {r.path} {dict(r.headers)} {r.body!r}" for r in self.requests)

    def serve(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        request = Request(handler.command, handler.path, handler.headers, body)
        with self.lock:
            self.requests.append(request)
            step = None
            try:
                answer, taken = self.look(request)
                if taken is not None:
                    self.spend()
                    step = self.steps.pop(0) if self.steps else None
                    answer = self.end(step, answer, taken)
            except Refused as refused:
                answer = refused.answer
        if step in ("drop", "refuse"):
            handler.close_connection = True
            return
        if isinstance(step, float):
            time.sleep(step)
        self.send(handler, answer, step == "break")

    def end(self, step, answer, taken):
        if isinstance(step, int) and not isinstance(step, bool):
            raise Refused(step, self.error(step))
        if isinstance(step, Answer):
            if step.status // 100 != 2:
                return step
            answer = step
        if step != "refuse":
            self.messages.append(taken)
        return answer

    def spend(self):
        now = time.monotonic()
        self.taken_at = [at for at in self.taken_at if now - at < 1]
        if self.per_second and len(self.taken_at) >= self.per_second:
            raise Refused(*self.too_many())
        self.taken_at.append(now)

    def too_many(self):
        return 429, self.error(429), [("Retry-After", "1")]

    def error(self, status):
        return {"error": status}

    @staticmethod
    def send(handler, answer, is_broken):
        data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        handler.send_response(answer.status)
        handler.send_header("Content-Type", "text/plain" if isinstance(answer.body, bytes) else "application/json")
        handler.send_header("Content-Length", str(len(data) + (10 if is_broken else 0)))
        for name, value in answer.headers:
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)
        if is_broken:
            handler.close_connection = True


def read_json(body, refusal):
    try:
        return json.loads(body.decode())
    except (ValueError, UnicodeDecodeError):
        raise refusal from None


def controls(text):
    """Characters that steer: none of them may arrive."""
    return [c for c in text if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or 0x202A <= ord(c) <= 0x202E or 0x2066 <= ord(c) <= 0x2069
            or ord(c) in (0x200E, 0x200F, 0x061C)]


def visible(text):
    """Without the joiner that keeps services from finding things in a text."""
    return text.replace("\u2060", "")


WORD = r"[\w]"
URL = re.compile(r"(?:https?|ftp|tg|discord|slack|mailto)://\S", re.I)


def found_urls(text):
    return [match.group() for match in URL.finditer(text)]


# ---- Slack ----

def slack_text(text, is_mrkdwn=True, is_verbatim=True):
    """(shown text, pings, links, formats) of what Slack calls mrkdwn."""
    pings, links, formats = [], [], []
    for token in re.findall(r"<[^>]*>|<|>", text):
        (pings if re.match(r"<[!@]", token) else links if token.startswith("<") and len(token) > 1 else formats).append(token)
    formats += [f"unescaped {text[m.start():m.start() + 8]}" for m in re.finditer(r"&(?!amp;|lt;|gt;)", text)]
    if is_mrkdwn:
        for sign in "*_~`":
            mark = re.escape(sign)
            formats += re.findall(rf"(?<![\w{mark}]){mark}(?=\S)[^{mark}\n]*?(?<=\S){mark}(?!\w)", text)
        formats += re.findall(r"(?m)^\s*(?:&gt;|>).*", text)
        formats += re.findall(r":[\w+-]+:", text)
    shown = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    if not is_verbatim:
        links += found_urls(shown)
    return shown, pings, links, formats


class Slack(Fake):
    """state: None, or one of Slack's words."""

    WORDS = {"invalid_token": 403, "no_service": 404, "channel_not_found": 404, "channel_is_archived": 410, "action_prohibited": 403}

    def __init__(self, **how):
        super().__init__(**how)
        self.path = f"/services/T{letters(9).upper()}/B{letters(9).upper()}/{letters(24)}"
        self.url = self.base + self.path
        self.secret = self.url

    def error(self, status):
        return {429: b"rate_limited"}.get(status, b"error")

    def look(self, request):
        if request.method != "POST" or not request.path.startswith("/services/"):
            raise Refused(404, b"no_service")
        if request.path != self.path:
            raise Refused(403, b"invalid_token")
        if self.state:
            raise Refused(self.WORDS[self.state], self.state.encode())
        body = read_json(request.body, Refused(400, b"invalid_payload"))
        if not isinstance(body, dict):
            raise Refused(400, b"invalid_payload")
        if not body.get("text") and not body.get("blocks"):
            raise Refused(400, b"no_text")
        return Answer(200, [], b"ok"), self.read(body)

    def read(self, body):
        blocks = body.get("blocks", [])
        total, title, groups, pings, links, formats = 0, None, [], [], [], []
        if len(blocks) > SLACK_BLOCKS:
            raise Refused(400, b"invalid_blocks")
        for block in blocks:
            text = block["text"]["text"]
            total += units(text)
            is_header = block["type"] == "header"
            if block["type"] not in ("header", "section") or not 1 <= units(text) <= (SLACK_HEADER if is_header else SLACK_TEXT):
                raise Refused(400, b"invalid_blocks")
            if is_header and block["text"]["type"] != "plain_text":
                raise Refused(400, b"invalid_blocks")
            if is_header:
                title, more_pings, more_links, more_formats = slack_text(text, is_mrkdwn=False)
            else:
                heading, lines, (more_pings, more_links, more_formats) = self.section(text, block["text"].get("verbatim", False))
                groups.append((heading, lines))
            pings += more_pings
            links += more_links
            formats += more_formats
        if total > SLACK_TOTAL:
            raise Refused(400, b"msg_blocks_too_long")
        fallback = slack_text(body.get("text", ""))
        pings += fallback[1] + [ping for ping in re.findall(r"(?<!\w)@(?:channel|all|here|everyone)\b", fallback[0])]
        links += fallback[2]
        return Message(title, groups, [line for _, lines in groups for line in lines], pings, links, formats, body)

    @staticmethod
    def section(text, is_verbatim):
        first, _, rest = text.partition("\n")
        heading = ""
        if re.fullmatch(r"\*[^*]+\*", first):  # our own headings
            heading, text = slack_text(first[1:-1], False)[0], rest
        shown, pings, links, formats = slack_text(text, True, is_verbatim)
        return heading, shown.split("\n"), (pings, links, formats)


# ---- Discord ----

def discord_text(text):
    """(shown text, pings, links, formats) of Discord's Markdown: a backslash takes its meaning from any sign."""
    shown, bare = [], []  # bare: with a space that nothing is made of for each escaped sign
    at = 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text) and text[at + 1] in string.punctuation:
            shown.append(text[at + 1])
            bare.append("\x00")
            at += 2
            continue
        shown.append(text[at])
        bare.append(text[at])
        at += 1
    bare, shown = "".join(bare), "".join(shown)
    formats = [sign for sign in ("*", "_", "~~", "||", "`", "](") if sign in bare]
    formats += re.findall(r"(?m)^\s*(?:#{1,3} .*|-# .*|>.*|[-*+] .*|\d+[.)] .*)", bare)
    formats += re.findall(r":\w+:", bare)
    pings = re.findall(r"<[@#:at][^>]*>?", bare) + re.findall(r"@(?:everyone|here)", shown)
    return shown, pings, found_urls(bare), formats


class Discord(Fake):
    def __init__(self, **how):
        super().__init__(**how)
        self.id, self.token = letters(18, alphabet=string.digits), letters(68)
        self.url = f"{self.base}/api/webhooks/{self.id}/{self.token}"
        self.secret = self.url

    def error(self, status):
        return {"message": "The service has a problem", "code": 0}

    def too_many(self):
        return 429, {"message": "You are being rate limited.", "retry_after": 0.3, "global": False}, [("Retry-After", "1")]

    def look(self, request):
        address = urllib.parse.urlsplit(request.path)
        match = re.fullmatch(r"/api(?:/v\d+)?/webhooks/(\d+)/([\w-]+)", address.path)
        if not match or match[1] != self.id or self.state == "gone":
            raise Refused(404, {"message": "Unknown Webhook", "code": 10015})
        if match[2] != self.token:
            raise Refused(401, {"message": "Invalid Webhook Token", "code": 50027})
        if request.method == "GET":
            return Answer(200, [], {"id": self.id, "token": self.token, "name": "digest", "channel_id": "1"}), None
        body = read_json(request.body, Refused(400, {"message": "The request body contains invalid JSON.", "code": 50109}))
        message = self.read(body)
        is_told = urllib.parse.parse_qs(address.query).get("wait") == ["true"]
        return (Answer(200, [], {"id": letters(18, alphabet=string.digits)}) if is_told else Answer(204, [], b"")), message

    @staticmethod
    def refuse(where):
        raise Refused(400, {"message": "Invalid Form Body", "code": 50035, "errors": {where: {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH"}]}}})

    def read(self, body):
        embeds, content = body.get("embeds", []), body.get("content", "")
        if not content and not embeds:
            raise Refused(400, {"message": "Cannot send an empty message", "code": 50006})
        if units(content) > DISCORD_LIMITS["content"] or len(embeds) > DISCORD_LIMITS["embeds"]:
            self.refuse("content")
        total, groups, found = 0, [], ([], [], [])
        texts = [("content", content)] if content else []
        for embed in embeds:
            if len(embed.get("fields", [])) > DISCORD_LIMITS["fields"]:
                self.refuse("fields")
            texts += [(key, embed[key]) for key in ("title", "description") if key in embed]
            if embed.get("description"):
                groups.append(("", discord_text(embed["description"])[0].split("\n")))
            for field in embed.get("fields", []):
                texts += [("name", field["name"]), ("value", field["value"])]
                groups.append((discord_text(field["name"])[0].strip("\u200b"), discord_text(field["value"])[0].split("\n")))
        for key, text in texts:
            total += units(text)
            if units(text) > DISCORD_LIMITS[key] or not text.strip():
                self.refuse(key)
            for some, more in zip(found, discord_text(text)[1:]):
                some += more
        if total > DISCORD_LIMITS["total"]:
            self.refuse("embeds")
        pings = found[0] if body.get("allowed_mentions") == {"parse": []} else found[0] + ["allowed_mentions"]
        title = discord_text(embeds[0].get("title", ""))[0] if embeds else ""
        return Message(title, groups, [line for _, lines in groups for line in lines], pings, found[1], found[2], body)


# ---- Telegram ----

TELEGRAM_TAGS = {"b", "strong", "i", "em", "u", "s", "code", "pre", "a", "tg-spoiler", "blockquote"}


def telegram_text(html):
    """(shown text, tags as (name, begin, end)) of Telegram's HTML; ValueError where Telegram cannot parse it."""
    shown, open_tags, tags = "", [], []
    for token in re.findall(r"<[^>]*>?|&[^\s;<&]{1,8};|[^<&]+|&", html):
        if token.startswith("<"):
            match = re.fullmatch(r"<(/?)([a-z-]+)( [^>]*)?>", token)
            if not match or match[2] not in TELEGRAM_TAGS:
                raise ValueError(f"unsupported start tag \"{token[1:9]}\"")
            if not match[1]:
                open_tags.append((match[2], len(shown)))
            elif not open_tags or open_tags[-1][0] != match[2]:
                raise ValueError("unmatched end tag")
            else:
                name, begin = open_tags.pop()
                tags.append((name, begin, len(shown)))
        elif token.startswith("&") and len(token) > 1:
            shown += {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"'}.get(token, token)
        else:
            shown += token
    if open_tags:
        raise ValueError("can't find end tag")
    return shown, tags


def telegram_found(text):
    """What Telegram makes links of by itself: (pings, links)."""
    pings = re.findall(r"(?<!\w)@\w+", text)
    links = found_urls(text) + re.findall(r"(?<!\w)[#$][^\W\d]\w*", text) + re.findall(r"(?<![\w/])/[A-Za-z]\w*", text)
    links += re.findall(r"(?i)[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}", text)
    return pings, links


class Telegram(Fake):
    """state: None, "blocked", "kicked", "migrated" or "no chat"."""

    def __init__(self, **how):
        super().__init__(**how)
        self.token = f"{letters(10, alphabet='123456789')}:{letters(35)}"
        self.chat = letters(9, alphabet="123456789")
        self.url, self.secret = self.base, self.token
        self.moved_to = -1001234567890

    def error(self, status, description="Internal Server Error", **parameters):
        return {"ok": False, "error_code": status, "description": description, **({"parameters": parameters} if parameters else {})}

    def too_many(self):
        return 429, self.error(429, "Too Many Requests: retry after 3", retry_after=3), []

    def refuse(self, status, description, **parameters):
        raise Refused(status, self.error(status, description, **parameters))

    def look(self, request):
        match = re.fullmatch(r"/bot([^/]+)/(\w+)", urllib.parse.urlsplit(request.path).path)
        if not match or not re.fullmatch(r"\d+:[\w-]{35}", match[1]):
            self.refuse(404, "Not Found")
        if match[1] != self.token:
            self.refuse(401, "Unauthorized")
        if match[2] == "getMe":
            return Answer(200, [], {"ok": True, "result": {"id": 1, "is_bot": True, "username": "digest_bot"}}), None
        body = read_json(request.body, Refused(400, self.error(400, "Bad Request: message text is empty")))
        if str(body.get("chat_id")) != self.chat or self.state == "no chat":
            self.refuse(400, "Bad Request: chat not found")
        if match[2] == "getChat":
            return Answer(200, [], {"ok": True, "result": {"id": int(self.chat), "type": "private"}}), None
        if match[2] != "sendMessage":
            self.refuse(404, "Not Found")
        if self.state == "blocked":
            self.refuse(403, "Forbidden: bot was blocked by the user")
        if self.state == "kicked":
            self.refuse(403, "Forbidden: bot was kicked from the group chat")
        if self.state == "migrated":
            self.refuse(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=self.moved_to)
        message = self.read(body)
        return Answer(200, [], {"ok": True, "result": {"message_id": len(self.messages) + 1}}), message

    def read(self, body):
        try:
            shown, tags = telegram_text(body["text"]) if body.get("parse_mode") == "HTML" else (body["text"], [])
        except ValueError as problem:
            self.refuse(400, f"Bad Request: can't parse entities: {problem}")
        if not shown.strip():
            self.refuse(400, "Bad Request: message text is empty")
        if units(shown.strip()) > TELEGRAM_TEXT:
            self.refuse(400, "Bad Request: message is too long")
        pings, links = telegram_found(shown)
        formats = [name for name, _, _ in tags if name != "b"]
        formats += [shown[begin:end] for name, begin, end in tags if name == "b" and "\n" in shown[begin:end]]
        if not body.get("link_preview_options", {}).get("is_disabled"):
            formats.append("preview")
        headings = {shown[begin:end] for name, begin, end in tags if name == "b"}
        title, *blocks = shown.split("\n\n")
        groups = []
        for block in blocks:
            first, _, rest = block.partition("\n")
            groups.append((first, rest.split("\n")) if first in headings else ("", block.split("\n")))
        return Message(title, groups, [line for _, lines in groups for line in lines], pings, links, formats, body)


# ---- ntfy ----

class Ntfy(Fake):
    """protect=True: the topic wants the token, or user:password. state: None or "forbidden"."""

    def __init__(self, protect=False, **how):
        super().__init__(**how)
        self.topic, self.access = letters(20), f"tk_{letters(29).lower()}"
        self.user, self.password = "me", letters(16)
        self.protect, self.url = protect, self.base
        self.secret = f"{self.topic}\n{self.access}" if protect else self.topic

    def error(self, status, words="internal server error"):
        return {"code": status * 100 + 1, "http": status, "error": words}

    def too_many(self):
        return 429, self.error(429, "limit reached: too many requests, please be nice"), []

    def sign_in(self, request):
        line = request.headers.get("Authorization") or ""
        basic = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if line and line not in (f"Bearer {self.access}", f"Basic {basic}"):
            raise Refused(401, self.error(401, "unauthorized"))
        if (self.protect and not line) or self.state == "forbidden":
            raise Refused(403, self.error(403, "forbidden"))

    def look(self, request):
        path = urllib.parse.urlsplit(request.path).path
        if path == "/v1/health":
            return Answer(200, [], {"healthy": True}), None
        self.sign_in(request)
        if request.method == "GET" and re.fullmatch(r"/[\w-]{1,64}/auth", path):
            return Answer(200, [], {"success": True}), None
        if path != "/" or request.method == "GET":
            raise Refused(404, self.error(404, "page not found"))
        body = read_json(request.body, Refused(400, self.error(400, "invalid request: request body must be valid JSON")))
        if not re.fullmatch(r"[-_A-Za-z0-9]{1,64}", body.get("topic", "")):
            raise Refused(400, self.error(400, "invalid request: topic invalid"))
        text = body.get("message") or "triggered"
        if len(text.encode()) > NTFY_MESSAGE:  # an attachment, which nobody reads on a watch
            raise Refused(413, self.error(413, "attachment too large, or bandwidth limit reached"))
        groups = [("", block.split("\n")) for block in text.split("\n\n")]
        links = found_urls(text) + re.findall(r"(?i)[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}", text)
        formats = ["markdown"] if body.get("markdown") else []
        message = Message(body.get("title", ""), groups, text.split("\n"), [], links, formats, body)
        return Answer(200, [], {"id": letters(12), "event": "message", "topic": body["topic"]}), message


# ---- Standard Webhooks ----

def new_webhook_secret():
    return "whsec_" + base64.b64encode(random.SystemRandom().randbytes(32)).decode()


def webhook_signature(secret, identifier, timestamp, body):
    """As the specification says it (https://www.standardwebhooks.com), written apart from the program's."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{identifier}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class Webhook(Fake):
    """Messages are the bodies' JSON; ids, in order, tells repetitions. A verification is answered and not kept."""

    def __init__(self, secret=None, **how):
        super().__init__(**how)
        self.key = new_webhook_secret() if secret is None else secret
        self.url, self.secret = f"{self.base}/digests?place=one", self.key
        self.ids, self.verifications = [], 0

    def look(self, request):
        headers = request.headers
        if request.method != "POST" or not request.path.startswith("/digests"):
            raise Refused(404, {"error": "nobody here"})
        if self.state == "gone":
            raise Refused(410, {"error": "gone"})
        identifier, timestamp = headers.get("webhook-id") or "", headers.get("webhook-timestamp") or ""
        if not re.fullmatch(r"[\w-]{1,128}", identifier) or not re.fullmatch(r"\d{1,12}", timestamp):
            raise Refused(400, {"error": "no id, or no time"})
        if headers.get("Idempotency-Key") != identifier:
            raise Refused(400, {"error": "no key"})
        if abs(time.time() - int(timestamp)) > TOLERANCE_S:
            raise Refused(400, {"error": "stale"})
        if self.key and not any(hmac.compare_digest(one, webhook_signature(self.key, identifier, timestamp, request.body))
                                for one in (headers.get("webhook-signature") or "").split(" ")):
            raise Refused(401, {"error": "forged"})
        body = read_json(request.body, Refused(400, {"error": "not JSON"}))
        if body == {"type": "verification"}:
            self.verifications += 1
            return Answer(204, [], b""), None
        self.newest = identifier
        return Answer(200, [], {"ok": True}), body

    def end(self, step, answer, taken):
        before = len(self.messages)
        answer = super().end(step, answer, taken)
        self.ids += [self.newest] * (len(self.messages) - before)
        return answer

    def arrived(self):
        """Different messages."""
        return len(set(self.ids))
