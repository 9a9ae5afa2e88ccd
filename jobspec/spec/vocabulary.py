"""The keys that a spec may have, and what people write instead of them.

The tree of keys comes from the models, so it cannot go stale; the words of
other systems are a table. Together they turn an unknown key into a hint.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

from jobspec.spec.model import JobSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jobspec.spec.positions import ValuePath


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys that a mapping may have.

    Attributes:
        inside: What stands below each key that holds mappings with fixed keys; None for all other keys.
    """

    inside: Mapping[str, Keys | None] = field(default_factory=dict)

    def at(self, path: ValuePath) -> Keys | None:
        """Find the keys that are allowed at a path; None where any are, or none."""
        keys: Keys | None = self
        for step in path:
            if keys is None:
                return None
            if isinstance(step, str):
                keys = keys.inside.get(step)
        return keys


@cache
def read_keys(model: type[BaseModel]) -> Keys:
    """Read the tree of keys of a model; a list of mappings counts as the mapping."""
    return Keys(
        inside={info.alias or name: _read_below(info.annotation) for name, info in model.model_fields.items()},
    )


def _read_below(annotation: Any) -> Keys | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return read_keys(annotation)
    found = (_read_below(part) for part in get_args(annotation))
    return next((keys for keys in found if keys is not None), None)


JOB_KEYS = read_keys(JobSpec)
"""The keys of a merged job."""

_ELSEWHERE = {
    "timezone": "schedule.timezone",
    "timezonename": "schedule.timezone",
    "tz": "schedule.timezone",
    "crontz": "schedule.timezone",
    "concurrencypolicy": "schedule.overlap",
    "overlappolicy": "schedule.overlap",
    "concurrency": "schedule.overlap",
    "startingdeadlineseconds": "schedule.catchup_window",
    "catchup": "schedule.catchup_window",
    "suspend": "schedule.paused",
    "suspended": "schedule.paused",
    "pause": "schedule.paused",
    "disabled": "schedule.paused",
    "enabled": "schedule.paused",
    "ispausedoncreation": "schedule.paused",
    "crontab": "schedule.cron",
    "cronexpression": "schedule.cron",
    "cronexpressions": "schedule.cron",
    "cronschedule": "schedule.cron",
    "crons": "schedule.cron",
    "scheduleinterval": "schedule.interval",
    "intervals": "schedule.interval",
    "rate": "schedule.interval",
    "calendars": "schedule.calendar",
    "structuredcalendar": "schedule.calendar",
    "exclude": "schedule.skip",
    "excludedates": "schedule.skip",
    "excludecalendar": "schedule.skip",
    "skipdates": "schedule.skip",
    "holidays": "schedule.skip",
    "startdate": "schedule.start_at",
    "starttime": "schedule.start_at",
    "enddate": "schedule.end_at",
    "endtime": "schedule.end_at",
    "dayofmonth": "schedule.calendar.day_of_month",
    "dayofweek": "schedule.calendar.day_of_week",
    "dom": "schedule.calendar.day_of_month",
    "dow": "schedule.calendar.day_of_week",
    "weekday": "schedule.calendar.day_of_week",
    "phase": "schedule.interval.offset",
    "taskqueue": "queue",
    "taskqueuename": "queue",
    "scheduleid": "name",
    "id": "name",
    "jobname": "name",
    "workflowtype": "workflow",
    "workflowname": "workflow",
    "workflowclass": "workflow",
    "parameters": "input",
    "params": "input",
    "payload": "input",
    "inputs": "input",
    "arguments": "args",
    "arg": "args",
    "retries": "run.retry_policy.maximum_attempts",
    "attempts": "run.retry_policy.maximum_attempts",
    "maxattempts": "run.retry_policy.maximum_attempts",
    "backofflimit": "run.retry_policy.maximum_attempts",
    "retry": "run.retry_policy",
    "retrypolicy": "run.retry_policy",
    "backoff": "run.retry_policy.backoff_coefficient",
    "maxinterval": "run.retry_policy.maximum_interval",
    "nonretryableerrors": "run.retry_policy.non_retryable_error_types",
    "timeout": "run.execution_timeout",
    "activedeadlineseconds": "run.execution_timeout",
    "workflowexecutiontimeout": "run.execution_timeout",
    "workflowruntimeout": "run.run_timeout",
    "workflowtasktimeout": "run.task_timeout",
    "summary": "run.static_summary",
    "details": "run.static_details",
    "environment": "env",
    "environments": "env",
    "labels": "tags",
    "tag": "tags",
    "schema": "input_schema",
    "model": "input_model",
    "activity": "activities",
    "team": "owner",
    "desc": "description",
    "fairness": "run.priority.fairness_key",
}
"""Other systems' words, and the plain ones that people guess, without case and underscores → our dotted path."""


def plain(word: str) -> str:
    """Reduce a key to its letters, so that `timeZone`, `time_zone` and `time-zone` are one word."""
    return "".join(character for character in word.lower() if character.isalnum())


def suggest_key(key: str, path: ValuePath, keys: Keys = JOB_KEYS) -> str:
    """Say what was probably meant by an unknown key.

    Args:
        key: The key as it was written.
        path: Where the mapping stands that holds it.
        keys: The tree of allowed keys.

    Returns:
        A hint; empty when nothing comes to mind.
    """
    allowed = keys.at(path)
    return _suggest(key, path, list(allowed.inside if allowed else ()), is_job=keys is JOB_KEYS)


def suggest_top_key(key: str, beside: Sequence[str]) -> str:
    """Say what was probably meant by an unknown key at the top of a job, of defaults or of an overlay.

    Args:
        key: The key as it was written.
        beside: Which of `name` and `env` are allowed there.
    """
    inside = [word for word in JOB_KEYS.inside if word != "name"]
    here = [*(["name"] if "name" in beside else []), *inside, *(["env"] if "env" in beside else [])]
    if "name" in beside and (file_key := suggest_word(key, ("jobs", "defaults"))) and not suggest_word(key, here):
        return file_key
    return _suggest(key, (), here, is_job=True)


def _suggest(key: str, path: ValuePath, here: Sequence[str], *, is_job: bool) -> str:
    if same := next((word for word in here if plain(word) == plain(key)), None):
        return f"write `{same}`"
    if is_job and (place := _find_elsewhere(key, path)):
        return place
    return suggest_word(key, here) or (f"allowed here: {join_words(here)}" if here else "")


def suggest_word(word: str, words: Sequence[str]) -> str:
    """Ask whether the nearest of some words was meant; empty when none is near."""
    nearest = difflib.get_close_matches(plain(word), {plain(known): known for known in words}, n=1, cutoff=0.65)
    return next((f"did you mean `{known}`?" for known in words if plain(known) in nearest), "")


def _find_elsewhere(key: str, path: ValuePath) -> str:
    """Say under which key our own word, or another system's, belongs."""
    word = plain(key)
    here = ".".join(step for step in path if isinstance(step, str))
    own = [dotted for dotted in _own_places() if plain(dotted.rpartition(".")[2]) == word]
    known = _ELSEWHERE.get(word)
    if known == f"{here}.{key}".lstrip("."):
        known = None
    if known is None and own:
        known = min(own, key=lambda dotted: (not dotted.startswith(here), dotted.count(".")))
    if known is None:
        return ""
    parent, _, last = known.rpartition(".")
    if parent == here:
        return f"write `{last}`"
    if last == key:
        return f"it belongs under `{parent}`" if parent else "it belongs at the top of the job"
    return f"jobspec calls it `{known}`"


@cache
def _own_places() -> tuple[str, ...]:
    """List every key of ours by its dotted path."""
    return tuple(_walk_places(JOB_KEYS, ""))


def _walk_places(keys: Keys, prefix: str) -> Iterator[str]:
    for key, below in keys.inside.items():
        yield prefix + key
        if below is not None:
            yield from _walk_places(below, f"{prefix}{key}.")


def join_words(words: Sequence[str], conjunction: str = "and") -> str:
    """List words as a sentence does."""
    quoted = [f"`{word}`" for word in words]
    return f" {conjunction} ".join(filter(None, [", ".join(quoted[:-1]), *quoted[-1:]]))
