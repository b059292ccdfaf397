"""The link check: many links asked at once, politely, within a time; what is not reached in it stays unasked."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from urllib.parse import urlsplit

from newsletter.issues.link_hosts import Reach
from newsletter.issues.link_probe import SECONDS, Probe, probe

AT_A_TIME = 8
"""Hosts; each is asked one question at a time."""
ALTOGETHER = 25.0
"""Seconds that somebody waits at the desk; the next press of the button goes on."""
MOST = 300
"""Links of one press."""


def check(
    urls: Iterable[str], reach: Reach, *, seconds: float = ALTOGETHER, each: float = SECONDS
) -> Mapping[str, Probe]:
    """Return what each of *urls* leads to, those that answered within *seconds*."""
    until = time.monotonic() + seconds
    by_host: dict[str, list[str]] = defaultdict(list)
    for url in list(dict.fromkeys(urls))[:MOST]:
        by_host[_host(url)].append(url)
    found: dict[str, Probe] = {}

    def ask(those: list[str]) -> None:
        for url in those:
            left = until - time.monotonic()
            if left <= 0:
                return
            answer = probe(url, reach, seconds=min(each, left))
            if time.monotonic() < until or left > each:  # cut short by our own time is no verdict
                found[url] = answer

    pool = ThreadPoolExecutor(max_workers=AT_A_TIME, thread_name_prefix="link-check")
    try:
        wait([pool.submit(ask, those) for those in by_host.values()], timeout=seconds)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # a name server that does not answer holds nobody up
    return dict(found)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
