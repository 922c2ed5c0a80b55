"""Secrets taken out of text that is printed, logged or shown: by their value, and by forms that only secrets have. Pure.

GitLab's token prefixes are those of its documentation (Security, Tokens, "Token prefixes"); a routable token goes on
after a dot.
"""

import base64
import re
import urllib.parse
from collections.abc import Iterable

from ci_factory.model.base import Json

MASK = "[secret]"
GITLAB_TOKEN = (
    r"gl(?:pat|ptt|dt|rt|rtr|cbt|oas|soat|imt|ft|agent|ffct|wt)-[A-Za-z0-9_-]{20,}(?:\.[0-9a-z]{2,12}){0,2}"  # noqa: S105 - a pattern
)
"""A token of GitLab: personal, project and group, trigger, deploy, runner, job, application, incoming mail, feed, agent."""
GITLAB_RUNNER_TOKEN = r"GR1348941[A-Za-z0-9_-]{20,}"  # noqa: S105 - a pattern
"""A registration token of runners."""
_FORMS = (
    (re.compile(GITLAB_TOKEN), MASK),
    (re.compile(GITLAB_RUNNER_TOKEN), MASK),
    # Headers as curl, git's trace and HTTP libraries print them: `Name: value`, `'Name': 'value'`, `Name=value`.
    (
        re.compile(
            r"(?P<kept>\b(?:proxy-)?authorization[\"']?\s{0,3}[:=]\s{0,3}(?:b?[\"'])?(?:(?:basic|bearer|token|digest)\s{1,3})?)"
            r"[^\s\"',;]{1,4000}",
            re.IGNORECASE,
        ),
        rf"\g<kept>{MASK}",
    ),
    (
        re.compile(
            r"(?P<kept>\b(?:private|job|deploy|gitlab-feed|x-gitlab)-token[\"']?\s{0,3}[:=]\s{0,3}(?:b?[\"'])?)[^\s\"',;]{1,4000}",
            re.IGNORECASE,
        ),
        rf"\g<kept>{MASK}",
    ),
    (
        re.compile(r"(?P<kept>[?&](?:private_token|job_token|access_token|rss_token|feed_token|token)=)[^&\s\"'#]{1,4000}", re.IGNORECASE),
        rf"\g<kept>{MASK}",
    ),
    (re.compile(r"(?P<kept>\b[a-zA-Z][a-zA-Z0-9+.-]{0,30}://)[^\s/@?#\"'<>]{1,4000}@"), rf"\g<kept>{MASK}@"),
)  # fmt: skip
_SHORTEST = 4
"""Characters of a secret that is masked by its value; a shorter one stands in every other word."""


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the given secrets, also URL-encoded or in base64, and without any of the known forms.

    Known are GitLab's tokens, Authorization and token headers, tokens in a query, and the user part of an address.
    """
    for form in sorted(_spellings(secrets), key=lambda each: (-len(each), each)):
        text = text.replace(form, MASK)
    for expression, masked in _FORMS:
        text = expression.sub(masked, text)
    return text


def redacted(value: Json) -> Json:
    """The same data with `redact` done to every text in it, keys left as they are."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {name: redacted(each) for name, each in value.items()}
    return [redacted(each) for each in value] if isinstance(value, list | tuple) else value


def _spellings(secrets: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            found |= {
                secret,
                urllib.parse.quote(secret, safe=""),
                urllib.parse.quote_plus(secret),
                repr(secret)[1:-1],
            }
            found |= _in_base64(secret.encode("utf-8", "replace"))
    return found


def _in_base64(secret: bytes) -> set[str]:
    """The middle of the secret's base64 at each of the three offsets that text before it can bring about."""
    found = set()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret).decode("ascii")
        # The first characters also hold bits of what comes before, the last ones of what follows.
        middle = encoded[(0, 2, 3)[before] : len(encoded) - (0, 3, 2)[(before + len(secret)) % 3]]
        if len(middle) > 2 * _SHORTEST:
            found.add(middle)
    return found
