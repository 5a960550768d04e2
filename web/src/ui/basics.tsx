// SPDX-License-Identifier: Apache-2.0
// basics.tsx - small pieces that every page uses: parts, errors, emptiness, skeletons, fields, a dialog, a menu, change in words and colour.
import type { ComponentChildren, JSX, RefObject } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ApiError } from "../api";
import * as f from "../format";
import type { Kind } from "../types";

export function Part(props: { title: ComponentChildren; note?: ComponentChildren; tools?: ComponentChildren; class?: string; children: ComponentChildren }) {
    const id = useId();
    return (
        <section class={`part ${props.class ?? ""}`} aria-labelledby={id}>
            <header>
                <h2 id={id}>{props.title}</h2>
                {props.note && <span class="quiet">{props.note}</span>}
                <span class="gap" />
                {props.tools && <span class="tools-small">{props.tools}</span>}
            </header>
            {props.children}
        </section>
    );
}

export function ErrorBox({ error, again }: { error: Pick<ApiError, "message" | "hint">; again?: () => void }) {
    return (
        <div class="trouble" role="alert">
            <p>{f.sentence(error.message)}.</p>
            {error.hint && <p class="hint">{f.sentence(error.hint)}.</p>}
            {again && (
                <p>
                    <button class="plain" onClick={again}>
                        Try again
                    </button>
                </p>
            )}
        </div>
    );
}

export function Empty({ children }: { children: ComponentChildren }) {
    return <div class="empty">{children}</div>;
}

// Of the size of what comes, so that nothing moves when it is here.
export function Bones({ height, lines = 0 }: { height?: number; lines?: number }) {
    if (lines)
        return (
            <div aria-hidden="true">
                {Array.from({ length: lines }, (_, i) => (
                    <span class="bone" key={i} style={{ height: "14px", margin: "9px 0", width: `${96 - ((i * 37) % 40)}%` }} />
                ))}
            </div>
        );
    return <span class="bone" aria-hidden="true" style={{ height: `${height ?? 16}px` }} />;
}

export function Field(props: { label: string; note?: ComponentChildren; error?: string; children: (id: string, described: string | undefined) => JSX.Element }) {
    const id = useId();
    const hasMore = Boolean(props.note || props.error);
    return (
        <div class="field">
            <label for={id}>{props.label}</label>
            {props.children(id, hasMore ? `${id}-more` : undefined)}
            {hasMore && (
                <span id={`${id}-more`} class={props.error ? "bad" : "note"}>
                    {props.error ?? props.note}
                </span>
            )}
        </div>
    );
}

export function Dialog(props: { title: string; class?: string; onClose: () => void; children: ComponentChildren }) {
    const ref = useRef<HTMLDialogElement>(null);
    const id = useId();
    useLayoutEffect(() => {
        const dialog = ref.current;
        const before = document.activeElement as HTMLElement | null;
        dialog?.showModal();
        return () => {
            dialog?.close();
            before?.focus?.();
        };
    }, []);
    return (
        <dialog
            ref={ref}
            class={props.class}
            aria-labelledby={id}
            onCancel={(event) => {
                event.preventDefault();
                props.onClose();
            }}
            onClick={(event) => event.target === ref.current && props.onClose()}
        >
            <h2 id={id}>{props.title}</h2>
            {props.children}
        </dialog>
    );
}

// A button that opens a small sheet; Escape, a click elsewhere or focus elsewhere closes it.
export function Menu(props: { label: ComponentChildren; name: string; right?: boolean; class?: string; onOpen?: () => void; children: (close: () => void) => ComponentChildren }) {
    const [isOpen, setOpen] = useState(false);
    const box = useRef<HTMLDivElement>(null);
    const button = useRef<HTMLButtonElement>(null);
    const close = () => {
        setOpen(false);
        button.current?.focus();
    };
    useEffect(() => {
        if (!isOpen) return;
        const outside = (event: Event) => {
            if (!box.current?.contains(event.target as Node)) setOpen(false);
        };
        document.addEventListener("pointerdown", outside);
        document.addEventListener("focusin", outside);
        return () => {
            document.removeEventListener("pointerdown", outside);
            document.removeEventListener("focusin", outside);
        };
    }, [isOpen]);
    return (
        <div
            class={`choice ${props.class ?? ""}`}
            ref={box}
            onKeyDown={(event) => {
                if (event.key === "Escape" && isOpen) close();
                if ((event.key === "ArrowDown" || event.key === "ArrowUp") && isOpen) {
                    const stops = [...(box.current?.querySelectorAll<HTMLElement>(".pop .option") ?? [])];
                    const at = stops.indexOf(document.activeElement as HTMLElement);
                    const next = stops[at + (event.key === "ArrowDown" ? 1 : -1)] ?? stops[event.key === "ArrowDown" ? 0 : stops.length - 1];
                    if (next && (document.activeElement as HTMLElement).tagName !== "INPUT") {
                        next.focus();
                        event.preventDefault();
                    }
                }
            }}
        >
            <button ref={button} type="button" aria-expanded={isOpen} aria-haspopup="dialog" onClick={() => {
                    if (!isOpen) props.onOpen?.();
                    setOpen(!isOpen);
                }}>
                {props.label}
            </button>
            {isOpen && (
                <div class={`pop ${props.right ? "right" : ""}`} role="dialog" aria-label={props.name}>
                    {props.children(close)}
                </div>
            )}
        </div>
    );
}

export function Choice(props: { label: string; value: string; options: [string, string][]; onChange: (value: string) => void; lead?: string }) {
    const id = useId();
    return (
        <div class="choice">
            <label class="sr" for={id}>
                {props.label}
            </label>
            <select id={id} value={props.value} onChange={(event) => props.onChange((event.target as HTMLSelectElement).value)}>
                {props.options.map(([value, text]) => (
                    <option key={value} value={value}>
                        {props.lead && value === props.value ? `${props.lead} ${text}` : text}
                    </option>
                ))}
            </select>
        </div>
    );
}

// Small bases make wild percentages: below 20 the difference itself is told.
const SMALL_BASE = 20;

export interface ChangeWords {
    direction: -1 | 0 | 1;
    text: string;
    spoken: string;
}

export function changeWords(kind: Kind, value: number | null, previous: number | null, currency: string): ChangeWords | null {
    if (value === null || previous === null) return null;
    const difference = value - previous;
    const direction = difference > 0 ? 1 : difference < 0 ? -1 : 0;
    const verb = direction > 0 ? "up" : direction < 0 ? "down" : "unchanged";
    if (direction === 0) return { direction, text: "unchanged", spoken: "unchanged" };
    let text: string;
    if (kind === "rate") text = `${f.signed(difference * 100, Math.abs(difference) < 0.005 ? 2 : 1)} pp`;
    else if (kind === "count" && Math.abs(previous) < SMALL_BASE) text = f.signed(difference, 1);
    else if (previous <= 0) text = kind === "money" ? f.signedMoney(difference, currency) : f.signed(difference);
    else text = f.signedShare(difference / previous);
    if (!/[+−-]/.test(text)) return { direction: 0, text: "unchanged", spoken: "unchanged" }; // too small to be written
    return { direction, text, spoken: `${verb} ${text.replace(/^[+−-]/, "")}` };
}

// lessIsBetter: cancellations and churn, where down is good news. isPart: value is not the figure that stands above, but that of the days that are over.
export function Change(props: { kind: Kind; value: number | null; previous: number | null; currency: string; lessIsBetter?: boolean; isPart?: boolean; than?: string }) {
    const words = changeWords(props.kind, props.value, props.previous, props.currency);
    if (!words) return <span class="change">{props.than ? "nothing to compare with" : ""}</span>;
    const good = words.direction * (props.lessIsBetter ? -1 : 1);
    return (
        <span class="change">
            <b class={good > 0 ? "up" : good < 0 ? "down" : ""}>
                <span aria-hidden="true">
                    {words.direction > 0 ? "▲ " : words.direction < 0 ? "▼ " : ""}
                    {words.text}
                </span>
                <span class="sr">{words.spoken}</span>
            </b>
            {props.than && props.isPart && <span title={`${f.value(props.kind, props.value, props.currency)} from ${f.value(props.kind, props.previous, props.currency)}, ${props.than}`}> in final days</span>}
            {props.than && !props.isPart && <span title={`${f.value(props.kind, props.previous, props.currency)}, ${props.than}`}> from {props.kind === "money" ? f.roughMoney(props.previous ?? 0, props.currency) : f.value(props.kind, props.previous, props.currency)}</span>}
        </span>
    );
}

export function Money({ minor, currency }: { minor: number | null | undefined; currency: string }) {
    return <span class="nowrap">{f.money(minor, currency)}</span>;
}

// Amounts in several currencies, one below the other: they are never added.
export function Amounts({ list, pick }: { list: { currency: string }[] | null | undefined; pick: (amount: never) => number | undefined }) {
    const shown = (list ?? []).map((one) => [one.currency, pick(one as never) ?? 0] as const).filter(([, minor]) => minor !== 0);
    if (shown.length === 0) return <span class="quiet">–</span>;
    return <span class="nowrap">{shown.map(([currency, minor]) => f.money(minor, currency)).join(" · ")}</span>;
}

// What people typed may run right to left: it is kept from turning its neighbours around.
export function Name({ children }: { children: ComponentChildren }) {
    return <bdi>{children}</bdi>;
}

// What is as it should be stays quiet: the eye is for what is not.
const USUAL = new Set(["paid", "active"]);
const GOOD = new Set(["ok", "done", "proven", "succeeded"]);
const BAD = new Set(["failed", "past_due", "unpaid", "refunded", "canceled", "void", "incomplete_expired", "error", "failing"]);

export function Tag({ status }: { status: string }) {
    if (USUAL.has(status)) return <span class="quiet small">{status}</span>;
    return <span class={`tag ${GOOD.has(status) ? "good" : BAD.has(status) ? "bad" : "wait"}`}>{f.words(status)}</span>;
}

export function CopyButton({ text, what }: { text: string; what: string }) {
    const [isDone, setDone] = useState(false);
    return (
        <button
            class="plain small"
            onClick={() => {
                void navigator.clipboard?.writeText(text).then(() => {
                    setDone(true);
                    setTimeout(() => setDone(false), 1500);
                });
            }}
        >
            {isDone ? "copied" : "copy"}
            <span class="sr"> {what}</span>
        </button>
    );
}

// How wide an element is, for what is drawn by pixels.
export function useWidth(): [RefObject<HTMLDivElement | null>, number] {
    const ref = useRef<HTMLDivElement>(null);
    const [width, setWidth] = useState(0);
    useLayoutEffect(() => {
        const element = ref.current;
        if (!element) return;
        setWidth(element.clientWidth);
        const observer = new ResizeObserver(() => setWidth(element.clientWidth));
        observer.observe(element);
        return () => observer.disconnect();
    }, []);
    return [ref, width];
}
