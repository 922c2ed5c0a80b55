"""The documentation as a site: whole, the same as on a forge, and nobody else's server is asked for anything."""

import re
from collections import Counter
from pathlib import Path

from markdown_it import MarkdownIt

DOCS = Path(__file__).parents[2] / "docs"
BLOCKS = ("h1", "h2", "h3", "h4", "table", "td", "ul", "ol", "li", "pre", "blockquote", "strong")
PAGES = sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))


def counted(html: str) -> dict[str, int]:
    filled = re.sub(r"<td[^>]*></td>", "", html)  # a table without rows has one of empty cells in the site
    found = Counter(re.findall(rf"<({'|'.join(BLOCKS)})[ >]", filled))
    return {name: found[name] for name in BLOCKS}


def test_every_page_is_in_the_site(site: Path) -> None:
    """The strict build, which knows dead links, anchors and pages that are in no menu, leaves a page for each."""
    missing = [name for name in PAGES if not (site / name).with_suffix(".html").is_file()]
    assert missing == []
    assert {"CONTRIBUTING.html", "CHANGELOG.html"} <= {path.name for path in site.iterdir()}


def test_the_site_shows_what_a_forge_shows(site: Path) -> None:
    """Lists, tables, headings and code that CommonMark sees are lists, tables, headings and code of the site."""
    differing = {}
    for name in PAGES:
        html = (site / name).with_suffix(".html").read_text(encoding="utf-8")
        article = re.findall(r"<article[^>]*>(.*)</article>", html, re.DOTALL)[0]
        markdown = MarkdownIt("commonmark").enable("table").render((DOCS / name).read_text(encoding="utf-8"))
        ours, theirs = counted(article), counted(markdown)
        if ours != theirs:
            differing[name] = {key: (theirs[key], ours[key]) for key in BLOCKS if theirs[key] != ours[key]}
    assert differing == {}


def test_pages_name_no_resource_of_another_server(site: Path) -> None:
    """Scripts, styles, pictures and fonts are the site's own."""
    named = r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(?:https?:)?//|<link\b(?![^>]*canonical)[^>]*href=["']?(?:https?:)?//"""
    wrong = [page.name for page in site.rglob("*.html") if re.search(named, page.read_text(encoding="utf-8"))]
    wrong += [
        style.name
        for style in site.rglob("*.css")
        if re.search(r"url\(['\"]?(?:https?:)?//", style.read_text())
    ]
    assert wrong == []
