# SPDX-License-Identifier: Apache-2.0
"""kill -9 while digests go out, by hand and by watch, at random moments and right after one arrived: none arrives twice, and the log says what nobody knows."""

import os
import pathlib
import random
import signal
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "contract"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from sim import kill_till, run_till, wait_for  # noqa: E402
from test_deliver import DAY, DeliverCase  # noqa: E402

SEED = 20241022
SENDS, WATCHES = 24, 8


class Killed(DeliverCase):
    def check(self, day, what):
        """At most once where twice would be seen; and what the log calls sent is there."""
        state = self.states()
        self.assertLessEqual(len(self.telegram.messages), 1, what)
        self.assertLessEqual(self.webhook.arrived(), 1, what)
        if state.get(f"telegram {day}") == "sent":
            self.assertEqual(len(self.telegram.messages), 1, what)
        if state.get(f"webhook {day}") == "sent":
            self.assertEqual(self.webhook.arrived(), 1, what)
        return state

    def forget(self):
        self.sql("DELETE FROM digest_log")
        for fake in (self.webhook, self.telegram):
            fake.messages.clear()
        self.webhook.ids.clear()

    def finish(self, day, *args):
        run_till(list(args), home=self.home, env=self.environment())
        state = self.check(day, "at the end")
        self.assertEqual((state[f"webhook {day}"], self.webhook.arrived()), ("sent", 1))
        self.assertIn(state[f"telegram {day}"], ("sent", "uncertain"))
        return state[f"telegram {day}"]

    def test_send(self):
        self.shop()
        self.add_webhook()
        self.add_telegram()
        chance, ends, killed = random.Random(SEED), [], 0
        send = ("digest", "--send", "--date", DAY)
        started = time.monotonic()
        self.till(*send)
        whole_s = time.monotonic() - started + 0.05
        for number in range(SENDS):
            self.forget()
            for attempt in range(3):
                for fake in (self.webhook, self.telegram):
                    fake.steps = [0.02]  # an answer takes a while: more moments in between
                process = self.start(*send)
                time.sleep(chance.uniform(0, whole_s))
                killed += process.poll() is None
                kill_till(process)
                self.check(DAY, f"{number}.{attempt}")
            for fake in (self.webhook, self.telegram):
                fake.steps = []
            ends.append(self.finish(DAY, *send))
        self.assertGreater(killed, SENDS // 2)
        self.assertIn("sent", ends)

    def test_watch(self):
        self.live()
        self.add_webhook()
        self.add_telegram()
        day = self.due()
        self.till("sync")
        chance, killed = random.Random(SEED), 0
        for number in range(WATCHES):
            self.forget()
            for attempt in range(3):
                process = self.start("watch")
                time.sleep(chance.uniform(0, 0.6))
                killed += process.poll() is None
                kill_till(process)
                self.check(day, f"{number}.{attempt}")
            self.finish(day, "watch", "--once")
        self.assertGreater(killed, WATCHES)

    def test_right_after_it_arrived(self):
        self.shop()
        out = self.folder / "arrived"
        self.add_command(f"cat > /dev/null; echo one >> '{out}'; kill -9 $PPID; sleep 0.2")
        process = self.start("digest", "--send", "--date", DAY)
        self.assertEqual(process.wait(timeout=60), -signal.SIGKILL)
        kill_till(process)
        self.assertEqual(self.states(), {f"command {DAY}": "committed"})
        result = self.till("digest", "--send", "--date", DAY, code=11)
        self.assertIn("command: may have arrived: till ended before it knew", result.stdout)
        self.assertEqual(self.states(), {f"command {DAY}": "uncertain"})
        self.till("digest", "--send", "--date", DAY, code=11)
        self.assertEqual(out.read_text(), "one\n")
        # Where twice does no harm, the same comes again under the same name.
        self.add_webhook()
        real = self.webhook.look

        def look(request):
            answer = real(request)
            os.kill(int(self.victim.pid), signal.SIGKILL)
            return answer
        self.webhook.look = look
        self.victim = self.start("digest", "--send", "--date", DAY, "--channel", "webhook")
        self.victim.wait(timeout=60)
        kill_till(self.victim)
        wait_for(lambda: len(self.webhook.messages) == 1, "the message")
        self.webhook.look = real
        self.assertEqual(self.states()[f"webhook {DAY}"], "committed")
        self.till("digest", "--send", "--date", DAY, "--channel", "webhook")
        self.assertEqual((len(self.webhook.messages), self.webhook.arrived()), (2, 1))

    def test_two_at_once(self):
        self.shop()
        self.add_webhook()
        self.add_telegram()
        self.telegram.steps = [0.3]
        processes = [self.start("digest", "--send", "--date", DAY) for _ in range(4)]
        for process in processes:
            process.communicate(timeout=120)
        self.assertEqual([process.returncode for process in processes], [0] * 4)
        self.assertEqual((len(self.webhook.messages), len(self.telegram.messages)), (1, 1))


if __name__ == "__main__":
    unittest.main()
