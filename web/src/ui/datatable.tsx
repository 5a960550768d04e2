// SPDX-License-Identifier: Apache-2.0
// datatable.tsx - a list over any number of rows: pages are fetched by cursor as the reader comes near the end, and only the rows in sight
// are in the document. Rows have one height, so their places are known without measuring. Sorting offers what the server can sort by index.
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ApiError, address, get, whenRefreshed, type Query } from "../api";
import * as f from "../format";
import { setParams, usePlace } from "../router";
import type { ListAnswer } from "../types";
import { Bones, Empty, ErrorBox } from "./basics";

export interface Column<Row> {
    key: string;
    title: string;
    sort?: string; // the name that the API sorts by
    isNumber?: boolean;
    // p2: hidden on a phone, p3: hidden below a wide screen
    when?: "p2" | "p3";
    width?: string;
    cell: (row: Row) => ComponentChildren;
    // for CSV; without it the column is left out
    text?: (row: Row) => string | number | null;
}

const ROW_PX = 32;
const PAGE = 100;
const MARGIN_ROWS = 12;
const ROUNDS = 30;

interface Loaded<Row> {
    rows: Row[];
    next: string | null;
    total: number | null;
    sorts: string[];
    isCapped: boolean;
}

// All pages of one question so far.
function useRows<Row>(path: string, query: Query, isAtHead: () => boolean): { loaded: Loaded<Row> | null; error: ApiError | null; more: () => void; isLoading: boolean; again: () => void } {
    const key = address(path, query);
    const [state, setState] = useState<{ key: string; loaded: Loaded<Row> | null; error: ApiError | null }>({ key, loaded: null, error: null });
    const [isLoading, setLoading] = useState(false);
    const current = useRef(key);
    const busy = useRef(false);
    current.current = key;
    const fetchPage = async (before: Loaded<Row> | null) => {
        if (busy.current && before) return;
        busy.current = true;
        setLoading(true);
        try {
            const answer = await get<ListAnswer<Row>>(path, { ...query, limit: PAGE, after: before?.next ?? null });
            if (current.current !== key) return;
            setState({
                key,
                error: null,
                loaded: {
                    rows: before ? before.rows.concat(answer.rows) : answer.rows,
                    next: answer.next,
                    total: answer.total ?? before?.total ?? null,
                    sorts: answer.sorts ?? before?.sorts ?? [],
                    isCapped: Boolean(answer.is_capped),
                },
            });
        } catch (error) {
            if (current.current === key) setState({ key, loaded: before, error: error instanceof ApiError ? error : new ApiError(0, { class: "internal", text: String(error) }) });
        } finally {
            busy.current = false;
            setLoading(false);
        }
    };
    useEffect(() => {
        busy.current = false;
        void fetchPage(null);
    }, [key]);
    // Rows are asked again when the list is at its head; who reads further down is not thrown back.
    useEffect(() => whenRefreshed(() => {
        if (isAtHead()) void fetchPage(null);
    }), [key]);
    return {
        loaded: state.loaded,
        error: state.key === key ? state.error : null,
        isLoading: isLoading && state.key !== key,
        more: () => {
            if (state.key === key && state.loaded?.next && !state.error) void fetchPage(state.loaded);
        },
        again: () => void fetchPage(state.loaded && state.key === key ? state.loaded : null),
    };
}

export function DataTable<Row extends { id: string }>(props: {
    name: string;
    one: string;
    path: string;
    query: Query;
    columns: Column<Row>[];
    height?: number;
    sortParam?: string;
    usualSort?: string;
    empty: ComponentChildren;
    tools?: ComponentChildren;
}) {
    const { params } = usePlace();
    const sortParam = props.sortParam ?? "sort";
    const sort = params.get(sortParam) ?? props.usualSort ?? "";
    const box = useRef<HTMLDivElement>(null);
    const { loaded, error, more, isLoading, again } = useRows<Row>(props.path, { ...props.query, sort }, () => (box.current?.scrollTop ?? 0) < ROW_PX);
    const [top, setTop] = useState(0);
    const height = props.height ?? 560;
    const rows = loaded?.rows ?? [];

    const key = address(props.path, { ...props.query, sort });
    useEffect(() => {
        if (box.current) box.current.scrollTop = 0;
        setTop(0);
    }, [key]);
    const first = Math.max(0, Math.floor(top / ROW_PX) - MARGIN_ROWS);
    const last = Math.min(rows.length, Math.ceil((top + height) / ROW_PX) + MARGIN_ROWS);
    // A search whose time was used up gives a short page, even an empty one, and goes on with the next: for a while by itself.
    const rounds = useRef(0);
    useEffect(() => {
        rounds.current = 0;
    }, [key]);
    const isLooking = Boolean(loaded?.next && loaded.isCapped && rows.length < PAGE);
    const isTired = isLooking && rounds.current >= ROUNDS;
    useEffect(() => {
        if (!loaded?.next || last <= rows.length - 40) return;
        if (isLooking && rounds.current++ >= ROUNDS) return;
        more();
    }, [last, rows.length, loaded?.next]);

    const sortable = useMemo(() => new Set((loaded?.sorts ?? []).map((name) => name.replace(/^-/, ""))), [loaded?.sorts]);
    const total = loaded?.total;
    const howMany = !loaded ? "" : isLooking ? `${f.plural(rows.length, props.one)} so far, ${isTired ? "not all were looked at" : "looking further…"}` : total !== null && total !== undefined ? f.plural(total, props.one) : loaded.next ? `${f.count(rows.length)} shown, more below` : f.plural(rows.length, props.one);
    const toggle = (name: string) => setParams({ [sortParam]: sort === `-${name}` ? name : `-${name}` }, true);
    const exportCsv = () => {
        const columns = props.columns.filter((column) => column.text);
        f.download(`${props.name.toLowerCase().replace(/\s+/g, "-")}.csv`, f.csv(columns.map((column) => column.key), rows.map((row) => columns.map((column) => column.text?.(row) ?? null))));
    };
    return (
        <div aria-busy={isLoading}>
            <div class="row" style={{ marginBottom: "8px", minHeight: "32px" }}>
                {props.tools}
                <span class="quiet small" aria-live="polite">
                    {howMany}
                </span>
                {isTired && (
                    <button
                        class="plain small"
                        onClick={() => {
                            rounds.current = 0;
                            more();
                        }}
                    >
                        Look further
                    </button>
                )}
                <span style={{ flex: "1" }} />
                {rows.length > 0 && (
                    <span class="tools-small">
                        <button type="button" onClick={exportCsv} title={loaded?.next ? "the rows that are loaded" : undefined}>
                            CSV<span class="sr"> of {props.name}</span>
                            {loaded?.next ? ` (${f.count(rows.length)})` : ""}
                        </button>
                    </span>
                )}
            </div>
            {error && <ErrorBox error={error} again={again} />}
            {!loaded && !error && <Bones lines={12} />}
            {loaded && rows.length === 0 && !loaded.next && <Empty>{props.empty}</Empty>}
            {rows.length > 0 && (
                <div
                    class="scroll big"
                    ref={box}
                    tabIndex={0}
                    role="group"
                    aria-label={props.name}
                    style={{ height: `${Math.min(height, 32 + rows.length * ROW_PX + 2)}px` }}
                    onScroll={(event) => setTop((event.target as HTMLElement).scrollTop)}
                >
                    <table class="fixed" aria-rowcount={total ?? (loaded?.next ? -1 : rows.length)}>
                        <caption class="sr">{props.name}</caption>
                        <colgroup>
                            {props.columns.map((column) => (
                                <col key={column.key} class={column.when} style={column.width ? { width: column.width } : undefined} />
                            ))}
                        </colgroup>
                        <thead>
                            <tr>
                                {props.columns.map((column) => {
                                    const isOn = column.sort && sort.replace(/^-/, "") === column.sort;
                                    return (
                                        <th key={column.key} scope="col" class={`${column.isNumber ? "num" : ""} ${column.when ?? ""}`} aria-sort={isOn ? (sort.startsWith("-") ? "descending" : "ascending") : undefined}>
                                            {column.sort && sortable.has(column.sort) ? (
                                                <button class="sort" onClick={() => toggle(column.sort as string)}>
                                                    {column.title}
                                                    <span aria-hidden="true">{isOn ? (sort.startsWith("-") ? " ↓" : " ↑") : ""}</span>
                                                </button>
                                            ) : (
                                                column.title || <span class="sr">{f.title(column.key)}</span>
                                            )}
                                        </th>
                                    );
                                })}
                            </tr>
                        </thead>
                        <tbody>
                            {first > 0 && (
                                <tr class="space" aria-hidden="true">
                                    <td style={{ height: `${first * ROW_PX}px` }} />
                                </tr>
                            )}
                            {rows.slice(first, last).map((row, i) => (
                                <tr key={row.id} aria-rowindex={first + i + 2}>
                                    {props.columns.map((column, k) =>
                                        k === 0 ? (
                                            <th key={column.key} scope="row" class={`${column.isNumber ? "num" : ""} ${column.when ?? ""}`}>
                                                {column.cell(row)}
                                            </th>
                                        ) : (
                                            <td key={column.key} class={`${column.isNumber ? "num" : ""} ${column.when ?? ""}`}>
                                                {column.cell(row)}
                                            </td>
                                        ),
                                    )}
                                </tr>
                            ))}
                            {last < rows.length && (
                                <tr class="space" aria-hidden="true">
                                    <td style={{ height: `${(rows.length - last) * ROW_PX}px` }} />
                                </tr>
                            )}
                        </tbody>
                    </table>
                </div>
            )}
        </div>
    );
}

// What is typed becomes part of the address after a moment's rest.
export function Search({ label, param = "search" }: { label: string; param?: string }) {
    const { params } = usePlace();
    const inAddress = params.get(param) ?? "";
    const [text, setText] = useState(inAddress);
    const typed = useRef(0);
    useEffect(() => {
        if (Date.now() - typed.current > 1000) setText(inAddress);
    }, [inAddress]);
    useEffect(() => {
        if (text === inAddress) return;
        const timer = setTimeout(() => setParams({ [param]: text.trim() }, true), 200);
        return () => clearTimeout(timer);
    }, [text]);
    return (
        <input
            class="search"
            type="search"
            aria-label={label}
            placeholder={label}
            value={text}
            spellcheck={false}
            autocomplete="off"
            onInput={(event) => {
                typed.current = Date.now();
                setText((event.target as HTMLInputElement).value);
            }}
        />
    );
}
