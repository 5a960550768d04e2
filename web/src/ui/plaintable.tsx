// SPDX-License-Identifier: Apache-2.0
// plaintable.tsx - a part of a page that is one short table, with its CSV. The first column names the row.
import type { ComponentChildren } from "preact";
import * as f from "../format";
import { Empty, Part } from "./basics";

export interface PlainColumn<Row> {
    key: string;
    title: string;
    isNumber?: boolean;
    when?: "p2" | "p3";
    cell: (row: Row) => ComponentChildren;
    // for CSV; without it the column is left out
    text?: (row: Row) => string | number | null | undefined;
    // a bar behind the first column: 0 to 1
    bar?: (row: Row) => number;
}

export function PlainTable<Row>(props: { title: string; note?: ComponentChildren; class?: string; rows: Row[]; columns: PlainColumn<Row>[]; id: (row: Row, i: number) => string; file: string; empty: ComponentChildren; tools?: ComponentChildren; foot?: ComponentChildren }) {
    const said = props.columns.filter((column) => column.text);
    const save = () => f.download(`${props.file}.csv`, f.csv(said.map((column) => column.key), props.rows.map((row) => said.map((column) => column.text?.(row) ?? null))));
    return (
        <Part
            title={props.title}
            note={props.note}
            class={props.class}
            tools={
                <>
                    {props.tools}
                    {props.rows.length > 0 && (
                        <button type="button" onClick={save}>
                            CSV<span class="sr"> of {props.title}</span>
                        </button>
                    )}
                </>
            }
        >
            {props.rows.length === 0 ? (
                <Empty>{props.empty}</Empty>
            ) : (
                <div class="scroll" tabIndex={0} role="group" aria-label={props.title}>
                    <table>
                        <caption class="sr">{props.title}</caption>
                        <thead>
                            <tr>
                                {props.columns.map((column) => (
                                    <th key={column.key} scope="col" class={`${column.isNumber ? "num" : ""} ${column.when ?? ""}`}>
                                        {column.title || <span class="sr">{f.title(column.key)}</span>}
                                    </th>
                                ))}
                            </tr>
                        </thead>
                        <tbody>
                            {props.rows.map((row, i) => (
                                <tr key={props.id(row, i)}>
                                    {props.columns.map((column, k) =>
                                        k === 0 ? (
                                            <th key={column.key} scope="row" class={column.bar ? "clip" : ""}>
                                                {column.cell(row)}
                                                {column.bar && (
                                                    <span class="bar" aria-hidden="true">
                                                        <i style={{ width: `${Math.max(0, Math.min(1, column.bar(row))) * 100}%` }} />
                                                    </span>
                                                )}
                                            </th>
                                        ) : (
                                            <td key={column.key} class={`${column.isNumber ? "num" : ""} ${column.when ?? ""}`}>
                                                {column.cell(row)}
                                            </td>
                                        ),
                                    )}
                                </tr>
                            ))}
                        </tbody>
                    </table>
                </div>
            )}
            {props.foot}
        </Part>
    );
}
