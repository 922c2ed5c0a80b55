"""Which files a ticket will touch: each kind of evidence, and how they are combined."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.intake import prediction
from ci_factory.intake.evidence import WEIGHTS
from ci_factory.intake.past import ENOUGH, Past
from ci_factory.intake.prediction import MAX_FILES, MOST, combine, predict
from ci_factory.intake.surroundings import Owned, Surroundings
from ci_factory.intake.symbols import Uses
from ci_factory.intake.tree import index
from ci_factory.model.prediction import Calibration, EvidenceKind, TouchedFile
from ci_factory.model.ticket import Ticket

FILES = (
    "CHANGELOG.md",
    "README.md",
    "docs/usage.md",
    "src/shop/cart.py",
    "src/shop/price_list.py",
    "src/shop/tax.py",
    "src/shop/web/page.py",
    "tests/test_cart.py",
    "tests/test_shop_tax.py",
)
KINDS = st.dictionaries(st.sampled_from(EvidenceKind), st.floats(0, 1), max_size=len(EvidenceKind))


def told(
    title: str = "Change it", body: str = "", files: tuple[str, ...] = (), known: Any = None
) -> dict[str, TouchedFile]:
    """Path -> what is predicted of it."""
    ticket = Ticket(id="t", title=title, body=body, files=files)
    return {file.path: file for file in predict(ticket, index(frozenset(FILES)), known or Surroundings())}


def kinds(file: TouchedFile) -> set[EvidenceKind]:
    """What speaks for a file."""
    return {each.kind for each in file.why}


@pytest.mark.parametrize(
    ("body", "path", "kind"),
    [
        ("See src/shop/cart.py", "src/shop/cart.py", EvidenceKind.NAMED),
        ("See shop/cart.py", "src/shop/cart.py", EvidenceKind.NAMED),
        ("Add docs/install.md", "docs/install.md", EvidenceKind.NAMED),
        ("Everything in src/shop/web/", "src/shop/web/page.py", EvidenceKind.WITHIN),
        ("`PriceList` is wrong", "src/shop/price_list.py", EvidenceKind.STEM),
        ("See src/shop/cart.py", "tests/test_cart.py", EvidenceKind.TEST),
        ("See src/shop/tax.py", "tests/test_shop_tax.py", EvidenceKind.TEST),
        ("The usage is unclear", "docs/usage.md", EvidenceKind.WORDS),
    ],
)
def test_the_text_alone_speaks_for_files(body: str, path: str, kind: EvidenceKind) -> None:
    """Paths, ends of paths, new files, folders, symbols, words; and the tests of what is named."""
    assert kind in kinds(told(body=body)[path])


def test_files_given_by_a_person_are_probable_and_not_certain() -> None:
    """The ticket's own list weighs most, and a list of 60 is told whole."""
    given_ = tuple(f"src/new{number}.py" for number in range(60))
    found = told(files=given_)
    assert set(given_) <= found.keys()
    assert 0.85 < found["src/new0.py"].probability < 1


def test_one_of_many_files_of_a_pattern_is_less_probable() -> None:
    """A pattern stands for about two files, whichever they are."""
    one, many = told(files=("src/shop/web/*.py",)), told(files=("**/*.py",))
    assert one["src/shop/web/page.py"].probability > 2 * many["src/shop/web/page.py"].probability


def test_a_symbol_points_at_where_it_is_defined_and_used() -> None:
    """The definition weighs more than a use; a name that the tree does not have says nothing."""
    uses = Uses.of(
        [
            ("src/shop/tax.py", "def vat_of"),
            ("src/shop/cart.py", "vat_of"),
            ("src/shop/tax.py", "vat_of"),
            ("gone.py", "vat_of"),
        ]
    )
    found = told(title="vat_of rounds badly", known=Surroundings(uses=uses))
    assert kinds(found["src/shop/tax.py"]) >= {EvidenceKind.DEFINES}
    assert kinds(found["src/shop/cart.py"]) == {EvidenceKind.MENTIONS}
    assert found["src/shop/tax.py"].probability > found["src/shop/cart.py"].probability
    assert "gone.py" not in found


def test_the_parts_of_a_path_are_no_symbols() -> None:
    """Who names src/shop/price_list.py has not named everything that is called `shop` or `price_list`."""
    assert EvidenceKind.STEM not in kinds(told(body="See src/shop/price_list.py")["src/shop/price_list.py"])


def test_files_that_changed_together_follow_with_shrunken_confidence() -> None:
    """Always together in 17 commits is surer than always together in one."""
    often = Past.of([("x", ["src/shop/cart.py", "src/shop/tax.py"])] * 17)
    once = Past.of([("x", ["src/shop/cart.py", "src/shop/tax.py"])])
    sure, unsure = (
        told(files=("src/shop/cart.py",), known=Surroundings(past=past))["src/shop/tax.py"].probability
        for past in (often, once)
    )
    assert sure == pytest.approx(0.9 * 17 / 20, abs=1e-4)
    assert unsure == pytest.approx(0.9 * 1 / 4, abs=1e-4)


def test_huge_commits_tell_nothing() -> None:
    """A sweep over the whole tree connects nobody."""
    sweep = Past.of([("format", ["src/shop/cart.py", "src/shop/tax.py", *(f"f{n}" for n in range(50))])])
    assert "src/shop/tax.py" not in told(files=("src/shop/cart.py",), known=Surroundings(past=sweep))


def test_nothing_follows_from_a_hot_file() -> None:
    """Whatever changed together with the changelog did so by chance."""
    past = Past.of([("x", ["CHANGELOG.md", "src/shop/tax.py"])] * 17)
    assert told(body="See CHANGELOG.md", known=Surroundings(past=past)).keys() == {"CHANGELOG.md"}


def test_past_commits_that_read_alike_point_at_their_files() -> None:
    """The message's rare words count, and the file must still be there."""
    past = Past.of(
        [
            ("Rounding of vouchers", ["src/shop/tax.py", "gone.py"]),
            ("Prettier buttons", ["src/shop/web/page.py"]),
        ]
    )
    found = told(title="Vouchers need rounding", known=Surroundings(past=past))
    assert kinds(found["src/shop/tax.py"]) == {EvidenceKind.ALIKE}
    assert not {"gone.py", "src/shop/web/page.py"} & found.keys()


def test_an_owner_or_section_named_in_the_ticket_points_at_its_files() -> None:
    """CODEOWNERS by `@team` and by section."""
    owned = Owned({"@shop/web": ("src/shop/web/page.py",)}, {"taxes": ("src/shop/tax.py",)})
    known = Surroundings(owned=owned)
    assert EvidenceKind.OWNED in kinds(told(body="Ask @shop/web.", known=known)["src/shop/web/page.py"])
    assert EvidenceKind.OWNED in kinds(told(title="About taxes", known=known)["src/shop/tax.py"])
    assert "src/shop/tax.py" not in told(title="About something", known=known)


def test_a_file_of_many_commits_is_expected_in_any() -> None:
    """Its share counts only when enough commits are known."""
    commits = [("x", ["README.md"] if n % 2 else ["src/shop/tax.py"]) for n in range(ENOUGH)]
    assert EvidenceKind.FREQUENT in kinds(told(known=Surroundings(past=Past.of(commits)))["README.md"])
    assert "README.md" not in told(known=Surroundings(past=Past.of(commits[:-2])))


def test_hot_files_are_those_by_name_and_those_of_most_commits() -> None:
    """Intake says which of a ticket's files they are."""
    past = Past.of([("x", ["src/shop/cart.py"])] * ENOUGH)
    known = Surroundings(past=past)
    assert known.is_hot("src/shop/cart.py")
    assert known.is_hot("packages/app/package-lock.json")
    assert not known.is_hot("src/shop/tax.py")


def test_the_number_of_files_is_bounded() -> None:
    """However many files the words fit, the most probable are told, in order."""
    tree = index(frozenset(f"src/voucher{n}/voucher.py" for n in range(150)))
    ticket = Ticket(id="t", title="Vouchers", body="\n".join(f"src/voucher{n}/voucher.py" for n in range(90)))
    found = predict(ticket, tree, Surroundings())
    assert len(found) == MAX_FILES
    assert [f.probability for f in found] == sorted((f.probability for f in found), reverse=True)


def test_measured_hit_rates_change_the_weights() -> None:
    """A factor on a kind of evidence moves what rests on it, and the prior weight stays on record."""
    half = Calibration(tickets=50, factors={EvidenceKind.NAMED: 0.5})
    (before,), (after,) = (
        [file for file in told(body="Add docs/install.md", known=known).values() if "install" in file.path]
        for known in (Surroundings(), Surroundings(calibration=half))
    )
    assert after.probability == pytest.approx(before.probability / 2, abs=1e-4)
    assert after.why == before.why


@settings(max_examples=200)
@given(KINDS, st.sampled_from(EvidenceKind), st.floats(0, 1))
def test_more_evidence_never_lowers_a_probability(
    weights: dict[EvidenceKind, float], kind: EvidenceKind, weight: float
) -> None:
    """Bounds and monotonicity of the combination, whatever speaks for a file."""
    before = combine(weights, {})
    after = combine({**weights, kind: max(weight, weights.get(kind, 0))}, {})
    assert 0 <= before <= after <= MOST


@settings(max_examples=60, deadline=None)
@given(
    st.text(alphabet="abc/._`() @*[]{}\n\x00éA", max_size=200),
    st.lists(
        st.sampled_from((*FILES, "**", "src/**", "../x", "/", " ", "new.py", "[", "a" * 2000)), max_size=5
    ),
)
def test_any_text_gives_probabilities(body: str, files: list[str]) -> None:
    """Hostile or empty, the prediction is bounded, sorted, distinct, and the same every time."""
    first, second = told(body=body, files=tuple(files)), told(body=body, files=tuple(files))
    assert first == second
    assert all(0 < file.probability <= MOST for file in first.values())


def test_every_kind_of_evidence_has_a_weight() -> None:
    """The documented table is the one that is used."""
    assert WEIGHTS.keys() == set(EvidenceKind)
    assert all(0 < weight <= 1 for weight in WEIGHTS.values())
    assert min(WEIGHTS.values()) > prediction.LEAST
