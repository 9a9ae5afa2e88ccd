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
    "A tab stands where the indentation is, and YAML allows spaces only",
    "Indent with spaces.",
)
_OPEN = "Close it, or quote a text that contains `{`, `[`, `,` or `#`."
_MISTAKES: dict[str, tuple[str, str]] = {
    "mapping values are not allowed in this context": (
        "A `:` stands where no key can be",
        "Quote a text that contains `: `, or give the line the indentation of the keys it belongs to.",
    ),
    "did not find expected key": (
        "The line does not belong to the mapping around it",
        "Give all keys of one mapping the same indentation, and quote a text that continues after a quote or bracket.",
    ),
    "did not find expected '-' indicator": (
        "The line is no item of the list around it",
        "Begin each item with `- ` at the same indentation.",
    ),
    "could not find expected ':'": (
        "The line is no `key: value`",
        "Put a colon and a space after the key, or quote the text.",
    ),
    "found unexpected end of stream": ("The quoted text is never closed", "Add the closing quote."),
    "found unexpected document indicator": ("The quoted text is never closed", "Add the closing quote."),
    "did not find expected ',' or ']'": ("The list is not closed, or a comma is missing", _OPEN),
    "did not find expected ',' or '}'": ("The mapping is not closed, or a comma is missing", _OPEN),
    "did not find expected node content": ("A value is missing", "Add the value, or quote the text."),
    "did not find expected <document start>": (
        "Text follows the end of the document",
        "Remove it, or indent it as part of the value above.",
    ),
    "found unknown escape character": (
        "The backslash begins no escape that YAML knows",
        "Write `\\\\` for a backslash, or put the text in single quotes.",
    ),
    "found invalid Unicode character escape code": (
        "The escape stands for no character",
        "Write the character itself.",
    ),
}
_ALIAS = (
    "A text cannot begin with `{}` without quotes: YAML takes it for an {}",
    'Quote the text, as in `"*/5 * * * *"`.',
)
_RESERVED = ("A text cannot begin with `{}` without quotes", "Quote the text.")


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
    if start is not None and _is_better(problem, context, mark, text):
        return SyntaxProblem(code, message, _make_span(start), hint=hint)
    related = ("It begins here", _make_span(start)) if start and "flow" in context else None
    return SyntaxProblem(code, message, _make_span(mark), hint=hint, related=related)


def _find_words(problem: str, context: str, text: str, mark: Any) -> tuple[str, str, str]:
    """Choose the rule, the message and the hint."""
    if "directive" in context or "directive" in problem or problem == "found incompatible YAML document":
        return "JS020", "The directive is none that a job file may have", "Remove the lines that begin with `%`."
    if "tag" in context or problem == "found undefined tag handle":
        return "JS014", "The tag has no meaning in a job file", "Remove the tag, or quote a text that begins with `!`."
    if context in ("while scanning an alias", "while scanning an anchor"):
        sign, word = ("*", "alias") if context.endswith("alias") else ("&", "anchor")
        return "JS010", _ALIAS[0].format(sign, word), _ALIAS[1]
    character = _get_character(text, mark)
    if "tab character" in problem or character == "\t":
        return "JS010", *_TABS
    if problem == "found character that cannot start any token":
        return "JS010", _RESERVED[0].format(character), _RESERVED[1]
    words = _MISTAKES.get(problem, (f"This is no YAML: {context} {problem}".replace("  ", " "), ""))
    return "JS010", *words


def _is_better(problem: str, context: str, mark: Any, text: str) -> bool:
    """Whether the place where the broken thing begins says more than the place where libyaml gave up."""
    gave_up_at_end = mark is None or mark.line > text.rstrip().count("\n")
    return gave_up_at_end or "never closed" in _MISTAKES.get(problem, ("",))[0] or "alias" in context


def _get_character(text: str, mark: Any) -> str:
    return text[mark.index : mark.index + 1] if mark is not None else ""


def _make_span(mark: Any) -> Span:
    return Span(line=mark.line + 1, column=mark.column + 1) if mark is not None else Span(line=1, column=1)


def _refuse_character(text: str) -> SyntaxProblem:
    match = _FORBIDDEN.search(text)
    index = match.start() if match else 0
    before = re.split(r"\r\n|\n|\r", text[:index])
    escape = f"\\u{ord(text[index]):04X}" if match else ""
    return SyntaxProblem(
        "JS019",
        f"The character {escape.replace(chr(92) + 'u', 'U+')} cannot stand in YAML as it is",
        Span(line=len(before), column=len(before[-1]) + 1),
        hint=f"Remove it, or write it as `{escape}` in double quotes.",
    )
