"""Values that look like secrets: they would be in git, in Temporal's history and on every screen that shows a run.

Told by two signs: the shape of a well-known kind of token, wherever it stands, and a key such as `password` beside a
text that is written out. What refers to a secret instead of being one (`${DB_PASSWORD}`, `vault:shop/db`,
`/run/secrets/db`, `orders-db-credentials`) is left alone. Values are never repeated, neither in messages nor in the
lines that diagnostics show.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jobspec.lint.problems import warn
from jobspec.spec.validation import say_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from jobspec.diagnostics import Diagnostic, Location
    from jobspec.spec.model import JobSpec
    from jobspec.spec.positions import ValuePath
    from jobspec.spec.validation import Problem

CODE = "JS514"

_SHAPES = {
    "a private key": r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY",
    "an AWS access key": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})",
    "a GitLab token": r"\bglpat-[A-Za-z0-9_-]{20,}",
    "a Slack token": r"\bxox[abeprs]-[A-Za-z0-9-]{10,}",
    "a Stripe key": r"\b[rs]k_live_[A-Za-z0-9]{16,}",
    "an API key": r"\bsk-(?=[A-Za-z_-]{0,60}[0-9])(?=[a-z0-9_-]{0,60}[A-Z])[A-Za-z0-9_-]{20,}",
    "a Google API key": r"\bAIza[0-9A-Za-z_-]{35}",
    "a Hugging Face token": r"\bhf_[A-Za-z0-9]{34}\b",
    "an npm token": r"\bnpm_[A-Za-z0-9]{36}\b",
    "a PyPI token": r"\bpypi-AgE[A-Za-z0-9_-]{50,}",
    "a SendGrid key": r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    "a JSON Web Token": r"\beyJ[A-Za-z0-9_-]{10,500}\.eyJ[A-Za-z0-9_-]{10}",
    "a URL with a password": r"\b[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s/:@]{0,100}:(?![\[<{$*%]|xxx)[^\s/@]{1,200}@",
}
# Every repetition that another part follows has a bound: inputs may be long, and not meant well.
_SHAPE = re.compile("|".join(f"({shape})" for shape in _SHAPES.values()))
_HINTS_AT_SHAPE = re.compile(
    r"-----BEGIN|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox|k_live_|sk-|AIza|hf_|npm_|pypi-|SG\.|eyJ|://"
)

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_PASSWORDS = frozenset({"password", "passwd", "pwd", "passphrase"})
_KEYS = _PASSWORDS | {"secret", "token", "credential", "credentials", "apikey"}
_KEYS_OF_KINDS = frozenset({"api", "access", "private", "secret", "signing", "encryption", "auth", "master", "account"})
"""A key is secret where one of these stands before the word `key`."""
_PLAIN_TOKENS = frozenset(
    {"page", "next", "continuation", "continue", "sync", "cursor", "start", "end", "stop", "cancel", "task", "special"}
    | {"pad", "bos", "eos", "unk", "mask", "sep", "cls"}
)
"""What stands before `token` where it is none that opens anything."""

_REFERENCE = re.compile(
    r"""
      [$%<{[*].*                              # ${X}, $X, %X%, <token>, {{ x }}, ***
    | .*(?:\$\{|\{\{|\$\().*                  # a template
    | (?:vault|op|arn|env|file|https?|s3|gs|secrets?|ssm|kms|k8s|aws|gcp|azure|keyvault|sops|urn|ref\+[a-z]+)[:+/-].*
    | [./~].*                                 # a path
    | projects/.*/secrets/.*                  # Google's Secret Manager
    | [A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+           # the name of an environment variable
    | (.)\1*                                  # xxxx
    | (?i:none|null|nil|true|false|yes|no|redacted|placeholder|changeme|change-me|change_me|todo|dummy|example|test)
    """,
    re.VERBOSE | re.DOTALL,
)
_NAME = re.compile(r"[A-Za-z]+|[a-z][a-z0-9]{0,15}(?:[-_./][a-z][a-z0-9]{0,15})+")
"""A word, or several with separators, such as the name that a secret has in its store."""

_SHORTEST = 4
_MASK = "*"


def lint_secrets(spec: JobSpec) -> Iterator[Problem]:
    """Warn of what looks like a secret in input, arguments, memo, search attributes and texts."""
    run = spec.run
    values: dict[ValuePath, Any] = {
        ("input",): spec.input,
        ("args",): spec.args,
        ("run", "memo"): run.memo,
        ("run", "search_attributes"): run.search_attributes,
        ("run", "static_summary"): run.static_summary,
        ("run", "static_details"): run.static_details,
    }
    for path, value in values.items():
        if value:
            for found, what in find_secrets(value, path):
                hint = "keep it where the workers can read it, and give its name here"
                yield warn(found, CODE, f"`{say_path(found)}` {what}, and everybody who sees a run can read it", hint)


def find_secrets(value: Any, path: ValuePath = ()) -> Iterator[tuple[ValuePath, str]]:
    """Find the texts in a value that look like secrets.

    Args:
        value: Any value of a spec.
        path: The way to it.

    Yields:
        The way to each text, and what is said of it, such as `looks like a secret`.
    """
    waiting = [(path, value)]
    while waiting:
        place, item = waiting.pop()
        if isinstance(item, str):
            if what := _judge(place, item):
                yield place, what
        elif isinstance(item, Mapping):
            waiting += [((*place, str(key)), inner) for key, inner in reversed(list(item.items()))]
        elif isinstance(item, list | tuple):
            waiting += [((*place, index), inner) for index, inner in reversed(list(enumerate(item)))]


def _judge(path: ValuePath, text: str) -> str:
    """Say what a text looks like; empty where it looks like nothing special."""
    if _HINTS_AT_SHAPE.search(text) and (match := _SHAPE.search(text)) and not match[0].endswith("EXAMPLE"):
        return f"holds what looks like {list(_SHAPES)[(match.lastindex or 1) - 1]}"
    key = path[-1] if path else ""
    if not isinstance(key, str) or len(text) < _SHORTEST:
        return ""
    kind = _read_key(key)
    if not kind or _REFERENCE.fullmatch(text):
        return ""
    if kind not in _PASSWORDS and (_NAME.fullmatch(text) or re.search(r"\s", text)):
        return ""
    return "looks like a secret"


@lru_cache(maxsize=4096)
def _read_key(key: str) -> str:
    """Name the kind of secret that a key means: `db_password` and `apiKey` do, `password_file` and `page_token` do not.

    Returns:
        The last word of the key; empty where it means no secret.
    """
    words = ["", *(word.lower() for word in _WORD.findall(key))]
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    is_secret = before in _KEYS_OF_KINDS if last == "key" else last in _KEYS
    return last if is_secret and not (last == "token" and before in _PLAIN_TOKENS) else ""


def redact(
    diagnostics: Iterable[Diagnostic], secrets: Collection[Location], later: Collection[tuple[str, int]] = frozenset()
) -> Iterator[Diagnostic]:
    """Put a mask over secrets in the lines that diagnostics show.

    Args:
        diagnostics: Any; what one of them shows may be the line of another's secret.
        secrets: The places of the secrets. A mask is as long as they are, so that carets stay where they belong.
        later: Files and lines on which secrets go on; they are not shown.
    """
    spans: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for secret in secrets:
        spans.setdefault((secret.path, secret.line), []).append((secret.column - 1, secret.length))
    for diagnostic in diagnostics:
        if not spans:
            yield diagnostic
            continue
        related = tuple(replace(each, location=_mask(each.location, spans, later)) for each in diagnostic.related)
        yield replace(diagnostic, location=_mask(diagnostic.location, spans, later), related=related)


def _mask(
    location: Location,
    spans: Mapping[tuple[str, int], Sequence[tuple[int, int]]],
    later: Collection[tuple[str, int]],
) -> Location:
    if (location.path, location.line) in later:
        return replace(location, excerpt="")
    shown = location.excerpt
    for start, length in spans.get((location.path, location.line), ()):
        end = min(start + length, len(shown))
        if start < end:
            shown = shown[:start] + _MASK * (end - start) + shown[end:]
    return location if shown == location.excerpt else replace(location, excerpt=shown)
