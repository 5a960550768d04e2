# SPDX-License-Identifier: Apache-2.0
"""traffic_rows.py - sources of traffic written into a home's database by hand: small worlds whose answers are known."""

import contextlib
import pathlib
import sqlite3

NOW = "2026-06-15T12:00:00.000000Z"


@contextlib.contextmanager
def opened(home):
    connection = sqlite3.connect(pathlib.Path(home) / "till.db")
    try:
        yield connection
        connection.commit()
    finally:
        connection.close()


def add_source(home, name, service, *, zone="UTC", shown="example.com", connected=NOW, error=None):
    with opened(home) as db:
        db.execute(
            "INSERT OR REPLACE INTO traffic_sources (name, service, api_url, property, property_name, account, timezone, secret_place, connected_at, "
            "last_code, last_error, fresh_at) VALUES (?, ?, 'https://127.0.0.1', '1', ?, '', ?, 'file', ?, ?, ?, ?)",
            (name, service, shown, zone, connected, "network" if error else "ok", error, NOW),
        )


def add_days(home, name, days, *, service="posthog", zone="UTC"):
    """days: (date, visitors, visits, page views, bounces[, is complete])."""
    with opened(home) as db:
        for date, visitors, visits, pageviews, bounces, *rest in days:
            db.execute("INSERT OR REPLACE INTO traffic_daily VALUES (?, ?, '1', ?, ?, ?, ?, ?, ?, ?, ?)",
                       (name, service, date, zone, visitors, visits, pageviews, bounces, rest[0] if rest else 1, NOW))


def add_hours(home, name, hours, *, service="posthog"):
    with opened(home) as db:
        for hour, visitors, visits, pageviews in hours:
            db.execute("INSERT OR REPLACE INTO traffic_hourly VALUES (?, ?, '1', ?, ?, ?, ?, ?)", (name, service, hour, visitors, visits, pageviews, NOW))


def add_parts(home, name, parts, *, service="posthog"):
    """parts: (date, dimension, value, visitors, visits, page views, bounces)."""
    with opened(home) as db:
        for date, dimension, value, visitors, visits, pageviews, bounces in parts:
            db.execute("INSERT OR REPLACE INTO traffic_breakdown VALUES (?, ?, '1', ?, ?, ?, ?, ?, ?, ?, ?)",
                       (name, service, date, dimension, value, visitors, visits, pageviews, bounces, NOW))


def add_searches(home, name, days, parts=()):
    """days: (date, clicks, impressions, position, is complete); parts: (date, dimension, value, clicks, impressions, position)."""
    with opened(home) as db:
        for date, clicks, impressions, position, complete in days:
            db.execute("INSERT OR REPLACE INTO search_daily VALUES (?, 'search-console', '1', ?, ?, ?, ?, ?, ?)",
                       (name, date, clicks, impressions, position, complete, NOW))
        for date, dimension, value, clicks, impressions, position in parts:
            db.execute("INSERT OR REPLACE INTO search_queries VALUES (?, 'search-console', '1', ?, ?, ?, ?, ?, ?, ?)",
                       (name, date, dimension, value, clicks, impressions, position, NOW))
