"""Links of our documents lead somewhere."""

from urllib.parse import unquote, urlsplit

import pytest

from tests.docs import reading


@pytest.mark.parametrize("document", reading.documents(), ids=lambda each: each.name)
def test_links_lead_to_files_and_headings_that_exist(document: reading.Document) -> None:
    """Every relative link names a file of the repository and, behind `#`, a heading of it."""
    known = {each.path: each for each in reading.documents()}
    wrong = []
    for link in document.links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        path = (document.path.parent / unquote(parts.path)).resolve() if parts.path else document.path
        page = known.get(path)
        if not path.exists() or (parts.fragment and (page is None or parts.fragment not in page.anchors)):
            wrong.append(link)
    assert wrong == []


def test_links_go_to_the_web_by_https_only() -> None:
    """No document sends a reader over an unencrypted connection, or to a file of one machine."""
    schemes = {urlsplit(link).scheme for document in reading.documents() for link in document.links}
    assert schemes <= {"", "https", "mailto"}


def test_every_page_is_linked_from_another() -> None:
    """Nobody has to know that a page exists."""
    linked = {
        (document.path.parent / urlsplit(link).path).resolve()
        for document in reading.documents()
        for link in document.links
        if urlsplit(link).path
    }
    navigation = (reading.ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    lost = [
        document.name
        for document in reading.documents()
        if document.path not in linked
        and document.name.removeprefix("docs/") not in navigation
        and document.name != "README.md"
    ]
    assert lost == []
