// SPDX-License-Identifier: Apache-2.0
// live.ts - the server tells when the database changed, and what its jobs do; the page asks again for what it shows.
//
// EventSource gives up after some failures, and does not say why: so a broken stream is closed here and opened again with growing waits, and
// the page says that it is reconnecting. When it is back, the stamp tells whether changes passed unheard.
import { useEffect, useState } from "preact/hooks";
import { jobMoved, refresh } from "./api";
import type { Job } from "./types";

export type Liveness = "connecting" | "live" | "reconnecting";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
const GATHER_MS = 60;

let liveness: Liveness = "connecting";
let source: EventSource | null = null;
let waitMs = FIRST_WAIT_MS;
let gathering = 0;
let stamp: number | null = null;
let retry = 0;
const jobs = new Map<number, Job>();
const listeners = new Set<() => void>();

function tell(): void {
    for (const listener of [...listeners]) listener();
}

function become(next: Liveness): void {
    if (next === liveness) return;
    liveness = next;
    tell();
}

// A sync commits many times a second: one question for all of them.
function changed(): void {
    if (gathering) return;
    gathering = window.setTimeout(() => {
        gathering = 0;
        refresh();
    }, GATHER_MS);
}

function open(): void {
    source = new EventSource("/api/events");
    source.onopen = () => {
        waitMs = FIRST_WAIT_MS;
        become("live");
    };
    source.onerror = () => {
        source?.close();
        source = null;
        become("reconnecting");
        retry = window.setTimeout(open, waitMs);
        waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    };
    // The first event tells the state: when it is not the one that is shown, changes passed unheard.
    const heard = (event: Event) => {
        const now = (JSON.parse((event as MessageEvent<string>).data) as { stamp: number }).stamp;
        if (stamp !== null && stamp !== now) changed();
        stamp = now;
    };
    source.addEventListener("state", heard);
    source.addEventListener("changed", heard);
    source.addEventListener("job", (event) => {
        const job = JSON.parse((event as MessageEvent<string>).data) as Job;
        jobs.set(job.id, { ...jobs.get(job.id), ...job });
        if (jobs.size > 50) jobs.delete(jobs.keys().next().value as number);
        jobMoved(job.id);
        tell();
    });
}

export function startLive(): void {
    if (source || retry) return;
    open();
}

export function stopLive(): void {
    source?.close();
    source = null;
    clearTimeout(retry);
    retry = 0;
    liveness = "connecting";
}

export function useLiveness(): Liveness {
    const [now, set] = useState(liveness);
    useEffect(() => {
        const listener = () => set(liveness);
        listeners.add(listener);
        listener();
        return () => void listeners.delete(listener);
    }, []);
    return now;
}

export function useJob(id: number | null): Job | null {
    const [, redraw] = useState(0);
    useEffect(() => {
        const listener = () => redraw((n) => n + 1);
        listeners.add(listener);
        return () => void listeners.delete(listener);
    }, []);
    return id === null ? null : (jobs.get(id) ?? null);
}
