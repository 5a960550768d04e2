// SPDX-License-Identifier: Apache-2.0
// chart.tsx - one chart over buckets of time: bars, lines, stacks above and below nothing; a goal, notes, the part of a bucket that is over.
//
// uPlot draws axes and lines and finds the bucket under the pointer; the horizontal scale is the bucket's index, not its time, so that months
// and days with 23 hours are as wide as the others. Bars and notes are drawn here. What the chart says, its table and its CSV say as well:
// each has its button, the arrow keys move from bucket to bucket, and the line of figures above tells what is pointed at (at rest: the whole).
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import * as f from "../format";
import { ink, useTheme } from "../theme";
import type { Annotation } from "../types";
import { useWidth } from "./basics";

export interface Series {
    key: string;
    name: string;
    // up and down are stacked on each other, away from nothing
    // tick: a short mark across the bucket's bar, for what it is compared with
    form: "bar" | "line" | "dash" | "tick" | "up" | "down";
    color: string; // a custom property's name: series-1
    swatch: string; // its class: s1
    values: (number | null)[];
    // of the whole range, shown when nothing is pointed at; undefined: the last value
    whole?: number | null;
    isQuiet?: boolean;
}

export interface ChartProps {
    title: ComponentChildren;
    name: string; // plain title: for the file and for those who listen
    note?: ComponentChildren;
    at: string[];
    series: Series[];
    interval: string;
    zone: string;
    kind: "money" | "count" | "rate";
    currency: string;
    height?: number;
    wholeLabel: string;
    goal?: number | null;
    goalLabel?: string;
    isPartial?: boolean;
    annotations?: Annotation[];
    onRemove?: (annotation: Annotation) => void;
    tools?: ComponentChildren;
    // charts over the same buckets that share this word point at the same bucket
    sync?: string;
}

const COUNT_STEPS = [1, 2, 5].flatMap((n) => [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9].map((p) => n * p)).sort((a, b) => a - b);
const MONEY_STEPS = [1, 2, 5].flatMap((n) => Array.from({ length: 16 }, (_, p) => n * 10 ** p)).sort((a, b) => a - b);
const LABEL_PX = 64;

// Which bucket a day of a note falls in: the last one that begins on it or before it.
function bucketOf(at: string[], date: string, zone: string): number {
    let found = -1;
    for (let i = 0; i < at.length; i++) if (f.dateIn(at[i], zone) <= date) found = i;
    return found;
}

function extent(props: ChartProps): [number, number] {
    let low = 0;
    let high = props.goal ?? 0;
    for (let i = 0; i < props.at.length; i++) {
        let [up, down] = [0, 0];
        for (const one of props.series) {
            const value = one.values[i];
            if (value === null || value === undefined) continue;
            if (one.form === "up") up += value;
            else if (one.form === "down") down += value;
            else {
                low = Math.min(low, value);
                high = Math.max(high, value);
            }
        }
        high = Math.max(high, up);
        low = Math.min(low, -down);
    }
    if (high === 0 && low === 0) high = props.kind === "rate" ? 1 : props.kind === "money" ? 10 ** f.minorDigits(props.currency) * 10 : 5;
    const room = (high - low) * 0.06;
    return [low < 0 ? low - room : 0, high > 0 ? high + room : 0];
}

function drawBars(u: uPlot, props: ChartProps): void {
    const { ctx, bbox } = u;
    const step = bbox.width / Math.max(1, props.at.length);
    const width = Math.max(1, Math.min(step * 0.72, 40 * devicePixelRatio));
    const zero = u.valToPos(0, "y", true);
    ctx.save();
    for (let i = 0; i < props.at.length; i++) {
        const left = Math.round(u.valToPos(i, "x", true) - width / 2);
        const isOpen = Boolean(props.isPartial && i === props.at.length - 1);
        let [up, down] = [0, 0];
        for (const one of props.series) {
            const value = one.values[i];
            if (!value || one.form === "line" || one.form === "dash" || one.form === "tick") continue;
            const [from, to] = one.form === "up" ? [up, up + value] : one.form === "down" ? [-down, -down - value] : [0, value];
            if (one.form === "up") up += value;
            if (one.form === "down") down += value;
            const [a, b] = [from === 0 ? zero : u.valToPos(from, "y", true), u.valToPos(to, "y", true)];
            const top = Math.round(Math.min(a, b));
            const height = Math.max(1, Math.round(Math.abs(b - a)) - (from === 0 ? 0 : 1));
            ctx.fillStyle = ink(one.color);
            ctx.globalAlpha = isOpen ? 0.35 : 1;
            ctx.fillRect(left, top, Math.round(width), height);
            if (isOpen) {
                ctx.globalAlpha = 1;
                ctx.strokeStyle = ink(one.color);
                ctx.lineWidth = devicePixelRatio;
                ctx.strokeRect(left + 0.5, top + 0.5, Math.round(width) - 1, Math.max(0, height - 1));
            }
        }
        ctx.globalAlpha = 1;
        for (const one of props.series) {
            const value = one.values[i];
            if (one.form !== "tick" || value === null || value === undefined) continue;
            const y = Math.round(u.valToPos(value, "y", true));
            const long = Math.round(Math.min(step * 0.94, width + 8 * devicePixelRatio));
            const thick = Math.max(2, Math.round(2 * devicePixelRatio));
            const from = Math.round(u.valToPos(i, "x", true) - long / 2);
            ctx.fillStyle = ink("paper");
            ctx.fillRect(from - devicePixelRatio, y - thick / 2 - devicePixelRatio, long + 2 * devicePixelRatio, thick + 2 * devicePixelRatio);
            ctx.fillStyle = ink(one.color);
            ctx.fillRect(from, y - thick / 2, long, thick);
        }
    }
    ctx.restore();
}

function drawOver(u: uPlot, props: ChartProps, font: string): void {
    const { ctx, bbox } = u;
    const scale = devicePixelRatio;
    ctx.save();
    ctx.font = font;
    ctx.setLineDash([]);
    const zero = u.valToPos(0, "y", true);
    ctx.strokeStyle = ink("ink-3");
    ctx.lineWidth = scale;
    ctx.beginPath();
    ctx.moveTo(bbox.left, Math.round(zero) + 0.5);
    ctx.lineTo(bbox.left + bbox.width, Math.round(zero) + 0.5);
    ctx.stroke();
    if (props.goal) {
        const y = Math.round(u.valToPos(props.goal, "y", true)) + 0.5;
        ctx.setLineDash([6 * scale, 4 * scale]);
        ctx.strokeStyle = ink("series-3");
        ctx.lineWidth = 1.5 * scale;
        ctx.beginPath();
        ctx.moveTo(bbox.left, y);
        ctx.lineTo(bbox.left + bbox.width, y);
        ctx.stroke();
        ctx.textAlign = "left";
        ctx.textBaseline = "bottom";
        ctx.setLineDash([]);
        ctx.strokeStyle = ink("paper");
        ctx.lineWidth = 4 * scale;
        ctx.lineJoin = "round";
        ctx.strokeText(props.goalLabel ?? "goal", bbox.left + 4 * scale, y - 3 * scale);
        ctx.fillStyle = ink("series-3");
        ctx.fillText(props.goalLabel ?? "goal", bbox.left + 4 * scale, y - 3 * scale);
    }
    ctx.setLineDash([2 * scale, 2 * scale]);
    (props.annotations ?? []).forEach((note, n) => {
        const i = bucketOf(props.at, note.date, props.zone);
        if (i < 0) return;
        const x = Math.round(u.valToPos(i, "x", true)) + 0.5;
        ctx.strokeStyle = ink("ink-3");
        ctx.lineWidth = scale;
        ctx.beginPath();
        ctx.moveTo(x, bbox.top + 10 * scale);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
        ctx.fillStyle = ink("ink");
        ctx.textAlign = "center";
        ctx.textBaseline = "top";
        ctx.fillText(String(n + 1), x, bbox.top - 3 * scale);
    });
    ctx.restore();
}

// Labels beside the ends of lines, kept apart from each other.
function drawEnds(u: uPlot, props: ChartProps, font: string): void {
    const lines = props.series.filter((one) => one.form === "line" || one.form === "dash");
    if (lines.length === 0) return;
    const { ctx, bbox } = u;
    const scale = devicePixelRatio;
    const ends = lines
        .map((one) => {
            let last = one.values.length - 1;
            while (last > 0 && (one.values[last] === null || one.values[last] === undefined)) last--;
            return { one, y: u.valToPos(one.values[last] ?? 0, "y", true) };
        })
        .sort((a, b) => a.y - b.y);
    for (let i = 1; i < ends.length; i++) ends[i].y = Math.max(ends[i].y, ends[i - 1].y + 14 * scale);
    const bottom = bbox.top + bbox.height;
    const over = ends.length ? ends[ends.length - 1].y - bottom : 0;
    if (over > 0) for (const end of ends) end.y -= over;
    ctx.save();
    ctx.font = font;
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    for (const { one, y } of ends) {
        ctx.fillStyle = ink(one.isQuiet ? "ink-3" : one.color);
        ctx.fillText(one.name, bbox.left + bbox.width + 6 * scale, y, ENDS_PX * scale - 10 * scale);
    }
    ctx.restore();
}

const ENDS_PX = 104;

function options(props: ChartProps, width: number, height: number, onPoint: (i: number | null) => void): uPlot.Options {
    const n = props.at.length;
    const hasLines = props.series.some((one) => one.form === "line" || one.form === "dash");
    const isWide = width > 620;
    const family = getComputedStyle(document.body).fontFamily;
    const font = `12px ${family}`;
    const bigFont = `${12 * devicePixelRatio}px ${family}`;
    const every = Math.max(1, Math.ceil(n / Math.max(2, Math.floor((width - 70) / LABEL_PX))));
    const steps = props.kind === "count" ? COUNT_STEPS : props.kind === "money" ? MONEY_STEPS.filter((step) => step >= 10 ** f.minorDigits(props.currency) / 10) : undefined;
    return {
        width,
        height,
        padding: [14, hasLines && isWide ? ENDS_PX : 16, 0, 0],
        legend: { show: false },
        cursor: { ...(props.sync ? { sync: { key: props.sync, scales: ["x", null] } } : {}), y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
        scales: {
            x: { time: false, range: [-0.5, Math.max(n, 1) - 0.5] },
            y: { range: extent(props) },
        },
        axes: [
            {
                font,
                stroke: ink("ink-2"),
                grid: { show: false },
                ticks: { stroke: ink("hair"), size: 4, width: 1 },
                size: 28,
                gap: 4,
                // the newest bucket keeps its label
                splits: () => Array.from({ length: n }, (_, i) => i).filter((i) => (n - 1 - i) % every === 0),
                values: (_u: uPlot, splits: number[]) =>
                    splits.map((i, k) => f.shortBucket(props.at[i], props.interval, props.zone, k > 0 ? props.at[splits[k - 1]] : null)),
            },
            {
                font,
                stroke: ink("ink-2"),
                grid: { stroke: ink("hair"), width: 1 },
                ticks: { show: false },
                size: 58,
                gap: 8,
                space: 44,
                ...(steps ? { incrs: steps } : {}),
                values: (_u: uPlot, splits: number[]) => splits.map((value) => f.shortValue(props.kind, value, props.currency)),
            },
        ],
        series: [
            {},
            ...props.series.map((one) => ({
                stroke: ink(one.color),
                width: one.form === "line" ? 2 : 1.5,
                dash: one.form === "dash" ? [4, 4] : undefined,
                points: { show: (one.form === "line" || one.form === "dash") && n === 1, size: 7, fill: ink(one.color) },
                ...(one.form === "line" || one.form === "dash" ? {} : { paths: () => null }),
            })),
        ],
        hooks: {
            drawAxes: [(u: uPlot) => drawBars(u, props)],
            draw: [
                (u: uPlot) => {
                    drawOver(u, props, bigFont);
                    if (isWide) drawEnds(u, props, bigFont);
                },
            ],
            setCursor: [(u: uPlot) => onPoint(u.cursor.left !== undefined && u.cursor.left >= 0 ? (u.cursor.idx ?? null) : null)],
        },
    };
}

function table(props: ChartProps): { header: string[]; rows: (string | number | null)[][] } {
    const isMoney = props.kind === "money";
    return {
        header: ["from", ...props.series.map((one) => (isMoney ? `${one.name} (${props.currency.toUpperCase()})` : one.name))],
        rows: props.at.map((at, i) => [
            at,
            ...props.series.map((one) => {
                const value = one.values[i];
                return value === null || value === undefined ? null : isMoney ? f.decimal(value, props.currency) : value;
            }),
        ]),
    };
}

export function ChartTools(props: { isTable: boolean; onTable: (isTable: boolean) => void; onCsv: () => void; name: string }) {
    return (
        <>
            <button type="button" aria-pressed={props.isTable} onClick={() => props.onTable(!props.isTable)}>
                Table<span class="sr"> of {props.name}</span>
            </button>
            <button type="button" onClick={props.onCsv}>
                CSV<span class="sr"> of {props.name}</span>
            </button>
        </>
    );
}

// As many lines as the figures may need, so that pointing at a bucket moves nothing.
function readoutLines(width: number, n: number): number {
    if (width < 480) return 1 + Math.ceil(n / (n > 2 ? 1.5 : 1));
    return n > 3 && width < 1000 ? 2 : 1;
}

export function Chart(props: ChartProps) {
    const [box, width] = useWidth();
    const host = useRef<HTMLDivElement>(null);
    const plot = useRef<uPlot | null>(null);
    const [pointed, setPointed] = useState<number | null>(null);
    const [spoken, setSpoken] = useState("");
    const [isTable, setTable] = useState(false);
    const { isDark } = useTheme();
    const height = props.height ?? 280;
    const shape = JSON.stringify([props.at, props.series, props.goal, props.annotations, props.kind, props.currency, props.interval, props.zone, props.isPartial]);

    useLayoutEffect(() => {
        if (!host.current || width < 40 || isTable) return;
        // Canvas has no zero-sized range: an empty chart is one bucket without a value.
        const data = [props.at.length ? props.at.map((_, i) => i) : [0], ...props.series.map((one) => (props.at.length ? one.values.map((v) => v ?? null) : [null]))];
        const u = new uPlot(options(props, width, height, setPointed), data as uPlot.AlignedData, host.current);
        plot.current = u;
        return () => {
            plot.current = null;
            u.destroy();
            setPointed(null);
        };
    }, [shape, width, height, isDark, isTable]);

    useEffect(() => {
        const again = () => plot.current?.redraw();
        addEventListener("beforeprint", again);
        return () => removeEventListener("beforeprint", again);
    }, []);

    const point = (i: number) => {
        const u = plot.current;
        if (!u || props.at.length === 0) return;
        const at = Math.max(0, Math.min(props.at.length - 1, i));
        u.setCursor({ left: u.valToPos(at, "x"), top: 1 });
        setPointed(at);
        setSpoken(`${f.bucket(props.at[at], props.interval, props.zone)}: ${props.series.map((one) => `${one.name} ${f.value(props.kind, one.values[at], props.currency)}`).join(", ")}`);
    };
    const onKeyDown = (event: KeyboardEvent) => {
        const from = pointed ?? props.at.length;
        const moves: Record<string, number> = { ArrowLeft: from - 1, ArrowRight: pointed === null ? 0 : from + 1, Home: 0, End: props.at.length - 1, PageUp: from - 7, PageDown: from + 7 };
        if (event.key === "Escape" && pointed !== null) {
            plot.current?.setCursor({ left: -10, top: -10 });
            setPointed(null);
        } else if (event.key in moves) point(moves[event.key]);
        else return;
        event.preventDefault();
    };

    const shown = (one: Series): number | null => {
        if (pointed !== null && pointed < one.values.length) return one.values[pointed] ?? null;
        return one.whole !== undefined ? one.whole : (one.values[one.values.length - 1] ?? null);
    };
    const data = table(props);
    const isOpenBucket = props.isPartial && pointed === props.at.length - 1;
    const fileName = `${props.name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}-${[props.at[0], props.at[props.at.length - 1]].map((at) => (at ? f.dateIn(at, props.zone) : "")).join("-")}.csv`;
    return (
        <section class="chart part" aria-label={props.name}>
            <header>
                <h2>{props.title}</h2>
                {props.note && <span class="quiet">{props.note}</span>}
                {props.goal && props.goalLabel && <span class="sr">{props.goalLabel}</span>}
                <span class="gap" />
                <span class="tools-small">
                    {props.tools}
                    <ChartTools isTable={isTable} onTable={setTable} name={props.name} onCsv={() => f.download(fileName, f.csv(data.header, data.rows))} />
                </span>
            </header>
            <div class="readout" aria-hidden="true" style={{ minHeight: `${20 * readoutLines(width, props.series.length)}px` }}>
                <span class="at">{pointed !== null && props.at[pointed] ? f.bucket(props.at[pointed], props.interval, props.zone) + (isOpenBucket ? ", so far" : "") : props.wholeLabel}</span>
                {props.series.map((one) => (
                    <span class={`key ${one.isQuiet ? "quiet" : ""}`} key={one.key}>
                        <i class={`swatch ${one.form === "line" || one.form === "tick" ? "line" : one.form === "dash" ? "line dash" : ""} ${one.swatch}`} />
                        {one.name} <b>{f.value(props.kind, shown(one), props.currency)}</b>
                    </span>
                ))}
            </div>
            <span class="sr" aria-live="polite">
                {spoken}
            </span>
            <div ref={box}>
                {isTable ? (
                    <div class="scroll" tabIndex={0} role="group" aria-label={`Table of ${props.name}`} style={{ height: `${height}px` }}>
                        <table>
                            <caption class="sr">{props.name}</caption>
                            <thead>
                                <tr>
                                    <th scope="col">{props.interval}</th>
                                    {props.series.map((one) => (
                                        <th scope="col" class="num" key={one.key}>
                                            {one.name}
                                        </th>
                                    ))}
                                </tr>
                            </thead>
                            <tbody>
                                {props.at
                                    .map((at, i) => (
                                        <tr key={at}>
                                            <th scope="row">{f.bucket(at, props.interval, props.zone)}</th>
                                            {props.series.map((one) => (
                                                <td class="num" key={one.key}>
                                                    {f.value(props.kind, one.values[i], props.currency)}
                                                </td>
                                            ))}
                                        </tr>
                                    ))
                                    .reverse()}
                            </tbody>
                        </table>
                    </div>
                ) : (
                    <div
                        class="plot"
                        ref={host}
                        tabIndex={0}
                        role="application"
                        aria-roledescription="chart"
                        aria-label={`${props.name}, ${f.plural(props.at.length, props.interval)}. Arrow keys read the values; the Table button shows all of them.`}
                        style={{ height: `${height}px` }}
                        onKeyDown={onKeyDown}
                        onBlur={() => {
                            plot.current?.setCursor({ left: -10, top: -10 });
                            setPointed(null);
                        }}
                    />
                )}
            </div>
            {Boolean(props.annotations?.length) && (
                <ol class="footnotes">
                    {props.annotations?.map((note, n) => (
                        <li key={note.id}>
                            <span class="mark">{n + 1}</span>
                            <span>
                                {f.shortDay(note.date, "UTC")} <bdi>{note.text}</bdi>
                            </span>
                            {props.onRemove && (
                                <button class="plain small" onClick={() => props.onRemove?.(note)}>
                                    remove<span class="sr"> the note {note.text}</span>
                                </button>
                            )}
                        </li>
                    ))}
                </ol>
            )}
        </section>
    );
}

// A balance is drawn by its own range, without a filled foot: from nothing up it would be a straight line.
export function Sparkline({ values, before, isPartial, isBalance }: { values: (number | null)[]; before?: (number | null)[]; isPartial?: boolean; isBalance?: boolean }) {
    const all = [...values, ...(before ?? [])].filter((v): v is number => v !== null && v !== undefined);
    const [low, high] = isBalance && all.length ? [Math.min(...all), Math.max(...all)] : [Math.min(0, ...all), Math.max(...all, 0)];
    const size = high - low || 1;
    const y = (v: number) => 30 - ((v - low) / size) * 28;
    const path = (list: (number | null)[]) => {
        const step = list.length > 1 ? 100 / (list.length - 1) : 0;
        let text = "";
        list.forEach((v, i) => {
            if (v === null || v === undefined) return;
            text += `${text ? "L" : "M"}${(i * step).toFixed(2)} ${y(v).toFixed(2)}`;
        });
        return text && list.length === 1 ? `${text}L100 ${y(list[0] ?? 0).toFixed(2)}` : text;
    };
    const line = path(isPartial && values.length > 2 ? values.slice(0, -1).concat(null) : values);
    const end = (() => {
        const list = isPartial && values.length > 2 ? values.slice(0, -1) : values;
        return list.length > 1 ? ((list.length - 1) * 100) / (values.length - 1) : 100;
    })();
    return (
        <svg class="sparkline" viewBox="0 0 100 32" preserveAspectRatio="none" aria-hidden="true">
            {line && !isBalance && <path class="area" d={`${line}L${end.toFixed(2)} ${y(0).toFixed(2)}L0 ${y(0).toFixed(2)}Z`} />}
            {before && <path class="before" d={path(before)} />}
            <path class="line" d={line} />
        </svg>
    );
}
