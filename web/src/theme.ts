// SPDX-License-Identifier: Apache-2.0
// theme.ts - light or dark: the system's choice until the reader makes one, which this browser remembers.
import { useEffect, useState } from "preact/hooks";

export type Theme = "auto" | "light" | "dark";
const KEY = "till.theme";
const listeners = new Set<() => void>();

function stored(): Theme {
    try {
        const text = localStorage.getItem(KEY);
        return text === "light" || text === "dark" ? text : "auto";
    } catch {
        return "auto";
    }
}

function apply(theme: Theme): void {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
}

const system = matchMedia("(prefers-color-scheme: dark)");

export function startTheme(): void {
    apply(stored());
    system.addEventListener("change", () => listeners.forEach((listener) => listener()));
}

export function setTheme(theme: Theme): void {
    try {
        if (theme === "auto") localStorage.removeItem(KEY);
        else localStorage.setItem(KEY, theme);
    } catch {
        // a browser that keeps nothing: the choice holds for this visit
    }
    apply(theme);
    listeners.forEach((listener) => listener());
}

export function useTheme(): { choice: Theme; isDark: boolean } {
    const read = () => {
        const choice = (document.documentElement.dataset.theme as Theme | undefined) ?? "auto";
        return { choice, isDark: choice === "auto" ? system.matches : choice === "dark" };
    };
    const [now, set] = useState(read);
    useEffect(() => {
        const listener = () => set(read());
        listeners.add(listener);
        return () => void listeners.delete(listener);
    }, []);
    return now;
}

export function ink(name: string): string {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
