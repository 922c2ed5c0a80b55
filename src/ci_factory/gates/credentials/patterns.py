"""Formats of credentials that can be told from other text by their form alone.

Prefixes, lengths and alphabets are those that the issuers document. A format without a prefix of its own is only
here together with the words around it, so that a match means something.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ci_factory.model.gate import Severity
from ci_factory.model.redaction import GITLAB_RUNNER_TOKEN, GITLAB_TOKEN


@dataclass(frozen=True)
class Pattern:
    """One format. The group `secret`, if there is one, is the credential; else the whole match is."""

    kind: str
    """Name of the rule."""
    title: str
    hints: tuple[str, ...]
    """Text that is part of every match, in lower case: a quick look before the expression is tried."""
    expression: re.Pattern[str]
    severity: Severity = Severity.CRITICAL

    def matches(self, text: str, starts: frozenset[int] = frozenset()) -> Iterator[tuple[int, int, str]]:
        """(start, end, credential) of every match that does not begin inside of a longer word.

        `starts` are places where a word begins although a letter stands before it: joins of divided text.
        """
        for found in self.expression.finditer(text):
            start = found.start()
            before = text[start - 1 : start]
            if start in starts or not (before.isalnum() or before == "_"):
                yield start, found.end(), found.groupdict().get("secret") or found[0]


def _pattern(
    kind: str, title: str, hints: Sequence[str], expression: str, severity: Severity = Severity.CRITICAL
) -> Pattern:
    return Pattern(kind, title, tuple(hint.lower() for hint in hints), re.compile(expression), severity)


_END = r"(?![A-Za-z0-9])"
_WORD = r"[A-Za-z0-9_-]"

PATTERNS: tuple[Pattern, ...] = (
    _pattern("aws-access-key", "AWS access key", ["akia", "asia", "abia", "acca"],
             rf"(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{{16}}{_END}"),
    _pattern("aws-secret-key", "AWS secret access key", ["aws"],
             r"(?i:aws)[^\n]{0,24}?(?i:secret|key)[^\n]{0,24}?[\"'=:\s]{1,4}(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"),
    _pattern("gcp-api-key", "Google API key", ["aiza"], rf"AIza{_WORD}{{35}}(?!{_WORD})"),
    _pattern("gcp-oauth-secret", "Google OAuth client secret", ["gocspx-"], rf"GOCSPX-{_WORD}{{28}}"),
    _pattern("gcp-access-token", "Google access token", ["ya29."], rf"ya29\.{_WORD}{{30,}}"),
    _pattern("azure-storage-key", "Azure storage key", ["accountkey="], r"AccountKey=(?P<secret>[A-Za-z0-9+/]{86}==)"),
    _pattern("azure-shared-key", "Azure shared access key", ["sharedaccesskey="],
             r"SharedAccessKey=(?P<secret>[A-Za-z0-9+/]{43}=)"),
    _pattern("azure-client-secret", "Azure client secret", ["q~"], rf"[A-Za-z0-9_~.]{{3}}\dQ~[A-Za-z0-9_~.-]{{31,34}}{_END}"),
    _pattern("azure-sas", "Azure shared access signature", ["sig="], r"(?<=[?&])sig=(?P<secret>[A-Za-z0-9%/+]{40,}(?:%3[dD]|=))"),
    _pattern("github-token", "GitHub token", ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], rf"gh[pousr]_[A-Za-z0-9]{{36,255}}{_END}"),
    _pattern("github-token", "GitHub fine-grained token", ["github_pat_"], rf"github_pat_[A-Za-z0-9]{{22}}_[A-Za-z0-9]{{59}}{_END}"),
    _pattern("gitlab-token", "GitLab token", ["gl"], GITLAB_TOKEN),
    _pattern("gitlab-runner-token", "GitLab runner registration token", ["gr1348941"], GITLAB_RUNNER_TOKEN),
    _pattern("slack-token", "Slack token", ["xox"], r"xox[abeoprs]-(?:\d-)?[0-9A-Za-z]{8,}-[0-9A-Za-z-]{10,}"),
    _pattern("slack-token", "Slack app token", ["xapp-"], r"xapp-\d-[A-Z0-9]{8,}-\d{8,}-[a-z0-9]{32,}"),
    _pattern("slack-webhook", "Slack webhook", ["hooks.slack.com/services/t"],
             r"hooks\.slack\.com/services/T[A-Z0-9]{8,}/B[A-Z0-9]{8,}/[A-Za-z0-9]{20,}"),
    _pattern("discord-webhook", "Discord webhook", ["/api/webhooks/"], rf"discord(?:app)?\.com/api/webhooks/\d{{17,20}}/{_WORD}{{60,}}"),
    _pattern("discord-token", "Discord bot token", ["."], r"[MNO][A-Za-z\d]{23,25}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{27,38}(?![\w-])"),
    _pattern("telegram-token", "Telegram bot token", [":aa"], rf"\d{{8,10}}:AA{_WORD}{{33}}(?!{_WORD})"),
    _pattern("stripe-key", "Stripe live key", ["_live_"], rf"(?:sk|rk)_live_[A-Za-z0-9]{{16,}}{_END}"),
    _pattern("stripe-test-key", "Stripe test key", ["_test_"], rf"(?:sk|rk)_test_[A-Za-z0-9]{{24,}}{_END}", Severity.MEDIUM),
    _pattern("stripe-webhook-secret", "Stripe webhook secret", ["whsec_"], rf"whsec_[A-Za-z0-9+/]{{32,}}{_END}"),
    _pattern("twilio-key", "Twilio API key", ["sk"], rf"SK[0-9a-f]{{32}}{_END}"),
    _pattern("sendgrid-key", "SendGrid key", ["sg."], rf"SG\.{_WORD}{{22}}\.{_WORD}{{43}}(?!{_WORD})"),
    _pattern("mailgun-key", "Mailgun key", ["key-"], rf"key-[0-9a-f]{{32}}{_END}"),
    _pattern("mailchimp-key", "Mailchimp key", ["-us"], rf"[0-9a-f]{{32}}-us\d{{1,2}}{_END}"),
    _pattern("anthropic-key", "Anthropic key", ["sk-ant-"], rf"sk-ant-{_WORD}{{20,}}"),
    _pattern("openai-key", "OpenAI key", ["sk-"], rf"sk-(?:proj|svcacct|admin|None)-{_WORD}{{20,}}"),
    _pattern("openai-key", "API key of the form sk-…", ["sk-"], rf"sk-(?=[A-Za-z]*\d)(?=[0-9]*[A-Za-z])[A-Za-z0-9]{{32,}}{_END}"),
    _pattern("openrouter-key", "OpenRouter key", ["sk-or-"], r"sk-or-v\d-[0-9a-f]{40,}"),
    _pattern("huggingface-token", "Hugging Face token", ["hf_"], rf"hf_[A-Za-z0-9]{{34}}{_END}"),
    _pattern("groq-key", "Groq key", ["gsk_"], rf"gsk_[A-Za-z0-9]{{48,}}{_END}"),
    _pattern("npm-token", "npm token", ["npm_"], rf"npm_[A-Za-z0-9]{{36}}{_END}"),
    _pattern("npm-auth-token", "npm registry password", ["_authtoken", "_password", "_auth"],
             r"(?<=:)_(?:authToken|password|auth)\s*=\s*(?P<secret>[A-Za-z0-9+/_=.-]{16,})"),
    _pattern("pypi-token", "PyPI token", ["pypi-ag"], rf"pypi-Ag{_WORD}{{50,}}"),
    _pattern("rubygems-key", "RubyGems key", ["rubygems_"], rf"rubygems_[0-9a-f]{{48}}{_END}"),
    _pattern("docker-token", "Docker token", ["dckr_"], rf"dckr_(?:pat|oat)_{_WORD}{{27,}}"),
    _pattern("digitalocean-token", "DigitalOcean token", ["_v1_"], rf"do[opr]_v1_[0-9a-f]{{64}}{_END}"),
    _pattern("databricks-token", "Databricks token", ["dapi"], rf"dapi[0-9a-f]{{32}}(?:-\d)?{_END}"),
    _pattern("shopify-token", "Shopify token", ["shp"], rf"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{{32}}{_END}"),
    _pattern("square-token", "Square token", ["sq0"], rf"sq0(?:atp|csp|idp)-{_WORD}{{22,}}"),
    _pattern("atlassian-token", "Atlassian token", ["atatt3"], r"ATATT3[A-Za-z0-9_=-]{60,}"),
    _pattern("vault-token", "Vault token", ["hvs.", "hvb."], rf"hv[sb]\.{_WORD}{{24,}}"),
    _pattern("terraform-token", "Terraform token", [".atlasv1."], rf"[A-Za-z0-9]{{14}}\.atlasv1\.{_WORD}{{60,}}"),
    _pattern("newrelic-key", "New Relic key", ["nrak-"], rf"NRAK-[A-Z0-9]{{27}}{_END}"),
    _pattern("grafana-token", "Grafana token", ["glsa_"], rf"glsa_[A-Za-z0-9]{{32}}_[0-9a-fA-F]{{8}}{_END}"),
    _pattern("sentry-token", "Sentry token", ["sntry"], r"sntry[su]_[A-Za-z0-9+/=_-]{40,}"),
    _pattern("linear-key", "Linear key", ["lin_api_"], rf"lin_api_[A-Za-z0-9]{{40}}{_END}"),
    _pattern("postman-key", "Postman key", ["pmak-"], rf"PMAK-[0-9a-f]{{24}}-[0-9a-f]{{34}}{_END}"),
    _pattern("age-key", "age secret key", ["age-secret-key-1"], r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    _pattern("facebook-token", "Facebook token", ["eaa"], rf"EAA[A-Za-z0-9]{{90,}}{_END}"),
    _pattern("jwt", "signed JSON Web Token", ["eyj"], rf"eyJ{_WORD}{{10,2000}}\.eyJ{_WORD}{{10,}}\.{_WORD}{{16,}}", Severity.HIGH),
    _pattern("private-key", "private key", ["private key"],
             r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----"
             r"(?P<secret>[\s\\rn\"'+,]{1,24}(?:[A-Z][A-Za-z-]{2,20}: [^\n]{1,80}[\s\\rn\"'+,]{1,24}){0,3}[A-Za-z0-9+/=]{24,})"),
    _pattern("putty-key", "PuTTY private key", ["putty-user-key-file"], r"PuTTY-User-Key-File-\d: [^\n]+\n(?:[^\n]*\n){1,40}?Private-Lines: \d"),
    _pattern("url-password", "password in an address", ["://"],
             r"[a-zA-Z][a-zA-Z0-9+.-]{1,24}://[^\s:@/?#\"'<>`\\]{0,80}:(?P<secret>[^\s@/?#\"'<>`\\]{3,120})@[A-Za-z0-9_\[][^\s\"'<>`]{0,200}",
             Severity.HIGH),
    _pattern("connection-password", "password in a connection string", ["password=", "pwd="],
             r"(?i:server|host|data source|user id|uid)\s*=\s*[^;\n\"']{1,100};[^\n\"']{0,160}?(?i:password|pwd)\s*=\s*(?P<secret>[^;\s\"']{4,100})",
             Severity.HIGH),
)  # fmt: skip
"""In the order in which they are tried: where two match the same text, the first one names it."""
HELP = "revoke the credential, then take it out of the change; a person decides"
