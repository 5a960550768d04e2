# SPDX-License-Identifier: Apache-2.0
"""traffic_rows.py - sources of traffic written into a home's database by hand: small worlds whose answers are known."""

import contextlib
import datetime
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


PARTS = {
    "channel": ("Organic Search", "Direct", "Referral"),
    "referrer": ("www.google.com", "", "news.ycombinator.com"),
    "landing_page": ("/", "/pricing", "/blog/launch"),
    "country": ("US", "DE", "GB", ""),
    "device": ("Desktop", "Mobile"),
    "utm_source": ("", "google", "newsletter", "nobody buys"),
    "utm_medium": ("", "cpc"),
    "utm_campaign": ("", "launch"),
}


def make_world(home, last, days=60):
    """posthog (parts, hours), umami beside it, and search; `days` days to `last` (a date), which is not over. Searches end three days earlier."""
    add_source(home, "posthog", "posthog", zone="Europe/Berlin", connected="2026-01-01T00:00:00.000000Z")
    add_source(home, "umami", "umami", connected="2026-01-02T00:00:00.000000Z")
    add_source(home, "search-console", "search-console", zone="America/Los_Angeles", shown="sc-domain:example.com", connected="2026-01-03T00:00:00.000000Z")
    daily, other, parts, searches, queries = [], [], [], [], []
    for i in range(days):
        date = (last - datetime.timedelta(days=days - 1 - i)).isoformat()
        visitors = 100 + 7 * i % 50 + i
        is_over = int(i < days - 1)
        daily.append((date, visitors, visitors + 20, visitors * 3, visitors // 2, is_over))
        other.append((date, visitors - 9, None, visitors * 2, None, is_over))
        for dimension, values in PARTS.items():
            for k, value in enumerate(values):
                count = visitors // (k + 2)
                told = count if dimension in ("country", "device") else None
                parts.append((date, dimension, value, told, count + 1, count * 3, count // 3))
        if i < days - 3:
            clicks = 10 + i * 3 % 11
            searches.append((date, clicks, clicks * 20, 4 + i % 5, int(i < days - 5)))
            for k, query in enumerate(("example", "=1+1", "how to example")):
                queries.append((date, "query", query, (i * (k + 2)) % 9, 50 + k, 3.5 + k))
            queries.append((date, "page", "https://example.com/pricing", clicks // 2, 90, 6.0))
    add_days(home, "posthog", daily, zone="Europe/Berlin")
    add_days(home, "umami", other, service="umami")
    add_parts(home, "posthog", parts)
    add_hours(home, "posthog", [(f"{last.isoformat()}T{hour:02}:00:00.000000Z", 5 + hour, 6 + hour, 20) for hour in range(24)])
    add_searches(home, "search-console", searches, queries)
