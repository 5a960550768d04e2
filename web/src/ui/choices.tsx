// SPDX-License-Identifier: Apache-2.0
// choices.tsx - the line under the masthead: which days, compared with what, by which interval, in which zone, currency, product, connection.
import { useEffect, useState } from "preact/hooks";
import * as f from "../format";
import { COMPARISONS, INTERVALS, RANGES, connected, rangeDays, today, usualInterval, useSession, zones, type Report } from "../report";
import { setParams } from "../router";
import { useAnswer } from "../api";
import type { ListAnswer, ProductRow } from "../types";
import { Bones, Choice, Menu } from "./basics";

function RangePicker({ report }: { report: Report }) {
    const [from, setFrom] = useState(report.from);
    const [to, setTo] = useState(report.to);
    useEffect(() => {
        setFrom(report.from);
        setTo(report.to);
    }, [report.from, report.to]);
    const end = today(report.zone);
    const name = RANGES.find(([key]) => key === report.range)?.[1];
    return (
        <Menu
            name="Range of days"
            label={
                <>
                    <span class="chosen">{name ?? f.span(report.from, report.to)}</span>
                    {name && <span class="lead p2"> {f.span(report.from, report.to)}</span>} <span aria-hidden="true">▾</span>
                </>
            }
        >
            {(close) => (
                <>
                    {RANGES.map(([key, text]) => {
                        const days = rangeDays(key, end);
                        return (
                            <button
                                key={key}
                                class="option"
                                type="button"
                                aria-pressed={report.range === key}
                                onClick={() => {
                                    setParams({ range: key, from: null, to: null, interval: null });
                                    close();
                                }}
                            >
                                <span>{text}</span>
                                <span class="quiet">{f.span(days.from, days.to)}</span>
                            </button>
                        );
                    })}
                    <hr />
                    <form
                        class="fields"
                        onSubmit={(event) => {
                            event.preventDefault();
                            const [a, b] = from <= to ? [from, to] : [to, from];
                            setParams({ range: null, from: a, to: b, interval: null });
                            close();
                        }}
                    >
                        <div class="field">
                            <label for="range-from">From</label>
                            <input id="range-from" type="date" required value={from} max={end} onInput={(event) => setFrom((event.target as HTMLInputElement).value)} />
                        </div>
                        <div class="field">
                            <label for="range-to">To</label>
                            <input id="range-to" type="date" required value={to} onInput={(event) => setTo((event.target as HTMLInputElement).value)} />
                        </div>
                        <button class="button" type="submit">
                            Show
                        </button>
                    </form>
                </>
            )}
        </Menu>
    );
}

function ProductPicker({ report }: { report: Report }) {
    // Asked when it is needed: what each product brought takes a while to sum up.
    const chosen = report.products;
    const [isWanted, want] = useState(false);
    const { data } = useAnswer<ListAnswer<ProductRow>>(isWanted || chosen.length ? "/api/list/products" : null, { limit: 200, connection: report.query.connection });
    const list = data?.rows ?? [];
    const name = chosen.length === 0 ? "All products" : chosen.length === 1 ? (list.find((one) => one.id === chosen[0])?.name ?? "1 product") : `${chosen.length} products`;
    return (
        <Menu
            name="Products"
            onOpen={() => want(true)}
            label={
                <>
                    <span class={chosen.length ? "chosen" : ""}>
                        <bdi>{name.length > 28 ? `${name.slice(0, 27)}…` : name}</bdi>
                    </span>{" "}
                    <span aria-hidden="true">▾</span>
                </>
            }
        >
            {(close) => (
                <div class="scroll" style={{ maxHeight: "360px" }}>
                    <button
                        class="option"
                        type="button"
                        aria-pressed={chosen.length === 0}
                        onClick={() => {
                            setParams({ product_id: null });
                            close();
                        }}
                    >
                        All products
                    </button>
                    {!data && <Bones lines={5} />}
                    {list.map((one) => (
                        <button
                            key={one.id}
                            class="option"
                            type="button"
                            aria-pressed={chosen.includes(one.id)}
                            onClick={() => setParams({ product_id: chosen.includes(one.id) ? chosen.filter((id) => id !== one.id) : [...chosen, one.id] })}
                        >
                            <span>
                                <span aria-hidden="true">{chosen.includes(one.id) ? "✓ " : ""}</span>
                                <bdi>{one.name}</bdi>
                            </span>
                            <span class="quiet">{one.is_archived ? "archived" : ""}</span>
                        </button>
                    ))}
                </div>
            )}
        </Menu>
    );
}

// The days of which zone; for those who hold several organizations, of which one.
export function ZoneChoice({ zone }: { zone: string }) {
    const usual = useSession().timezone ?? "UTC";
    const [isZones, setZones] = useState(false);
    const offered = isZones ? zones() : [...new Set([zone, usual, Intl.DateTimeFormat().resolvedOptions().timeZone, "UTC"])];
    return (
        <Choice
            label="Time zone"
            value={zone}
            options={[...offered.map((one) => [one, one.replace(/_/g, " ").replace(/^Etc\//, "")] as [string, string]), ...(isZones ? [] : [["…", "another…"] as [string, string]])]}
            onChange={(chosen) => (chosen === "…" ? setZones(true) : setParams({ timezone: chosen === usual ? null : chosen }))}
        />
    );
}

export function ConnectionChoice({ report }: { report: Report }) {
    const names = connected(useSession());
    if (names.length < 2) return null;
    return <Choice label="Connection" value={report.connection} options={names.map((one) => [one.name, one.organization_name || one.name])} onChange={(connection) => setParams({ connection, product_id: null })} />;
}

export function Choices(props: { report: Report; currencies?: string[]; currency?: string; hasCompare?: boolean; hasProducts?: boolean; hasRange?: boolean; hasInterval?: boolean }) {
    const { report } = props;
    const names = connected(useSession());
    if (names.length < 2 && props.hasRange === false && !props.hasProducts && (props.currencies?.length ?? 0) < 2) return <div style={{ height: "20px" }} />;
    return (
        <div class="choices" role="group" aria-label="What the page shows">
            <ConnectionChoice report={report} />
            {props.hasRange !== false && <RangePicker report={report} />}
            {props.hasCompare && (
                <Choice
                    label="Compared with"
                    value={report.compare}
                    lead="vs"
                    options={COMPARISONS}
                    onChange={(compare) => setParams({ compare: compare === "previous" ? null : compare })}
                />
            )}
            {props.hasInterval !== false && props.hasRange !== false && (
                <Choice
                    label="Interval"
                    value={report.isIntervalChosen ? report.interval : ""}
                    options={[["", `by ${usualInterval(report.days)}`], ...INTERVALS.filter((one) => one !== usualInterval(report.days) && !(one === "hour" && report.days > 31)).map((one) => [one, `by ${one}`] as [string, string])]}
                    onChange={(interval) => setParams({ interval })}
                />
            )}
            {props.hasProducts && <ProductPicker report={report} />}
            <span class="gap" />
            {(props.currencies?.length ?? 0) > 1 && (
                <Choice label="Currency" value={props.currency ?? ""} options={(props.currencies ?? []).map((one) => [one, one.toUpperCase()])} onChange={(currency) => setParams({ currency })} />
            )}
            {props.hasRange !== false && <ZoneChoice zone={report.zone} />}
        </div>
    );
}
