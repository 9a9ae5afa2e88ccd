"""The examples in `docs/review.md`: a pull request, and what the commands really write of it.

Run as a program, this writes them anew: `python docs/review_example.py docs/review.md`. A code block behind a comment
such as `<!-- example: text -->` is replaced by the command of that name and its output. The pull request is in a
repository of its own, made at a fixed time, so the output is the same everywhere.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final
from unittest.mock import patch

from jobspec.cli import group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

NOW: Final = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)

MAIN: Final = {
    "jobspec.toml": """\
project = "shop"

[plan]
redact = ["input.api_token"]
""",
    "specs/defaults.yaml": """\
queue: shop
""",
    "specs/orders.yaml": """\
jobs:
  - name: orders-sync
    workflow: shop.orders:SyncOrders
    input: {region: eu, batch_size: 500, api_token: dev-token-1}
    schedule: {cron: "0 1 * * *", timezone: Europe/Berlin}
  - name: stock-check
    workflow: shop.stock:CheckStock
    schedule: {interval: 3h}
  - name: newsletter
    workflow: shop.mails:SendNewsletter
    schedule: {cron: "45 11 * * MON-FRI"}
  - name: audit
    workflow: shop.audit:Audit
    schedule: {cron: "0 6 1 * *"}
""",
    "specs/invoices.yaml": """\
name: invoices-daily
workflow: shop.invoices:Invoices
schedule: {cron: "30 5 * * *", timezone: Europe/Berlin}
""",
    "specs/legacy.yaml": """\
name: legacy-export
workflow: shop.legacy:Export
schedule: {cron: "0 4 * * *"}
""",
}

BRANCH: Final = {
    "specs/orders.yaml": """\
jobs:
  - name: orders-sync
    workflow: shop.orders:SyncOrders
    input: {region: eu, batch_size: 1000, api_token: dev-token-2}
    schedule: {cron: "30 2 * * *", timezone: Europe/Berlin}
  - name: stock-check
    workflow: shop.stock:CheckStock
    schedule: {interval: 1h, overlap: allow_all, catchup_window: 6h}
  - name: newsletter
    workflow: shop.mails:SendNewsletter
    schedule: {cron: "5 11 * * MON-FRI", jitter: 30s}
  - name: audit
    workflow: shop.audit:Audit
    schedule: {crom: "0 6 1 * *"}
""",
    "specs/invoices.yaml": MAIN["specs/invoices.yaml"].replace("daily", "nightly"),
    "specs/legacy.yaml": None,
}
"""What the branch changes; None where it deletes the file."""

MENDED: Final = {"specs/orders.yaml": (BRANCH["specs/orders.yaml"] or "").replace("crom", "cron")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One command, and what of its output is shown.

    Attributes:
        command: As it is typed.
        language: Of the code block.
        shows_stderr: Whether what goes to stderr is shown, too.
        is_mended: Whether the mistake is mended before.
        code: What it exits with.
        cut: What the command behind a `|` does to the output.
    """

    command: str
    language: str = "console"
    shows_stderr: bool = False
    is_mended: bool = False
    code: int = 0
    cut: Callable[[str], str] = str


def _take_first_change(text: str) -> str:
    document = json.loads(text)
    document["changes"] = document["changes"][:1]
    return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n"


def _take_head(text: str) -> str:
    return "".join(text.splitlines(keepends=True)[:16])


def _take_leaving(text: str) -> str:
    return text[text.index("#### Leaving") : text.index("\n<details>")]


EXAMPLES: Final = {
    "diff": Example(command="git diff --unified=0 main", language="diff"),
    "text": Example(command="jobspec plan --base main", shows_stderr=True, code=1),
    "mended": Example(command="jobspec plan --base main | head -16", is_mended=True, cut=_take_head),
    "json": Example(
        command="jobspec plan --base main --output json | jq '.changes |= .[:1]'", code=1, cut=_take_first_change
    ),
    "markdown": Example(command="jobspec plan --base main --output markdown", language="markdown", code=1),
    "leaving": Example(
        command="jobspec plan --base main --output markdown", language="markdown", is_mended=True, cut=_take_leaving
    ),
    "github": Example(command="jobspec plan --base main --output github", code=1),
    "validate": Example(command="jobspec validate --no-imports --output github", code=1),
    "overview": Example(command="jobspec next", is_mended=True),
    "next": Example(command="jobspec next orders-sync --from 2027-03-27 -n 3", is_mended=True),
    "calendar": Example(command="jobspec calendar --day", is_mended=True),
}


class _Clock(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # the moment itself suffices
        return NOW.astimezone(tz)


def write_page(page: str) -> str:
    """Put what the commands write now into the page."""
    with _make_repository():
        shown = {name: _run(example) for name, example in EXAMPLES.items() if not example.is_mended}
        _write(MENDED)
        shown |= {name: _run(example) for name, example in EXAMPLES.items() if example.is_mended}

    def replace(match: re.Match[str]) -> str:
        return f"{match[1]}{shown[match[2]]}"

    return re.sub(r"(<!-- example: (\w+) -->\n)(````?)\w+\n(?:.*?\n)??\3(?=\n)", replace, page, flags=re.DOTALL)


@contextmanager
def _make_repository() -> Iterator[None]:
    """Check out the branch in a repository of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_", "TEMPORAL_"))}
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1", "TZ": "UTC"}
    person = {"NAME": "A", "EMAIL": "a@example.org", "DATE": NOW.isoformat()}
    people = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in person.items()}
    with (
        TemporaryDirectory() as directory,
        chdir(directory),
        patch.dict(os.environ, {**kept, **settings, **people}, clear=True),
        patch("jobspec.cli.specs.datetime", _Clock),
        patch("jobspec.cli.commands.validate.datetime", _Clock),
    ):
        _git("init", "--quiet", "--template=", "--initial-branch=main", "--object-format=sha1")
        _write(MAIN)
        _git("add", "--all")
        _git("commit", "--quiet", "--message", "Shop")
        _git("checkout", "--quiet", "-b", "branch")
        _write(BRANCH)
        yield


def _write(files: Mapping[str, str | None]) -> None:
    for name, text in files.items():
        path = Path(name)
        path.parent.mkdir(exist_ok=True)
        if text is None:
            path.unlink()
        else:
            path.write_text(text, encoding="utf-8")


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8").stdout  # noqa: S603  fixed


def _run(example: Example) -> str:
    """Run a command and write it as a code block."""
    typed, _, _ = example.command.partition(" |")
    program, *arguments = typed.split()
    output = _git(*arguments) if program == "git" else _run_jobspec(arguments, example)
    shown = example.cut(output)
    if example.language == "console":
        shown = f"$ {example.command}\n{shown}"
    mark = "````" if "```" in shown else "```"
    return f"{mark}{example.language}\n{shown}{mark}"


def _run_jobspec(arguments: list[str], example: Example) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    unseen = stream if example.shows_stderr else io.StringIO()
    with redirect_stdout(stream), redirect_stderr(unseen):
        code = group.run(arguments)
    if code != example.code:
        raise RuntimeError(f"`{example.command}` exits with {code}, not {example.code}")
    stream.seek(0)
    return stream.read()


if __name__ == "__main__":
    place = Path(sys.argv[1])
    place.write_text(write_page(place.read_text(encoding="utf-8")), encoding="utf-8")
