// SPDX-License-Identifier: Apache-2.0
// app.tsx - the frame: whose business, how fresh, the sections; which page the address means; what is shown to who is not signed in.
import { useEffect, useRef, useState } from "preact/hooks";
import { act, type ApiError, get, useBusy, whenRefreshed, whenSignedOut } from "./api";
import * as f from "./format";
import { startLive, stopLive, useLiveness } from "./live";
import { Customer } from "./pages/customer";
import { Customers } from "./pages/customers";
import { Digest } from "./pages/digest";
import { Health } from "./pages/health";
import { Integrations } from "./pages/integrations";
import { Overview } from "./pages/overview";
import { Products } from "./pages/products";
import { Revenue } from "./pages/revenue";

import { Subscriptions } from "./pages/subscriptions";
import { Traffic } from "./pages/traffic";
import { Warehouse } from "./pages/warehouse";
import { SessionContext, connected } from "./report";
import { link, usePlace } from "./router";
import { setTheme, useTheme } from "./theme";
import type { State } from "./types";
import { Empty, ErrorBox, Field } from "./ui/basics";

const SECTIONS: [string, string][] = [
    ["/", "Overview"],
    ["/digest", "Digest"],
    ["/revenue", "Revenue"],
    ["/traffic", "Traffic"],
    ["/subscriptions", "Subscriptions"],
    ["/customers", "Customers"],
    ["/products", "Products"],
    ["/warehouse", "Warehouse"],
    ["/integrations", "Integrations"],
    ["/health", "Health"],
];

function ThemeSwitch() {
    const { choice, isDark } = useTheme();
    return (
        <button class="icon" type="button" onClick={() => setTheme(isDark ? "light" : "dark")} onDblClick={() => setTheme("auto")} title={`${choice === "auto" ? "As the system: " : ""}${isDark ? "dark" : "light"}. Double click: as the system`}>
            <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
                <circle cx="8" cy="8" r="6.25" fill="none" stroke="currentColor" stroke-width="1.5" />
                <path d={isDark ? "M8 1.75a6.25 6.25 0 0 0 0 12.5z" : "M8 1.75a6.25 6.25 0 0 1 0 12.5z"} fill="currentColor" />
            </svg>
            <span class="sr">{isDark ? "Light colours" : "Dark colours"}</span>
        </button>
    );
}

// Ages grow without news: they are told anew from time to time.
function useMinute(): void {
    const [, tick] = useState(0);
    useEffect(() => {
        const timer = setInterval(() => tick((n) => n + 1), 20_000);
        return () => clearInterval(timer);
    }, []);
}

function Masthead({ state, path }: { state: State; path: string }) {
    const liveness = useLiveness();
    useMinute();
    const list = connected(state);
    const name = new URLSearchParams(location.search).get("connection");
    const shown = list.find((one) => one.name === name) ?? list[0];
    const zone = new URLSearchParams(location.search).get("timezone") || state.timezone || "UTC";
    const isBusy = useBusy();
    const nav = useRef<HTMLElement>(null);
    // On a phone the line of sections is wider than the screen.
    useEffect(() => {
        const here = nav.current?.querySelector<HTMLElement>("[aria-current]");
        if (nav.current && here) nav.current.scrollLeft = here.offsetLeft - nav.current.clientWidth / 2 + here.offsetWidth / 2;
    }, [path]);
    const isStale = list.some((one) => one.stale || one.failing_tables > 0);
    return (
        <header>
            <div class="masthead">
                <p class="name">
                    <a href={link("/")}>
                        <bdi>{shown?.organization_name || "till"}</bdi>
                    </a>
                </p>
                <p class="dateline">
                    <span class="p2">{f.longDay(f.now(), zone)}</span>
                    <span class="p1">{f.middleDay(f.now(), zone)}</span>
                    <span class="p2">{zone.replace(/_/g, " ").replace(/^Etc\//, "")}</span>
                    {shown && <span class={shown.stale ? "warn" : ""}>data from {f.ago(shown.fresh_as_of)}</span>}
                    {shown && shown.environment !== "production" && <span>{shown.environment}</span>}
                    <span role="status" class={`live ${liveness === "reconnecting" ? "off" : ""}`}>
                        <i aria-hidden="true" />
                        {liveness === "live" ? "live" : liveness === "reconnecting" ? "reconnecting…" : "connecting…"}
                    </span>
                </p>
                <div class="tools">
                    <ThemeSwitch />
                </div>
            </div>
            <nav class={`sections ${isBusy ? "busy" : ""}`} aria-label="Sections" ref={nav}>
                <ul>
                    {SECTIONS.map(([to, title]) => (
                        <li key={to}>
                            <a href={link(to)} aria-current={path === to || (to !== "/" && path.startsWith(`${to}/`)) ? "page" : undefined}>
                                {title}
                                {to === "/health" && isStale && (
                                    <span class="late">
                                        <span aria-hidden="true"> ●</span>
                                        <span class="sr">, needs attention</span>
                                    </span>
                                )}
                            </a>
                        </li>
                    ))}
                </ul>
            </nav>
        </header>
    );
}

function SignIn({ needs, onDone }: { needs: "token" | "password"; onDone: () => void }) {
    const [secret, setSecret] = useState("");
    const [error, setError] = useState<ApiError | null>(null);
    const [isBusy, setBusy] = useState(false);
    return (
        <main class="center" id="main">
            <h1>till</h1>
            {needs === "token" ? (
                <p class="quiet">
                    Open the address that <code>till serve</code> printed: it carries the key to this page. Or paste that key here.
                </p>
            ) : (
                <p class="quiet">This till asks for its password.</p>
            )}
            <form
                class="form"
                onSubmit={async (event) => {
                    event.preventDefault();
                    setBusy(true);
                    setError(null);
                    try {
                        const key = secret.trim().replace(/^.*#token=/, "");
                        await act("POST", "/api/session", needs === "token" ? { token: key } : { password: secret });
                        setSecret("");
                        onDone();
                    } catch (problem) {
                        setError(problem as ApiError);
                    }
                    setBusy(false);
                }}
            >
                <Field label={needs === "token" ? "Key or address" : "Password"}>
                    {(id) => <input id={id} type="password" autocomplete={needs === "token" ? "off" : "current-password"} required autofocus value={secret} onInput={(event) => setSecret((event.target as HTMLInputElement).value)} />}
                </Field>
                <div>
                    <button class="button primary" type="submit" disabled={isBusy}>
                        Open
                    </button>
                </div>
                {error && <ErrorBox error={error} />}
            </form>
        </main>
    );
}

const TITLES: Record<string, string> = Object.fromEntries(SECTIONS);

function Page({ path }: { path: string }) {
    if (path.startsWith("/customers/")) return <Customer id={decodeURIComponent(path.slice("/customers/".length))} />;
    switch (path) {
        case "/":
            return <Overview />;
        case "/digest":
            return <Digest />;
        case "/revenue":
            return <Revenue />;
        case "/traffic":
            return <Traffic />;
        case "/subscriptions":
            return <Subscriptions />;
        case "/customers":
            return <Customers />;
        case "/products":
            return <Products />;
        case "/integrations":
            return <Integrations />;
        case "/warehouse":
            return <Warehouse />;
        case "/health":
            return <Health />;
        default:
            return (
                <Empty>
                    There is no page at {path}. <a href="/">To the overview</a>
                </Empty>
            );
    }
}

export function App() {
    const { path } = usePlace();
    const [state, setState] = useState<State | null>(null);
    const [error, setError] = useState<ApiError | null>(null);
    const main = useRef<HTMLElement>(null);
    const lastPath = useRef(path);
    const load = async () => {
        try {
            const answer = await get<State>("/api/state");
            f.setClock(answer.now);
            setState(answer);
            setError(null);
            if (answer.needs) stopLive();
            else startLive();
        } catch (problem) {
            if ((problem as ApiError).status !== 401) setError(problem as ApiError);
        }
    };
    useEffect(() => {
        whenSignedOut(() => {
            stopLive();
            void load();
        });
        void load();
        return whenRefreshed(() => void load());
    }, []);
    useEffect(() => {
        document.title = [TITLES[path] ?? (path.startsWith("/customers/") ? "Customer" : "till"), state && connected(state)[0]?.organization_name, "till"].filter(Boolean).join(" · ");
    }, [path, state]);
    useEffect(() => {
        if (lastPath.current === path) return;
        lastPath.current = path;
        scrollTo(0, 0);
        main.current?.focus({ preventScroll: true });
    }, [path]);

    if (!state)
        return error ? (
            <main class="center">
                <h1>till</h1>
                <ErrorBox error={error} again={() => void load()} />
            </main>
        ) : (
            <main class="center" aria-busy="true" />
        );
    if (state.needs) return <SignIn needs={state.needs} onDone={() => void load()} />;
    const isFresh = connected(state).length === 0 && (state.connections ?? []).length === 0;
    return (
        <SessionContext.Provider value={state}>
            <a class="skip" href="#main" onClick={(event) => {
                event.preventDefault();
                main.current?.focus();
            }}>
                To the content
            </a>
            <div class="sheet">
                <Masthead state={state} path={path} />
                <main id="main" ref={main} tabIndex={-1}>
                    {isFresh && path !== "/health" ? (
                        <Integrations isFirst />
                    ) : (
                        <Page path={path} />
                    )}
                </main>
                <footer class="colophon">
                    <span>
                        till {state.version}. Everything on this page comes from this machine.
                    </span>
                    <span>
                        {state.watching ? "Tables are synced when they are due." : "Schedules are not running: this page shows what is there."}
                        {state.webhooks ? ` Webhooks arrive on port ${state.webhooks}.` : ""}
                    </span>
                </footer>
            </div>
        </SessionContext.Provider>
    );
}

