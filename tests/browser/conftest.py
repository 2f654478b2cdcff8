"""A real Chromium without any network; skipped where none is installed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def browser():
    """Chromium, or a skip that says so."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@dataclass
class Opened:
    """A page and what it complained about or asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def open_map(browser: Browser):
    """Open a saved map: ``open_map(path, phone=False)``."""
    contexts = []

    def opener(path: Path, *, phone: bool = False, **options) -> Opened:
        context = browser.new_context(
            viewport=PHONE if phone else DESKTOP,
            has_touch=phone,
            offline=True,
            reduced_motion="reduce",
            **options,
        )
        contexts.append(context)
        opened = Opened(context.new_page())
        page = opened.page
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        page.on(
            "console",
            lambda line: line.type in ("error", "warning") and opened.complaints.append(line.text),
        )
        page.on("dialog", lambda dialog: (opened.complaints.append("dialog"), dialog.dismiss()))
        page.on(
            "request",
            lambda asked: (
                asked.url.startswith(("file:", "data:")) or opened.requests.append(asked.url)
            ),
        )
        page.goto(path.as_uri())
        page.wait_for_selector("#panel h1")
        return opened

    yield opener
    for context in contexts:
        context.close()
