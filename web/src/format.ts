// SPDX-License-Identifier: Apache-2.0
// format.ts - values to words in the reader's locale: money from minor units, counts, shares, moments and days in the chosen zone.
//
// The number of decimals of a currency is Polar's (src/base/money.c has the same list), not the browser's: the two differ for some, and an
// amount shown with the wrong one is wrong by a factor of a hundred. Amounts stay integers until the last step.
const ZERO_DECIMAL = new Set("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split(" "));

export const locale: string = navigator.language || "en";

export function minorDigits(currency: string): number {
    return ZERO_DECIMAL.has(currency.toLowerCase()) ? 0 : 2;
}

const numberFormats = new Map<string, Intl.NumberFormat>();

function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
    const key = JSON.stringify(options);
    let found = numberFormats.get(key);
    if (!found) {
        found = new Intl.NumberFormat(locale, options);
        numberFormats.set(key, found);
    }
    return found;
}

// "$" alone would be any of twenty dollars, "¥" yen or yuan: the short sign is for the one that a reader takes it for.
const SHORT_SIGN = new Set("usd eur gbp jpy inr krw".split(" "));

function sign(currency: string): "narrowSymbol" | "symbol" {
    return SHORT_SIGN.has(currency.toLowerCase()) ? "narrowSymbol" : "symbol";
}

function currencyOptions(currency: string): Intl.NumberFormatOptions {
    const digits = minorDigits(currency);
    return { style: "currency", currency: currency.toUpperCase(), currencyDisplay: sign(currency), minimumFractionDigits: digits, maximumFractionDigits: digits };
}

function tidy(minor: number, currency: string): number {
    return minor / 10 ** minorDigits(currency);
}

export function money(minor: number | null | undefined, currency: string): string {
    if (minor === null || minor === undefined) return "–";
    try {
        return numberFormat(currencyOptions(currency)).format(tidy(minor, currency));
    } catch {
        return `${tidy(minor, currency)} ${currency.toUpperCase()}`;
    }
}

// For the margin of a figure: cents are noise beside thousands.
export function roughMoney(minor: number, currency: string): string {
    const whole = tidy(minor, currency);
    return Math.abs(whole) < 1000 ? money(minor, currency) : numberFormat({ ...currencyOptions(currency), minimumFractionDigits: 0, maximumFractionDigits: 0 }).format(whole);
}

// For axes: $12K, €1.5M.
export function shortMoney(minor: number, currency: string): string {
    const value = tidy(minor, currency);
    const isSmall = Math.abs(value) < 10 && minorDigits(currency) > 0 && value !== Math.round(value);
    try {
        return numberFormat({
            style: "currency", currency: currency.toUpperCase(), currencyDisplay: sign(currency), notation: "compact",
            minimumFractionDigits: isSmall ? 2 : 0, maximumFractionDigits: isSmall ? 2 : 1,
        }).format(value);
    } catch {
        return String(value);
    }
}

// The whole part and what follows it, so that the second can be set smaller: ["$5,070", ".30"].
export function moneyParts(minor: number, currency: string): [string, string, string] {
    const parts = numberFormat(currencyOptions(currency)).formatToParts(tidy(minor, currency));
    const at = parts.findIndex((part) => part.type === "decimal");
    const end = parts.findIndex((part) => part.type === "fraction");
    const text = (from: number, to: number) => parts.slice(from, to).map((part) => part.value).join("");
    return at < 0 ? [text(0, parts.length), "", ""] : [text(0, at), text(at, end + 1), text(end + 1, parts.length)];
}

export function count(value: number | null | undefined): string {
    return value === null || value === undefined ? "–" : numberFormat({ maximumFractionDigits: 1 }).format(value);
}

export function shortCount(value: number): string {
    return numberFormat({ notation: "compact", maximumFractionDigits: 1 }).format(value);
}

export function share(value: number | null | undefined, digits = 1): string {
    return value === null || value === undefined ? "–" : numberFormat({ style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

export function fixed(value: number, digits: number): string {
    return numberFormat({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

export function signed(value: number, digits = 0): string {
    return numberFormat({ signDisplay: "exceptZero", maximumFractionDigits: digits }).format(value);
}

export function signedShare(value: number): string {
    const digits = Math.abs(value) < 0.1 ? 1 : 0;
    return numberFormat({ style: "percent", signDisplay: "exceptZero", maximumFractionDigits: digits }).format(value);
}

export function signedMoney(minor: number, currency: string): string {
    return numberFormat({ ...currencyOptions(currency), signDisplay: "exceptZero" }).format(tidy(minor, currency));
}

export function value(kind: string, amount: number | null | undefined, currency: string): string {
    if (amount === null || amount === undefined) return "–";
    return kind === "money" ? money(amount, currency) : kind === "rate" ? share(amount, amount !== 0 && Math.abs(amount) < 0.1 ? 2 : 1) : count(amount);
}

export function shortValue(kind: string, amount: number, currency: string): string {
    return kind === "money" ? shortMoney(amount, currency) : kind === "rate" ? share(amount, amount !== 0 && Math.abs(amount) < 0.05 ? 1 : 0) : shortCount(amount);
}

// ---- time

const dateFormats = new Map<string, Intl.DateTimeFormat>();

function dateFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const key = JSON.stringify(options);
    let found = dateFormats.get(key);
    if (!found) {
        try {
            found = new Intl.DateTimeFormat(locale, options);
        } catch {
            found = new Intl.DateTimeFormat(locale, { ...options, timeZone: "UTC" });
        }
        dateFormats.set(key, found);
    }
    return found;
}

// The server's clock counts: a shop in simulated time has a present of its own.
let clockOffsetMs = 0;
export function setClock(serverNow: string | undefined): void {
    if (serverNow) clockOffsetMs = Date.parse(serverNow) - Date.now();
}
export function now(): number {
    return Date.now() + clockOffsetMs;
}

export function moment(at: string, timeZone: string): string {
    return dateFormat({ timeZone, day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" }).format(new Date(at));
}

export function clockTime(at: string, timeZone: string): string {
    return dateFormat({ timeZone, hour: "2-digit", minute: "2-digit" }).format(new Date(at));
}

export function day(at: string | null | undefined, timeZone: string): string {
    if (!at) return "–";
    return dateFormat({ timeZone: at.length === 10 ? "UTC" : timeZone, day: "numeric", month: "short", year: "numeric" }).format(new Date(at));
}

export function shortDay(at: string, timeZone: string): string {
    return dateFormat({ timeZone: at.length === 10 ? "UTC" : timeZone, day: "numeric", month: "short" }).format(new Date(at));
}

export function longDay(at: number, timeZone: string): string {
    return dateFormat({ timeZone, weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(new Date(at));
}

// The day of a moment in a zone, as YYYY-MM-DD. (Swedish writes it so.)
const isoDays = new Map<string, Intl.DateTimeFormat>();
export function dateIn(at: string | number, timeZone: string): string {
    let format = isoDays.get(timeZone);
    if (!format) {
        const parts = { year: "numeric", month: "2-digit", day: "2-digit" } as const;
        try {
            format = new Intl.DateTimeFormat("sv-SE", { timeZone, ...parts });
        } catch {
            format = new Intl.DateTimeFormat("sv-SE", { timeZone: "UTC", ...parts });
        }
        isoDays.set(timeZone, format);
    }
    return format.format(new Date(at));
}

export function middleDay(at: number, timeZone: string): string {
    return dateFormat({ timeZone, weekday: "short", day: "numeric", month: "short" }).format(new Date(at));
}

// The name of a bucket: what its start means depends on the interval.
export function bucket(at: string, interval: string, timeZone: string): string {
    const zone = { timeZone };
    const time = new Date(at);
    switch (interval) {
        case "hour":
            return dateFormat({ ...zone, weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).format(time);
        case "week":
            return `week of ${dateFormat({ ...zone, day: "numeric", month: "short", year: "numeric" }).format(time)}`;
        case "month":
            return dateFormat({ ...zone, month: "long", year: "numeric" }).format(time);
        case "year":
            return dateFormat({ ...zone, year: "numeric" }).format(time);
        default:
            return dateFormat({ ...zone, weekday: "short", day: "numeric", month: "short", year: "numeric" }).format(time);
    }
}

// The same on an axis. `previous` is the label's neighbour to the left: the year is said when it begins.
export function shortBucket(at: string, interval: string, timeZone: string, previous: string | null): string {
    const zone = { timeZone };
    const time = new Date(at);
    const year = dateFormat({ ...zone, year: "numeric" });
    const isNewYear = previous !== null && year.format(new Date(previous)) !== year.format(time);
    switch (interval) {
        case "hour":
            return dateFormat({ ...zone, hour: "2-digit", minute: "2-digit" }).format(time);
        case "month":
            return isNewYear ? year.format(time) : dateFormat({ ...zone, month: "short" }).format(time);
        case "year":
            return year.format(time);
        default:
            return dateFormat({ ...zone, day: "numeric", month: "short" }).format(time);
    }
}

export function span(from: string, to: string): string {
    const format = dateFormat({ timeZone: "UTC", day: "numeric", month: "short", year: "numeric" });
    return from === to ? format.format(new Date(from)) : format.formatRange(new Date(from), new Date(to));
}

// The same without the year.
export function shortSpan(from: string, to: string): string {
    const format = dateFormat({ timeZone: "UTC", day: "numeric", month: "short" });
    return from === to ? format.format(new Date(from)) : format.formatRange(new Date(from), new Date(to));
}

const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
const relativeLong = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "long" });

export function ago(at: string | null | undefined): string {
    if (!at) return "never";
    const seconds = (Date.parse(at) - now()) / 1000;
    const size = Math.abs(seconds);
    if (size < 45) return seconds <= 0 ? "just now" : "in a moment";
    if (size < 45 * 60) return relative.format(Math.round(seconds / 60), "minute");
    if (size < 22 * 3600) return relative.format(Math.round(seconds / 3600), "hour");
    if (size < 26 * 86400) return relativeLong.format(Math.round(seconds / 86400), "day");
    if (size < 320 * 86400) return relativeLong.format(Math.round(seconds / (30.44 * 86400)), "month");
    return relativeLong.format(Math.round(seconds / (365.25 * 86400)), "year");
}

export function duration(seconds: number | null | undefined): string {
    if (seconds === null || seconds === undefined) return "–";
    if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
    if (seconds < 90) return `${count(Math.round(seconds * 10) / 10)} s`;
    return `${count(Math.round(seconds / 60))} min`;
}

// ---- words

let regions: Intl.DisplayNames | null = null;
export function country(code: string | null | undefined): string {
    if (!code) return "unknown";
    if (!/^[A-Za-z]{2}$/.test(code)) return code;
    try {
        regions ??= new Intl.DisplayNames([locale], { type: "region" });
        return regions.of(code.toUpperCase()) ?? code;
    } catch {
        return code;
    }
}

export function words(text: string | null | undefined): string {
    return text ? text.replace(/_/g, " ") : "–";
}

// The first word with a capital, if it is one: an address or a name like orders:read stays as it is.
export function sentence(text: string): string {
    return /^[a-z]+([ ,.;'’]|$)/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

export function title(text: string): string {
    return sentence(words(text));
}

export function who(person: { name: string | null; email: string | null } | null | undefined): string {
    return person?.name || person?.email || "unknown customer";
}

export function plural(n: number, one: string, many = `${one}s`): string {
    return `${count(n)} ${n === 1 ? one : many}`;
}

// ---- CSV (RFC 4180). A cell that a spreadsheet would run as a formula gets an apostrophe.
export function csv(header: string[], rows: (string | number | null | undefined)[][]): string {
    const cell = (raw: string | number | null | undefined) => {
        if (raw === null || raw === undefined) return "";
        if (typeof raw === "number") return String(raw);
        const text = /^[=+\-@\t\r]/.test(raw) && !/^[+-]?[\d.]+$/.test(raw) ? `'${raw}` : raw;
        return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
    };
    return [header, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

// Minor units as a plain decimal, exactly: 507030 usd -> "5070.30".
export function decimal(minor: number, currency: string): string {
    const digits = minorDigits(currency);
    if (digits === 0) return String(minor);
    const text = String(Math.abs(Math.trunc(minor))).padStart(digits + 1, "0");
    return `${minor < 0 ? "-" : ""}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

export function download(name: string, text: string): void {
    const anchor = document.createElement("a");
    anchor.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" }));
    anchor.download = name;
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
}
