"""What the page weighs, and how soon a Chromium that has never seen it shows numbers.

The page of a floor of 300 reps, of which it lists 50, in a process of its own kind: no worker, no
Kafka. Weights are those of everything the browser asked for, as it was sent and as gzip would be.
"""

from __future__ import annotations

import gzip
import urllib.request
import zlib
from typing import Any, NamedTuple

from playwright.sync_api import Browser

from tests.bench.report import Figure, Report, spread
from tests.browser.floor import rep
from tests.browser.page_thread import PageThread
from tests.services.chromium import browser

REPS = 300
LOADS = 7
NOTE_THE_FIRST_NUMBER = """
new MutationObserver((_, observer) => {
  if (!document.querySelector('main [data-kpi]')) return;
  window.shownAt = performance.now();
  observer.disconnect();
}).observe(document, { childList: true, subtree: true });
"""
FIRST_PAINT = """() => new Promise((found) => {
  new PerformanceObserver((list) => {
    const [paint] = list.getEntriesByName('first-contentful-paint');
    if (paint) found(paint.startTime);
  }).observe({ type: 'paint', buffered: true });
})"""


class _Load(NamedTuple):
    """Milliseconds from the navigation to the first paint and to the first number."""

    paint_ms: float
    number_ms: float


def measure_page() -> Report:
    """Page weight, and first paint with an empty cache and with the page's files in it."""
    page = PageThread()
    page.write(*(rep(number, reps=REPS) for number in range(REPS)))
    page.start()
    try:
        with browser() as chromium:
            asked = _asked(chromium, page.url)
            cold = [_loads(chromium, page.url, 1)[0] for _ in range(LOADS)]
            warm = _loads(chromium, page.url, LOADS + 1)[1:]
        files = [_get(url) for url in asked if not url.endswith("/events")]
        board = _first_messages(f"{page.url}events?window=today")
    finally:
        page.close()
    sent, packed = sum(map(len, files)), sum(len(gzip.compress(file)) for file in files)
    figures = [
        Figure("requests", f"{len(asked)}"),
        Figure("page, as gzip", f"{packed / 1000:.0f} kB", "150 kB"),
        Figure("page, as it is sent without a proxy", f"{sent / 1000:.0f} kB"),
        Figure("first board, gzip, as it is sent", f"{board / 1000:.0f} kB"),
        Figure("first paint, empty cache", spread([one.paint_ms for one in cold])),
        Figure("  first number", spread([one.number_ms for one in cold])),
        Figure("first paint, again", spread([one.paint_ms for one in warm])),
        Figure("  first number", spread([one.number_ms for one in warm])),
        Figure("ratio of the first numbers, empty / again", f"{_middle(cold) / _middle(warm):.1f}"),
    ]
    title = f"page: a floor of {REPS} reps in Chromium, 1920 x 1080"
    return Report(title, figures, f"{LOADS} loads each, from the navigation on")


def _asked(chromium: Browser, url: str) -> list[str]:
    """What the page asks its server for, without queries."""
    asked: list[str] = []
    context = chromium.new_context()
    tab = context.new_page()
    tab.on("request", lambda request: asked.append(request.url.partition("?")[0]))
    tab.goto(url)
    tab.wait_for_selector("main [data-kpi]")
    context.close()
    return asked


def _loads(chromium: Browser, url: str, count: int) -> list[_Load]:
    context = chromium.new_context(viewport={"width": 1920, "height": 1080})
    context.add_init_script(NOTE_THE_FIRST_NUMBER)
    tab = context.new_page()
    loads = []
    for _ in range(count):
        tab.goto(url)
        tab.wait_for_selector("main [data-kpi]")
        loads.append(_Load(tab.evaluate(FIRST_PAINT), tab.evaluate("window.shownAt")))
    context.close()
    return loads


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        body: bytes = answer.read()
    return body


def _first_messages(url: str) -> int:
    """Bytes on the wire until the board is there: the first pulse comes right behind it."""
    asked = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    unpack, size, text = zlib.decompressobj(31), 0, b""
    answer: Any
    with urllib.request.urlopen(asked, timeout=10) as answer:
        while b"event: pulse" not in text and (piece := answer.read1()):
            size += len(piece)
            text += unpack.decompress(piece)
    return size


def _middle(loads: list[_Load]) -> float:
    return sorted(one.number_ms for one in loads)[len(loads) // 2]
