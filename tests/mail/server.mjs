// SPDX-License-Identifier: Apache-2.0
// server.mjs - mail servers to send to: nodemailer's smtp-server, and mailparser to read what arrives as a mail program would.
//
// The first line of standard input is {"key":…,"cert":…,"username":…,"password":…,"servers":{NAME:{options of smtp-server}}}. Each server gets a
// port of loopback; then a line for all that happens: {"ports":…}, {"signed_in":…}, {"mail":…}. Recipients steer what a server does (see below).
import { once } from "node:events";
import { createInterface } from "node:readline";
import { simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";

const tell = (what) => process.stdout.write(JSON.stringify(what) + "\n");
const input = createInterface({ input: process.stdin });
const [first] = await once(input, "line");
const config = JSON.parse(first);
const greeted = new Set();

function refusal(code, words) {
  return Object.assign(new Error(words), { responseCode: code });
}

const refusals = {
  unknown: [550, "5.1.1 no such user here"],
  full: [452, "4.2.2 mailbox full"],
  closing: [421, "4.3.2 going down"],
  tagged: [550, "5.1.1 evil \x1b[31m reply"],
};

function onRcptTo({ address }, session, callback) {
  const local = address.split("@")[0];
  if (local === "grey" && !greeted.has(address)) {
    greeted.add(address);
    return callback(refusal(451, "4.7.1 greylisted, come back"));
  }
  return callback(refusals[local] ? refusal(...refusals[local]) : null);
}

function onMailFrom({ address }, session, callback) {
  callback(address.startsWith("stranger@") ? refusal(553, "5.7.1 not your address") : null);
}

async function onData(name, stream, session, callback) {
  const to = session.envelope.rcptTo.map((one) => one.address);
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  const raw = Buffer.concat(chunks);
  const after = { spam: [554, "5.7.1 looks like spam"], busy: [451, "4.3.0 try later"] }[to[0].split("@")[0]];
  if (stream.sizeExceeded) return callback(refusal(552, "5.3.4 too large"));
  if (after) return callback(refusal(...after));
  const mail = await simpleParser(raw, { skipTextToHtml: true, skipImageLinks: true });
  tell({
    mail: {
      server: name,
      from: session.envelope.mailFrom.address,
      to,
      user: session.user ?? null,
      secure: session.secure,
      hello: session.hostNameAppearsAs,
      subject: mail.subject ?? null,
      header_from: mail.from?.text ?? null,
      header_to: mail.to?.text ?? null,
      date: mail.date?.toISOString() ?? null,
      id: mail.messageId ?? null,
      text: mail.text ?? null,
      html: mail.html || null,
      attachments: mail.attachments.length,
      headers: mail.headerLines.map(({ key }) => key),
      auto: mail.headers.get("auto-submitted") ?? null,
      raw: raw.toString("base64"),
    },
  });
  if (to[0].startsWith("lost@")) session.stop?.destroy();
  else callback(null, "taken");
}

const ports = {};
for (const [name, options] of Object.entries(config.servers)) {
  const server = new SMTPServer({
    key: config.key,
    cert: config.cert,
    authOptional: true,
    disableReverseLookup: true,
    closeTimeout: 100,
    logger: false,
    ...options,
    onAuth(auth, session, callback) {
      const good =
        auth.username === config.username &&
        (auth.method === "CRAM-MD5" ? auth.validatePassword(config.password) : auth.password === config.password);
      tell({ signed_in: { server: name, method: auth.method, good, secure: session.secure } });
      callback(good ? null : refusal(535, `5.7.8 bad: ${auth.password}`), good ? { user: auth.username } : undefined);
    },
    onMailFrom,
    onRcptTo,
    onData: (stream, session, callback) => void onData(name, stream, session, callback),
  });
  server.on("error", () => {}); // a client that leaves is no error of ours
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  ports[name] = server.server.address().port;
}
tell({ ports });
await once(input, "close");
process.exit(0);
