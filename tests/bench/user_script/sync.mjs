// SPDX-License-Identifier: Apache-2.0
// sync.mjs - what a user would write instead of till: the official SDK, better-sqlite3, and a loop over pages.
//
// The other side of the benchmark, so written to be fast where a user would think of it: write-ahead log, prepared upserts, one
// transaction a page. Columns are the fields of the first page; nested values are JSON text. It does not resume, retry, prove that
// nothing is missing, or notice what was deleted.
//
// Environment: POLAR_API_URL, POLAR_ACCESS_TOKEN, TABLES (comma separated), DATABASE (a new file). Nothing in argv.
// Standard output: one JSON object {driver, rows, tables: {table: rows}}. Without better-sqlite3 it takes Node's own node:sqlite.
import { createPolar } from "@polar-sh/sdk/2026-10";

const PAGE_ROWS = 100;
const REQUEST_TIMEOUT_SECONDS = 120;
const SORTING = {
  organizations: ["created_at", "name"],
  customers: ["created_at", "email"],
  products: ["created_at", "name"],
  orders: ["created_at", "invoice_number"],
  subscriptions: ["started_at", "current_period_end"],
  refunds: ["created_at", "amount"],
  checkouts: ["created_at", "expires_at"],
  benefits: ["created_at", "description"],
};

async function openDatabase(path) {
  try {
    const { default: Database } = await import("better-sqlite3");
    return { driver: "better-sqlite3", database: new Database(path) };
  } catch (reason) {
    const { DatabaseSync } = await import("node:sqlite").catch(() => {
      throw reason;
    });
    return { driver: "node:sqlite", database: new DatabaseSync(path) };
  }
}

const { POLAR_API_URL, POLAR_ACCESS_TOKEN, TABLES, DATABASE } = process.env;
const polar = createPolar({
  accessToken: POLAR_ACCESS_TOKEN,
  baseUrl: POLAR_API_URL.replace(/\/$/, ""),
  timeout: REQUEST_TIMEOUT_SECONDS,
});
const { driver, database } = await openDatabase(DATABASE);
database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");

function prepareUpsert(table, items) {
  const columns = [...new Set(items.flatMap((row) => Object.keys(row)))];
  const names = columns.map((name) => `"${name}"`);
  const updates = names.map((name) => `${name} = excluded.${name}`);
  database.exec(`CREATE TABLE IF NOT EXISTS "${table}" (${names.join(", ")}, PRIMARY KEY ("id"))`);
  const statement = database.prepare(
    `INSERT INTO "${table}" (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})
     ON CONFLICT ("id") DO UPDATE SET ${updates.join(", ")}`,
  );
  return { columns, statement };
}

function columnValue(value) {
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean") return Number(value);
  return typeof value === "object" ? JSON.stringify(value) : value;
}

async function syncTable(table) {
  let rows = 0;
  let upsert;
  for (let page = 1, lastPage = 1; page <= lastPage; page++) {
    const { items, pagination } = await polar[table].list({ page, limit: PAGE_ROWS, sorting: SORTING[table] });
    lastPage = pagination.max_page;
    if (items.length === 0) break;
    upsert ??= prepareUpsert(table, items);
    database.exec("BEGIN");
    for (const row of items) upsert.statement.run(...upsert.columns.map((name) => columnValue(row[name])));
    database.exec("COMMIT");
    rows += items.length;
  }
  return rows;
}

const tables = {};
for (const table of TABLES.split(",")) tables[table] = await syncTable(table);
database.close();
console.log(JSON.stringify({ driver, rows: Object.values(tables).reduce((sum, rows) => sum + rows, 0), tables }));
