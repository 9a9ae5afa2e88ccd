"""What looks like a secret, and text with a mask over it.

Two signs tell a secret: its own shape (a token of a well-known kind, a private key, text that only a machine writes),
wherever it stands, and a key such as `password` in front of it. What refers to a secret instead of being one
(`${DB_PASSWORD}`, `vault:shop/db`, `/run/secrets/db`, `orders-db-credentials`) is left alone.

:func:`mask` is the one place where text loses its secrets. It is applied where text is quoted: whatever becomes a
diagnostic, an excerpt of a file, an error or a line of a log has been through it, so that no renderer has to think of
it. A mask is as long as what it covers, so a caret stays where it belongs.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MASK: Final = "*"

_SHAPES: Final = {
    "a private key": r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY[\s\S]*?(?:-----END [A-Z0-9 ]{0,60}-----|\Z)",
    "an AWS access key": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})",
    "a GitLab token": r"\bglpat-[A-Za-z0-9_-]{20,}",
    "a Slack token": r"\b(?:xox[abeprs]|xapp)-[A-Za-z0-9-]{10,}",
    "a Slack webhook": r"\bhooks\.slack\.com/services/[A-Za-z0-9/]{20,}",
    "a Stripe key": r"\b(?:[rs]k_live_|[rs]k_test_|whsec_)[A-Za-z0-9]{16,}",
    "an API key": r"\bsk-(?=[A-Za-z_-]{0,60}[0-9])(?=[a-z0-9_-]{0,60}[A-Z])[A-Za-z0-9_-]{20,}",
    "a Google API key": r"\bAIza[0-9A-Za-z_-]{35}",
    "a Hugging Face token": r"\bhf_[A-Za-z0-9]{34}\b",
    "an npm token": r"\bnpm_[A-Za-z0-9]{36}\b",
    "a PyPI token": r"\bpypi-AgE[A-Za-z0-9_-]{50,}",
    "a SendGrid key": r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    "a Twilio key": r"\bSK[0-9a-f]{32}\b",
    "an age key": r"\bAGE-SECRET-KEY-1[A-Z0-9]{50,}",
    "a JSON Web Token": r"\beyJ[A-Za-z0-9_-]{10,500}+\.eyJ[A-Za-z0-9_-]{10,}+(?:\.[A-Za-z0-9_-]*+)*+",
    "a URL with a password": r"\b[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s/:@]{0,100}:(?![\[<{$*%]|xxx)[^\s/@]{1,200}@",
}
"""Kinds of tokens. Every repetition that another part follows has a bound: texts may be long, and not meant well."""

_HINT_OF_SHAPE: Final = (
    r"-----BEGIN|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox|xapp-|hooks\.slack|k_live_|k_test_|whsec_|sk-|AIza|hf_"
    r"|npm_|pypi-|SG\.|SK[0-9a-f]|AGE-SECRET|eyJ|://"
)

_WORD: Final = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+"
_PASSWORDS: Final = frozenset({"password", "passwd", "pwd", "passphrase"})
_ANY: Final = "password"
"""The kind of what is a secret whatever it says."""
_KEYS: Final = _PASSWORDS | {"secret", "token", "credential", "credentials", "apikey", "authorization"}
_KEYS_OF_KINDS: Final = frozenset(
    {"api", "access", "private", "secret", "signing", "encryption", "auth", "master", "account"} | {"ssh", "gpg", "pgp"}
)
"""A key is secret where one of these stands before the word `key`."""
_PLAIN_TOKENS: Final = frozenset(
    {"page", "next", "continuation", "continue", "sync", "cursor", "start", "end", "stop", "cancel", "task", "special"}
    | {"pad", "bos", "eos", "unk", "mask", "sep", "cls"}
)
"""What stands before `token` where it is none that opens anything."""

_REFERENCE: Final = r"""(?x)
      \$[A-Z_][A-Z0-9_]*|%\w+%|<[^<>]*>       # $X, %X%, <token>
    | \{\{.*|\$[({].*|\[[^\[\]]*\]            # {{ x }}, $(x), [x]
    | \*.*|\(redacted\)?                      # what is masked
    | .*(?:\$\{|\{\{|\$\().*                  # a template
    | (?:vault|op|arn|env|file|https?|s3|gs|secrets?|ssm|kms|k8s|aws|gcp|azure|keyvault|sops|urn|ref\+[a-z]+)[:+/-].*
    | [./~].*                                 # a path
    | projects/.*/secrets/.*                  # Google's Secret Manager
    | [A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+           # the name of an environment variable
    | (.)\1*                                  # xxxx
    | (?i:none|null|nil|true|false|yes|no|redacted|placeholder|changeme|change-me|change_me|todo|dummy|example|test)
    """
_NAME: Final = r"[A-Z]?[a-z]+(?:[A-Z][a-z]{2,})*|[A-Z]+|[a-z][a-z0-9]{0,15}(?:[-_./][a-z][a-z0-9]{0,15})+"
"""A word, or several with separators, such as the name that a secret has in its store."""

_SHORTEST: Final = 4

_ASSIGNMENT: Final = r"""(?x)
    (?<![A-Za-z0-9_.-])
    (?: & (?P<anchor>[A-Za-z0-9_.-]{1,80}+) [ \t]++
      | (?P<key>[A-Za-z_][A-Za-z0-9_.-]{0,80}+) \\?["'`]?+ [ \t]*+ (?::=|=>|[:=]) [ \t]*+ )
"""
"""A key and what separates it from its value, in YAML, TOML, JSON, URLs, connection strings and prose."""
_PAIR: Final = r"""(?x)
    \b (?:name|key) \\?["']?+ [ \t]*+ [:=] [ \t]*+ \\?["']?+ (?P<key>[A-Za-z_][A-Za-z0-9_.-]{0,80}+) (?P<anchor>(?!))?
    \\?["']?+ [,\s]{1,40}+ \\?["']?+ value \\?["']?+ [ \t]*+ [:=] [ \t]*+
"""
"""The name of a variable with its value behind it, as containers have them."""
_TABLE: Final = r"""(?m)^[ \t]*+\[{1,2}(?P<key>[^\]\n#]{1,200}+)\]{1,2}[ \t]*+(?:#.*)?$"""
_ALIAS: Final = r"\*([A-Za-z0-9_.-]+)"
_HINT_OF_KEY: Final = r"(?i)pass|pwd|secret|token|credential|key|authorization"
_PROPERTIES: Final = r"(?:[&!][^\s,\[\]{}]*+[ \t]*+)*+"
"""Anchors and tags in front of a YAML value."""
_HEADER: Final = r"""(?ix)
    (?P<key>authorization \\?["'`]? [ \t]*[:=][ \t]* \\?["'`]? )?
    \b (?:bearer|basic|digest) [ \t]++ (?P<value>[\w.~+/=-]{4,})
"""
_QUOTED_INPUT: Final = r"\binput_value=([\s\S]*?)(?=, input_type=|\Z)"
"""What pydantic quotes of a value that it refuses."""

_LENGTH_OF_RUN: Final = 24
_RUN: Final = rf"[A-Za-z0-9+/=_-]{{{_LENGTH_OF_RUN},}}"
_UUID: Final = r"(?i)(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])"
_CHECKSUM: Final = r"""(?ix)
    (?: @ | \b (?: sha-?\d* | md5 | commit | revision | rev | ref | digest | checksum | hash | etag | fingerprint
                 | integrity | unversioned | page-token ) )
    [\w"'`\]]{0,20} [ \t]* [:=@ -]? [ \t]* ["'`(]? \Z
"""
"""What stands before digits that identify a content and open nothing."""

_HINT: Final = (
    "pass|pwd|secret|token|credential|key|authorization|bearer|basic|digest|input_value"
    "|-----begin|akia|asia|xox|xapp-|sk-|sg\\.|eyj|://"
)
"""What is in every text with a secret, in small letters, unless it has a long run of letters and digits."""

_PART: Final = r"""[^\s"'`,;:=\\()<>{}\[\]#&]{6,}"""
"""What is looked for elsewhere in a text, too; shorter ones may be any word."""
_CLOSING: Final = {"{": "}", "[": "]"}
_LONGEST_FLOW: Final = 20_000
_MOST_LINES: Final = 20
_LONGEST_JUDGED: Final = 1000
"""How much of a value is looked at to tell what it is."""
_NEXT_KEY: Final = r"""[,;&][ \t]*+\\?["']?[A-Za-z_][A-Za-z0-9_. -]{0,40}\\?["']?[ \t]*+[:=]"""
_END_OF_FLOW: Final = r"""\\?["'`]?[)}\]]"""
_QUOTES: Final = ('"""', "'''", '\\"', '"', "'", "`")
_OPENING: Final = (*_QUOTES, "{", "[")
"""How values begin that may reach beyond another one in which they begin."""
_BEFORE_BLOCK: Final = r"""[ \t\-#'"`]*+"""
_SHORTEST_RUN: Final = 20
_SHORTEST_PIECE: Final = 32
_LENGTH_OF_AWS: Final = 40


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    """Compile on first use: most commands show no text that needs it."""
    return re.compile(pattern)


def mask(text: str, *, is_prose: bool = False) -> str:
    """Put a mask over all in a text that looks like a secret.

    Args:
        text: A file, a part of one, or a message. Take an excerpt from a file that was masked as a whole: then secrets
            of several lines and their repetitions are known.
        is_prose: Whether it is a message, in which words that no file would have follow a key such as `password: `.

    Returns:
        A text of the same length with the same lines.
    """
    if _is_plain(text):
        return text
    spans = [(start, end) for start, end in _find_spans(text, is_prose=is_prose) if start < end]
    return _cover(text, [*spans, *_find_again(text, spans)]) if spans else text


def mask_values(text: str, values: Iterable[str]) -> str:
    """Put a mask over all places where some values stand; the text keeps its length."""
    for value in sorted(set(filter(None, values)), key=len, reverse=True):
        if value in text:
            text = text.replace(value, _cover(value, [(0, len(value))]))
    return text


def shares_text(said: str, plain: str) -> bool:
    """Whether any four characters in a row of what must not be told, as far as they are letters or digits, are told."""
    runs = _compile(r"[^\W_]+").findall(plain.lower())
    parts = {run[at : at + _SHORTEST] for run in runs for at in range(max(1, len(run) - _SHORTEST + 1))}
    return any(part in said.lower() for part in parts if len(part) > 1)


def name_token(text: str) -> str:
    """Name the kind of well-known token that a text holds, such as `a GitHub token`; empty where there is none."""
    if not _compile(_HINT_OF_SHAPE).search(text):
        return ""
    match = _compile(_any_shape()).search(text)
    return "" if match is None or match[0].endswith("EXAMPLE") else list(_SHAPES)[(match.lastindex or 1) - 1]


def is_promised(text: str, key: str) -> bool:
    """Whether a text is a secret for the sake of its key, such as `password`."""
    return _opens(text, _read_key(key))


def is_secret(text: str, keys: Sequence[str | int]) -> bool:
    """Whether a text must not be shown.

    Args:
        text: Any text of a job, or a number as text.
        keys: The keys that lead to it, the nearest one last; steps of lists count for nothing.
    """
    if len(text) < _SHORTEST:
        return False
    for key in keys:
        if isinstance(key, str) and (kind := _read_key(key)) and _opens(text, kind):
            return True
    if _is_plain(text):
        return False
    place = next((f"{key}: " for key in reversed(keys) if isinstance(key, str)), "")
    return mask(place + text) != place + text


@lru_cache(maxsize=4096)
def mask_key(key: str) -> str:
    """Put a mask over a key that is a secret itself; the same keys come again and again."""
    return mask(key)


def _opens(text: str, kind: str) -> bool:
    """Whether a text can be what its key promises."""
    if not kind or len(text) < _SHORTEST or _compile(_REFERENCE).fullmatch(text):
        return False
    return kind in _PASSWORDS or not (_compile(_NAME).fullmatch(text) or re.search(r"\s", text))


@lru_cache(maxsize=4096)
def _read_key(key: str) -> str:
    """Name the kind of secret that a key means: `db_password` and `apiKey` do, `password_file` and `page_token` do not.

    Returns:
        The last word of the key; empty where it means no secret.
    """
    words = ["", *(word.lower() for word in _compile(_WORD).findall(key))]
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    is_telling = before in _KEYS_OF_KINDS if last == "key" else last in _KEYS
    return last if is_telling and not (last == "token" and before in _PLAIN_TOKENS) else ""


@cache
def _any_shape() -> str:
    return "|".join(f"({shape})" for shape in _SHAPES.values())


def _is_plain(text: str) -> bool:
    """Whether nothing at all tells of a secret, as is so of nearly all texts; looked at first, since it is quick."""
    if _compile(_HINT).search(text.lower()):
        return False
    return len(text) < _LENGTH_OF_RUN or not _compile(_RUN).search(text)


def _find_spans(text: str, *, is_prose: bool) -> Iterator[tuple[int, int]]:
    """Find what must be masked, as start and end; one may lie in another."""
    if _compile(_HINT_OF_SHAPE).search(text):
        yield from (match.span() for match in _compile(_any_shape()).finditer(text))
    if _compile(_HINT_OF_KEY).search(text):
        yield from _find_assigned(text, is_prose=is_prose)
    for match in _compile(_HEADER).finditer(text):
        if match["key"] or not _compile(_NAME).fullmatch(match["value"]):
            yield match.span("value")
    yield from (match.span(1) for match in _compile(_QUOTED_INPUT).finditer(text))
    for match in _compile(_RUN).finditer(text):
        if _is_random(match[0]) and not _compile(_CHECKSUM).search(text, max(0, match.start() - 40), match.start()):
            yield match.span()


def _find_again(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Find where else in a text a secret stands, such as in a comment."""
    secrets = {part for start, end in spans for part in _compile(_PART).findall(text[start:end])}
    return (match.span() for match in _compile(_PART).finditer(text) if match[0] in secrets)


def _cover(text: str, spans: Iterable[tuple[int, int]]) -> str:
    characters = list(text)
    for start, end in spans:
        characters[start:end] = [c if c in "\r\n" else MASK for c in characters[start:end]]
    return "".join(characters)


def _is_random(run: str) -> bool:
    """Whether a run of letters and digits looks like one that no person wrote.

    In random text the kind of character (capital, small letter, digit) changes at nearly every other place; in names,
    also in camel case, words hold that up. Random hexadecimal digits have one kind less, and no separators.
    """
    run = _compile(_UUID).sub("", run)
    plain = re.sub(r"[^A-Za-z0-9]", "", run)
    if {"A", "a", "0"} <= set(_kinds(plain)):
        least = 0.3 if len(run) == _LENGTH_OF_AWS else 0.4
        return len(plain) >= _SHORTEST_RUN and _count_changes(plain) >= least * len(plain)
    piece = max(re.split(r"[^A-Za-z0-9]+", run), key=len)
    digits = sum(c.isdecimal() for c in piece)
    is_mixed = 4 <= digits <= len(piece) - 4  # noqa: PLR2004  fewer are met in names
    return len(piece) >= _SHORTEST_PIECE and is_mixed and _count_changes(piece) >= 0.2 * len(piece)


def _kinds(text: str) -> Iterator[str]:
    return ("A" if c.isupper() else "a" if c.islower() else "0" for c in text)


def _count_changes(text: str) -> int:
    return sum(one != other for one, other in itertools.pairwise(_kinds(text)))


class _Lines:
    """A text with its lines, and the places in them where a value may end.

    A line may be as long as a file and hold a key at every few characters, so nothing of it is searched once a key.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._breaks = _find_all("\n", text)
        self._heads: dict[int, tuple[int, int]] = {}
        self._stops: list[int] | None = None

    def find(self, at: int) -> tuple[int, int]:
        """Find the line of a place: where it begins and where it ends."""
        index = bisect_left(self._breaks, at)
        start = self._breaks[index - 1] + 1 if index else 0
        return start, self._breaks[index] if index < len(self._breaks) else len(self.text)

    def begins_block(self, start: int, match: re.Match[str]) -> bool:
        """Whether a key is the first of the line that begins at `start`, or an anchor stands in no flow collection."""
        if start not in self._heads:
            opening = _compile(r"[{\[\n]").search(self.text, start)
            before = _compile(_BEFORE_BLOCK).match(self.text, start)
            self._heads[start] = before.end() if before else start, opening.start() if opening else len(self.text)
        return self._heads[start][1 if match["anchor"] else 0] >= match.start()

    def find_stop(self, at: int) -> int:
        """Find where a value in the midst of a line ends at the latest: before the next key, or in what is around."""
        if self._stops is None:
            self._stops = _find_all(f"(?={_NEXT_KEY}|{_END_OF_FLOW})", self.text)
        index = bisect_left(self._stops, at)
        return self._stops[index] if index < len(self._stops) else len(self.text)


def _find_all(pattern: str, text: str) -> list[int]:
    return [match.start() for match in _compile(pattern).finditer(text)]


def _find_assigned(text: str, *, is_prose: bool) -> Iterator[tuple[int, int]]:
    """Find the values of telling keys, and those with an anchor by which a telling key refers to them."""
    lines, aliases = _Lines(text), set[str]()
    matches = [*_compile(_ASSIGNMENT).finditer(text), *_compile(_PAIR).finditer(text)]
    matches.sort(key=re.Match.start)
    keys = [(match, kind) for match in matches if (kind := _read_key((match["key"] or "").rpartition(".")[2]))]
    done = 0
    for match, kind in keys:
        if match.start() >= done and (alias := _compile(_ALIAS).match(text, match.end())):
            aliases.add(alias[1])
        for span in () if match.start() < done else _find_value(lines, match, kind, is_prose=is_prose):
            done = span[1]
            yield span
    anchors = [match for match in matches if match["anchor"]]
    told = [match for match in anchors if match["anchor"] in aliases or _read_key(match["anchor"])]
    yield from _find_values(lines, told, is_prose=is_prose)
    yield from () if is_prose else _find_in_tables(lines)


def _find_values(lines: _Lines, matches: Iterable[re.Match[str]], *, is_prose: bool) -> Iterator[tuple[int, int]]:
    """Find values that are secrets whatever they say; of those that overlap, each place once."""
    done = 0
    for match in matches:
        is_new = match.start() >= done or lines.text.startswith(_OPENING, match.end())
        for start, end in _find_value(lines, match, _ANY, is_prose=is_prose) if is_new else ():
            if end > done:
                yield max(start, done), end
                done = end


def _find_in_tables(lines: _Lines) -> Iterator[tuple[int, int]]:
    """Find all values of TOML tables with a telling name."""
    text = lines.text
    tables = list(_compile(_TABLE).finditer(text))
    for table, following in itertools.zip_longest(tables, tables[1:]):
        if _read_key(table["key"].strip("\"' ").rpartition(".")[2]) in _PASSWORDS:
            end = following.start() if following else len(text)
            yield from _find_values(lines, _compile(_ASSIGNMENT).finditer(text, table.end(), end), is_prose=False)


def _find_value(lines: _Lines, match: re.Match[str], kind: str, *, is_prose: bool) -> Iterator[tuple[int, int]]:
    """Find what stands behind a key, on its line and below."""
    text, start = lines.text, match.end()
    line_start, line_end = lines.find(start)
    is_block = not is_prose and lines.begins_block(line_start, match)
    properties = _compile(_PROPERTIES).match(text, start, line_end)
    begin = properties.end() if properties else start
    content = _compile(r"\S").search(text, begin, line_end)
    first = content[0] if content else ""
    is_scalar = first in ("|", ">")
    if is_scalar or first in ("", "#"):
        yield start, begin  # what looks like a tag may be the beginning of a password
        yield from _find_below(text, line_start, line_end, kind, is_whole=is_scalar) if is_block else ()
        return
    end = _find_end(lines, begin, line_end, is_block=is_block)
    if is_prose and text[begin] not in "\"'\\{[":
        word = _compile(r"\s*+\S*+").match(text, begin, end)
        kind = "token"
        end = end if text[begin] == "`" or word is None else word.end()
    if _opens(_read_value(text[begin : min(end, begin + _LONGEST_JUDGED)], kind), kind):
        yield start, end
        if is_block and end == line_end and first not in ("{", "["):
            yield from _find_below(text, line_start, line_end, kind, is_whole=True)


def _read_value(written: str, kind: str) -> str:
    """Take a value out of quotes and brackets; of what is no password, prose may follow."""
    value = written.strip().strip("\\[{").strip("\"'`")
    return value if kind in _PASSWORDS else value.partition(" ")[0].rstrip("\"'`,;.)]}")


def _find_line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _find_end(lines: _Lines, start: int, line_end: int, *, is_block: bool) -> int:
    """Find the end of a value; generously, since the text may have a mistake here."""
    text = lines.text
    for quotes in _QUOTES:
        if text.startswith(quotes, start):
            end = _find_quote(text, quotes, start + len(quotes))
            return max(end, line_end) if is_block else end
    if is_block and text[start] not in _CLOSING:
        return line_end
    if closing := _CLOSING.get(text[start]):
        end = text.find(closing, start, start + _LONGEST_FLOW) + 1
        return max(end, line_end) if is_block or not end else end
    return min(line_end, lines.find_stop(start))


def _find_quote(text: str, quotes: str, start: int) -> int:
    """Find the end of a quoted text; of the whole text where it is never closed."""
    end = text.find(quotes, start)
    while end > 0 and quotes == '"' and text[end - 1] == "\\":
        end = text.find(quotes, end + 1)
    return len(text) if end < 0 else end + len(quotes)


def _find_below(text: str, line_start: int, line_end: int, kind: str, *, is_whole: bool) -> Iterator[tuple[int, int]]:
    """Find the lines below a key that belong to its value."""
    own = _count_blanks(text[line_start:line_end])
    is_certain, at = is_whole or kind in _PASSWORDS, line_end + 1
    for _ in range(len(text) if is_certain else _MOST_LINES):
        end = _find_line_end(text, at)
        line = text[at:end]
        is_item = not is_whole and line.lstrip().startswith("- ") and _count_blanks(line) >= own
        if at >= len(text) or (line.strip() and _count_blanks(line) <= own and not is_item):
            return
        if is_certain or _opens(line.strip().removeprefix("- ").strip("\"'"), kind):
            yield at + _count_blanks(line), end
        at = end + 1


def _count_blanks(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
