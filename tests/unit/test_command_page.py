"""The page of commands names every command and option that it is about."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from jobspec.cli.group import SECTIONS, jobspec

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
PARTS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
OUR_OWN = [
    "worker",
    *SECTIONS["Runs"],
    *(name for name in SECTIONS["Live schedules"] if name not in {"adopt", "forget"}),
]
INTRODUCED = {"--env", "--profile", "--address", "--namespace", "--output", "--tz"}


def find_shown(command: click.Command) -> list[click.Parameter]:
    """Leave out options that are not for people."""
    return [each for each in command.params if not getattr(each, "hidden", False)]


@pytest.mark.parametrize("name", OUR_OWN)
def test_every_option_is_told(name: str) -> None:
    command = jobspec.get_command(click.Context(jobspec), name)
    assert command is not None
    options = {option for parameter in find_shown(command) for option in parameter.opts if option.startswith("--")}
    told = set(re.findall(r"--[a-z-]+", PARTS[name]))
    assert options - INTRODUCED - told == set()


@pytest.mark.parametrize("name", OUR_OWN)
def test_no_option_is_told_that_is_not_there(name: str) -> None:
    known = {
        option
        for each in OUR_OWN
        if (command := jobspec.get_command(click.Context(jobspec), each))
        for parameter in command.params
        for option in parameter.opts
    }
    assert set(re.findall(r"(?<=`)--[a-z-]+", PARTS[name])) <= known


def test_what_all_have_in_common_is_introduced() -> None:
    assert set(re.findall(r"--[a-z-]+", PAGE.split("\n## ")[0])) >= INTRODUCED
