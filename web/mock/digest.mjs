// SPDX-License-Identifier: Apache-2.0
// digest.mjs - made-up digests, and channels that forget nothing but their secrets, for developing the page without the program.
const DAY = 86_400_000;
const add = (date, days) => new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
const LINES = [
    ["mrr", "MRR", "money", "money", "monthly_recurring_revenue"],
    ["orders", "Orders", "count", "money", "orders"],
    ["revenue", "Revenue", "money", "money", "revenue"],
    ["average_order_value", "Average order", "money", "money", "average_order_value"],
    ["active_subscriptions", "Active subscriptions", "count", "subscriptions", "active_subscriptions"],
    ["new_subscriptions", "New subscriptions", "count", "subscriptions", "new_subscriptions"],
    ["lost_subscriptions", "Lost subscriptions", "count", "subscriptions", "canceled_subscriptions"],
    ["checkout_conversion", "Checkout conversion", "percent", "traffic", "checkouts_conversion"],
];
const BALANCES = new Set(["mrr", "active_subscriptions"]);

function change(unit, now, before) {
    if (before === null || now === null) return { kind: "unknown" };
    const kind = now > before ? "up" : now < before ? "down" : "flat";
    if (kind === "flat") return { kind };
    const size = Math.abs(now - before);
    if (unit === "percent") return { kind, measure: "points", amount: Math.round(size * 1000) / 10 };
    return unit === "money" && before >= 2000 ? { kind, measure: "percent", amount: Math.round((size / before) * 1000) / 10 } : { kind, measure: "absolute", amount: size };
}

// values(slug, [start, end]) are the numbers of the shop.
export function makeDigest(query, scenario, values) {
    const latest = new Date(Date.now() - DAY).toISOString().slice(0, 10);
    const date = query.get("date") || latest;
    const isWeek = query.get("weekly") === "1";
    const first = `${date.slice(0, 8)}01`;
    const windows = {
        day: { from: date, to: date, before_from: add(date, -7), before_to: add(date, -7) },
        week: { from: add(date, -6), to: date, before_from: add(date, -13), before_to: add(date, -7) },
        month: { from: first, to: date, before_from: `${add(first, -1).slice(0, 8)}01`, before_to: add(`${add(first, -1).slice(0, 8)}01`, Number(date.slice(8)) - 1) },
    };
    const over = (slug, from, to) => values(slug, [Date.parse(`${from}T00:00:00Z`), Date.parse(`${to}T00:00:00Z`) + DAY]);
    const lines = LINES.map(([slug, label, unit, section, metric]) => ({
        slug, label, unit, section, kind: BALANCES.has(slug) ? "balance" : "activity", currency: unit === "money" ? "usd" : null, date,
        ...Object.fromEntries(Object.entries(windows).map(([window, one]) => {
            const [value, before] = [over(metric, one.from, one.to), over(metric, one.before_from, one.before_to)];
            return [window, { value, before, change: change(unit, value, before) }];
        })),
    }));
    const isQuiet = scenario === "empty" || scenario === "day";
    return {
        type: "digest", schema: 1, name: "polar", organization_name: "Globex", period: isWeek ? "week" : "day", date, timezone: query.get("timezone") ?? "UTC", currency: "usd", partial: scenario === "big", quiet: isQuiet, windows, lines,
        shown: lines.map((line) => (isWeek ? ["week", "month"] : BALANCES.has(line.slug) ? ["day", "month"] : ["day", "week", "month"])),
        standouts: isQuiet ? [] : [
            { rule: "lost", text: "The largest customer left: Ada <b>Example</b>, $1,200 of MRR, 14.2% of $8,450.", look: `till customers --lost --from ${date} --to ${date}` },
            { rule: "payments", text: "More payments fail: 6 subscriptions missed one in 7 days, 3 in the 7 before.", look: "till customers --at-risk" },
            { rule: "first", text: "The first order in KRW.", look: null },
        ],
        products: isQuiet ? [] : [["Pro", 48_200, 12], ["Icon set", 11_600, 4]].map(([name, revenue_minor, orders]) => ({ name, currency: "usd", revenue_minor, orders })),
        sources: isQuiet ? [] : [["newsletter", 31_000, 9, 412], ["unknown", 28_800, 7, 0]].map(([name, revenue_minor, orders, visitors]) => ({ name, currency: "usd", revenue_minor, orders, visitors })),
        data: [
            { name: "polar", about: null, fresh_as_of: new Date(Date.now() - 95_000).toISOString(), stale: scenario === "big", error: scenario === "big" ? "orders: could not list orders: the service did not answer" : null, not_counted: "refunds" },
            { name: "google", about: "sc-domain:example.com", fresh_as_of: new Date(Date.now() - 7_200_000).toISOString(), complete_to: add(latest, -2), stale: false, error: null, not_counted: null },
        ],
        days: isQuiet ? [] : Array.from({ length: 14 }, (_, i) => ({ date: add(date, i - 13), revenue_minor: over("revenue", add(date, i - 13), add(date, i - 13)) })),
        remark: scenario === "big" ? "NOT WHOLE: the data end before these days do, so sales may be missing (see Data)." : isQuiet ? "No order came in, and no subscription began or ended." : null,
        nothing: "Nothing does.", latest_date: latest,
    };
}

const field = (parameter, sentence, more = {}) => ({ parameter, secret: false, needed: false, default: null, sentence, ...more });
const KINDS = [
    { kind: "email", label: "E-mail", sentence: "through your own mail server (SMTP, encrypted), as text and HTML", local: false, fields: [field("smtp_host", "the mail server that takes your mail, such as smtp.fastmail.com", { needed: true }), field("to_address", "who gets it; several with commas between", { needed: true }), field("username", "sign in to the mail server with this name and a password"), field("ca_file", "certificates to trust instead of the system's"), field("password", "the mail server's password", { secret: true })] },
    { kind: "ntfy", label: "ntfy", sentence: "a notification by ntfy.sh or a server of your own", local: false, fields: [field("api_url", "where ntfy answers", { default: "https://ntfy.sh" }), field("topic", "the topic; whoever knows it can read it", { secret: true, needed: true })] },
    { kind: "webhook", label: "Webhook", sentence: "JSON to an address of yours, signed by Standard Webhooks", local: false, fields: [field("url", "https address that takes it", { needed: true }), field("signing_secret", "the secret that signs it: whsec_...", { secret: true })] },
    { kind: "file", label: "File", sentence: "a file, replaced each time", local: true, fields: [field("path", "the file", { needed: true })] },
];
const delivery = (channel, state, error) => ({ channel, period: "day", date: add(new Date().toISOString().slice(0, 10), -1), state, parts_sent: 1, parts: 1, tries: state === "waiting" ? 3 : 1, last_try: new Date(Date.now() - 3_600_000).toISOString(), next_try: state === "waiting" ? new Date(Date.now() + 600_000).toISOString() : null, error });
const ALL = ["money", "subscriptions", "traffic", "standouts", "tops", "sources"];
const channel = (name, kind, where, more = {}) => ({ name, kind, where, enabled: true, digests: "days", sections: ALL, connection: null, with_names: false, ascii: false, secret_place: "file", deliveries: [], ...more });

export function makeChannels(scenario) {
    const schedule = { enabled: true, at: "08:00", timezone: "Europe/Berlin", weekdays: ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], weekly_on: "monday", next_day: new Date(Date.now() + DAY / 2).toISOString(), next_week: null };
    let channels = scenario === "empty" ? [] : [
        channel("email", "email", "mail to me@example.com by smtp.example.com", { digests: "both", with_names: true, deliveries: [delivery("email", "sent", null)] }),
        channel("phone", "ntfy", "ntfy.sh", { sections: ["money", "standouts"], ascii: true, deliveries: [delivery("phone", "uncertain", "the connection ended before ntfy.sh answered")] }),
        channel("program", "webhook", "https://example.com/digest", { enabled: false, deliveries: [delivery("program", "waiting", "example.com answered 503")] }),
    ];
    const wanted = (fields) => ({
        ...(fields.has("digests") ? { digests: fields.get("digests") } : {}),
        ...(fields.has("sections") ? { sections: fields.get("sections") === "all" ? ALL : fields.get("sections").split(",") } : {}),
        ...Object.fromEntries(["with_names", "ascii", "enabled"].filter((name) => fields.has(name)).map((name) => [name, fields.get(name) === "1"])),
    });
    return {
        answer: () => ({ kinds: KINDS, channels, schedule }),
        // What the job says at its end; null: it is no address of these.
        act: (method, path, fields) => {
            const name = fields.get("name");
            if (path === "/api/channels" && method === "DELETE") channels = channels.filter((one) => one.name !== name);
            else if (path === "/api/channels") channels = [...channels.filter((one) => one.name !== name), channel(name, fields.get("kind"), fields.get("url") ?? fields.get("to_address") ?? "somewhere", wanted(fields))];
            else if (path === "/api/channels/set") channels = channels.map((one) => (one.name === name ? { ...one, ...wanted(fields) } : one));
            else if (path === "/api/digest/preview") return { previews: [{ channel: fields.get("channel"), text: "MRR $4,210 ▲ 6% WoW\nOrders 38 ▲ 4 WoW\nRevenue $5,930 ▲ 9% WoW\n" }] };
            else if (path === "/api/digest/send") channels = channels.map((one) => (one.name === fields.get("channel") ? { ...one, deliveries: [delivery(one.name, "sent", null)] } : one));
            else if (path === "/api/digest/schedule") Object.assign(schedule, { enabled: fields.get("enabled") === "1", at: fields.get("at"), timezone: fields.get("timezone"), weekdays: schedule.weekdays.filter((day) => fields.get("weekdays").includes(day.slice(0, 3))), weekly_on: fields.get("weekly_on") === "never" ? null : fields.get("weekly_on") });
            else if (path !== "/api/channels/test") return null;
            return {};
        },
    };
}
