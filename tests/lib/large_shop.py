# SPDX-License-Identifier: Apache-2.0
"""large_shop.py - a mirror of any size in a minute: a home that has connected to a simulator, whose orders and subscriptions are then written by SQL.

Five years of days up to TO; a fifth as many subscriptions as orders. The same number of orders gives the same rows.
"""

import calendar
import pathlib
import sqlite3
import tempfile
import time

from sim import run_till

ORDERS_FOR_A_SUBSCRIPTION = 5
DAYS = 1826
FROM, TO = "2021-11-21", "2026-11-20"
# Monthly prices, a quarter of the subscriptions ended, a tenth of the orders without one. h(i, k): a number that looks random, from 0 to 999,999.
SEED_SQL = """
CREATE TEMP TABLE numbers (i INTEGER PRIMARY KEY);
INSERT INTO numbers WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :orders) SELECT i FROM n;
DELETE FROM orders;
DELETE FROM subscriptions;
INSERT INTO customers (id, organization_id, created_at, billing_address, till_synced_at)
SELECT name('c', i - 1), :organization, moment(0), '{"country":"' || substr('DEFRATGBUSJPNLSE', 1 + 2 * (h(i, 10) % 8), 2) || '","city":null}', moment(:seconds)
FROM numbers WHERE i <= 1 + :subscriptions / 2;
INSERT INTO subscriptions (id, organization_id, created_at, started_at, ended_at, amount, currency, recurring_interval, recurring_interval_count, status,
    customer_id, product_id, till_synced_at)
SELECT name('s', i), :organization, moment(start), moment(start), CASE WHEN h(i, 1) < 250000 THEN moment(start + 1 + h(i, 2) % (:seconds - start)) END,
    900 + 1000 * (h(i, 3) % 9), 'usd', 'month', 1, CASE WHEN h(i, 1) < 250000 THEN 'canceled' ELSE 'active' END, name('c', h(i, 4) % (1 + :subscriptions / 2)),
    name('p', h(i, 5) % 12), moment(:seconds)
FROM (SELECT i, i * (:seconds - 10) / :subscriptions AS start FROM numbers WHERE i < :subscriptions);
INSERT INTO orders (id, organization_id, created_at, status, paid, subtotal_amount, discount_amount, net_amount, tax_amount, total_amount, refunded_amount,
    refunded_tax_amount, currency, customer_id, product_id, subscription_id, platform_fee_amount, platform_fee_currency, billing_reason, till_synced_at)
SELECT name('o', i), :organization, moment(i * (:seconds - 10) / :orders), 'paid', 1, price, 0, price, CASE WHEN h(i, 6) < 300000 THEN price / 5 ELSE 0 END, price,
    CASE WHEN h(i, 7) < 20000 THEN price ELSE 0 END, 0, 'usd', name('c', h(s, 4) % (1 + :subscriptions / 2)), name('p', h(s, 5) % 12),
    CASE WHEN h(i, 8) < 900000 THEN name('s', s) END, price / 20, 'usd', CASE WHEN h(i, 8) < 900000 THEN 'subscription_cycle' ELSE 'purchase' END, moment(:seconds)
FROM (SELECT i, s, 900 + 1000 * (h(s, 3) % 9) AS price FROM (SELECT i, 1 + h(i, 9) % max(1, i / :orders_for_a_subscription - 1) AS s FROM numbers));
"""


def mix(number, salt):
    value = (number * 0x9E3779B97F4A7C15 + salt * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    value = ((value ^ value >> 31) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return value ^ value >> 29


def name(kind, number):
    """A uuid, the same for the same thing."""
    low = mix(number, ord(kind))
    text = f"{mix(low, 1):016x}{low:016x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"


def make(sim, orders, folder):
    """A home with a connection and this many orders; a fifth as many subscriptions."""
    home = pathlib.Path(tempfile.mkdtemp(dir=folder))
    environment = {"TILL_RATE": "max"}
    run_till(["connect", "polar", "--api-url", sim.production.url, "--token-stdin"], home=home, env=environment, input=sim.production.tokens["read"], check=True)
    run_till(["sync"], home=home, env=environment, check=True)
    begin = calendar.timegm(time.strptime(FROM, "%Y-%m-%d"))
    known = {"orders": orders, "subscriptions": orders // ORDERS_FOR_A_SUBSCRIPTION, "orders_for_a_subscription": ORDERS_FOR_A_SUBSCRIPTION,
             "seconds": DAYS * 86400, "organization": sim.production.organization_id}
    connection = sqlite3.connect(home / "till.db")
    connection.execute("PRAGMA synchronous = OFF")
    connection.create_function("h", 2, lambda number, salt: mix(number, salt) % 1_000_000, deterministic=True)
    connection.create_function("name", 2, name, deterministic=True)
    connection.create_function("moment", 1, lambda s: time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(begin + s)), deterministic=True)
    for statement in SEED_SQL.split(";\n"):
        if statement.strip():
            connection.execute(statement, known if ":" in statement else {})
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    run_till(["sync", "products"], home=home, env=environment, check=True)  # the end of a sync packs old bills, as it does in a shop that grew
    return home
