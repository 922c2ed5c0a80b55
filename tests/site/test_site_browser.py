"""The documentation's site in a real browser, opened from disk."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
AXE = Path(__file__).parents[2] / ".venv/npm/node_modules/axe-core/axe.min.js"
PHONE, DESK = (390, 800), (1280, 900)
Scheme = Literal["light", "dark"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.mark.parametrize(("scheme", "size"), [("dark", DESK), ("light", PHONE)])
def test_pages_open_from_disk(site: Path, browser: "Browser", scheme: Scheme, size: tuple[int, int]) -> None:
    """Without a server: nothing is fetched from elsewhere, nothing fails, no page scrolls sideways, pictures are there."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    asked: list[str] = []
    page.on("request", lambda each: asked.append(each.url))
    page.on("console", lambda each: asked.append(f"{each.type}: {each.text}"))
    page.on("pageerror", lambda each: asked.append(str(each)))
    for name in ("index", "architecture", "configuration", "reference/commands"):
        page.goto(f"file://{site}/{name}.html")
        page.wait_for_selector(".md-content h1")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        assert page.evaluate("[...document.images].every(each => each.complete && each.naturalWidth > 0)"), (
            name
        )
        assert (
            page.evaluate("document.body.dataset.mdColorScheme")
            == {"light": "default", "dark": "slate"}[scheme]
        )
    page.close()
    assert [each for each in asked if not each.startswith(("file:", "data:", "blob:", "about:"))] == []


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_can_be_read_by_everybody(site: Path, browser: "Browser", scheme: Scheme) -> None:
    """axe-core finds nothing wrong by WCAG 2 A and AA, contrast of code and links included."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: make npm")
    page = browser.new_page(color_scheme=scheme, viewport={"width": DESK[0], "height": DESK[1]})
    found = []
    for name in ("index", "score", "adding-agent", "reference/commands"):
        page.goto(f"file://{site}/{name}.html")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        told = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa']})")
        found += [(name, each["id"], each["nodes"][0]["html"]) for each in told["violations"]]
    page.close()
    assert found == []


def test_the_search_works_from_disk(site: Path, browser: "Browser") -> None:
    """Words of a page are found, on whatever page one is."""
    page = browser.new_page()
    page.goto(f"file://{site}/reference/commands.html")
    page.locator(".md-search__input").click()
    page.keyboard.type("bubblewrap")
    page.wait_for_selector(".md-search-result__link")
    led = [each.get_attribute("href") for each in page.locator(".md-search-result__link").all()]
    page.close()
    assert any("sandbox.html" in str(each) for each in led)
