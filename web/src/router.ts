// SPDX-License-Identifier: Apache-2.0
// router.ts - the address is the state of the view: path = page, parameters = range, comparison, interval, zone, product, currency, filters.
//
// So a view can be bookmarked, shared with the browser's own buttons, and opened in a second tab. Links between pages carry the report
// parameters (CARRIED) and drop the rest (search, sort), which belong to one page.
import { useEffect, useState } from "preact/hooks";

export const CARRIED = ["connection", "range", "from", "to", "compare", "interval", "timezone", "currency", "product_id"];

type Listener = () => void;
const listeners = new Set<Listener>();

function notify(): void {
    for (const listener of [...listeners]) listener();
}

export interface Place {
    path: string;
    params: URLSearchParams;
}

export function place(): Place {
    return { path: location.pathname, params: new URLSearchParams(location.search) };
}

export function usePlace(): Place {
    const [now, set] = useState(place);
    useEffect(() => {
        const listener = () => set(place());
        listeners.add(listener);
        return () => void listeners.delete(listener);
    }, []);
    return now;
}

export function go(address: string, replace = false): void {
    if (address !== location.pathname + location.search) {
        if (replace) history.replaceState(null, "", address);
        else history.pushState(null, "", address);
    }
    notify();
}

export type Patch = Record<string, string | string[] | null | undefined>;

// The present address with some parameters changed; null or "" takes one out.
export function patched(patch: Patch, path = location.pathname): string {
    const params = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(patch)) {
        params.delete(name);
        for (const one of Array.isArray(value) ? value : [value]) if (one) params.append(name, one);
    }
    const text = params.toString();
    return path + (text ? `?${text}` : "");
}

export function setParams(patch: Patch, replace = false): void {
    go(patched(patch), replace);
}

// The address of another page that keeps the report parameters.
export function link(path: string, extra: Patch = {}): string {
    const params = new URLSearchParams();
    for (const [name, value] of new URLSearchParams(location.search)) if (CARRIED.includes(name)) params.append(name, value);
    for (const [name, value] of Object.entries(extra)) {
        params.delete(name);
        for (const one of Array.isArray(value) ? value : [value]) if (one) params.append(name, one);
    }
    const text = params.toString();
    return path + (text ? `?${text}` : "");
}

// Plain links work without the page's knowledge: one listener for all of them.
export function startRouter(): void {
    addEventListener("popstate", notify);
    document.addEventListener("click", (event) => {
        if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        const anchor = (event.target as Element | null)?.closest("a");
        if (!anchor || anchor.target || anchor.hasAttribute("download") || anchor.origin !== location.origin || anchor.hash) return;
        event.preventDefault();
        go(anchor.pathname + anchor.search);
    });
}
