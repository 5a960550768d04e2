// SPDX-License-Identifier: Apache-2.0
// tile.tsx - a number first, then how it changed, then its shape; a strip of them is the head of a page.
import { useEffect, useState } from "preact/hooks";
import { useAnswer } from "../api";
import * as f from "../format";
import type { Definition, TileData } from "../types";
import { Bones, Change, Dialog, ErrorBox } from "./basics";
import { Sparkline } from "./chart";

const LESS_IS_BETTER = new Set(["canceled_subscriptions", "churned_subscriptions", "churn_rate", "refunds", "customer_churn", "traffic.search_position"]);

// Headings have little room; the definition has the full name.
const SHORT: Record<string, string> = {
    monthly_recurring_revenue: "MRR",
    active_subscriptions: "Subscriptions",
    new_subscriptions: "New",
    canceled_subscriptions: "Cancellations",
    average_order_value: "Average order",
    net_revenue: "Net revenue",
    checkouts_conversion: "Checkouts paid",
    "traffic.checkout_conversion": "Checkouts paid",
    "traffic.revenue_per_visitor": "Per visitor",
    "traffic.checkouts": "Checkouts",
    churned_subscriptions: "Ended subscriptions",
};

export function shortName(metric: { slug: string; name: string }): string {
    return SHORT[metric.slug] ?? metric.name;
}

export function Figure({ kind, value, currency }: { kind: string; value: number | null; currency: string }) {
    if (value === null || value === undefined) return <p class="figure">–</p>;
    if (kind !== "money") return <p class="figure">{f.value(kind, value, currency)}</p>;
    const [whole, fraction, rest] = f.moneyParts(value, currency);
    return (
        <p class={`figure ${whole.length > 9 ? "long" : ""}`}>
            {whole}
            <span class="minor">{fraction}</span>
            {rest}
        </p>
    );
}

export function DefinitionDialog({ slug, onClose }: { slug: string; onClose: () => void }) {
    const { data, error } = useAnswer<Definition[] | { definitions: Definition[] } | { metrics: Definition[] }>("/api/definitions");
    const list = !data ? [] : Array.isArray(data) ? data : "definitions" in data ? data.definitions : data.metrics;
    const found = list.find((one) => one.slug === slug);
    const isBalance = found?.balance ?? found?.nature === "balance";
    return (
        <Dialog title={found?.name ?? f.title(slug)} onClose={onClose}>
            {error && <ErrorBox error={error} />}
            {!data && !error && <Bones lines={3} />}
            {data && !found && <p>There is no definition of this number.</p>}
            {found && (
                <div class="prose">
                    <p>{found.definition}</p>
                    <p class="quiet">
                        <code>{found.formula}</code>
                    </p>
                    <p class="quiet small">{isBalance ? "A balance: how it stands at the end of the period." : "An activity: what happened during the period."}</p>
                </div>
            )}
            <div class="row">
                <button class="button" onClick={onClose}>
                    Close
                </button>
            </div>
        </Dialog>
    );
}

export function Tile(props: { tile: TileData; currency: string; than?: string; isOn?: boolean; isPartial?: boolean; onPick?: () => void; onDefine: (slug: string) => void; edge?: boolean; hasNoChange?: boolean }) {
    const { tile } = props;
    const doubt = tile.unavailable ?? tile.approximate;
    return (
        <li class={`tile ${props.isOn ? "on" : ""} ${props.edge ? "edge-m" : ""}`}>
            <div class="what">
                {props.onPick ? (
                    <button class="pick" type="button" aria-pressed={props.isOn} onClick={props.onPick}>
                        {shortName(tile)}
                        {doubt && !tile.unavailable && (
                            <span class="quiet" title={doubt}>
                                {" "}
                                <span aria-hidden="true">≈</span>
                                <span class="sr">approximate: {doubt}</span>
                            </span>
                        )}
                    </button>
                ) : (
                    <span>
                        {shortName(tile)}
                        {doubt && !tile.unavailable && (
                            <span class="quiet" title={doubt}>
                                {" "}
                                <span aria-hidden="true">≈</span>
                                <span class="sr">approximate: {doubt}</span>
                            </span>
                        )}
                    </span>
                )}
                <button class="define" type="button" onClick={() => props.onDefine(tile.slug)} title={`What ${tile.name} means`}>
                    <span aria-hidden="true">i</span>
                    <span class="sr">What {tile.name} means</span>
                </button>
            </div>
            <Figure kind={tile.kind} value={tile.value} currency={props.currency} />
            <p class="change" hidden={props.hasNoChange && !tile.unavailable}>
                {tile.unavailable ? (
                    <span title={tile.unavailable}>not available: {tile.unavailable}</span>
                ) : (
                    <>
                        {!props.hasNoChange && <Change kind={tile.kind} value={tile.comparable === undefined ? tile.value : tile.comparable} previous={tile.previous} currency={props.currency} lessIsBetter={LESS_IS_BETTER.has(tile.slug)} isPart={tile.comparable !== undefined && tile.comparable !== tile.value} than={props.than} />}
                    </>
                )}
            </p>
            <Sparkline values={tile.series.map((point) => point.value)} isPartial={props.isPartial && !tile.balance} isBalance={tile.balance} />
        </li>
    );
}

// Columns that leave no gap in the last row: 7 tiles are 7, or 4 and 3; never 6 and 1.
export function Tiles(props: { tiles: TileData[]; currency: string; than?: string; on?: string; isPartial?: boolean; onPick?: (slug: string) => void; label: string; hasNoChange?: boolean }) {
    const [defined, define] = useState<string | null>(null);
    const n = props.tiles.length;
    const middle = n <= 4 ? n : Math.ceil(n / 2);
    return (
        <>
            <ul class="tiles" aria-label={props.label} style={{ "--tiles": n, "--tiles-m": middle } as never}>
                {props.tiles.map((tile, i) => (
                    <Tile
                        key={tile.slug}
                        tile={tile}
                        currency={props.currency}
                        than={props.than}
                        isOn={props.on === tile.slug}
                        isPartial={props.isPartial}
                        onPick={props.onPick && (() => props.onPick?.(tile.slug))}
                        onDefine={define}
                        edge={i % middle === 0}
                        hasNoChange={props.hasNoChange}
                    />
                ))}
            </ul>
            {defined && <DefinitionDialog slug={defined} onClose={() => define(null)} />}
        </>
    );
}

export function TileBones({ n }: { n: number }) {
    return (
        <ul class="tiles" aria-hidden="true" style={{ "--tiles": n, "--tiles-m": n <= 4 ? n : Math.ceil(n / 2) } as never}>
            {Array.from({ length: n }, (_, i) => (
                <li class="tile" key={i}>
                    <div class="what">
                        <Bones height={16} />
                    </div>
                    <p class="figure">
                        <span class="bone" style={{ width: "70%", height: "24px", marginTop: "6px" }} />
                    </p>
                    <p class="change" />
                    <span class="bone sparkline" />
                </li>
            ))}
        </ul>
    );
}

// Tells those who listen that the numbers moved; not more often than they can hear.
const SPEAK_MS = 10_000;
export function Spoken({ text }: { text: string }) {
    const [said, say] = useState("");
    const [first] = useState(text);
    useEffect(() => {
        if (text === first || !text) return;
        const timer = setTimeout(() => say(text), said ? SPEAK_MS : 500);
        return () => clearTimeout(timer);
    }, [text]);
    return (
        <span class="sr" aria-live="polite">
            {said}
        </span>
    );
}
