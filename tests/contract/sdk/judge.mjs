// SPDX-License-Identifier: Apache-2.0
// judge.mjs - the official SDKs list every table of a server, and say whether they could.
//
// SDK 0.49.0 validates each response at run time against its schemas: one wrong type, missing key or unknown discriminator
// is an error. SDK 1.0.1 does not validate but sends today's API version and pages in its own way. Both must see the same
// number of rows as the server's own total, page by page to the end. "metrics" is no list: its rows are the periods of a year, its ids the
// slugs of its metrics.
//
// Environment: POLAR_API_URL (base URL), POLAR_ACCESS_TOKEN, and TABLES (optional, comma separated). Nothing in argv.
// Standard output: one JSON object, {table: {total, v0: {rows, ids, milliseconds}, v1: {…}}}. Exit status 1 on any error.
import { Polar } from "@polar-sh/sdk";
import { RFCDate } from "@polar-sh/sdk/types/rfcdate.js";
import { createPolar } from "sdk-1/2026-10";

const PAGE_ROWS = 100;
const SECONDS_PER_REQUEST = 60;
const ERRORS_SHOWN = 3;

// Table -> how it must be sorted so that offset paging loses as little as the API allows.
const TABLES = {
  organizations: ["created_at", "name"],
  customers: ["created_at", "email"],
  products: ["created_at", "name"],
  orders: ["created_at", "invoice_number"],
  subscriptions: ["started_at", "current_period_end"],
  refunds: ["created_at", "amount"],
  checkouts: ["created_at", "expires_at"],
  benefits: ["created_at", "description"],
  events: ["timestamp"],
  metrics: [],
};
const WINDOW = { first: "2026-01-15", last: "2026-12-31", interval: "month", timezone: "Asia/Kolkata", periods: 12 };

function fromEnvironment(name) {
  const value = process.env[name];
  if (!value) {
    console.error(`judge: ${name} is not set; set it in the environment`);
    process.exit(2);
  }
  return value;
}

const serverURL = fromEnvironment("POLAR_API_URL").replace(/\/$/, "");
const accessToken = fromEnvironment("POLAR_ACCESS_TOKEN");
const wanted = process.env.TABLES ? process.env.TABLES.split(",") : Object.keys(TABLES);

const v0 = new Polar({ accessToken, serverURL, timeoutMs: SECONDS_PER_REQUEST * 1000, retryConfig: { strategy: "none" } });
const v1 = createPolar({ accessToken, baseUrl: serverURL, timeout: SECONDS_PER_REQUEST });

function newTally() {
  return { rows: 0, ids: new Set(), total: null };
}

function add(tally, items) {
  for (const row of items) {
    tally.rows += 1;
    tally.ids.add(row.id);
  }
}

function tallyOfMetrics({ periods, totals, metrics }) {
  const slugs = Object.keys(metrics);
  for (const figures of [totals, ...periods]) {
    if (Object.values(figures).filter((value) => typeof value === "number").length !== slugs.length) {
      throw new Error(`the metrics are ${slugs}, but a period or the totals hold ${Object.keys(figures)}`);
    }
  }
  return { rows: periods.length, ids: new Set(slugs), total: WINDOW.periods };
}

async function withV0(table) {
  const tally = newTally();
  if (table === "metrics") {
    const [startDate, endDate] = [new RFCDate(WINDOW.first), new RFCDate(WINDOW.last)];
    return tallyOfMetrics(await v0.metrics.get({ startDate, endDate, interval: WINDOW.interval, timezone: WINDOW.timezone }));
  }
  const query = { limit: PAGE_ROWS, sorting: TABLES[table] };
  if (table === "events") { // this SDK does not page through events by itself
    for (let page = 1, last = 1; page <= last; page++) {
      const { items, pagination } = await v0.events.list({ ...query, page });
      add(tally, items);
      tally.total = pagination.totalCount;
      last = pagination.maxPage;
    }
    return tally;
  }
  const pages = table === "organizations" ? await v0.organizations.listOrganizations(query) : await v0[table].list(query);
  for await (const page of pages) {
    add(tally, page.result.items);
    tally.total = page.result.pagination.totalCount;
  }
  return tally;
}

async function withV1(table) {
  const tally = newTally();
  if (table === "metrics") {
    const { first, last, interval, timezone } = WINDOW;
    return tallyOfMetrics(await v1.metrics.get({ start_date: first, end_date: last, interval, timezone }));
  }
  for (let page = 1, last = 1; page <= last; page++) {
    const { items, pagination } = await v1[table].list({ page, limit: PAGE_ROWS, sorting: TABLES[table] });
    add(tally, items);
    tally.total = pagination.total_count;
    last = pagination.max_page;
  }
  return tally;
}

function explain(error) {
  const cause = error.cause ?? error.rawValue;
  const issues = cause?.issues ?? cause?.errors;
  const detail = issues ? `: ${JSON.stringify(issues).slice(0, 4000)}` : "";
  return `${error.name}: ${String(error.message).slice(0, 2000)}${detail}`;
}

const report = {};
const errors = [];

for (const table of wanted) {
  report[table] = {};
  for (const [name, list] of [["v0", withV0], ["v1", withV1]]) {
    const started = performance.now();
    try {
      const tally = await list(table);
      report[table].total ??= tally.total;
      report[table][name] = {
        rows: tally.rows,
        ids: tally.ids.size,
        milliseconds: Math.round(performance.now() - started),
      };
      if (tally.rows !== tally.total) {
        errors.push(`${table} ${name}: ${tally.rows} rows, but the server counts ${tally.total}`);
      }
    } catch (error) {
      errors.push(`${table} ${name}: ${explain(error)}`);
    }
  }
  if (report[table].v0?.rows !== report[table].v1?.rows) {
    errors.push(`${table}: SDK 0.49.0 saw ${report[table].v0?.rows} rows, SDK 1.0.1 saw ${report[table].v1?.rows}`);
  }
}

console.log(JSON.stringify(report));
for (const error of errors.slice(0, ERRORS_SHOWN * wanted.length)) {
  console.error(`judge: ${error}`);
}
process.exit(errors.length > 0 ? 1 : 0);
