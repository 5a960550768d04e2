// SPDX-License-Identifier: Apache-2.0
// report.ts - what the reader asked for, from the address: range, comparison, interval, zone, currency, product, connection.
//
// A named range (range=30d) stays relative, so that a bookmark of "last 30 days" is that tomorrow too; its days are computed here, in the
// chosen zone, with the server's clock. from= and to= are fixed days.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { dateIn, now } from "./format";
import { usePlace } from "./router";
import type { Connection, State } from "./types";
import type { Query } from "./api";

export const SessionContext = createContext<State>({ version: "", needs: null });

export function useSession(): State {
    return useContext(SessionContext);
}

export function connected(state: State): Connection[] {
    return (state.connections ?? []).filter((connection) => connection.connected);
}

export const RANGES: [string, string][] = [
    ["today", "Today"],
    ["yesterday", "Yesterday"],
    ["7d", "Last 7 days"],
    ["30d", "Last 30 days"],
    ["90d", "Last 90 days"],
    ["month", "This month"],
    ["last-month", "Last month"],
    ["quarter", "This quarter"],
    ["year", "This year"],
    ["12m", "Last 12 months"],
    ["24m", "Last 24 months"],
];

export const COMPARISONS: [string, string][] = [
    ["previous", "previous period"],
    ["year", "a year before"],
    ["none", "nothing"],
];

export const INTERVALS = ["hour", "day", "week", "month", "year"];

const DAY_MS = 86_400_000;

export function today(timeZone: string): string {
    return dateIn(now(), timeZone);
}

export function addDays(date: string, days: number): string {
    return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

export function addMonths(date: string, months: number): string {
    const [year, month] = date.split("-").map(Number);
    const index = year * 12 + month - 1 + months;
    return `${String(Math.floor(index / 12)).padStart(4, "0")}-${String((((index % 12) + 12) % 12) + 1).padStart(2, "0")}-01`;
}

export function rangeDays(name: string, end: string): { from: string; to: string } {
    const first = `${end.slice(0, 8)}01`;
    switch (name) {
        case "today":
            return { from: end, to: end };
        case "yesterday":
            return { from: addDays(end, -1), to: addDays(end, -1) };
        case "7d":
            return { from: addDays(end, -6), to: end };
        case "90d":
            return { from: addDays(end, -89), to: end };
        case "month":
            return { from: first, to: end };
        case "last-month":
            return { from: addMonths(first, -1), to: addDays(first, -1) };
        case "quarter":
            return { from: addMonths(first, -((Number(end.slice(5, 7)) - 1) % 3)), to: end };
        case "year":
            return { from: `${end.slice(0, 4)}-01-01`, to: end };
        case "12m":
            return { from: addMonths(first, -11), to: end };
        case "24m":
            return { from: addMonths(first, -23), to: end };
        default:
            return { from: addDays(end, -29), to: end };
    }
}

export interface Report {
    range: string;
    from: string;
    to: string;
    days: number;
    interval: string;
    isIntervalChosen: boolean;
    compare: string;
    zone: string;
    currency: string;
    products: string[];
    connection: string;
    // as the API wants it
    query: Query;
}

// The same table as the program's (metrics_interval_usual()).
export function usualInterval(days: number): string {
    return days <= 2 ? "hour" : days <= 92 ? "day" : days <= 200 ? "week" : days <= 2200 ? "month" : "year";
}

const isDate = (text: string | null): text is string => Boolean(text && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)));

export function useReport(usualRange = "30d"): Report {
    const { params } = usePlace();
    const session = useSession();
    const zone = params.get("timezone") || session.timezone || "UTC";
    const end = today(zone);
    const name = params.get("range") ?? usualRange;
    const [askedFrom, askedTo] = [params.get("from"), params.get("to")];
    const isFixed = isDate(askedFrom) && isDate(askedTo);
    const days = isFixed ? { from: askedFrom, to: askedTo < askedFrom ? askedFrom : askedTo } : rangeDays(name, end);
    const length = Math.round((Date.parse(days.to) - Date.parse(days.from)) / DAY_MS) + 1;
    const chosen = params.get("interval");
    const names = connected(session).map((connection) => connection.name);
    const connection = params.get("connection") ?? names[0] ?? "";
    const report = {
        range: isFixed ? "fixed" : RANGES.some(([key]) => key === name) ? name : usualRange,
        from: days.from,
        to: days.to,
        days: length,
        interval: chosen && INTERVALS.includes(chosen) ? chosen : usualInterval(length),
        isIntervalChosen: Boolean(chosen),
        compare: params.get("compare") ?? "previous",
        zone,
        currency: params.get("currency") ?? "",
        products: params.getAll("product_id"),
        connection,
    };
    return {
        ...report,
        query: {
            connection: names.length > 1 || params.has("connection") ? connection : null,
            from: report.from,
            to: report.to,
            interval: report.interval,
            timezone: params.get("timezone"),
            currency: report.currency,
            product_id: report.products,
        },
    };
}

export function zones(): string[] {
    const known = (Intl as unknown as { supportedValuesOf?: (kind: string) => string[] }).supportedValuesOf?.("timeZone") ?? [];
    return ["UTC", ...known.filter((zone) => zone !== "UTC" && !zone.startsWith("Etc/"))];
}
