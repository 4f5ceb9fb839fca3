"""A headless Chromium and a plain static server, for the tests that look at pages as a reader does."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tools.files import ROOT

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
INSTALL = "no Chromium here; install it with 'apt-get install chromium' (tools/chromium does)"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The address of a site on a plain static server, under a path that is not the root."""
    handler = functools.partial(_Quiet, directory=str(site.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{site.name}"
        server.shutdown()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Skips the test where there is no Chromium; under CI that is a failure."""
    command = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if command is None:
        if os.environ.get("CI"):
            pytest.fail(INSTALL)
        pytest.skip(INSTALL)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=command, args=FLAGS)


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is now: the rule, and the first place."""
    page.add_script_tag(path=ROOT / "theme/node_modules/axe-core/axe.min.js")
    return page.evaluate(
        """async () => (await axe.run(document)).violations.map(({ id, nodes }) =>
            `${id}, ${nodes.length} time(s): ${nodes[0].html} ${nodes[0].failureSummary}`)"""
    )


def first_paint(browser: Browser, address: str) -> float:
    """Seconds to the first words on a processor four times slower than this one; the best of three."""
    times = []
    for _ in range(3):
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
        page.goto(address, wait_until="load")
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        times.append(
            page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000")
        )
        page.close()
    return min(times)
