"""The `[lint]` table of `jobspec.toml`: how much each rule weighs, and what is too much."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from jobspec.diagnostics import RULES, Severity
from jobspec.spec.frozen_model import SpecPart, kind_of, mistake
from jobspec.spec.positions import quote
from jobspec.spec.vocabulary import join_words, suggest_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jobspec.diagnostics import Diagnostic


class LintLevel(StrEnum):
    """How much a rule weighs in `jobspec validate`."""

    ERROR = "error"
    WARNING = "warning"
    OFF = "off"


def list_lint_codes() -> tuple[str, ...]:
    """List the rules that have a level: those that only warn."""
    return tuple(code for code, rule in RULES.items() if rule.severity is Severity.WARNING)


def _code(value: Any) -> str:
    codes = list_lint_codes()
    if value in codes:
        return str(value)
    if value in RULES:
        message = f"{quote(value)} is an error whatever is said here, for it leaves a job that cannot be used"
        raise mistake("JS404", message, "remove it; only warnings have a level")
    hint = suggest_word(str(value), codes) or "`jobspec rule` lists all rules"
    raise mistake("JS404", f"there is no rule {quote(str(value))}", hint)


def _level(value: Any) -> LintLevel:
    levels = [level.value for level in LintLevel]
    if isinstance(value, str) and value in levels:
        return LintLevel(value)
    shown = quote(value) if isinstance(value, str) else kind_of(value)
    hint = suggest_word(value, levels) if isinstance(value, str) else ""
    raise mistake("JS402", f"a level must be {join_words(levels, 'or')}, not {shown}", hint)


LintCode = Annotated[str, BeforeValidator(_code), WithJsonSchema({"type": "string", "enum": list(list_lint_codes())})]
Level = Annotated[
    LintLevel,
    BeforeValidator(_level),
    WithJsonSchema({"type": "string", "enum": [level.value for level in LintLevel]}),
]


class LintSettings(SpecPart):
    """What `jobspec validate` warns of."""

    levels: dict[LintCode, Level] = Field(default={}, examples=[{"JS506": "error", "JS508": "off"}])
    """`error`, `warning` or `off` for rules that warn; as an error a rule fails `validate` and freezes no job."""

    require_owner: bool = False
    """Whether to warn of jobs without an `owner`."""

    max_jobs_per_minute: Annotated[int, Field(ge=1)] = 50
    """How many jobs of one task queue may start in the same minute before a warning."""

    max_catchup_runs: Annotated[int, Field(ge=1)] = 100
    """How many runs of one job may start at once after an outage before a warning."""


def drop_silenced(diagnostics: Iterable[Diagnostic], levels: Mapping[str, LintLevel]) -> Iterator[Diagnostic]:
    """Drop the warnings that the project has turned off."""
    return (
        found for found in diagnostics if found.is_error or levels.get(found.code, LintLevel.WARNING) != LintLevel.OFF
    )
