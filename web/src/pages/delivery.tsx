// SPDX-License-Identifier: Apache-2.0
// delivery.tsx - when digests go out, and where: the schedule, the channels with what became of their last digests, the form that adds one.
//
// The form is made of what the program says that a kind of channel wants to know. What is secret goes straight to the process that seals it; the page forgets
// it as soon as it is sent, and no answer has it. Sending, testing, previewing are jobs of other processes as well: this page only asks for them.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useAnswer } from "../api";
import * as f from "../format";
import { connected, useSession, zones } from "../report";
import type { Channel, ChannelField, ChannelKind, ChannelsAnswer, DigestDelivery, Digests, Schedule } from "../types";
import { Bones, CopyButton, Dialog, Empty, ErrorBox, Field, Part } from "../ui/basics";
import { useWork, type Work } from "../work";

const SECTIONS: [string, string][] = [
    ["money", "Money"],
    ["subscriptions", "Subscriptions"],
    ["traffic", "Traffic"],
    ["standouts", "What stands out"],
    ["tops", "Top products and sources"],
    ["sources", "How fresh the data is"],
];
const DIGESTS: [Digests, string][] = [
    ["days", "of each day"],
    ["weeks", "of each week"],
    ["both", "of days and of weeks"],
];
const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
// Labels of fields; what is not among them is named by its parameter.
const LABELS: Record<string, string> = {
    smtp_host: "Mail server",
    to_address: "To",
    sender: "From",
    username: "User name",
    ca_file: "File of certificates",
    slack_url: "Address of the webhook",
    discord_url: "Address of the webhook",
    bot_token: "Token of the bot",
    chat: "Chat",
    api_url: "Address of the service",
    url: "Address",
    signing_secret: "Secret that signs",
};
const STATES: Record<DigestDelivery["state"], [string, string]> = {
    sent: ["good", "sent"],
    waiting: ["wait", "tried, again soon"],
    committed: ["wait", "being sent"],
    uncertain: ["wait", "uncertain"],
    failed: ["bad", "failed"],
};
const RARE = new Set(["ca_file", "api_url"]);
const SECRET_BYTES = 32;

const textOf = (event: Event) => (event.target as HTMLInputElement).value;
const isChecked = (event: Event) => (event.target as HTMLInputElement).checked;

// ---- when

function daysOf(list: string[]): string {
    if (list.length === WEEKDAYS.length) return "every day";
    if (list.length === 0) return "on no day";
    if (list.join() === WEEKDAYS.slice(0, 5).join()) return "Monday to Friday";
    return list.map((day) => f.sentence(day)).join(", ");
}

function ScheduleForm({ schedule, onClose }: { schedule: Schedule; onClose: () => void }) {
    const [isOn, setOn] = useState(schedule.enabled);
    const [at, setAt] = useState(schedule.at);
    const [zone, setZone] = useState(schedule.timezone);
    const [days, setDays] = useState(schedule.weekdays);
    const [weekly, setWeekly] = useState(schedule.weekly_on ?? "never");
    const work = useWork();
    const submit = async (event: Event) => {
        event.preventDefault();
        const { isDone } = await work.run("/api/digest/schedule", { enabled: isOn ? "1" : "0", at, timezone: zone, weekdays: days.map((day) => day.slice(0, 3)).join(","), weekly_on: weekly });
        if (isDone) onClose();
    };
    return (
        <Dialog title="When digests are sent" onClose={onClose}>
            <form class="stack" onSubmit={(event) => void submit(event)}>
                <label class="radio">
                    <input type="checkbox" checked={isOn} onChange={(event) => setOn(isChecked(event))} /> Send digests on schedule
                </label>
                <div class="row pair">
                    <Field label="Time of day">{(id) => <input id={id} type="time" required value={at} onInput={(event) => setAt(textOf(event))} />}</Field>
                    <Field label="Time zone">
                        {(id) => (
                            <select id={id} value={zone} onChange={(event) => setZone(textOf(event))}>
                                {[...new Set([zone, ...zones()])].map((one) => (
                                    <option key={one} value={one}>
                                        {one.replace(/_/g, " ")}
                                    </option>
                                ))}
                            </select>
                        )}
                    </Field>
                </div>
                <fieldset>
                    <legend class="label">Digest of the day before, on</legend>
                    <div class="options close">
                        {WEEKDAYS.map((day) => (
                            <label class="radio" key={day}>
                                <input type="checkbox" checked={days.includes(day)} onChange={(event) => setDays(WEEKDAYS.filter((one) => (one === day ? isChecked(event) : days.includes(one))))} /> {f.sentence(day.slice(0, 3))}
                                <span class="sr">{day.slice(3)}</span>
                            </label>
                        ))}
                    </div>
                </fieldset>
                <Field label="Digest of 7 days, on" note="For the channels that want one.">
                    {(id, more) => (
                        <select id={id} aria-describedby={more} value={weekly} onChange={(event) => setWeekly(textOf(event))}>
                            {[...WEEKDAYS, "never"].map((day) => (
                                <option key={day} value={day}>
                                    {f.sentence(day)}
                                </option>
                            ))}
                        </select>
                    )}
                </Field>
                {days.length === 0 && <p class="warn small">Choose a day at least, or switch sending on schedule off.</p>}
                {work.error && <ErrorBox error={work.error} />}
                <div class="row">
                    <button class="button primary" type="submit" disabled={work.isBusy || days.length === 0}>
                        Save
                    </button>
                    <button class="button" type="button" onClick={onClose}>
                        Cancel
                    </button>
                </div>
            </form>
        </Dialog>
    );
}

function When({ schedule, hasChannels }: { schedule: Schedule; hasChannels: boolean }) {
    const [isOpen, open] = useState(false);
    const session = useSession();
    const next = [schedule.next_day, schedule.next_week].filter((at): at is string => Boolean(at)).sort()[0];
    return (
        <Part
            title="When"
            tools={
                <button type="button" onClick={() => open(true)}>
                    Change…<span class="sr"> when digests are sent</span>
                </button>
            }
        >
            {schedule.enabled ? (
                <dl class="facts">
                    <dt>Of a day</dt>
                    <dd>
                        {schedule.at}, {daysOf(schedule.weekdays)}
                    </dd>
                    <dt>Of 7 days</dt>
                    <dd>{schedule.weekly_on ? `${schedule.at}, ${f.sentence(schedule.weekly_on)}` : "never"}</dd>
                    <dt>Time zone</dt>
                    <dd>{schedule.timezone.replace(/_/g, " ")}</dd>
                    {next && hasChannels && (
                        <>
                            <dt>Next</dt>
                            <dd>{f.moment(next, schedule.timezone)}</dd>
                        </>
                    )}
                </dl>
            ) : (
                <p class="quiet small">Nothing is sent by itself. “Send now” works all the same.</p>
            )}
            {schedule.enabled && session.watching === false && (
                <p class="warn small" style={{ marginTop: "8px" }}>
                    Schedules are not running: <code>till watch</code> sends what is due, or <code>till serve</code> without <code>--no-watch</code>.
                </p>
            )}
            {isOpen && <ScheduleForm schedule={schedule} onClose={() => open(false)} />}
        </Part>
    );
}

// ---- what a channel gets

interface Wanted {
    digests: Digests;
    sections: string[];
    connection: string;
    with_names: boolean;
    ascii: boolean;
}

const asFields = (wanted: Wanted) => ({
    digests: wanted.digests,
    sections: wanted.sections.length === SECTIONS.length ? "all" : wanted.sections.join(","),
    connection: wanted.connection,
    with_names: wanted.with_names ? "1" : "0",
    ascii: wanted.ascii ? "1" : "0",
});

function WantedFields({ wanted, set }: { wanted: Wanted; set: (wanted: Wanted) => void }) {
    const organizations = connected(useSession());
    return (
        <>
            <fieldset>
                <legend class="label">Gets digests</legend>
                <div class="options">
                    {DIGESTS.map(([value, text]) => (
                        <label class="radio" key={value}>
                            <input type="radio" name="digests" value={value} checked={wanted.digests === value} onChange={() => set({ ...wanted, digests: value })} /> {text}
                        </label>
                    ))}
                </div>
            </fieldset>
            <fieldset>
                <legend class="label">With</legend>
                <div class="options list">
                    {SECTIONS.map(([value, text]) => (
                        <label class="radio" key={value}>
                            <input type="checkbox" checked={wanted.sections.includes(value)} onChange={(event) => set({ ...wanted, sections: SECTIONS.map(([one]) => one).filter((one) => (one === value ? isChecked(event) : wanted.sections.includes(one))) })} /> {text}
                        </label>
                    ))}
                </div>
            </fieldset>
            {organizations.length > 1 && (
                <Field label="Of">
                    {(id) => (
                        <select id={id} value={wanted.connection} onChange={(event) => set({ ...wanted, connection: textOf(event) })}>
                            <option value="">all organizations</option>
                            {organizations.map((one) => (
                                <option key={one.name} value={one.name}>
                                    {one.organization_name || one.name}
                                </option>
                            ))}
                        </select>
                    )}
                </Field>
            )}
            <div class="stack tight">
                <label class="radio">
                    <input type="checkbox" checked={wanted.with_names} onChange={(event) => set({ ...wanted, with_names: isChecked(event) })} />
                    <span>
                        Customers by name <span class="quiet">instead of “a customer”: others may read along there</span>
                    </span>
                </label>
                <label class="radio">
                    <input type="checkbox" checked={wanted.ascii} onChange={(event) => set({ ...wanted, ascii: isChecked(event) })} />
                    <span>
                        Plain ASCII <span class="quiet">“+6%” instead of “▲ 6%”</span>
                    </span>
                </label>
            </div>
        </>
    );
}

function ChannelSettings({ one, onClose }: { one: Channel; onClose: () => void }) {
    const [wanted, set] = useState<Wanted>({ digests: one.digests, sections: one.sections, connection: one.connection ?? "", with_names: one.with_names, ascii: one.ascii });
    const work = useWork();
    const submit = async (event: Event) => {
        event.preventDefault();
        if ((await work.run("/api/channels/set", { name: one.name, ...asFields(wanted) })).isDone) onClose();
    };
    return (
        <Dialog title={`What ${one.name} gets`} onClose={onClose}>
            <form class="stack" onSubmit={(event) => void submit(event)}>
                <WantedFields wanted={wanted} set={set} />
                {wanted.sections.length === 0 && <p class="warn small">Choose a part at least.</p>}
                {work.error && <ErrorBox error={work.error} />}
                <div class="row">
                    <button class="button primary" type="submit" disabled={work.isBusy || wanted.sections.length === 0}>
                        Save
                    </button>
                    <button class="button" type="button" onClick={onClose}>
                        Cancel
                    </button>
                </div>
            </form>
        </Dialog>
    );
}

// ---- adding one

// 32 random bytes as Standard Webhooks writes a secret. Made here, so that no answer needs to have it.
function makeSecret(): string {
    return `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(SECRET_BYTES))))}`;
}

function labelOf(field: ChannelField): string {
    return `${LABELS[field.parameter] ?? f.title(field.parameter)}${field.needed ? "" : " (optional)"}`;
}

// Written for the command line: an option is the field that it names here.
function noteOf(field: ChannelField): string {
    const text = field.sentence.replace(/--to-address/g, "“To”");
    return `${text.startsWith("http") ? text : f.sentence(text)}.`;
}

function AddForm({ kinds, names, onDone, onClose }: { kinds: ChannelKind[]; names: string[]; onDone: (name: string, secret: string | null) => void; onClose: () => void }) {
    const [word, setWord] = useState(kinds[0].kind);
    const [name, setName] = useState("");
    const [fields, setFields] = useState<Record<string, string>>({});
    const [wanted, set] = useState<Wanted>({ digests: "days", sections: SECTIONS.map(([one]) => one), connection: "", with_names: false, ascii: false });
    const [isMore, setMore] = useState(false);
    const work = useWork();
    const first = useRef<HTMLFormElement>(null);
    useLayoutEffect(() => first.current?.querySelector("select")?.focus(), []);
    const kind = kinds.find((one) => one.kind === word) ?? kinds[0];
    const shownName = name.trim() || kind.kind;
    const submit = async (event: Event) => {
        event.preventDefault();
        const made = kind.kind === "webhook" && !fields.signing_secret?.trim() ? makeSecret() : null;
        const told = Object.fromEntries(kind.fields.map((field) => [field.parameter, fields[field.parameter]?.trim() || null]));
        const done = work.run("/api/channels", { ...told, ...(made ? { signing_secret: made } : {}), kind: kind.kind, name: shownName, ...asFields(wanted) });
        // Forgotten here as soon as it is on its way.
        const secrets = kind.fields.filter((field) => field.secret).map((field) => field.parameter);
        setFields(Object.fromEntries(Object.entries(fields).filter(([key]) => !secrets.includes(key))));
        if ((await done).isDone) onDone(shownName, made);
    };
    return (
        <form class="form wide" ref={first} onSubmit={(event) => void submit(event)} autocomplete="off" aria-label="Add a channel">
            <div class="grid">
                <div class="c6 m12 stack">
                    <Field label="Kind" note={f.sentence(kind.sentence)}>
                        {(id, more) => (
                            <select
                                id={id}
                                aria-describedby={more}
                                value={kind.kind}
                                onChange={(event) => {
                                    setWord(textOf(event));
                                    setFields({});
                                    setMore(false);
                                    work.forget();
                                }}
                            >
                                {kinds.map((one) => (
                                    <option key={one.kind} value={one.kind}>
                                        {one.label}
                                    </option>
                                ))}
                            </select>
                        )}
                    </Field>
                    {kind.fields.filter((field) => isMore || !RARE.has(field.parameter)).map((field) => (
                        <Field key={field.parameter} label={labelOf(field)} note={noteOf(field)}>
                            {(id, more) => {
                                const shared = { id, "aria-describedby": more, spellcheck: false, required: field.needed && !field.default, placeholder: field.default ?? undefined, value: fields[field.parameter] ?? "", onInput: (event: Event) => setFields({ ...fields, [field.parameter]: textOf(event) }) };
                                return field.secret ? <input {...shared} type="password" autocomplete="new-password" /> : <input {...shared} autocomplete="off" />;
                            }}
                        </Field>
                    ))}
                    {!isMore && kind.fields.some((field) => RARE.has(field.parameter)) && (
                        <div>
                            <button class="plain small" type="button" onClick={() => setMore(true)}>
                                For a server of your own
                            </button>
                        </div>
                    )}
                    <Field label="Name here (optional)" note={names.includes(shownName) ? `There is a channel ${shownName}: this one takes its place.` : "To tell several apart."}>
                        {(id, more) => <input id={id} aria-describedby={more} maxLength={40} spellcheck={false} placeholder={kind.kind} value={name} onInput={(event) => setName(textOf(event))} />}
                    </Field>
                </div>
                <div class="c6 m12 stack">
                    <WantedFields wanted={wanted} set={set} />
                </div>
            </div>
            <div class="row">
                <button class="button primary" type="submit" disabled={work.isBusy || wanted.sections.length === 0}>
                    {work.isBusy ? "Checking…" : "Add the channel"}
                </button>
                <button class="button" type="button" onClick={onClose}>
                    Cancel
                </button>
                <span class="quiet small" role="status">
                    {work.isBusy ? (work.line ?? "asking the service whether it is there") : ""}
                </span>
            </div>
            {work.error && <ErrorBox error={work.error} />}
        </form>
    );
}

// ---- a channel

function Last({ one }: { one: Channel }) {
    const last = one.deliveries[0];
    if (!last) return <span class="quiet">Nothing has gone there yet.</span>;
    const [look, words] = STATES[last.state];
    return (
        <>
            <span class={`tag ${look}`}>{words}</span> {last.period === "week" ? "7 days to " : ""}
            {f.day(last.date, "UTC")}
            <span class="quiet">
                {last.last_try && `, ${f.ago(last.last_try)}`}
                {last.tries > 1 && `, ${f.plural(last.tries, "try", "tries")}`}
                {last.next_try && `, again ${f.ago(last.next_try)}`}
            </span>
            {last.error && <div class="warn small">{last.error}</div>}
            {last.state === "uncertain" && <div class="quiet">It was handed over and nothing was answered: look whether it is there before you send it again.</div>}
        </>
    );
}

interface Preview {
    channel?: string;
    text?: string | null;
    error?: string | null;
}

// What `till digest --preview --json` says, whatever it is about: the texts that would go.
function previewText(output: unknown): string {
    if (typeof output === "string") return output;
    const list = Array.isArray(output) ? output : ((output as { previews?: unknown[] } | null)?.previews ?? [output]);
    return (list as Preview[]).map((one) => one?.text || one?.error || "").filter(Boolean).join("\n\n");
}

function PreviewDialog({ one, work, text, onClose }: { one: Channel; work: Work; text: string | null; onClose: () => void }) {
    return (
        <Dialog title={`What ${one.name} would get`} class="broad" onClose={onClose}>
            {work.error && <ErrorBox error={work.error} />}
            {!work.error && text === null && <Bones lines={10} />}
            {text !== null && (
                <pre class="preview" tabIndex={0} role="region" aria-label="The message">
                    {text}
                </pre>
            )}
            <p class="quiet small">Nothing was sent.</p>
            <div class="row">
                <button class="button" onClick={onClose}>
                    Close
                </button>
            </div>
        </Dialog>
    );
}

type Asked = "settings" | "remove" | "preview" | "again" | null;

function ChannelRow({ one, kind, date, isWeekly }: { one: Channel; kind: ChannelKind | undefined; date: string | null; isWeekly: boolean }) {
    const [asked, ask] = useState<Asked>(null);
    const [said, say] = useState("");
    const [text, setText] = useState<string | null>(null);
    const work = useWork();
    const which = { channel: one.name, date, weekly: isWeekly ? "1" : null };
    const digest = `${isWeekly ? "7 days to " : ""}${f.day(date, "UTC")}`;
    const went = one.deliveries?.some((delivery) => delivery.date === date && delivery.period === (isWeekly ? "week" : "day") && ["sent", "uncertain", "committed"].includes(delivery.state));
    const run = async (path: string, fields: Record<string, string | null>, done: string, method: "POST" | "DELETE" = "POST") => {
        say("");
        const outcome = await work.run(path, fields, method);
        if (outcome.isDone) {
            ask(null);
            say(done);
        }
    };
    const send = (again: boolean) => run("/api/digest/send", { ...which, again: again ? "1" : null }, `The digest of ${digest} was sent.`);
    const preview = async () => {
        say("");
        setText(null);
        ask("preview");
        const { isDone, output } = await work.run("/api/digest/preview", which);
        if (isDone) setText(previewText(output));
    };
    const close = () => {
        ask(null);
        work.forget();
    };
    const more = <span class="sr"> {one.name}</span>;
    if (one.error)
        return (
            <li class="channel">
                <h3>{one.name}</h3>
                <p class="warn small">{f.sentence(one.error)}.</p>
            </li>
        );
    const parts = SECTIONS.filter(([word]) => !one.sections.includes(word)).map(([, title]) => title.toLowerCase());
    return (
        <li class="channel">
            <div class="head">
                <h3>
                    <bdi>{one.name}</bdi>
                </h3>
                <span class="quiet small">{kind?.label ?? one.kind}</span>
                {!one.enabled && <span class="tag wait">off</span>}
                <span class="tools-small">
                    <button type="button" disabled={work.isBusy} onClick={() => void run("/api/channels/test", { name: one.name }, "A test was sent. Did it arrive?")}>
                        Test{more}
                    </button>
                    <button type="button" disabled={work.isBusy || !date} onClick={() => void preview()}>
                        Preview{more}
                    </button>
                    <button type="button" disabled={work.isBusy || !date} onClick={() => (went ? ask("again") : void send(false))} title={`The digest of ${digest}`}>
                        Send now{more}
                    </button>
                    <button type="button" onClick={() => ask("settings")}>
                        Change…{more}
                    </button>
                    <button type="button" disabled={work.isBusy} onClick={() => void run("/api/channels/set", { name: one.name, enabled: one.enabled ? "0" : "1" }, one.enabled ? "Switched off." : "Switched on.")}>
                        {one.enabled ? "Switch off" : "Switch on"}
                        {more}
                    </button>
                    <button type="button" onClick={() => ask("remove")}>
                        Remove…{more}
                    </button>
                </span>
            </div>
            <p class="small">
                <bdi>{one.where ?? ""}</bdi>
            </p>
            <p class="small quiet">
                Digests {DIGESTS.find(([value]) => value === one.digests)?.[1]}
                {one.connection ? `, of ${one.connection} alone` : ""}
                {parts.length ? `, without ${parts.join(", ")}` : ""}, customers {one.with_names ? "by name" : "not named"}
                {one.ascii ? ", plain ASCII" : ""}
            </p>
            <p class="small">
                <Last one={one} />
            </p>
            <p class="small quiet" role="status">
                {work.isBusy && asked !== "preview" ? (work.line ?? "started") : said}
            </p>
            {work.error && !asked && <ErrorBox error={work.error} />}
            {asked === "settings" && <ChannelSettings one={one} onClose={close} />}
            {asked === "preview" && <PreviewDialog one={one} work={work} text={text} onClose={close} />}
            {asked === "again" && (
                <Dialog title="Send it again?" onClose={close}>
                    <p>
                        The digest of {digest} went to {one.name} already, or may have. Sent again, it is there twice.
                    </p>
                    {work.error && <ErrorBox error={work.error} />}
                    <div class="row">
                        <button class="button" disabled={work.isBusy} onClick={() => void send(true)}>
                            Send it again
                        </button>
                        <button class="button" onClick={close}>
                            Leave it
                        </button>
                    </div>
                </Dialog>
            )}
            {asked === "remove" && (
                <Dialog title={`Remove ${one.name}?`} onClose={close}>
                    <p>No digest goes there any more{one.secret_place ? ", and its secret is forgotten on this machine" : ""}.</p>
                    {work.error && <ErrorBox error={work.error} />}
                    <div class="row">
                        <button class="button danger" disabled={work.isBusy} onClick={() => void run("/api/channels", { name: one.name }, "", "DELETE")}>
                            Remove
                        </button>
                        <button class="button" onClick={close}>
                            Keep it
                        </button>
                    </div>
                </Dialog>
            )}
        </li>
    );
}

function Channels({ data, date, isWeekly }: { data: ChannelsAnswer; date: string | null; isWeekly: boolean }) {
    const [isAdding, add] = useState(false);
    const [added, setAdded] = useState<{ name: string; secret: string | null } | null>(null);
    const kinds = data.kinds.filter((one) => !one.local);
    const button = useRef<HTMLButtonElement>(null);
    const wasAdding = useRef(false);
    // Focus goes back to where the form was opened.
    useLayoutEffect(() => {
        if (!isAdding && wasAdding.current) button.current?.focus();
        wasAdding.current = isAdding;
    }, [isAdding]);
    return (
        <Part
            title="Where"
            note={data.channels.length ? f.plural(data.channels.length, "channel") : undefined}
            tools={
                data.channels.length > 0 && !isAdding && (
                    <button type="button" ref={button} onClick={() => add(true)}>
                        Add…<span class="sr"> a channel</span>
                    </button>
                )
            }
        >
            {added && (
                <div class="notice" role="status">
                    <p>{added.name} is there. “Test” sends a message that says so.</p>
                    {added.secret && (
                        <p>
                            It signs with this secret, which is shown this once: <code>{added.secret}</code>{" "}
                            <span class="apart">
                                <CopyButton text={added.secret} what="the secret" />
                                <button class="plain small" onClick={() => setAdded(null)}>
                                    noted
                                </button>
                            </span>
                        </p>
                    )}
                </div>
            )}
            {data.channels.length === 0 && !isAdding && (
                <>
                    <Empty>Nothing is sent anywhere yet. A digest can go to an e-mail address, a chat (Slack, Discord, Telegram), a phone (ntfy), or a program of yours (webhook).</Empty>
                    <p>
                        <button class="button" ref={button} onClick={() => add(true)}>
                            Add a channel…
                        </button>
                    </p>
                </>
            )}
            {data.channels.length > 0 && (
                <ul>
                    {data.channels.map((one) => (
                        <ChannelRow key={one.name} one={one} kind={data.kinds.find((kind) => kind.kind === one.kind)} date={date} isWeekly={isWeekly} />
                    ))}
                </ul>
            )}
            {isAdding && (
                <AddForm
                    kinds={kinds}
                    names={data.channels.map((one) => one.name)}
                    onClose={() => add(false)}
                    onDone={(name, secret) => {
                        add(false);
                        setAdded({ name, secret });
                    }}
                />
            )}
            {isAdding && (
                <p class="quiet small">
                    Files and commands are added at the command line alone: <code>till channels add file</code>, <code>till channels add command</code>.
                </p>
            )}
        </Part>
    );
}

// date: of the digest above, which is the one that is sent and previewed.
export function Delivery({ date, isWeekly }: { date: string | null; isWeekly: boolean }) {
    const { data, error, again } = useAnswer<ChannelsAnswer>("/api/channels");
    return (
        <section aria-labelledby="delivery">
            <h2 class="title later" id="delivery">
                Delivery
            </h2>
            {error && <ErrorBox error={error} again={again} />}
            {!data && !error && <Bones height={120} />}
            {data && (
                <div class="grid">
                    <div class="c4 m12">
                        <When schedule={data.schedule} hasChannels={data.channels.length > 0} />
                    </div>
                    <div class="c8 m12">
                        <Channels data={data} date={date} isWeekly={isWeekly} />
                    </div>
                </div>
            )}
        </section>
    );
}
