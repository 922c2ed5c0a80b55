"""Files and complexity of tickets that do not say them."""

from collections.abc import Callable

import pytest

from ci_factory.model.ticket import Candidate, Size

Assess = Callable[..., Candidate]


def test_what_the_ticket_says_is_not_estimated(judge: Assess) -> None:
    """Given files and complexity stay as they are."""
    estimate = judge(files=("anything/**",), complexity=Size.LARGE).estimate
    assert (estimate.files, estimate.complexity, estimate.estimated) == (("anything/**",), Size.LARGE, ())


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("The bug is in src/shop/cart.py:12.", ("src/shop/cart.py", "tests/test_cart.py")),
        ("See `shop/cart.py`", ("src/shop/cart.py", "tests/test_cart.py")),
        ("cart.py rounds badly", ("src/shop/cart.py", "tests/test_cart.py")),
        ("Everything in src/shop/auth/ must log", ("src/shop/auth/**",)),
        ("Rename in docs/*.md", ("docs/*.md",)),
        ("Add docs/install.md", ("docs/install.md",)),
        ("`PriceList` ignores euros", ("src/shop/price_list.py",)),
        ("price_list is slow", ("src/shop/price_list.py",)),
        ("call shop.cart.total() twice", ("src/shop/cart.py", "tests/test_cart.py")),
        ("The cart module lacks a total", ("src/shop/cart.py", "tests/test_cart.py")),
        ("page src/shop/web/pages/[id].tsx", ("src/shop/web/pages/[id].tsx",)),
    ],
)
def test_files_are_found_by_the_names_in_the_text(judge: Assess, text: str, files: tuple[str, ...]) -> None:
    """Paths, endings of paths, folders, patterns, new files, symbols and modules; tests come along."""
    estimate = judge(text, title="Change it").estimate
    assert estimate.files == files
    assert "files" in estimate.estimated


@pytest.mark.parametrize(
    "text",
    ["/etc/passwd", "../../secrets.py", "https://example.org/a/b.py", "nowhere/new.py", "e.g. and/or", "**"],
)
def test_names_that_mean_nothing_here_are_no_files(judge: Assess, text: str) -> None:
    """Unknown is unknown, and said to be."""
    estimate = judge(text, title="Change it").estimate
    assert not set(estimate.files) - {"**/**"}
    assert ".." not in str(estimate.files)


def test_unknown_files_are_said_to_be_unknown(judge: Assess) -> None:
    """The reason tells why there are none."""
    assert any("names no file" in reason for reason in judge("Faster please", title="Speed").estimate.reasons)


@pytest.mark.parametrize(
    ("title", "size"),
    [
        ("Fix typo in greeting", Size.TRIVIAL),
        ("Rename the flag", Size.SMALL),
        ("Refactor the parser", Size.MEDIUM),
        ("Rewrite the billing", Size.LARGE),
        ("Something else", Size.SMALL),
    ],
)
def test_size_words_give_the_complexity(judge: Assess, title: str, size: Size) -> None:
    """The title's words speak first."""
    estimate = judge("", title=title).estimate
    assert estimate.complexity == size
    assert "complexity" in estimate.estimated


def test_in_doubt_the_fuller_size_counts(judge: Assess) -> None:
    """Many criteria make a typo ticket more than trivial."""
    criteria = tuple(f"case {number} is handled" for number in range(9))
    assert judge("", title="Fix typo", acceptance_criteria=criteria).estimate.complexity == Size.LARGE


def test_given_files_count_for_the_size(judge: Assess) -> None:
    """More than five files are a large ticket; tests do not count."""
    files = tuple(f"src/a{number}.py" for number in range(6))
    assert judge("", title="Change it", files=files).estimate.complexity == Size.LARGE
    tests = tuple(f"tests/test_a{number}.py" for number in range(6))
    assert judge("", title="Change it", files=tests).estimate.complexity == Size.SMALL


def test_the_estimate_is_always_the_same(judge: Assess) -> None:
    """Nothing depends on the order of a set."""
    text = "cart.py price_list login.py docs/*.md src/shop/auth/"
    assert judge(text).estimate == judge(text).estimate
