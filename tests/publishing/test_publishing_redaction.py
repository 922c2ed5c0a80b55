"""Secrets in errors and logs: masked by their value and by their form, in whatever spelling."""

import base64
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.model.redaction import MASK, redact

TOKENS = [f"gl{kind}-abcdefghij_KLMNOP-0123" for kind in ("pat", "dt", "rt", "cbt", "oas", "ptt", "ft", "agent", "soat", "imt")]  # fmt: skip
ROUTABLE = "glpat-" + "Ab1_" * 12 + ".01.170xyz12a"


@pytest.mark.parametrize("token", [*TOKENS, ROUTABLE, "GR1348941abcdefghijklmnopqrst"])
def test_gitlab_tokens_are_known_by_their_form(token: str) -> None:
    """A token of any kind is masked wherever it stands, without being told."""
    for text in (token, f"'{token}'", f"x={token}&y", f"({token})", f"{token}\n{token}"):
        assert token not in redact(text)
        assert token.rpartition(".")[2] not in redact(text)
        assert MASK in redact(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abc.def", "Authorization: Bearer [secret]"),
        ("> authorization: Basic b2F1dGgyOng=\n> next", "> authorization: Basic [secret]\n> next"),
        ("{'Authorization': b'Bearer x', 'A': 1}", "{'Authorization': b'Bearer [secret]', 'A': 1}"),
        ("PRIVATE-TOKEN: x1", "PRIVATE-TOKEN: [secret]"),
        ('"Job-Token": "x1"', '"Job-Token": "[secret]"'),
        ("fatal: https://oauth2:pw@git.example/x.git", "fatal: https://[secret]@git.example/x.git"),
        ("https://pw@git.example", "https://[secret]@git.example"),
        ("GET /x?private_token=ab&page=2", "GET /x?private_token=[secret]&page=2"),
        ("https://git.example/x@y and a@b.example", "https://git.example/x@y and a@b.example"),
        ("glpat-short and authorization failed", "glpat-short and authorization failed"),
    ],
)
def test_headers_and_addresses(text: str, expected: str) -> None:
    """Headers, queries and the user part of an address lose their secret and nothing else."""
    assert redact(text) == expected


@given(
    st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=40).filter(
        lambda secret: secret not in MASK and MASK not in secret
    ),
    st.binary(max_size=9),
)
def test_a_given_secret_is_masked_in_every_spelling(secret: str, before: bytes) -> None:
    """As it is, URL-encoded, as Python shows it, and in the middle of base64."""
    encoded = base64.b64encode(before + secret.encode() + b"tail").decode()
    for text in (secret, urllib.parse.quote(secret, safe=""), repr(secret), f"x{secret}y", encoded):
        assert MASK in redact(text, [secret])
    assert secret not in redact(f"{secret} {secret}", [secret])


def test_an_empty_secret_masks_nothing() -> None:
    """A variable that is not set does not turn every text into masks."""
    assert redact("plain words", ["", "a"]) == "plain words"
