"""What libyaml says about broken YAML, in words that help."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from yaml.reader import ReaderError

from jobspec.spec.positions import Span, SyntaxProblem

if TYPE_CHECKING:
    from yaml import YAMLError

# Printable characters as YAML 1.2.2 §5.1 has them, without those that libyaml takes for line breaks (YAML 1.1: U+0085,
# U+2028, U+2029; it would turn them into spaces) and without the invisible byte order mark.
_FORBIDDEN = re.compile("[^\t\n\r -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")

_TABS = (
    "a tab stands where the indentation is, and YAML allows spaces only",
    "indent with spaces",
)
_OPEN = "close it, or quote a text that contains `{`, `[`, `,` or `#`"
_MISTAKES: dict[str, tuple[str, str]] = {
    "mapping values are not allowed in this context": (
        "a `:` stands where no key can be",
        "quote a text that contains `: `, or give the line the indentation of the keys it belongs to",
    ),
    "did not find expected key": (
        "the line does not belong to the mapping around it",
        "give all keys of one mapping the same indentation, and quote a text that continues after a quote or bracket",
    ),
    "did not find expected '-' indicator": (
        "the line is no item of the list around it",
        "begin each item with `- ` at the same indentation",
    ),
    "could not find expected ':'": (
        "the line is no `key: value`",
        "put a colon and a space after the key, or quote the text",
    ),
    "found unexpected end of stream": ("the quoted text is never closed", "add the closing quote"),
    "found unexpected document indicator": ("the quoted text is never closed", "add the closing quote"),
    "did not find expected ',' or ']'": ("the list is not closed, or a comma is missing", _OPEN),
    "did not find expected ',' or '}'": ("the mapping is not closed, or a comma is missing", _OPEN),
    "did not find expected node content": (
        "a value is missing, or a bracket is not closed",
        "add the value or the bracket, or quote the text",
    ),
    "did not find expected <document start>": (
        "text follows the end of the document",
        "remove it, or indent it as part of the value above",
    ),
    "found unknown escape character": (
        "the backslash begins no escape that YAML knows",
        "write `\\\\` for a backslash, or put the text in single quotes",
    ),
    "found invalid Unicode character escape code": (
        "the escape stands for no character",
        "write the character itself",
    ),
}
_ALIAS = (
    "a text cannot begin with `*` without quotes: YAML takes it for an alias",
    'quote the text, as in `"*/5 * * * *"`',
)
_ANCHOR = ("a text cannot begin with `&` without quotes: YAML takes it for an anchor", "quote the text")
_BETTER_FROM_START = ("while scanning an alias", "while scanning an anchor", "while scanning a simple key")
_RESERVED = ("a text cannot begin with {} without quotes", "quote the text")


def check_characters(text: str) -> None:
    """Refuse characters that a reader would not see or that libyaml would change.

    Plain ASCII is left to libyaml, which refuses control characters itself, without a look at each of them here.

    Raises:
        SyntaxProblem: At the first such character.
    """
    if not text.isascii() and _FORBIDDEN.search(text):
        raise _refuse_character(text)


def explain(error: YAMLError, text: str) -> SyntaxProblem:
    """Say what libyaml found wrong, and where a reader should look."""
    if isinstance(error, ReaderError):
        return _refuse_character(text)
    problem: str = getattr(error, "problem", None) or str(error)
    context: str = getattr(error, "context", None) or ""
    mark, start = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    code, message, hint = _find_words(problem, context, text, mark)
    span, first = find_mark(mark, text), find_mark(start, text)
    if start is not None and (message.endswith("never closed") or context in _BETTER_FROM_START):
        return SyntaxProblem(code, message, first, hint=hint)
    related = ("it begins here", first) if "flow" in context and first != span else None
    return SyntaxProblem(code, message, span, hint=hint, related=related)


def _find_words(problem: str, context: str, text: str, mark: Any) -> tuple[str, str, str]:
    """Choose the rule, the message and the hint."""
    if "directive" in context or "directive" in problem or problem == "found incompatible YAML document":
        return "JS020", "the directive is none that a job file may have", "remove the lines that begin with `%`"
    if "tag" in context or problem == "found undefined tag handle":
        return "JS014", "the tag has no meaning in a job file", "remove the tag, or quote a text that begins with `!`"
    if context in ("while scanning an alias", "while scanning an anchor"):
        return "JS010", *(_ALIAS if context.endswith("alias") else _ANCHOR)
    character = _get_character(text, mark)
    if "tab character" in problem or character == "\t":
        return "JS010", *_TABS
    if problem == "found character that cannot start any token":
        shown = "a backtick" if character == "`" else f"`{character}`"
        return "JS010", _RESERVED[0].format(shown), _RESERVED[1]
    words = _MISTAKES.get(problem, (f"this is no YAML: {problem} {context}".rstrip(), ""))
    return "JS010", *words


def _get_character(text: str, mark: Any) -> str:
    return text[mark.index : mark.index + 1] if mark is not None else ""


def find_mark(mark: Any, text: str) -> Span:
    """Find a mark of libyaml in the text; where the text has ended before it, of the last thing in the text."""
    index = min(mark.index, max(len(text.rstrip()) - 1, 0)) if mark is not None else 0
    return _find_place(text, index)


def _find_place(text: str, index: int) -> Span:
    lines = re.split(r"\r\n|\n|\r", text[:index])
    return Span(line=len(lines), column=len(lines[-1]) + 1)


def _refuse_character(text: str) -> SyntaxProblem:
    match = _FORBIDDEN.search(text)
    index = match.start() if match else 0
    code = f"{ord(text[index]):04X}"
    hint = f"remove it, or write it as `\\u{code}` in double quotes"
    if code == "0000":
        hint = "save the file as UTF-8 text: zero bytes tell of another encoding, or of a write that went wrong"
    return SyntaxProblem(
        "JS019", f"the character U+{code} cannot stand in YAML as it is", _find_place(text, index), hint=hint
    )


def make_problem(
    code: str, message: str, event: Any, *, hint: str, related: tuple[str, Span] | None = None
) -> SyntaxProblem:
    """Make the problem of one event of libyaml."""
    start, end = event.start_mark, event.end_mark
    length = end.column - start.column if end.line == start.line else 1
    span = Span(line=start.line + 1, column=start.column + 1, length=max(length, 1))
    return SyntaxProblem(code, message, span, hint=hint, related=related)
