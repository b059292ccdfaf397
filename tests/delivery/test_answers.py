"""What answers mean and when to try again: the pure parts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.delivery import maillog
from newsletter.delivery.forecast import forecast
from newsletter.delivery.promise import Promise
from newsletter.delivery.retry import GIVE_UP, next_attempt
from newsletter.delivery.settlement import settle
from newsletter.delivery.states import DELIVERY_TRANSITIONS, DeliveryState, Variant
from newsletter.delivery.verdicts import Verdict, verdict_of
from newsletter.mail.envelope import Accepted, Deferred, InDoubt, Refused
from tests.conftest import NINE_OCLOCK

PROMISE = Promise(1, 1, 1, "ada@example.org", "Ada", Variant.HTML, "", 0, None)


@pytest.mark.parametrize(
    ("code", "enhanced", "words", "verdict"),
    [
        (550, "5.1.1", "no such user", Verdict.DEAD_MAILBOX),
        (550, "5.1.10", "null MX", Verdict.DEAD_MAILBOX),
        (550, "5.2.1", "disabled", Verdict.DEAD_MAILBOX),
        (550, "5.4.4", "no route", Verdict.DEAD_MAILBOX),
        (550, "5.7.17", "mailbox disabled", Verdict.DEAD_MAILBOX),
        (550, "", "User unknown", Verdict.DEAD_MAILBOX),
        (550, "", "no such user here", Verdict.DEAD_MAILBOX),
        (552, "5.2.2", "over quota", Verdict.FULL_MAILBOX),
        (552, "", "quota exceeded", Verdict.FULL_MAILBOX),
        (552, "5.5.3", "too many recipients", Verdict.TOO_MANY),
        (552, "5.3.4", "too big", Verdict.OUR_FAULT),
        (552, "5.2.3", "too big", Verdict.OUR_FAULT),
        (550, "5.7.1", "this list is for members", Verdict.ONE_READER),
        (550, "5.7.1", "Service unavailable; client host blocked using Spamhaus", Verdict.OUR_FAULT),
        (554, "5.7.0", "message looks like spam", Verdict.OUR_FAULT),
        (550, "5.7.26", "unauthenticated mail", Verdict.OUR_FAULT),
        (550, "5.7.515", "sender does not meet the level", Verdict.OUR_FAULT),
        (535, "5.7.8", "bad credentials", Verdict.OUR_FAULT),
        (553, "5.1.8", "bad sender", Verdict.OUR_FAULT),
        (501, "5.5.4", "syntax", Verdict.OUR_FAULT),
        (554, "5.6.0", "bad content", Verdict.OUR_FAULT),
        (553, "5.6.7", "no SMTPUTF8", Verdict.ONE_READER),
        (503, "", "bad sequence", Verdict.OUR_FAULT),
        (554, "", "transaction failed", Verdict.ONE_READER),
    ],
)
def test_a_refusal_concerns_a_mailbox_a_reader_or_us(code, enhanced, words, verdict):
    """The table of what each permanent answer means."""
    assert verdict_of(Refused(code, words, enhanced)) is verdict


def test_the_ladder_is_the_one_promised():
    """5 min, 15 min, 1 h, 4 h, 12 h, then every 12 h, the last attempt after exactly four days."""
    now, failures, waits = NINE_OCLOCK, 0, []
    while True:
        failures += 1
        again = next_attempt(failures=failures, first_attempt_at=NINE_OCLOCK, now=now, dice=lambda: 0.0)
        if again is None:
            break
        waits.append(again - now)
        now = again
    minutes = [wait.total_seconds() / 60 for wait in waits]
    assert minutes[:6] == [5, 15, 60, 240, 720, 720]
    assert now == NINE_OCLOCK + GIVE_UP


@given(st.integers(1, 40), st.floats(0, 1), st.integers(0, 6 * 86400))
def test_the_next_attempt_is_later_but_never_beyond_the_end(failures, dice, passed):
    """Whatever the dice say."""
    now = NINE_OCLOCK + timedelta(seconds=passed)
    again = next_attempt(failures=failures, first_attempt_at=NINE_OCLOCK, now=now, dice=lambda: dice)
    if again is None:
        assert now >= NINE_OCLOCK + GIVE_UP
    else:
        assert now < again <= NINE_OCLOCK + GIVE_UP


outcomes = st.one_of(
    st.builds(Accepted, st.text()),
    st.builds(Deferred, st.integers(400, 499), st.text(), st.sampled_from(["", "4.7.0", "4.2.1"]), st.booleans()),
    st.builds(
        Refused,
        st.integers(500, 599),
        st.text(),
        st.from_regex(r"5\.[0-9]{1,3}\.[0-9]{1,3}", fullmatch=True) | st.just(""),
    ),
    st.builds(InDoubt, st.text()),
)


@settings(max_examples=200)
@given(outcomes, st.sampled_from(["resend", "hold"]), st.integers(0, 30), st.integers(0, 5))
def test_every_outcome_is_settled_along_the_arrows(outcome, on_doubt, attempts, days):
    """No answer of any server leaves a delivery in a state the table does not know; ours never blame the reader."""
    promise = Promise(1, 1, 1, "a@b.org", "", Variant.HTML, "", attempts, NINE_OCLOCK)
    now = NINE_OCLOCK + timedelta(days=days)
    one = settle(promise, outcome, now=now, on_doubt=on_doubt, dice=lambda: 0.5)
    assert one.state in DELIVERY_TRANSITIONS[DeliveryState.SENDING]
    assert (one.state is DeliveryState.PLANNED) == (one.not_before is not None)
    assert one.doubt == isinstance(outcome, InDoubt)
    assert len(one.reply) <= 500
    if one.pause_reason:
        assert one.state is DeliveryState.PLANNED
        assert not one.dead_mailbox
        assert one.tried == 0


def test_the_forecast_waits_a_day_for_what_the_daily_limit_does_not_leave():
    """A warm-up allows more the next day."""
    limits = {0: 100, 1: 200}

    def daily_limit(at):
        return limits.get((at - NINE_OCLOCK).days, 1000)

    seen = forecast(500, pace=10, connections=4, now=NINE_OCLOCK, daily_limit=daily_limit, used=40)
    # 60 today, 200 tomorrow, 240 on the third day
    assert seen.done_at == NINE_OCLOCK + timedelta(days=2, seconds=24)


def test_the_forecast_is_the_slower_of_pace_and_wire():
    """A thousand at ten a second take a hundred seconds."""
    assert forecast(1000, pace=10, connections=4, now=NINE_OCLOCK).done_at == NINE_OCLOCK + timedelta(seconds=100)
    assert forecast(1600, pace=None, connections=4, now=NINE_OCLOCK).duration == timedelta(seconds=100)


def test_no_address_reaches_the_log(caplog):
    """Servers quote addresses in their replies."""
    caplog.set_level("INFO", "newsletter.delivery")
    maillog.stopped_by_itself(1, "550 5.7.1 <ada@example.org>: blocked")
    maillog.moved(1, "paused", "ada@example.org is blocked")
    maillog.in_doubt(7, "lost after ada@example.org")
    assert "ada" not in caplog.text
