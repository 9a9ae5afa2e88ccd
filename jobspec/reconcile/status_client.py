"""Asking a running daemon how things stand."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from http.client import HTTPException, InvalidURL
from importlib.metadata import version
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from jobspec.errors import RequestError, UnreachableError, UsageError
from jobspec.render.daemon_documents import DaemonDocument

if TYPE_CHECKING:
    from http.client import HTTPResponse

_SECONDS: Final = 10.0
_MOST_BYTES: Final = 256 * 1024 * 1024


def fetch_daemon(address: str) -> DaemonDocument:
    """Read what a daemon knows.

    Args:
        address: Where it serves, such as `http://localhost:8080`; a path is kept, for one behind a proxy.

    Raises:
        UsageError: The address is none.
        UnreachableError: Nobody answers there.
        RequestError: What answers is no daemon of jobspec, or one of another version.
    """
    url = _make_url(address)
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as response:  # noqa: S310  the scheme is checked
            text = _read(response)
    except urllib.error.HTTPError as error:
        raise RequestError(f"`{url}` answers {error.code} {error.reason}; is it the address of --http?") from error
    except (InvalidURL, UnicodeError) as error:
        raise _refuse(address) from error
    except HTTPException as error:
        raise RequestError(f"what answers at `{url}` speaks no HTTP; is it the address of --http?") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise UnreachableError(f"no daemon answers at `{url}`: {reason}; check that it runs with --http") from error
    try:
        # A newer daemon may say more than this version knows.
        return DaemonDocument.model_validate_json(text, extra="ignore")
    except ValidationError as error:
        raise RequestError(_explain(text, url)) from error


def _explain(text: bytes, url: str) -> str:
    """Say what is wrong with an answer that is not what this version understands."""
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or answer.get("kind") != "daemon":
        return f"what answers at `{url}` is no daemon of jobspec"
    theirs, ours = answer.get("jobspec"), version("temporal-jobspec")
    return f"the daemon at `{url}` is of jobspec {theirs}, which {ours} does not understand; ask with its own version"


def _make_url(address: str) -> str:
    url = address if "://" in address else f"http://{address}"
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise _refuse(address) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _refuse(address)
    path = parts.path.rstrip("/")
    return parts._replace(path=path if path.endswith("/status") else f"{path}/status").geturl()


def _refuse(address: str) -> UsageError:
    return UsageError(f"`{address}` is no address of a daemon; write it as `http://HOST:PORT`")


def _read(response: HTTPResponse) -> bytes:
    return response.read(_MOST_BYTES)
