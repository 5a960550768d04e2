// SPDX-License-Identifier: Apache-2.0
// main.tsx - the beginning. The session's key comes in the address's fragment, which never travels to a server: it is taken out of the
// address before anything else, so that it is in no history entry, and exchanged for a cookie that scripts cannot read.
import { render } from "preact";
import { act } from "./api";
import { App } from "./app";
import { startRouter } from "./router";
import { startTheme } from "./theme";

async function enter(): Promise<void> {
    const token = new URLSearchParams(location.hash.slice(1)).get("token");
    if (!token) return;
    history.replaceState(null, "", location.pathname + location.search);
    try {
        await act("POST", "/api/session", { token });
    } catch {
        // the sign-in screen says what is to be done
    }
}

startTheme();
startRouter();
void enter().then(() => render(<App />, document.getElementById("app") as HTMLElement));
