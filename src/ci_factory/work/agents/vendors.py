"""Who serves a model, by its name: the variable of the key, and the host. Pure."""

from dataclasses import dataclass
from urllib.parse import urlsplit

_HTTPS, _HTTP = 443, 80


@dataclass(frozen=True)
class Vendor:
    """One provider of models."""

    name: str
    keys: tuple[str, ...]
    """Variables of which one holds the key."""
    hosts: tuple[str, ...]
    api: str
    """Address of its API with the version, as most tools want it."""


ANTHROPIC = Vendor(
    "anthropic", ("ANTHROPIC_API_KEY",), ("api.anthropic.com",), "https://api.anthropic.com/v1"
)
OPENAI = Vendor("openai", ("OPENAI_API_KEY",), ("api.openai.com",), "https://api.openai.com/v1")
GOOGLE = Vendor(
    "gemini",
    ("GEMINI_API_KEY",),
    ("generativelanguage.googleapis.com",),
    "https://generativelanguage.googleapis.com/v1beta",
)

_BY_PREFIX = {
    "anthropic": ANTHROPIC,
    "openai": OPENAI,
    "gemini": GOOGLE,
    "google": Vendor("google", ("GOOGLE_GENERATIVE_AI_API_KEY", "GEMINI_API_KEY"), GOOGLE.hosts, GOOGLE.api),
    "openrouter": Vendor(
        "openrouter", ("OPENROUTER_API_KEY",), ("openrouter.ai",), "https://openrouter.ai/api/v1"
    ),
    "deepseek": Vendor(
        "deepseek", ("DEEPSEEK_API_KEY",), ("api.deepseek.com",), "https://api.deepseek.com/v1"
    ),
    "mistral": Vendor("mistral", ("MISTRAL_API_KEY",), ("api.mistral.ai",), "https://api.mistral.ai/v1"),
    "groq": Vendor("groq", ("GROQ_API_KEY",), ("api.groq.com",), "https://api.groq.com/openai/v1"),
    "xai": Vendor("xai", ("XAI_API_KEY",), ("api.x.ai",), "https://api.x.ai/v1"),
}
_BY_NAME = (
    ("claude-", ANTHROPIC),
    ("gpt-", OPENAI),
    ("o1", OPENAI),
    ("o3", OPENAI),
    ("o4", OPENAI),
    ("gemini-", GOOGLE),
)


def vendor(model: str | None) -> Vendor | None:
    """The provider of `provider/model` or of a well-known bare name; `None` when the name does not say."""
    if model is None:
        return None
    prefix, slash, _ = model.partition("/")
    if slash:
        return _BY_PREFIX.get(prefix)
    return next((found for start, found in _BY_NAME if model.startswith(start)), None)


def api(model: str | None) -> str:
    """Where a model answers, as most tools want it told; empty when its name does not say."""
    found = vendor(model)
    return found.api if found else ""


def litellm_api(model: str | None) -> str:
    """The same for tools that are made with litellm, which adds the version to Anthropic's address itself."""
    return api(model).removesuffix("/v1") if vendor(model) is ANTHROPIC else api(model)


def host_of(url: str) -> str:
    """The server of an address as a list of hosts names it: `name`, or `name:port` when the port is not that of HTTPS.

    Raises:
        ValueError: its port is none.
    """
    parts = urlsplit(url)
    port = parts.port or (_HTTPS if parts.scheme == "https" else _HTTP)
    return f"{parts.hostname}" if port == _HTTPS else f"{parts.hostname}:{port}"
