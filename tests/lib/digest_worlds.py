# SPDX-License-Identifier: Apache-2.0
"""digest_worlds.py - small shops written into a home's database by hand, for the digest: what happened on which day is known, so its sentences are too.

    empty = empty_home(sim, folder)     # connected once
    shop = Shop(empty, home)            # a copy of it; build(shop, name) fills it and gives the digest's arguments

Everything lies in 2024: over, whatever the machine's clock says.
"""

import datetime
import json
import pathlib
import shutil
import sqlite3
import uuid

import traffic_rows
from sim import run_till

CONNECTED = "2023-06-01T00:00:00.000000Z"
TABLES = ("orders", "subscriptions", "refunds", "checkouts", "products", "customers")


def moment(day, hour=12):
    """The hour of that day, UTC, as the mirror writes it."""
    date = day if isinstance(day, datetime.date) else datetime.date.fromisoformat(day)
    return f"{date.isoformat()}T{int(hour):02d}:{int(hour % 1 * 60):02d}:00.000000Z"


def days(first, count):
    start = datetime.date.fromisoformat(first)
    return [start + datetime.timedelta(days=i) for i in range(count)]


def empty_home(sim, folder):
    """A home that is connected and has synced."""
    home = pathlib.Path(folder) / "empty"
    options = {"home": home, "env": {"TILL_RATE": "max"}}
    run_till(["connect", "polar", "--api-url", sim.production.url, "--token-stdin"], input=sim.production.tokens["read"], check=True, **options)
    run_till(["sync"], check=True, **options)
    return home


class Shop:
    def __init__(self, empty, home):
        shutil.copytree(empty, home)
        self.home = pathlib.Path(home)
        self._number = 0
        self._rows, self._needed = [], {}
        with traffic_rows.opened(self.home) as db:
            self._organization = db.execute("SELECT organization_id FROM till_connections").fetchone()[0]
            for table in TABLES:
                db.execute(f"DELETE FROM {table}")
            db.execute("UPDATE till_connections SET connected_at = ?, organization_name = 'Example Shop'", (CONNECTED,))
        self.fresh("2024-12-31T00:00:00.000000Z")

    def _id(self):
        self._number += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, str(self._number)))

    def _insert(self, table, **values):
        values = {"organization_id": self._organization, "till_synced_at": CONNECTED, **values}
        values.setdefault("id", self._id())
        if table not in self._needed:
            with traffic_rows.opened(self.home) as db:
                self._needed[table] = {row[1]: 0 if row[2] == "INTEGER" else CONNECTED for row in db.execute(f"PRAGMA table_info({table})") if row[3]}
        self._rows.append((table, {**self._needed[table], **values}))
        return values["id"]

    def write(self):
        """All rows so far, in one go."""
        with traffic_rows.opened(self.home) as db:
            for table, values in self._rows:
                db.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", list(values.values()))
        self._rows = []

    def fresh(self, at, table=None, error=None):
        """The tables (one, or all) are as the service had them then."""
        with traffic_rows.opened(self.home) as db:
            db.execute("UPDATE till_tables SET fresh_at = ?1, last_started_at = ?1, last_finished_at = ?1, last_success_at = ?1, last_code = ?2, last_error = ?3 "
                       "WHERE ?4 IS NULL OR table_name = ?4", (at, "network" if error else "ok", error, table))

    def off(self, table):
        with traffic_rows.opened(self.home) as db:
            db.execute("UPDATE till_tables SET is_enabled = 0 WHERE table_name = ?", (table,))

    def product(self, name):
        return self._insert("products", name=name, created_at=CONNECTED)

    def customer(self, name, email=None):
        return self._insert("customers", name=name, email=email, created_at=CONNECTED)

    def order(self, at, amount, currency="usd", product=None, customer=None, source=None, reason="purchase", subscription=None):
        metadata = json.dumps({"utm_source": source} if source else {})
        return self._insert("orders", created_at=at, status="paid", paid=1, subtotal_amount=amount, net_amount=amount, total_amount=amount, currency=currency,
                            product_id=product, customer_id=customer, billing_reason=reason, metadata=metadata, subscription_id=subscription,
                            checkout_id=self._id() if reason != "subscription_cycle" else None)

    def subscription(self, start, amount, currency="usd", end=None, product=None, customer=None, reason=None):
        status = "canceled" if end else "active"
        return self._insert("subscriptions", created_at=start, started_at=start, ended_at=end, ends_at=end, canceled_at=end, amount=amount, currency=currency,
                            recurring_interval="month", recurring_interval_count=1, status=status, customer_id=customer or self.customer("Somebody"),
                            product_id=product, customer_cancellation_reason=reason)

    def refund(self, at, amount, currency="usd"):
        return self._insert("refunds", created_at=at, amount=amount, currency=currency, status="succeeded")

    def checkout(self, at, succeeded, source=None):
        return self._insert("checkouts", created_at=at, status="succeeded" if succeeded else "expired", currency="usd",
                            metadata=json.dumps({"utm_source": source} if source else {}))

    def missed_payment(self, subscription, at):
        with traffic_rows.opened(self.home) as db:
            db.execute("INSERT INTO row_changes (organization_id, table_name, row_id, column_name, old_value, new_value, seen_at) "
                       "VALUES (?, 'subscriptions', ?, 'status', 'active', 'past_due', ?)", (self._organization, subscription, at))

    def visits(self, first, counts, *, zone="UTC", sources=None):
        """counts: visitors of each day from the first on; sources: source -> the same."""
        dates = days(first, len(counts))
        traffic_rows.add_source(self.home, "web", "posthog", zone=zone, shown="example.com", connected=CONNECTED)
        traffic_rows.add_days(self.home, "web", [(date.isoformat(), count, count + count // 10, 3 * count, count // 2) for date, count in zip(dates, counts)], zone=zone)
        for name, parts in (sources or {}).items():
            traffic_rows.add_parts(self.home, "web", [(date.isoformat(), "source", name, part, part, part, 0) for date, part in zip(days(first, len(parts)), parts)])
        self._fresh_sources()

    def searches(self, first, clicks):
        traffic_rows.add_source(self.home, "google", "search-console", shown="sc-domain:example.com", connected=CONNECTED)
        traffic_rows.add_searches(self.home, "google", [(date.isoformat(), count, 20 * count, 8.5, 1) for date, count in zip(days(first, len(clicks)), clicks)])
        self._fresh_sources()

    def _fresh_sources(self):
        with traffic_rows.opened(self.home) as db:
            db.execute("UPDATE traffic_sources SET fresh_at = '2024-12-31T00:00:00.000000Z'")


# ---- the worlds: each fills a shop, and says which digests are to be asked of it ----


def _daily(shop, first, count, amount, product, each=lambda number: 1, source=None):
    for number, day in enumerate(days(first, count)):
        for k in range(each(number)):
            shop.order(moment(day, 8 + k % 14), amount, product=product, source=source)


def growth(shop):
    pro, starter = shop.product("Pro"), shop.product("Starter")
    _daily(shop, "2024-07-01", 114, 14900, pro, lambda number: 20 + number // 12)
    _daily(shop, "2024-07-01", 114, 900, starter, lambda number: 4 + number % 3, source="newsletter")
    for number in range(40):
        shop.subscription(moment("2024-05-01"), 9900, product=pro)
    for day in days("2024-10-01", 22):
        shop.subscription(moment(day), 2900, product=starter)
    shop.refund(moment("2024-10-20"), 4900)
    return [["--date", "2024-10-22"], ["--date", "2024-10-22", "--weekly"], ["--date", "2024-10-22", "--ascii"]]


def decline(shop):
    pro = shop.product("Pro")
    _daily(shop, "2024-07-01", 113, 10000, pro, lambda number: 30 - number // 20, source="launch-site")
    big = shop.customer("Big Example Company", "big@example.com")
    shop.subscription(moment("2024-01-10"), 120000, end=moment("2024-10-22"), customer=big, product=pro, reason="too_expensive")
    for number in range(12):
        shop.subscription(moment("2024-02-01"), 4900, end=moment("2024-10-22", 1 + number) if number < 7 else None, product=pro)
    gone = [shop.subscription(moment("2024-03-01"), 900) for number in range(9)]
    for number, subscription in enumerate(gone):
        shop.missed_payment(subscription, moment("2024-10-20") if number < 6 else moment("2024-10-10"))
    for day in days("2024-10-15", 8):
        shop.refund(moment(day, 15), 10000)
    _daily(shop, "2024-10-22", 1, 10000, pro, lambda number: 4)
    return [["--date", "2024-10-22"]]


def first_day(shop):
    buyer = shop.customer("First Example")
    pro = shop.product("Pro")
    subscription = shop.subscription(moment("2024-10-22"), 2900, product=pro, customer=buyer)
    shop.order(moment("2024-10-22"), 2900, product=pro, customer=buyer, reason="subscription_create", subscription=subscription)
    shop.order(moment("2024-10-22", 18), 9900, product=shop.product("Book"))
    shop.refund(moment("2024-10-22", 20), 9900)
    return [["--date", "2024-10-22"], ["--date", "2024-10-22", "--weekly"], ["--date", "2024-10-23"], ["--date", "2024-10-21"]]


def no_sales(shop):
    _daily(shop, "2024-08-01", 30, 5000, shop.product("Pro"))
    shop.subscription(moment("2024-08-01"), 2900)
    return [["--date", "2024-10-22"], ["--date", "2024-09-05"]]


def never_sold(shop):
    return [["--date", "2024-10-22"]]


def currencies(shop):
    pro = shop.product("Pro")
    for number, day in enumerate(days("2024-08-01", 83)):
        for currency, amount in (("usd", 9900), ("eur", 8900), ("jpy", 14900), ("gbp", 7900)):
            if currency != "gbp" or number % 5 == 0:
                shop.order(moment(day, 9), amount + 10 * number, currency, product=pro)
    shop.order(moment("2024-10-22", 20), 123456, "krw", product=pro)
    for currency, amount in (("usd", 9900), ("eur", 8900), ("jpy", 14900)):
        shop.subscription(moment("2024-05-01"), amount, currency)
    shop.subscription(moment("2024-10-20"), 4500, "eur")
    shop.refund(moment("2024-10-22"), 8900, "eur")
    return [["--date", "2024-10-22"], ["--date", "2024-10-22", "--ascii", "--weekly"]]


def stale_source(shop):
    _daily(shop, "2024-08-01", 82, 5000, shop.product("Pro"), lambda number: 8)
    shop.visits("2024-08-01", [300 + day % 7 for day in range(80)])
    shop.fresh("2024-10-22T14:30:00.000000Z")
    shop.fresh("2024-10-20T06:00:00.000000Z", "orders", "could not list orders: the service did not answer")
    shop.off("refunds")
    return [["--date", "2024-10-22", "--timezone", "Europe/Berlin"]]


def spring_forward(shop):
    # 2024-03-31 has 23 hours in Berlin: from 23:00 of the day before to 22:00, UTC.
    for at in ("2024-03-30T22:30", "2024-03-30T23:30", "2024-03-31T21:30", "2024-03-31T22:30", "2024-03-23T22:59", "2024-03-23T23:00", "2024-03-24T22:59", "2024-03-24T23:00"):
        shop.order(at + ":00.000000Z", 5000)
    shop.subscription("2024-03-31T21:59:00.000000Z", 1900)
    shop.subscription("2024-03-31T22:00:00.000000Z", 2900)
    return [["--date", "2024-03-31", "--timezone", "Europe/Berlin"], ["--date", "2024-04-01", "--timezone", "Europe/Berlin"]]


def fall_back(shop):
    # 2024-11-03 has 25 hours in New York: from 04:00 to 05:00 of the day after, UTC.
    for at in ("2024-11-03T03:59", "2024-11-03T04:00", "2024-11-03T05:30", "2024-11-03T06:30", "2024-11-04T04:59", "2024-11-04T05:00", "2024-10-27T03:59", "2024-10-27T04:00",
               "2024-10-28T03:59", "2024-10-28T04:00"):
        shop.order(at + ":00.000000Z", 7000)
    return [["--date", "2024-11-03", "--timezone", "America/New_York"]]


def leap_day(shop):
    _daily(shop, "2023-12-20", 80, 6000, shop.product("Pro"), lambda number: 2 + number % 4)
    return [["--date", "2024-02-29"], ["--date", "2024-03-29"], ["--date", "2024-03-07"]]


def month_ends(shop):
    _daily(shop, "2024-01-01", 220, 6000, shop.product("Pro"), lambda number: 3 + number % 5)
    shop.subscription(moment("2024-02-15"), 4900)
    shop.subscription(moment("2024-05-31"), 4900)
    return [["--date", "2024-05-31"], ["--date", "2024-07-31", "--weekly"], ["--date", "2024-06-01"]]


def traffic(shop):
    pro = shop.product("Pro")
    for number, day in enumerate(days("2024-08-01", 83)):
        for k in range(3 + number % 3):
            shop.order(moment(day, 8 + k), 9900, product=pro, source="newsletter" if number < 74 else "search")
        for k in range(9):
            shop.checkout(moment(day, 8 + k), k < 3 + number % 3, "newsletter")
        shop.order(moment(day, 20), 2900, product=pro, reason="subscription_cycle")
    shop.visits("2024-08-01", [200 + 3 * (day % 7) for day in range(82)] + [640],
                sources={"newsletter": [60 if day < 76 else 4 for day in range(83)], "search": [30] * 83})
    shop.searches("2024-08-01", [40 + day % 7 for day in range(80)])
    return [["--date", "2024-10-22"], ["--date", "2024-10-22", "--weekly"]]


def hostile_names(shop):
    name = "<script>alert(1)</script> [x](https://evil.example) **b** `c` | <!channel> @everyone \x1b[31m\u202e\u0000"
    product = shop.product(name.replace("\u0000", ""))
    _daily(shop, "2024-10-22", 1, 5000, product, lambda number: 3, source="\"><img src=x onerror=alert(1)>\n\n# heading")
    buyer = shop.customer("=cmd|' /C calc'!A0 & \"friends\" <b>\u2603</b>")
    shop.subscription(moment("2024-08-01"), 50000, end=moment("2024-10-22"), customer=buyer, product=product)
    _daily(shop, "2024-10-01", 1, 5000, None)
    return [["--date", "2024-10-22"], ["--date", "2024-10-22", "--ascii"], ["--date", "2024-10-22", "--format", "markdown"], ["--date", "2024-10-22", "--format", "html"]]


WORLDS = {
    world.__name__: world
    for world in (growth, decline, first_day, no_sales, never_sold, currencies, stale_source, spring_forward, fall_back, leap_day, month_ends, traffic, hostile_names)
}


def build(shop, name):
    asked = WORLDS[name](shop)
    shop.write()
    return asked
