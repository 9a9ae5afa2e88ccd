"""Comments that ignore a warning: `# jobspec: ignore[JS506] the shop closes at odd hours`.

One stands on the line of the value that is warned of, or on the line on which the job begins or has its name, and then
counts for all of the job; alone on a line it counts for the line below. It needs a reason. Errors cannot be ignored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from jobspec.bugs import describe_bug
from jobspec.diagnostics import RULES, Diagnostic, Location, Severity
from jobspec.spec.comments import Comment, find_comments
from jobspec.spec.document import Document, make_location
from jobspec.spec.findings import FAILED_CHECK, refuse_bug
from jobspec.spec.positions import Span, quote
from jobspec.spec.vocabulary import suggest_word

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from jobspec.spec.findings import Finding
    from jobspec.spec.job_layers import Layer

WRONG = "JS590"
"""An ignoring comment that cannot work."""

UNUSED = "JS591"
"""An ignoring comment that ignores nothing."""

_COMMENT = re.compile(
    r"#[ \t]*jobspec:[ \t]*ignore[ \t]*\[(?P<codes>[^\]]*)\][ \t]*[:,–—-]*[ \t]*(?P<reason>[^#]*)"  # noqa: RUF001  people type the dash too
)
_ATTEMPT = re.compile(
    r"#[ \t]*jobspec:[ \t]*(?:(?:ignore|disable|noqa|nolint|allow|skip)\b|\w+[ \t]*\[)", re.IGNORECASE
)
MOST_IGNORES = 1000
"""How many codes the comments of one file may name."""

_EXAMPLE = "write `# jobspec: ignore[JS506] …` with the code and a reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """One code of a comment.

    Attributes:
        code: The rule whose warnings are ignored.
        location: Where the code stands.
        about: The line on which warnings are ignored; None where the comment is above nothing.
    """

    code: str
    location: Location
    about: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignores:
    """What the comments of one file ignore.

    Attributes:
        by_line: What is ignored, by the line that it is about.
        all: The same in order, with what is about no line.
        problems: What is wrong with the comments.
    """

    by_line: dict[int, list[Ignore]] = field(default_factory=dict)
    all: tuple[Ignore, ...] = ()
    problems: tuple[Diagnostic, ...] = ()


def read_ignores(document: Document) -> Ignores:
    """Read the ignoring comments of a file; remembered for the files asked for last."""
    if "jobspec:" not in document.text:
        return _NONE
    try:
        return _read(document.path, document.text, document.format)
    except Exception as error:  # noqa: BLE001  the other files have comments as well
        return Ignores(problems=(refuse_bug(error, document.path, code=FAILED_CHECK),))


_NONE = Ignores()


@lru_cache(maxsize=1024)
def _read(path: str, text: str, language: str) -> Ignores:
    document = Document(path=path, text=text, format="toml" if language == "toml" else "yaml", value={})
    ignores: list[Ignore] = []
    problems: list[Diagnostic] = []
    everything = (found for comment in find_comments(document) for found in _read_comment(document, comment))
    for count, found in enumerate(everything):
        if count == MOST_IGNORES:
            message = (
                f"comments ignore more than {MOST_IGNORES:,} warnings in this file; the rest from here is not read"
            )
            problems.append(_refuse(found.location, message, "divide the file"))
            break
        if isinstance(found, Ignore):
            ignores.append(found)
        else:
            problems.append(found)
    by_line: dict[int, list[Ignore]] = {}
    for ignore in ignores:
        if ignore.about is not None:
            by_line.setdefault(ignore.about, []).append(ignore)
    return Ignores(by_line=by_line, all=tuple(ignores), problems=tuple(problems))


def _read_comment(document: Document, comment: Comment) -> Iterator[Ignore | Diagnostic]:
    whole = _locate(document, comment, 0, len(comment.text))
    match = _COMMENT.match(comment.text)
    if match is None:
        if _ATTEMPT.match(comment.text):
            yield _refuse(whole, "the comment is not written as one that ignores a warning", _EXAMPLE)
        return
    codes = list(re.finditer(r"[^\s,]+", match["codes"]))
    if not codes:
        yield _refuse(whole, "the comment names no rule to ignore", _EXAMPLE)
    elif not match["reason"].strip():
        yield _refuse(
            whole, "the comment does not say why the warning is ignored", "write the reason after the bracket"
        )
    else:
        first = match.start("codes")
        for code in codes:
            location = _locate(document, comment, first + code.start(), first + code.end())
            problem = _check_code(code[0], location)
            yield problem or Ignore(code=code[0], location=location, about=comment.about)


def _locate(document: Document, comment: Comment, start: int, end: int) -> Location:
    span = Span(line=comment.line, column=comment.column + start, length=max(end - start, 1))
    return make_location(document.path, document.text, span)


def _check_code(code: str, location: Location) -> Diagnostic | None:
    rule = RULES.get(code)
    if rule is None:
        warnings = [name for name, each in RULES.items() if each.severity is Severity.WARNING]
        hint = suggest_word(code, warnings) or "`jobspec rule` lists all rules"
        return _refuse(location, f"there is no rule {quote(code)}", hint)
    if rule.severity is not Severity.WARNING:
        return _refuse(location, f"`{code}` is an error, and errors cannot be ignored", "mend what it says")
    if code in (WRONG, UNUSED):
        return _refuse(location, f"`{code}` is about such comments, and cannot be ignored by one", "remove it")
    return None


def _refuse(location: Location, message: str, hint: str) -> Diagnostic:
    return Diagnostic(code=WRONG, message=message, location=location, severity=Severity.WARNING, hint=hint)


def split_ignored(findings: Iterable[Finding]) -> tuple[list[Finding], set[Ignore]]:
    """Separate what is ignored from what is said.

    Returns:
        The findings that are to be said, in order, and what was of use in ignoring the others.
    """
    kept: list[Finding] = []
    used: set[Ignore] = set()
    for finding in findings:
        ignoring = set() if finding.problem.severity is Severity.ERROR else _find_safely(finding)
        used |= ignoring
        if not ignoring:
            kept.append(finding)
    return kept, used


def _find_safely(finding: Finding) -> set[Ignore]:
    try:
        return set(_find_ignoring(finding))
    except Exception as error:  # noqa: BLE001  then it is said
        describe_bug(error)
        return set()


def _find_ignoring(finding: Finding) -> Iterator[Ignore]:
    problem = finding.problem
    by_line = read_ignores(finding.layer.document).by_line
    if by_line:
        line = finding.layer.locate(problem.path, key=problem.on_key).line
        yield from _pick(by_line.get(line, ()), problem.code)
    if finding.job is not None and (by_line := read_ignores(finding.job.document).by_line):
        for line in _list_lines(finding.job):
            yield from _pick(by_line.get(line, ()), problem.code)


def _pick(ignores: Iterable[Ignore], code: str) -> Iterator[Ignore]:
    return (ignore for ignore in ignores if ignore.code == code)


def _list_lines(job: Layer) -> set[int]:
    """List the lines that stand for a whole job."""
    return {job.find_line(()), job.find_line(("name",))}


def list_mistakes(documents: Iterable[Document]) -> list[Diagnostic]:
    """List what is wrong with the ignoring comments of some files."""
    return [problem for document in documents for problem in read_ignores(document).problems]


def list_unused(
    documents: Iterable[Document], used: Collection[Ignore], unchecked: Collection[str] = ()
) -> list[Diagnostic]:
    """List what ignores nothing.

    Args:
        documents: All files that were checked.
        used: What was of use.
        unchecked: Rules that were not looked at.
    """
    return [
        _say_unused(ignore)
        for document in documents
        for ignore in read_ignores(document).all
        if ignore not in used and ignore.code not in unchecked
    ]


def _say_unused(ignore: Ignore) -> Diagnostic:
    where = "the line below" if ignore.about is not None and ignore.about > ignore.location.line else "this line"
    message = f"nothing on {where} is warned of with `{ignore.code}`"
    if ignore.about is None:
        message = f"there is nothing below to which `{ignore.code}` could belong"
    hint = "remove the comment, or put it on the line that the warning names"
    return Diagnostic(code=UNUSED, message=message, location=ignore.location, severity=Severity.WARNING, hint=hint)
