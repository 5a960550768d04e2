// SPDX-License-Identifier: Apache-2.0
// work.ts - what the page asks another process of till to do, as a piece of state: whether it runs, what it says on its way, and why it failed.
import { useState } from "preact/hooks";
import { type ApiError, perform, type Query } from "./api";
import { useJob } from "./live";

export interface Outcome {
    isDone: boolean;
    // what the command printed, also when it failed
    output: unknown;
}

export interface Work {
    // What is typed may be forgotten as soon as this returns: it has been sent.
    run: (path: string, fields?: Query, method?: "POST" | "DELETE") => Promise<Outcome>;
    isBusy: boolean;
    line: string | null; // its last line, while it runs
    error: ApiError | null;
    forget: () => void; // the error
}

export function useWork(): Work {
    const [job, setJob] = useState<number | null>(null);
    const [isBusy, setBusy] = useState(false);
    const [error, setError] = useState<ApiError | null>(null);
    const progress = useJob(job);
    const run = async (path: string, fields: Query = {}, method: "POST" | "DELETE" = "POST"): Promise<Outcome> => {
        setBusy(true);
        setError(null);
        const outcome: Outcome = { isDone: false, output: null };
        try {
            outcome.output = (await perform(method, path, fields, setJob)).output ?? null;
            outcome.isDone = true;
        } catch (problem) {
            outcome.output = (problem as ApiError).output;
            setError(problem as ApiError);
        }
        setBusy(false);
        setJob(null);
        return outcome;
    };
    return { run, isBusy, line: isBusy ? (progress?.line ?? null) : null, error, forget: () => setError(null) };
}
