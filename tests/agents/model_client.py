"""A tiny agent: asks a model by OpenAI's chat completions, runs the commands that it asks for, and stops when it asks for none.

Started by path as a program of its own. With `stubborn` it asks again whatever the server answers, without end.
"""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

TOOL = {
    "type": "function",
    "function": {"name": "bash", "parameters": {"properties": {"command": {"type": "string"}}}},
}


def ask(messages: list[dict[str, object]]) -> dict[str, object]:
    """One answer of the model."""
    body = json.dumps({"model": "stub-1", "messages": messages, "tools": [TOOL]}).encode()
    headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}", "Content-Type": "application/json"}
    url = f"{os.environ['OPENAI_BASE_URL']}/chat/completions"
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as answer:  # noqa: S310 - ours
        return dict(json.load(answer)["choices"][0]["message"])


def main(stubborn: bool) -> int:
    """Work; the exit code."""
    prompt = Path(os.environ["CI_FACTORY_PROMPT"]).read_text(encoding="utf-8")
    messages: list[dict[str, object]] = [{"role": "user", "content": prompt}]
    while True:
        try:
            message = ask(messages)
        except urllib.error.HTTPError as error:
            print(f"the model's server answers {error.code}: {error.read().decode()}", file=sys.stderr)  # noqa: T201 - its words
            if stubborn:
                continue
            return 1
        calls = message.get("tool_calls") or []
        for call in calls:  # type: ignore[attr-defined]  # as the server sent it
            command = json.loads(call["function"]["arguments"])["command"]
            subprocess.run(["/bin/sh", "-c", command], check=False)
        if not calls:
            return 0


if __name__ == "__main__":
    sys.exit(main("stubborn" in sys.argv))
