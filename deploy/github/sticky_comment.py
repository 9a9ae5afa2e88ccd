"""Keeps one comment with the plan on a pull request: writes it once, and replaces it from then on.

Its own comment is the one whose first line is that of the plan, a marker of project and environment, and which a bot
wrote, or the person whose token it has. Asks GitHub's REST API, whose address a runner has in GITHUB_API_URL: https://docs.github.com/en/rest/issues/comments
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError

_PAGE: Final = 100


def find_comment(place: str, marker: str) -> int | None:
    """Find the comment that an earlier run wrote; other people may quote its marker."""
    page = 1
    while True:
        comments = request("GET", f"{place}?per_page={_PAGE}&page={page}")
        for comment in comments:
            first_line = str(comment.get("body") or "").partition("\n")[0].strip()
            if first_line == marker and is_own(comment["user"] or {}):
                number: int = comment["id"]
                return number
        if len(comments) < _PAGE:
            return None
        page += 1


def is_own(author: dict[str, Any]) -> bool:
    """Tell whether a comment's author is a bot or who writes here."""
    return author.get("type") == "Bot" or author.get("login", "") == find_login()


@cache
def find_login() -> str | None:
    """Find the name of the person whose token this is; the token of a job is nobody's, and is refused."""
    try:
        login: str = request("GET", "/user")["login"]
    except HTTPError:
        return None
    return login


def request(method: str, path: str, content: dict[str, str] | None = None) -> Any:
    """Ask GitHub; what it refuses ends the step with an exception that says why."""
    token = os.environ["GITHUB_TOKEN"].strip()
    if not (token.isascii() and token.isprintable()):
        sys.exit("the token is no line of ASCII")  # the library would quote it in its own exception
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "Content-Type": "application/json",
        "User-Agent": "jobspec",
    }
    data = json.dumps(content).encode() if content else None
    asked = urllib.request.Request(  # noqa: S310  the runner's own address
        f"{os.environ['GITHUB_API_URL']}{path}", data=data, headers=headers, method=method
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310  as above
        return json.load(answer)


def main(plan: str) -> None:
    """Write or replace the comment.

    Args:
        plan: The file with the plan as Markdown.
    """
    body = Path(plan).read_text(encoding="utf-8")
    repository = f"/repos/{os.environ['GITHUB_REPOSITORY']}"
    place = f"{repository}/issues/{int(os.environ['PULL_REQUEST'])}/comments"
    number = find_comment(place, body.partition("\n")[0].strip())
    if number is None:
        request("POST", place, {"body": body})
    else:
        request("PATCH", f"{repository}/issues/comments/{number}", {"body": body})


if __name__ == "__main__":
    main(*sys.argv[1:])
