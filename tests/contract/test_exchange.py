# SPDX-License-Identifier: Apache-2.0
"""Converted totals: `--in CURRENCY` on movements, breakdown and today, against rates and sums from the service's own events, computed with fractions.

The exact amounts of each currency stay as they are; a total stands beside the rates that it used, and what has no rate is named and left out."""

import collections
import datetime as dt
import json
import pathlib
import shutil
import sys
import tempfile
import unittest
from fractions import Fraction

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from metrics_oracle import half_away, moment  # noqa: E402
from sim import Sim, run_till  # noqa: E402

NOW = "2026-06-15T12:00:00Z"
RANGE = ("--from", "2025-07-01", "--to", "2026-05-31", "--timezone", "UTC")
UNTIL = dt.datetime(2026, 6, 1, tzinfo=dt.timezone.utc)
PARTS = ("start", "new", "expansion", "contraction", "churn", "reactivation")


def minor_digits(currency):
    return 0 if currency in ("jpy", "krw", "clp", "vnd") else 2


def six_digits(rate):
    """Rounded half up to six significant digits."""
    scale = 0
    while rate * Fraction(10) ** scale < 100000:
        scale += 1
    while rate * Fraction(10) ** scale >= 1000000:
        scale -= 1
    return Fraction(half_away(rate * Fraction(10) ** scale)) / Fraction(10) ** scale


class Exchange(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(orders=400, sandbox_orders=60, seed=5, now=NOW).start()
        cls.addClassCleanup(cls.sim.stop)
        cls.home = tempfile.mkdtemp(prefix="till-test-")
        cls.addClassCleanup(shutil.rmtree, cls.home, True)
        for name, env, token in (("polar", "production", "events"), ("second", "sandbox", "read")):
            shop = cls.sim.environment(env)
            cls.till("connect", "polar", "--name", name, "--api-url", shop.url, "--token-stdin", input=shop.tokens[token], check=True)
        cls.till("sync", check=True)
        cls.rates = cls.rates_until(UNTIL)

    @classmethod
    def till(cls, *args, **options):
        return run_till(args, home=cls.home, env={"TILL_RATE": "max", "TILL_LOCALE": "en_US"}, **options)

    def ask(self, *args, name="polar"):
        return json.loads(self.till(*args, "--name", name, "--json", check=True).stdout)

    @classmethod
    def rates_until(cls, until):
        """currency -> (day, US cents for a minor unit) of the newest day with a payment in it."""
        days = collections.defaultdict(lambda: collections.defaultdict(lambda: [Fraction(0), Fraction(0)]))
        for event in cls.sim.rows("events"):
            known = event["metadata"]
            if event["name"] != "balance.order" or moment(event["timestamp"]) >= until or known["presentment_currency"] == known["currency"]:
                continue
            paid, settled = Fraction(known["presentment_amount"]), Fraction(known["amount"])
            if paid <= 0 or settled <= 0:
                continue
            assert known["currency"] == "usd"
            told = paid * Fraction(known.get("exchange_rate") or 0)
            if told > 0 and abs(told - settled) <= 1:
                settled = Fraction(half_away(told * 1000000), 1000000)
            sums = days[known["presentment_currency"]][event["timestamp"][:10]]
            sums[0] += settled
            sums[1] += paid
        return {currency: (max(known), known[max(known)][0] / known[max(known)][1]) for currency, known in days.items()} | {"usd": (None, Fraction(1))}

    def check_rates(self, converted, into, currencies, rates=None):
        """The rate of each currency; gives them for minor units."""
        rates = rates or self.rates
        found = {}
        self.assertEqual(converted["currency"], into)
        self.assertEqual([line["currency"] for line in converted["rates"]], [c for c in currencies if c != into])
        for line in converted["rates"]:
            currency = line["currency"]
            days = [rates[c][0] for c in (currency, into) if c in rates and c != "usd"]
            if currency not in rates or into not in rates:
                self.assertEqual(line, {"currency": currency, "rate": None, "as_of": None, "source": None})
                continue
            exact = rates[currency][1] / rates[into][1] * Fraction(10) ** (minor_digits(currency) - minor_digits(into))
            self.assertEqual((Fraction(str(line["rate"])), line["as_of"], line["source"]), (six_digits(exact), min(days), "polar_settlements"))
            found[currency] = six_digits(exact) / Fraction(10) ** (minor_digits(currency) - minor_digits(into))
        self.assertEqual(converted["left_out"], [c for c in currencies if c != into and c not in found])
        return found | {into: Fraction(1)}

    def test_movements(self):
        exact = self.ask("movements", *RANGE)
        self.assertNotIn("converted", exact)
        for into in ("usd", "eur", "jpy"):
            answer = self.ask("movements", *RANGE, "--in", into.upper())
            self.assertEqual(answer["currencies"], exact["currencies"])
            currencies = [c["currency"] for c in answer["currencies"]]
            self.assertGreaterEqual(len(currencies), 3)
            rates = self.check_rates(answer["converted"], into, currencies)
            total = answer["converted"]["total"]
            for part in PARTS:
                self.assertEqual(total[part], sum(half_away(c["total"][part] * rates[c["currency"]]) for c in answer["currencies"] if c["currency"] in rates), part)
            self.assertEqual(total["start"] + total["new"] + total["expansion"] + total["reactivation"] - total["contraction"] - total["churn"], total["end"])

    def test_breakdown(self):
        for into in ("usd", "eur"):
            answer = self.ask("breakdown", "--by", "product", *RANGE, "--in", into)
            exact = self.ask("breakdown", "--by", "product", *RANGE)
            self.assertEqual(answer["groups"], exact["groups"])
            groups = answer["groups"]
            rates = self.check_rates(answer["converted"], into, sorted({g["currency"] for g in groups}))
            total = answer["converted"]["total"]
            for key in ("revenue", "refunds", "mrr"):
                self.assertEqual(total[key], sum(half_away(g[key] * rates[g["currency"]]) for g in groups if g["currency"] in rates), key)
            self.assertEqual(total["orders"], sum(g["orders"] for g in groups if g["currency"] in rates))
            self.assertEqual(total["average_order_value"], half_away(Fraction(total["revenue"], total["orders"])))

    def test_today(self):
        answer = self.ask("today", "--in", "usd", "--timezone", "UTC")
        currencies = []
        for day in ("today", "yesterday"):
            currencies += [line["currency"] for line in answer[day]["currencies"] if line["currency"] not in currencies]
        rates = self.check_rates(answer["converted"], "usd", currencies, self.rates_until(dt.datetime(9999, 1, 1, tzinfo=dt.timezone.utc)))
        for day in ("today", "yesterday"):
            for key in ("revenue_minor", "refunded_minor"):
                self.assertEqual(answer["converted"][day][key], sum(half_away(line[key] * rates[line["currency"]]) for line in answer[day]["currencies"]))
        self.assertNotIn("converted", self.ask("today"))

    def test_no_rate_known(self):
        # The second token reads no events, and rates are nowhere else.
        answer = self.ask("movements", *RANGE, "--in", "usd", name="second")
        currencies = [c["currency"] for c in answer["currencies"]]
        self.assertEqual(answer["converted"]["left_out"], [c for c in currencies if c != "usd"])
        self.assertTrue(answer["converted"]["left_out"])
        dollars = [c["total"]["end"] for c in answer["currencies"] if c["currency"] == "usd"]
        self.assertEqual(answer["converted"]["total"]["end"], sum(dollars))
        text = self.till("movements", *RANGE, "--in", "usd", "--name", "second", "--format", "table", check=True).stdout
        self.assertIn("without EUR: no rate known (rates are in events: events:read)\n", text)
        # A currency that nobody was ever paid in.
        answer = self.ask("breakdown", *RANGE, "--in", "nok")
        self.assertEqual(answer["converted"]["total"]["revenue"], 0)
        self.assertEqual(len(answer["converted"]["left_out"]), len(answer["converted"]["rates"]))
        text = self.till("breakdown", *RANGE, "--in", "nok", "--name", "polar", "--format", "table", check=True).stdout
        self.assertIn("without EUR: no rate known\n", text)

    def test_each_total_has_its_rates_beside_it(self):
        rate = next(line for line in self.ask("breakdown", *RANGE, "--in", "usd")["converted"]["rates"] if line["currency"] == "eur")
        for report in ("movements", "breakdown"):
            text = self.till(report, *RANGE, "--in", "usd", "--name", "polar", "--format", "table", check=True).stdout
            after = text[text.index("Together in USD"):]
            self.assertRegex(after, rf"at 1 EUR = {rate['rate']}0* USD \(from Polar's settlements, {rate['as_of']}\)\n")
        # Rows are exact, each in its own currency; a total has no place among them.
        for report in ("movements", "breakdown"):
            rows = self.till(report, *RANGE, "--in", "usd", "--name", "polar", "--format", "csv", check=True)
            self.assertEqual(rows.stdout, self.till(report, *RANGE, "--name", "polar", "--format", "csv", check=True).stdout)
            self.assertIn("--json has the total", rows.stderr)

    def test_what_is_no_currency(self):
        for word in ("", "e", "euro", "e1r", "é"):
            for report in ("movements", "breakdown", "today"):
                result = self.till(report, "--in", word)
                self.assertEqual((result.returncode, result.stdout), (2, ""), (report, word))
                self.assertIn("is not a currency", result.stderr)


if __name__ == "__main__":
    unittest.main()
