// SPDX-License-Identifier: Apache-2.0
// lazy.ts - a page that is fetched when it is first opened. A dozen lines instead of a compatibility layer.
import { h, type ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

export function lazy(load: () => Promise<ComponentType>): ComponentType {
    let loaded: ComponentType | null = null;
    return function Lazy() {
        const [, redraw] = useState(0);
        const [failed, setFailed] = useState(false);
        useEffect(() => {
            if (loaded) return;
            load().then(
                (component) => {
                    loaded = component;
                    redraw((n) => n + 1);
                },
                () => setFailed(true),
            );
        }, []);
        if (failed) return h("p", { class: "empty", role: "alert" }, "This page could not be loaded. Is `till serve` still running?");
        return loaded ? h(loaded, {}) : h("div", { "aria-busy": true });
    };
}
