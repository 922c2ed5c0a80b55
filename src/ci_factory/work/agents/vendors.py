"""Who serves a model, by its name: the variable of the key, and the host. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Vendor:
    """One provider of models."""

    name: str
    keys: tuple[str, ...]
    """Variables of which one holds the key."""
    hosts: tuple[str, ...]


ANTHROPIC = Vendor("anthropic", ("ANTHROPIC_API_KEY",), ("api.anthropic.com",))
OPENAI = Vendor("openai", ("OPENAI_API_KEY",), ("api.openai.com",))
GOOGLE = Vendor("gemini", ("GEMINI_API_KEY",), ("generativelanguage.googleapis.com",))

_BY_PREFIX = {
    "anthropic": ANTHROPIC,
    "openai": OPENAI,
    "gemini": GOOGLE,
    "google": Vendor("google", ("GOOGLE_GENERATIVE_AI_API_KEY", "GEMINI_API_KEY"), GOOGLE.hosts),
    "openrouter": Vendor("openrouter", ("OPENROUTER_API_KEY",), ("openrouter.ai",)),
    "deepseek": Vendor("deepseek", ("DEEPSEEK_API_KEY",), ("api.deepseek.com",)),
    "mistral": Vendor("mistral", ("MISTRAL_API_KEY",), ("api.mistral.ai",)),
    "groq": Vendor("groq", ("GROQ_API_KEY",), ("api.groq.com",)),
    "xai": Vendor("xai", ("XAI_API_KEY",), ("api.x.ai",)),
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
