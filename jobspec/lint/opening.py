"""All specs of a project in one environment, as the project wants to hear of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jobspec.errors import UsageError
from jobspec.lint.levels import mute
from jobspec.spec.loader import load
from jobspec.spec.vocabulary import join_words, suggest_word

if TYPE_CHECKING:
    from datetime import datetime

    from jobspec.spec.loaded import Loaded
    from jobspec.spec.loader import Cache
    from jobspec.spec.project import Workspace


def open_workspace(workspace: Workspace, *, env: str | None, now: datetime, cache: Cache | None = None) -> Loaded:
    """Load the specs of a project, without the warnings that it has turned off.

    Args:
        workspace: The project and its place.
        env: The chosen environment; the project has it, or declares none.
        now: The time at which schedules are judged to have ended.
        cache: What an earlier load left.

    Raises:
        UsageError: The project declares no environments, some specs name others, and none this one.
    """
    loaded = load(workspace, env=env, now=now, cache=cache)
    if not workspace.project.env:
        _check_named(env, loaded)
    return replace(loaded, diagnostics=tuple(mute(loaded.diagnostics, workspace.project.lint.levels)))


def _check_named(env: str | None, loaded: Loaded) -> None:
    """Refuse an environment that no spec names although some name others: misspelt, it would change nothing."""
    if env is None or loaded.incomplete or not loaded.environments or env in loaded.environments:
        return
    names = sorted(loaded.environments)
    hint = suggest_word(env, names) or f"they name {join_words(names)}"
    raise UsageError(f"no spec names the environment `{env}`; {hint}; or declare it in jobspec.toml as `[env.{env}]`")
