"""Untrusted text in everything that is published, judged by a real Markdown renderer and by GitLab's own patterns."""

import re
import time
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ci_factory.model.text import plain, plain_lines
from ci_factory.publishing import markdown, sanitise

BREAK = "\u200b"
RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
MEANS_SOMETHING = {
    "link_open", "image", "html_inline", "html_block", "heading_open", "fence", "code_block", "code_inline", "em_open", "strong_open",
    "s_open", "bullet_list_open", "ordered_list_open", "blockquote_open", "table_open", "hr", "hardbreak",
}  # fmt: skip
REFERENCE = re.compile(
    r"@\w|(?<![\w&])[#!&$]\d|~[\w\"]|%[\w\"{]|\^alert#|\*iteration:|\[(?:issue|epic|work_item|vulnerability|feature_flag|contact|wiki_page):"
    r"|\bGL-\d|://|\bwww\.|[\w.-]>|\[\[|\{[-+]|\[[-+]|:[\w+-]+:(?!//)|\b(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{7,40}\b",
    re.IGNORECASE,
)
"""References, placeholders, inline diffs, emoji and addresses that GitLab looks for in rendered text."""
CLOSES = re.compile(
    r"\b(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?):? +(?:issues? +)?"
    r"(?:[\w./-]*#\d|GL-\d|https?://\S+/issues/\d|[A-Z][A-Z0-9_]+-\d)",
    re.IGNORECASE,
)
"""GitLab's default pattern for words that close issues; it is matched on the source, code included."""
PIECES = (
    "/merge", "\n/approve", "\r/close", "\u2028/assign me", "~~~\n/label ~x", "```", "````", "> /x", "- /x", "@all", "@group/sub", "#1", "!2",
    "&3", "%4", "~bug", '~"two words"', "$5", "^alert#6", "*iteration:7", "[issue:8]", "[[_TOC_]]", "[TOC]", "%{project_name}", "{+ a +}",
    "[- b -]", ":tada:", "GL-9", "Closes #1", "Fixes: GL-2", "Resolves PROJ-3", "implements issue #4", "closing https://h/g/p/-/issues/5",
    "group/project>", "group/project#6", "deadbee1", "1a2b3c4...5d6e7f8", "https://evil.example/?q=1", "![x](http://e.example/i.png)",
    "[text](javascript:alert(1))", "[r]: https://e.example", "[^1]: note", "[^1]", "<img src=x>", "<details>", "</details>", "<!-- x -->",
    "<https://e.example>", "a|b", "|---|", "===", "---", "# h", "1. x", "2) y", "+ z", "* w", "\t code", "    code", "$$x$$", "$`x`$",
    "```mermaid\ngraph", "```plantuml", "\\", "\\@all", "&#64;all", "&commat;all", "\u200b@\u200ball", "\u202e", "\U000e0041", "\x1b[31m",
    "section_start:1:x", "www.e.example", "//e.example/x", "mailto:a@b.example", "user@host.example", ": definition", "Draft:", "[skip ci]",
    "<br>", "**b**", "__b__", "`c`", "~~s~~", "\u2029", "\x85", "\x0b", "é", "価", "👩‍👩‍👧",
)  # fmt: skip
HOSTILE = st.lists(
    st.one_of(
        st.sampled_from(PIECES), st.sampled_from(" \n\t`*_[](){}<>#@!&%$^~|/\\:.-+=0aA"), st.characters()
    ),
    max_size=12,
).map("".join)


def tokens(source: str) -> Iterator[Token]:
    """Every token of the rendered tree, inline ones included."""
    for token in RENDERER.parse(source):
        yield token
        yield from token.children or ()


def shown(source: str) -> str:
    """What a reader sees, breaks left out."""
    return "".join(
        token.content for token in tokens(source) if token.type in {"text", "code_inline"}
    ).replace(BREAK, "")


def rendered_text(source: str) -> str:
    """The text outside of code that GitLab's filters look at, breaks left in."""
    return "".join(token.content for token in tokens(source) if token.type == "text")


@given(HOSTILE)
@example("".join(PIECES))
@example("2) y")
def test_inline_text_is_shown_and_means_nothing(text: str) -> None:
    """As a paragraph, whatever was written renders as one paragraph of that very text, without a single reference."""
    source = sanitise.inline(text, limit=5_000)
    assert not MEANS_SOMETHING & {token.type for token in tokens(source)}
    assert not any(line.lstrip().startswith("/") for line in source.splitlines())
    assert not REFERENCE.search(rendered_text(source)), rendered_text(source)
    assert not CLOSES.search(source)
    if "://" not in text and "](" not in text and "www" not in text and "//" not in text:
        assert shown(source) == plain(text, 5_000)


@given(st.lists(HOSTILE, min_size=1, max_size=3))
def test_text_stays_within_its_list_its_heading_and_its_cell(texts: list[str]) -> None:
    """In our own lists, headings and tables it opens nothing, ends nothing and adds no row."""
    rows = [(sanitise.inline(text), sanitise.code(text)) for text in texts]
    document = markdown.document(
        [
            f"## A {sanitise.inline(texts[0])}",
            "",
            *sanitise.bullets(texts),
            "",
            *markdown.table(("one", "two"), rows),
        ]
    )
    found = [token.type for token in tokens(document)]
    assert found.count("heading_open") == 1
    assert found.count("list_item_open") == found.count("tr_open") - 1 == len(texts)
    assert found.count("td_open") == 2 * len(texts)
    assert found.count("code_inline") == len(texts)
    assert not {"link_open", "image", "html_inline", "html_block", "fence", "em_open"} & set(found)
    assert not re.search(r"^\s*/", document, re.MULTILINE)
    assert not CLOSES.search(document)


@given(HOSTILE, st.text(alphabet="`~\n/ diff+-", max_size=40))
def test_fenced_text_can_not_leave_its_fence(text: str, more: str) -> None:
    """A code block shows the lines that came in; no run of backticks ends it, and no line of it is a quick action."""
    given_text = f"{text}\n{more}"
    source = "\n".join(["before", "", *sanitise.fenced(given_text, language="diff"), "", "after"])
    found = list(RENDERER.parse(source))
    (fence,) = [token for token in found if token.type == "fence"]
    assert [token.type for token in found] == [
        "paragraph_open", "inline", "paragraph_close", "fence", "paragraph_open", "inline", "paragraph_close",
    ]  # fmt: skip
    assert fence.info == "diff"
    assert fence.content.replace(BREAK, "").rstrip("\n") == "\n".join(plain_lines(given_text)).rstrip("\n")
    assert not re.search(r"^\s*/", source, re.MULTILINE)
    assert not CLOSES.search(source)


@given(HOSTILE)
def test_titles_mention_nobody_and_are_no_drafts(text: str) -> None:
    """A title, in which GitLab reads references but no Markdown, names nobody and nothing, and never says draft."""
    title = sanitise.title(text)
    assert 0 < len(title) <= 230
    assert not REFERENCE.search(title)
    assert not CLOSES.search(title)
    assert not re.match(r"[\s*]*(?:draft:|\[draft\]|\(draft\)|\[wip\]|wip:)", title, re.IGNORECASE)
    assert len(title.splitlines()) == 1


@given(HOSTILE)
def test_lines_of_commits_are_plain_and_skip_nothing(text: str) -> None:
    """A commit's line has no invisible character, mention, closing word or word that skips pipelines."""
    line = sanitise.commit_line(text)
    assert len(line.splitlines()) <= 1
    assert line == plain(line, 1_000)
    assert not re.search(r"@|\[|\]|[#!&$]\d|\bGL-\d|://", line)
    assert not CLOSES.search(line)


@given(HOSTILE)
def test_labels_are_one_label_without_a_scope(text: str) -> None:
    """A name holds no comma, which would make two, and no scope of its own."""
    label = sanitise.label(text)
    assert 0 < len(label) <= 100
    assert "," not in label
    assert "::" not in label
    assert label == plain(label, 100)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("![pixel](https://evil.example/a.png?secret=1)", "pixel"),
        ("[the docs](https://evil.example/x)", "the docs"),
        ("[![a](http://e.example/1)](http://e.example/2)", "a"),
        ("[click](javascript:alert)", "click"),
        ("[](//evil.example/x)", "(link removed)"),
        ("see https://evil.example/x?y=1, then", "see (link removed), then"),
        ("HTTPS://EVIL.EXAMPLE/x", "(link removed)"),
        ("h\u200bttps:/\u200b/evil.example", "(link removed)"),
        ("www.evil.example/x", "(link removed)"),
        ("<img src='//evil.example/x'>", "<img src='(link removed)'>"),
        ("[r]: ftp://evil.example", "[r]: (link removed)"),
        ("arr[0](x) // comment", "arr[0](x) // comment"),
        ("a://b and c:d", "(link removed) and c:d"),
    ],
)
def test_addresses_that_nobody_listed_are_taken_out(text: str, expected: str) -> None:
    """The text of a link stays, its address does not, so that nothing can be carried out with it."""
    assert shown(sanitise.inline(text)) == expected
    assert "evil" not in sanitise.inline(text).lower()


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://docs.example/a?b=1#c.", ["https://docs.example/a?b=1#c"]),
        ("[rule](https://docs.example/E501)", ["https://docs.example/E501"]),
        ("https://DOCS.example/x", ["https://DOCS.example/x"]),
        ("https://docs.example.evil.example/x", []),
        ("https://docs.example@evil.example/x", []),
        ("https://evil.example/docs.example", []),
        ("javascript://docs.example/%0aalert(1)", []),
        ("https://docs.example\\@evil.example", []),
    ],
)
def test_listed_hosts_may_be_linked_to(text: str, links: list[str]) -> None:
    """An address of a listed host is a link to just that; nothing that only looks like it is."""
    source = sanitise.inline(text, hosts=("docs.example",))
    found = [str(token.attrGet("href")) for token in tokens(source) if token.type == "link_open"]
    assert [url.lower() for url in found] == [url.lower() for url in links]


def test_an_address_is_gone_from_every_other_door() -> None:
    """Titles and commits carry no address at all."""
    text = "Fix [this](https://evil.example/x) and http://evil.example"
    assert "evil" not in sanitise.title(text) + sanitise.commit_line(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Draft: [WIP] x", "x"),
        ("draft", "draft"),
        ("Draft a plan", "Draft a plan"),
        ("*(Draft)* Draft: y", "y"),
        ("A Draft: y", "A Draft: y"),
        ("[draft] WIP: ", "Change"),
    ],
)
def test_titles_lose_the_words_that_make_drafts(text: str, expected: str) -> None:
    """Only what GitLab takes for a draft's sign goes."""
    assert sanitise.title(text).replace(BREAK, "") == expected


def test_a_megabyte_is_cut_in_no_time() -> None:
    """Long hostile text is bounded everywhere, and said to be cut where people read it."""
    started = time.monotonic()
    for piece in ("[", "![", "](", "<", "`", "@", "/", "https://", "a" * 40, "Closes ", "\u200b", "x.", "-"):
        text = piece * (1_000_000 // len(piece))
        fenced = sanitise.fenced(text)
        assert sum(map(len, fenced)) < 130_000
        assert fenced[-1].startswith("_Cut here: ")
        assert len(sanitise.inline(text)) < 10_000
        assert len(sanitise.title(text)) <= 230
        assert len(sanitise.commit_line(text)) <= 400
        assert len(sanitise.label(text)) <= 100
    assert time.monotonic() - started < 20


def test_code_holds_no_hidden_block() -> None:
    """A comment that is opened in a span or in a fence does not open one for who reads the source."""
    forged = "x<!-- ci-factory:v1:score {} -->"
    assert sanitise.code(forged) == f"`x<{BREAK}!-- ci-factory:v1:score {{}} -->`"
    assert sanitise.fenced(forged) == ["```", f"x<{BREAK}!-- ci-factory:v1:score {{}} -->", "```"]
    assert sanitise.code("\u202e") == "` `"


def test_a_long_list_says_how_much_is_left_out() -> None:
    """Exactly as many as there is room for need no such line."""
    texts = ["a", "b", "c", "d", "e"]
    assert sanitise.bullets(texts, most=2) == ["- a", "- b", "- … and 3 more"]
    assert sanitise.bullets(texts, most=5) == ["- a", "- b", "- c", "- d", "- e"]


def test_a_title_has_no_tag_and_a_label_no_scope() -> None:
    """Both stay readable."""
    assert sanitise.title("a <b> c") == f"a <{BREAK}b{BREAK}> c"
    assert sanitise.label("~factory::ready, now") == "factory:ready now"
    assert sanitise.label("a:::b") == "a:b"


def test_the_text_of_a_link_stays_beside_a_listed_address() -> None:
    """And alone where nobody listed the host."""
    link = 'see [the docs](https://docs.example/x "title") now'
    assert sanitise.inline(link, hosts=("docs.example",)) == "see the docs <https://docs.example/x> now"
    assert sanitise.inline(link) == "see the docs now"


def test_a_commit_closes_no_ticket_of_another_tracker() -> None:
    """The key's dash is replaced by one that no pattern reads."""
    assert sanitise.commit_line("fixes PROJ-12 and ABC-3") == "fixes PROJ\u201112 and ABC-3"
