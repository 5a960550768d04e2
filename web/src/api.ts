// SPDX-License-Identifier: Apache-2.0
// api.ts - the only code that talks to the server: one origin, the session's cookie, JSON.
//
// Reads are kept by address and shared: pages that ask the same get the same answer, and keep showing it while a newer one is fetched, so
// nothing blinks when data arrives. The browser keeps the ETags. A 401 anywhere brings the sign-in screen.
import { useEffect, useState } from "preact/hooks";
import type { ApiErrorBody, Job } from "./types";

export class ApiError extends Error {
    readonly kind: string;
    readonly hint: string;
    readonly status: number;
    // what the command printed before it failed: the findings of `doctor`
    readonly output: unknown;
    constructor(status: number, body: ApiErrorBody, output?: unknown) {
        super(body.text);
        this.kind = body.class;
        this.hint = body.hint ?? "";
        this.status = status;
        this.output = output ?? null;
    }
}

export type Query = Record<string, string | string[] | number | null | undefined>;

export function address(path: string, query: Query = {}): string {
    const params = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
        for (const one of Array.isArray(value) ? value : [value]) if (one !== null && one !== undefined && one !== "") params.append(name, String(one));
    }
    const text = params.toString();
    return path + (text ? `?${text}` : "");
}

let onSignedOut: () => void = () => {};
export function whenSignedOut(action: () => void): void {
    onSignedOut = action;
}

async function failure(response: Response): Promise<ApiError> {
    let body: ApiErrorBody = { class: "internal", text: `the server answered ${response.status}` };
    try {
        const parsed = (await response.json()) as { error?: ApiErrorBody };
        if (parsed.error?.text) body = parsed.error;
    } catch {
        // not JSON: the status says what there is to say
    }
    return new ApiError(response.status, body);
}

async function send(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
        response = await fetch(path, { credentials: "same-origin", ...init });
    } catch (error) {
        if ((error as Error).name === "AbortError") throw error;
        throw new ApiError(0, { class: "network", text: "till does not answer", hint: "is `till serve` still running?" });
    }
    if (response.ok) return response;
    const error = await failure(response);
    if (response.status === 401) onSignedOut();
    throw error;
}

export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
    const response = await send(address(path, query), { headers: { Accept: "application/json" }, signal });
    return (await response.json()) as T;
}

// Every act says that it comes from the page: a form of another site cannot set the header.
const MARK = { "X-Till": "page" };

function form(fields: Query): string {
    return address("", fields).slice(1);
}

export async function act(method: "POST" | "DELETE", path: string, fields: Query = {}): Promise<{ job?: number } | null> {
    const isPost = method === "POST";
    const response = await send(isPost ? path : address(path, fields), {
        method,
        headers: isPost ? { ...MARK, "Content-Type": "application/x-www-form-urlencoded" } : MARK,
        body: isPost ? form(fields) : undefined,
    });
    if (response.status === 204) return null;
    const text = await response.text();
    return text ? (JSON.parse(text) as { job?: number }) : null;
}

export async function runSql<T>(sql: string, signal?: AbortSignal): Promise<T> {
    const response = await send("/api/query", { method: "POST", headers: { ...MARK, "Content-Type": "text/plain; charset=utf-8" }, body: sql, signal });
    return (await response.json()) as T;
}

const JOB_POLL_MS = 400;
const jobWaiters = new Map<number, () => void>();

// Called by live.ts when the server says that a job moved.
export function jobMoved(id: number): void {
    jobWaiters.get(id)?.();
}

// Does something in another process of till and waits for its end; `said` hears its progress.
export async function perform(method: "POST" | "DELETE", path: string, fields: Query = {}, started?: (id: number) => void): Promise<Job> {
    const answer = await act(method, path, fields);
    if (!answer?.job) return { id: 0, command: path, state: "done" };
    const id = answer.job;
    started?.(id);
    for (;;) {
        const job = await get<Job>("/api/jobs", { id });
        if (job.state === "failed") throw new ApiError(0, job.error ?? { class: "internal", text: `${job.command} failed` }, job.output);
        if (job.state !== "running") {
            refresh();
            return job;
        }
        await new Promise<void>((resume) => {
            const timer = setTimeout(resume, JOB_POLL_MS);
            jobWaiters.set(id, () => {
                clearTimeout(timer);
                resume();
            });
        });
        jobWaiters.delete(id);
    }
}

// ---- shared reads

interface Entry {
    data: unknown;
    error: ApiError | null;
    isLoading: boolean;
    isStale: boolean;
    users: Set<() => void>;
    usedAt: number;
}

const ENTRIES = 60;
const entries = new Map<string, Entry>();

function entry(key: string): Entry {
    let found = entries.get(key);
    if (!found) {
        found = { data: undefined, error: null, isLoading: false, isStale: true, users: new Set(), usedAt: 0 };
        entries.set(key, found);
        if (entries.size > ENTRIES) {
            const idle = [...entries].filter(([, e]) => e.users.size === 0 && !e.isLoading).sort((a, b) => a[1].usedAt - b[1].usedAt);
            for (const [old] of idle.slice(0, entries.size - ENTRIES)) entries.delete(old);
        }
    }
    return found;
}

// Whether an answer is being waited for longer than one notices.
const NOTICED_MS = 250;
let loading = 0;
let isBusy = false;
let busyTimer = 0;
const busyListeners = new Set<(isBusy: boolean) => void>();

function count(by: 1 | -1): void {
    loading += by;
    clearTimeout(busyTimer);
    const tell = () => {
        if (isBusy === loading > 0) return;
        isBusy = loading > 0;
        for (const listener of [...busyListeners]) listener(isBusy);
    };
    busyTimer = window.setTimeout(tell, loading > 0 ? NOTICED_MS : 0);
}

export function useBusy(): boolean {
    const [now, set] = useState(isBusy);
    useEffect(() => {
        busyListeners.add(set);
        return () => void busyListeners.delete(set);
    }, []);
    return now;
}

async function load(key: string): Promise<void> {
    const e = entry(key);
    if (e.isLoading) {
        e.isStale = true;
        return;
    }
    e.isLoading = true;
    e.isStale = false;
    count(1);
    try {
        e.data = await get(key);
        e.error = null;
    } catch (error) {
        e.error = error instanceof ApiError ? error : new ApiError(0, { class: "internal", text: String(error) });
    }
    count(-1);
    e.isLoading = false;
    for (const user of [...e.users]) user();
    if (e.isStale && e.users.size > 0) void load(key);
}

// Lists keep their own pages, and hear of changes here.
const lists = new Set<() => void>();
export function whenRefreshed(action: () => void): () => void {
    lists.add(action);
    return () => void lists.delete(action);
}

// The database changed: what is shown is asked again now, the rest when it is shown next.
export function refresh(): void {
    for (const list of [...lists]) list();
    for (const [key, e] of entries) {
        if (e.users.size > 0) void load(key);
        else e.isStale = true;
    }
}

export interface Answer<T> {
    data: T | undefined;
    error: ApiError | null;
    isLoading: boolean;
    again: () => void;
}

// path null: nothing is asked. While a question changes, the answer before it stays until the new one is here (isLoading says so).
export function useAnswer<T>(path: string | null, query: Query = {}): Answer<T> {
    const key = path === null ? null : address(path, query);
    const [, redraw] = useState(0);
    const [shown, setShown] = useState<{ data: unknown; path: string | null }>({ data: undefined, path: null });
    useEffect(() => {
        if (key === null) return;
        const e = entry(key);
        const user = () => {
            if (e.data !== undefined) setShown({ data: e.data, path });
            redraw((n) => n + 1);
        };
        e.users.add(user);
        e.usedAt = Date.now();
        if (e.data !== undefined) user();
        if (e.isStale || e.data === undefined) void load(key).then(() => redraw((n) => n + 1));
        redraw((n) => n + 1);
        return () => void e.users.delete(user);
    }, [key]);
    const e = key === null ? null : entry(key);
    const data = e?.data !== undefined ? e.data : shown.path === path ? shown.data : undefined;
    return {
        data: data as T | undefined,
        error: e?.error ?? null,
        isLoading: Boolean(e && e.data === undefined && !e.error),
        again: () => key !== null && void load(key),
    };
}
