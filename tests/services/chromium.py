"""A real Chromium without a window, driven by Playwright."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.services.programs import find, require

# Without the sandbox it also runs as root in a container; the rest keeps it from calling home,
# which a closed network would answer with a stream of refused connections.
LAUNCH_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> Path | None:
    """The Chromium (or Chrome) on this machine; None when there is none."""
    return find("chromium")


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser for the length of a `with` block; raises ServiceMissing without Chromium.

    Playwright's synchronous interface runs a loop of its own: use it in tests that are not async.
    """
    executable = require("chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable, args=[*LAUNCH_OPTIONS])
        try:
            yield launched
        finally:
            launched.close()
