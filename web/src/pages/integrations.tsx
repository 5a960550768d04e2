// SPDX-License-Identifier: Apache-2.0
// integrations.tsx - connecting: a card for each organization, and the form that connects one. The token goes straight to the process that
// checks it with Polar and seals it; the page forgets it as soon as it is sent.
import { useState } from "preact/hooks";
import { perform } from "../api";
import * as f from "../format";
import { connected, useSession } from "../report";
import { go } from "../router";
import type { Connection, Source } from "../types";
import { CopyButton, Dialog, ErrorBox, Field, Part, Tag } from "../ui/basics";
import { useWork } from "../work";

const SCOPES = ["organizations:read", "customers:read", "products:read", "orders:read", "subscriptions:read", "refunds:read", "checkouts:read", "benefits:read"];
const MORE_SCOPES: [string, string][] = [
    ["events:read", "exact revenue in every currency, and changes within minutes"],
    ["metrics:read", "lets till compare its numbers with Polar's own"],
];

const UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";

function ConnectForm({ isFirst, onDone }: { isFirst: boolean; onDone: (name: string) => void }) {
    const [environment, setEnvironment] = useState("production");
    const [token, setToken] = useState("");
    const [organization, setOrganization] = useState("");
    const [apiUrl, setApiUrl] = useState("");
    const [name, setName] = useState("");
    const [isMore, setMore] = useState(false);
    const { run, isBusy, line, error } = useWork();
    const text = (set: (value: string) => void) => (event: Event) => set((event.target as HTMLInputElement).value);
    const host = environment === "sandbox" ? "https://sandbox.polar.sh/dashboard" : "https://polar.sh/dashboard";
    const submit = async (event: Event) => {
        event.preventDefault();
        const done = run("/api/connect", { service: "polar", environment, organization_id: organization.trim(), api_url: apiUrl.trim(), name: name.trim(), token: token.trim() });
        setToken("");
        const { isDone, output } = await done;
        const told = output as { organization_name?: string; organization?: string } | null;
        if (isDone) onDone(told?.organization_name ?? told?.organization ?? "the organization");
    };
    return (
        <div class="grid">
            <form class="form c6 m12" onSubmit={(event) => void submit(event)} autocomplete="off">
                <fieldset>
                    <legend class="label">Environment</legend>
                    <div class="options">
                        {["production", "sandbox"].map((one) => (
                            <label class="radio" key={one}>
                                <input type="radio" name="environment" value={one} checked={environment === one} onChange={() => setEnvironment(one)} /> {f.sentence(one)}
                            </label>
                        ))}
                    </div>
                </fieldset>
                <Field label="Organization access token" note="Checked with Polar before it is kept: in the desktop's keyring, or sealed in a file. It goes nowhere else.">
                    {(id, more) => <input id={id} aria-describedby={more} type="password" autocomplete="off" spellcheck={false} required placeholder="polar_oat_…" value={token} onInput={text(setToken)} autofocus={isFirst} />}
                </Field>
                {isMore ? (
                    <>
                        <Field label="Organization id (optional)" note="Needed when the token has no scope organizations:read, or opens several organizations.">
                            {(id, more) => <input id={id} aria-describedby={more} pattern={UUID} title="an id like 1dbfc517-0bbf-4301-9ba8-555ca42b9737" spellcheck={false} value={organization} onInput={text(setOrganization)} />}
                        </Field>
                        <Field label="Name here (optional)" note="To tell several connections apart. Usually polar.">
                            {(id, more) => <input id={id} aria-describedby={more} maxLength={40} spellcheck={false} value={name} onInput={text(setName)} />}
                        </Field>
                        <Field label="Address of the API (optional)" note="For a Polar of your own, or a simulated one: https, or http on this machine.">
                            {(id, more) => <input id={id} aria-describedby={more} type="url" spellcheck={false} placeholder="https://api.polar.sh" value={apiUrl} onInput={text(setApiUrl)} />}
                        </Field>
                    </>
                ) : (
                    <div>
                        <button class="plain small" type="button" onClick={() => setMore(true)}>
                            Organization id, name, another address
                        </button>
                    </div>
                )}
                <div class="row">
                    <button class="button primary" type="submit" disabled={isBusy}>
                        {isBusy ? "Checking…" : "Connect Polar"}
                    </button>
                    <span class="quiet small" role="status">
                        {isBusy ? (line ?? "asking Polar") : ""}
                    </span>
                </div>
                {error && <ErrorBox error={error} />}
            </form>
            <div class="c6 m12 prose">
                <h3>Make the token at Polar</h3>
                <p>
                    <a href={host} rel="noreferrer" target="_blank">
                        {host.replace("https://", "")}
                    </a>{" "}
                    → Settings → Developers → New token. These scopes, all for reading:
                </p>
                <p style={{ margin: "8px 0" }}>
                    {SCOPES.map((scope) => (
                        <>
                            <code key={scope}>{scope}</code>{" "}
                        </>
                    ))}
                    <CopyButton text={SCOPES.concat(MORE_SCOPES.map(([scope]) => scope)).join(" ")} what="all scopes" />
                </p>
                <p class="quiet small">
                    Worth having:{" "}
                    {MORE_SCOPES.map(([scope, why]) => (
                        <span key={scope}>
                            <code>{scope}</code> {why}.{" "}
                        </span>
                    ))}
                </p>
                <p class="quiet small">A token that could write is accepted, and not used for it: there is no code in till that writes to Polar.</p>
            </div>
        </div>
    );
}

function Card({ one }: { one: Connection }) {
    const [isAsking, ask] = useState(false);
    const [isPurge, setPurge] = useState(false);
    const { run, isBusy, line, error } = useWork();
    const held = (one.scopes ?? "").split(" ").filter(Boolean);
    const missing = (one.missing_scopes ?? "").split(" ").filter(Boolean);
    const disconnect = async () => {
        if ((await run("/api/disconnect", { name: one.name, purge: isPurge ? "1" : null })).isDone) ask(false);
    };
    return (
        <Part
            title={<bdi>{one.organization_name || one.name}</bdi>}
            class="card"
            note={
                <>
                    Polar · {one.environment} · {one.connected ? <Tag status={one.failing_tables ? "failing" : "ok"} /> : "disconnected"}
                </>
            }
        >
            <div class="grid" style={{ marginBottom: "12px" }}>
                <dl class="facts c6 m12">
                    <dt>Name here</dt>
                    <dd>{one.name}</dd>
                    <dt>Organization id</dt>
                    <dd class="mono">
                        {one.organization_id} <CopyButton text={one.organization_id} what="the organization id" />
                    </dd>
                    <dt>Address</dt>
                    <dd>{one.api_url}</dd>
                    <dt>Token</dt>
                    <dd>{one.connected ? (one.token_place === "file" ? "in the sealed file" : one.token_place === "environment" ? "from the environment" : "in the desktop's keyring") : "forgotten"}</dd>
                    <dt>Last sync</dt>
                    <dd>{f.ago(one.last_sync)}</dd>
                    <dt>Rows</dt>
                    <dd>
                        {f.count(one.rows)}
                        {one.quarantined > 0 && <span class="warn">, {f.count(one.quarantined)} set aside</span>}
                        {one.unproven_tables > 0 && <span class="warn">, {f.plural(one.unproven_tables, "table")} unproven</span>}
                    </dd>
                </dl>
                <div class="c6 m12">
                    <dl class="facts">
                        <dt>Scopes</dt>
                        <dd>
                            {held.map((scope) => (
                                <>
                                    <code key={scope}>{scope}</code>{" "}
                                </>
                            ))}
                        </dd>
                        {missing.length > 0 && (
                            <>
                                <dt>Missing</dt>
                                <dd class="warn">{missing.join(" ")}</dd>
                            </>
                        )}
                    </dl>
                </div>
            </div>
            {one.connected && (
                <div class="row">
                    <button class="button" disabled={isBusy} onClick={() => void run("/api/sync", { connection: one.name })}>
                        Sync now
                    </button>
                    <button class="button danger" disabled={isBusy} onClick={() => ask(true)}>
                        Disconnect…
                    </button>
                    <span class="quiet small" role="status">
                        {isBusy && !isAsking ? (line ?? "started") : ""}
                    </span>
                </div>
            )}
            {error && !isAsking && <ErrorBox error={error} />}
            {isAsking && (
                <Dialog title={`Disconnect ${one.organization_name || one.name}?`} onClose={() => ask(false)}>
                    <p>The token is forgotten on this machine, and nothing is synced any more. At Polar it stays valid until you delete it there.</p>
                    <label class="radio" style={{ marginTop: "12px" }}>
                        <input type="checkbox" checked={isPurge} onChange={(event) => setPurge((event.target as HTMLInputElement).checked)} />
                        <span>
                            Also remove its {f.plural(one.rows, "row")} from this machine. <span class="quiet">This cannot be undone here; a new connection mirrors them again.</span>
                        </span>
                    </label>
                    {error && <ErrorBox error={error} />}
                    <div class="row">
                        <button class="button danger" disabled={isBusy} onClick={() => void disconnect()}>
                            {isPurge ? "Disconnect and remove the rows" : "Disconnect"}
                        </button>
                        <button class="button" onClick={() => ask(false)}>
                            Keep it
                        </button>
                    </div>
                </Dialog>
            )}
        </Part>
    );
}

// ---- sources of web traffic

interface Service {
    key: string;
    title: string;
    sentence: string;
    secret: { label: string; placeholder: string; note: string; isFile?: boolean };
    fields: { name: string; label: string; placeholder: string; note: string; isOptional?: boolean; pattern?: string }[];
    choices?: { name: string; label: string; options: [string, string][] };
    steps: { text: string; href?: string; link?: string }[];
}

const ANOTHER = { name: "api_url", label: "Address of the service (optional)", placeholder: "https://", note: "For one of your own: https, or http on this machine.", isOptional: true };
const SERVICES: Service[] = [
    {
        key: "posthog",
        title: "PostHog",
        sentence: "Visitors, visits, page views, where they came from and where they landed.",
        secret: { label: "Personal API key", placeholder: "phx_…", note: "Checked with one query before it is kept: in the desktop's keyring, or sealed in a file." },
        choices: { name: "host", label: "Region", options: [["us", "United States"], ["eu", "European Union"]] },
        fields: [{ name: "project_id", label: "Number of the project", placeholder: "12345", note: "In PostHog's address bar: /project/12345.", pattern: "[0-9]+" }, ANOTHER],
        steps: [{ text: "In PostHog: Settings → Personal API keys → a key with the scope " }, { text: "query:read", link: "code" }, { text: ", for this project alone. A project token (phc_…) cannot read." }],
    },
    {
        key: "search-console",
        title: "Search Console",
        sentence: "Clicks, impressions and positions in Google's search, queries and pages.",
        secret: { label: "Key of a service account", placeholder: "", note: "The JSON file that Google Cloud gave you; it is read here, sent to the process that keeps it, and forgotten.", isFile: true },
        fields: [{ name: "site", label: "Property (optional)", placeholder: "sc-domain:example.com", note: "Needed when the account can read several.", isOptional: true }],
        steps: [{ text: "In Google Cloud: a service account with a JSON key, and the Search Console API switched on. In Search Console: Settings → Users, add the account's address. To sign in with Google instead: till connect search-console --oauth." }],
    },
    {
        key: "plausible",
        title: "Plausible",
        sentence: "Visitors, visits, page views and their sources.",
        secret: { label: "Stats API key", placeholder: "", note: "Checked with one query before it is kept." },
        fields: [{ name: "site_id", label: "Site", placeholder: "example.com", note: "As Plausible calls it." }, ANOTHER],
        steps: [{ text: "In Plausible: account settings → API keys → New, of type Stats API." }],
    },
    {
        key: "umami",
        title: "Umami",
        sentence: "Visitors, visits, page views and their sources.",
        secret: { label: "API key, or password", placeholder: "", note: "Checked with one query before it is kept." },
        fields: [
            { name: "website_id", label: "Id of the website", placeholder: "", note: "Umami: Settings → Websites → Edit.", pattern: UUID },
            { name: "username", label: "User name (optional)", placeholder: "", note: "With an Umami of your own: then the key above is the password.", isOptional: true },
            ANOTHER,
        ],
        steps: [{ text: "In Umami Cloud: Settings → API keys. An Umami of your own takes a user name and a password, and its address." }],
    },
];

function SourceForm({ service, onDone }: { service: Service; onDone: (name: string) => void }) {
    const [fields, setFields] = useState<Record<string, string>>({});
    const [secret, setSecret] = useState("");
    const [sent, setSent] = useState(0); // a file's field is made anew, so that it is empty as well
    const { run, isBusy, line, error } = useWork();
    const set = (name: string) => (event: Event) => setFields({ ...fields, [name]: (event.target as HTMLInputElement).value });
    const submit = async (event: Event) => {
        event.preventDefault();
        const told = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value.trim()]));
        const done = run("/api/connect", { ...told, service: service.key, [service.secret.isFile ? "key_file" : "token"]: secret.trim() });
        setSecret("");
        setSent(sent + 1);
        const { isDone, output } = await done;
        if (isDone) onDone((output as { name?: string } | null)?.name ?? service.key);
    };
    return (
        <form class="form" onSubmit={(event) => void submit(event)} autocomplete="off" aria-label={`Connect ${service.title}`}>
            <p class="quiet small prose">{service.steps.map((step) => (step.link === "code" ? <code key={step.text}>{step.text}</code> : step.text))}</p>
            {service.choices && (
                <fieldset>
                    <legend class="label">{service.choices.label}</legend>
                    <div class="options">
                        {service.choices.options.map(([value, title], i) => (
                            <label class="radio" key={value}>
                                <input type="radio" name={service.choices?.name} value={value} checked={(fields[service.choices?.name ?? ""] ?? service.choices?.options[0][0]) === value} onChange={set(service.choices?.name ?? "")} autofocus={i === 0} /> {title}
                            </label>
                        ))}
                    </div>
                </fieldset>
            )}
            <Field label={service.secret.label} note={service.secret.note}>
                {(id, more) =>
                    service.secret.isFile ? (
                        <input key={sent} id={id} aria-describedby={more} type="file" accept="application/json,.json" required onChange={(event) => void (event.target as HTMLInputElement).files?.[0]?.text().then(setSecret)} />
                    ) : (
                        <input id={id} aria-describedby={more} type="password" autocomplete="off" spellcheck={false} required placeholder={service.secret.placeholder} value={secret} onInput={(event) => setSecret((event.target as HTMLInputElement).value)} />
                    )
                }
            </Field>
            {service.fields.map((field) => (
                <Field key={field.name} label={field.label} note={field.note}>
                    {(id, more) => <input id={id} aria-describedby={more} required={!field.isOptional} pattern={field.pattern} placeholder={field.placeholder} spellcheck={false} value={fields[field.name] ?? ""} onInput={set(field.name)} />}
                </Field>
            ))}
            <div class="row">
                <button class="button primary" type="submit" disabled={isBusy}>
                    {isBusy ? "Checking…" : `Connect ${service.title}`}
                </button>
                <span class="quiet small" role="status">
                    {isBusy ? (line ?? `asking ${service.title}`) : ""}
                </span>
            </div>
            {error && <ErrorBox error={error} />}
        </form>
    );
}

function SourceCard({ one }: { one: Source }) {
    const [isAsking, ask] = useState(false);
    const [isPurge, setPurge] = useState(false);
    const { run, isBusy, line, error } = useWork();
    const title = SERVICES.find((service) => service.key === one.service)?.title ?? one.service;
    const disconnect = async () => {
        if ((await run("/api/disconnect", { name: one.name, purge: isPurge ? "1" : null })).isDone) ask(false);
    };
    return (
        <div>
            <dl class="facts" style={{ marginBottom: "12px" }}>
                <dt>Name here</dt>
                <dd>
                    {one.name} <Tag status={one.last_error ? "failing" : "ok"} />
                </dd>
                <dt>Of</dt>
                <dd>
                    <bdi>{one.property_name || one.property}</bdi>
                </dd>
                <dt>Days</dt>
                <dd>
                    {f.count(one.days)}
                    {one.first_date ? `, from ${f.day(one.first_date, "UTC")}` : ""}
                    {one.timezone ? `, cut in ${one.timezone.replace(/_/g, " ")}` : ""}
                </dd>
                <dt>Key</dt>
                <dd>
                    {one.token_place === "file" ? "in the sealed file" : "in the desktop's keyring"}
                    {one.account ? `, of ${one.account}` : ""}
                </dd>
                <dt>Data from</dt>
                <dd>{f.ago(one.fresh_as_of)}</dd>
            </dl>
            {one.last_error && <p class="warn small">{f.sentence(one.last_error)}.</p>}
            <div class="row">
                <button class="button" disabled={isBusy} onClick={() => void run("/api/sync", { connection: one.name })}>
                    Sync now<span class="sr"> {one.name}</span>
                </button>
                <button class="button danger" disabled={isBusy} onClick={() => ask(true)}>
                    Disconnect…<span class="sr"> {one.name}</span>
                </button>
                <span class="quiet small" role="status">
                    {isBusy && !isAsking ? (line ?? "started") : ""}
                </span>
            </div>
            {error && !isAsking && <ErrorBox error={error} />}
            {isAsking && (
                <Dialog title={`Disconnect ${title}?`} onClose={() => ask(false)}>
                    <p>The key is forgotten on this machine, and nothing is synced any more. At {title} it stays valid until you delete it there.</p>
                    <label class="radio" style={{ marginTop: "12px" }}>
                        <input type="checkbox" checked={isPurge} onChange={(event) => setPurge((event.target as HTMLInputElement).checked)} />
                        <span>Also remove its {f.plural(one.days, "day")} from this machine.</span>
                    </label>
                    {error && <ErrorBox error={error} />}
                    <div class="row">
                        <button class="button danger" disabled={isBusy} onClick={() => void disconnect()}>
                            {isPurge ? "Disconnect and remove the days" : "Disconnect"}
                        </button>
                        <button class="button" onClick={() => ask(false)}>
                            Keep it
                        </button>
                    </div>
                </Dialog>
            )}
        </div>
    );
}

function ServiceCard({ service, list }: { service: Service; list: Source[] }) {
    const [isOpen, open] = useState(false);
    const done = (name: string) => {
        open(false);
        // The first sync begins at once.
        void perform("POST", "/api/sync", { connection: name }).catch(() => undefined);
    };
    return (
        <Part title={service.title} class="card" note={list.length ? "connected" : ""}>
            {list.length === 0 && <p class="quiet small prose">{service.sentence}</p>}
            {list.map((one) => (
                <SourceCard key={one.name} one={one} />
            ))}
            {isOpen ? (
                <SourceForm service={service} onDone={done} />
            ) : (
                list.length === 0 && (
                    <p style={{ marginTop: "12px" }}>
                        <button class="button" onClick={() => open(true)}>
                            Connect {service.title}…
                        </button>
                    </p>
                )
            )}
        </Part>
    );
}

export function Integrations({ isFirst }: { isFirst?: boolean }) {
    const session = useSession();
    const list = session.connections ?? [];
    const [isAdding, add] = useState(false);
    const [joined, setJoined] = useState<string | null>(null);
    const none = connected(session).length === 0;
    const done = (name: string) => {
        add(false);
        setJoined(name);
        if (isFirst) go("/warehouse");
        // The first sync begins at once: the warehouse shows it.
        void perform("POST", "/api/sync", {}).catch(() => undefined);
    };
    if (isFirst)
        return (
            <div style={{ paddingTop: "16px" }}>
                <h1 class="title">Connect your Polar organization</h1>
                <p class="prose quiet" style={{ margin: "4px 0 20px" }}>
                    till mirrors what you sold into a database on this machine, and shows it here: revenue, orders, recurring revenue, customers. It reads, it never writes, and it sends nothing to anybody.
                </p>
                <ConnectForm isFirst onDone={done} />
            </div>
        );
    return (
        <>
            <h1 class="title" style={{ padding: "16px 0 12px" }}>
                Integrations
            </h1>
            {joined && (
                <p class="notice" role="status">
                    Connected to {joined}. Its tables are being mirrored now.
                </p>
            )}
            {list.map((one) => (
                <Card key={one.name} one={one} />
            ))}
            <Part title={none ? "Connect Polar" : "Another organization"}>
                {none || isAdding ? (
                    <ConnectForm isFirst={false} onDone={done} />
                ) : (
                    <p>
                        <button class="button" onClick={() => add(true)}>
                            Connect another…
                        </button>
                    </p>
                )}
            </Part>
            <div style={{ height: "32px" }} />
            <h2 class="title" style={{ padding: "0 0 12px" }}>
                Web traffic
            </h2>
            <div class="grid">
                {SERVICES.map((service) => (
                    <div class="c6 m12" key={service.key}>
                        <ServiceCard service={service} list={(session.sources ?? []).filter((one) => one.connected && one.service === service.key)} />
                    </div>
                ))}
            </div>
        </>
    );
}
