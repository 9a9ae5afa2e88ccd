from __future__ import annotations

from typing import Any

import pytest

from jobspec.spec.project import Project, read_project
from jobspec.spec.redaction import REDACTED, PlanSettings, Redaction
from jobspec.spec.spec_files import SourceFile


def redaction(*paths: str) -> Redaction:
    return Redaction.of(PlanSettings(redact=paths))


INPUT = {"user": "u", "password": "p", "db": {"token": "t", "host": "h"}, "list": [{"token": "t"}, "text"]}


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("input", REDACTED),
        ("input.password", {**INPUT, "password": REDACTED}),
        ("input.db", {**INPUT, "db": REDACTED}),
        ("input.*.token", {**INPUT, "db": {"token": REDACTED, "host": "h"}}),
        ("input.list.*.token", {**INPUT, "list": [{"token": REDACTED}, "text"]}),
        ("input.list.1", {**INPUT, "list": [{"token": "t"}, REDACTED]}),
        ("args.0.password", {**INPUT, "password": REDACTED}),
        ("args.*.user", {**INPUT, "user": REDACTED}),
        ("args", REDACTED),
        ("args.1", INPUT),
        ("input.pass", INPUT),
        ("input.password.deeper", INPUT),
        ("run.memo", INPUT),
    ],
)
def test_what_is_below_a_path_is_replaced_and_nothing_else(path: str, shown: Any) -> None:
    assert redaction(path).apply(INPUT, ("input",)) == shown


def test_a_path_reaches_parts_and_wholes() -> None:
    some = redaction("input.db.token", "run.memo.team")
    assert some.apply("t", ("input", "db", "token")) == REDACTED
    assert some.apply({"a": 1}, ("input", "db", "token", "deep")) == REDACTED
    assert some.apply({"token": 1}, ("input", "db")) == {"token": REDACTED}
    assert some.apply([INPUT, 2], ("args",)) == [{**INPUT, "db": {"token": REDACTED, "host": "h"}}, 2]
    assert some.apply("x", ("run", "memo", "team")) == REDACTED
    assert some.apply("x", ("run", "memo", "other")) == "x"


def test_what_has_nothing_to_hide_is_the_very_same_value() -> None:
    assert redaction("input.none", "input.list.*.none").apply(INPUT, ("input",)) is INPUT
    assert redaction().apply(INPUT, ("input",)) is INPUT
    assert not redaction()


def test_what_looks_like_a_secret_is_replaced_though_nobody_names_it() -> None:
    value = {
        "password": "hunter2-x",
        "pin": {"passphrase": [123456, True, None, "ok"]},
        "env": [{"name": "DB_PASSWORD", "value": "hunter2-x"}, {"name": "REGION", "value": "eu-west-1"}],
        "AKIA" + "Z7Q2M5N8P1R4T6W9": "known",
        "secret": "orders-db-credentials",
    }
    shown = {
        "password": REDACTED,
        "pin": {"passphrase": [REDACTED, True, None, "ok"]},
        "env": [{"name": "DB_PASSWORD", "value": REDACTED}, {"name": "REGION", "value": "eu-west-1"}],
        "*" * 20: "known",
        "secret": "orders-db-credentials",
    }
    assert redaction().apply(value, ("input",)) == shown
    found = [("password",), ("pin", "passphrase", 0), ("env", 0, "value")]
    assert list(redaction().find(value)) == found


def test_a_key_with_a_dot_is_quoted() -> None:
    value = {"a.b": 1, "a": {"b": 2}}
    assert redaction('input."a.b"').apply(value, ("input",)) == {"a.b": REDACTED, "a": {"b": 2}}
    assert redaction("input.a.b").apply(value, ("input",)) == {"a.b": 1, "a": {"b": REDACTED}}


def test_the_outermost_places_are_found() -> None:
    spec = {"name": "x", "input": INPUT, "run": {"memo": {"k": "v"}}}
    found = list(redaction("input.*.token", "input.db", "run.memo").find(spec))
    assert found == [("input", "db"), ("run", "memo")]
    assert list(redaction("input.list.*.token").find(spec)) == [("input", "list", 0, "token")]
    assert list(redaction("args.1").find({"args": [1, [2]]})) == [("args", 1)]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ('"password"', "`password` is no path of a value that can be redacted"),
        ('"schedule.cron"', "is no path of a value that can be redacted"),
        ('"run"', "is no path of a value that can be redacted"),
        ('"input."', "`input.` is no path of a value"),
        ('"input..a"', "is no path of a value"),
        ('"input[0]"', "is no path of a value"),
        ('""', "`` is no path of a value"),
        ("5", "must be text, not the number `5`"),
    ],
)
def test_a_path_that_leads_nowhere_is_a_mistake(path: str, message: str) -> None:
    found = read_project(SourceFile(path="jobspec.toml", data=f"[plan]\nredact = [{path}]\n".encode()))
    assert not isinstance(found, Project)
    assert [each.code for each in found] == ["JS402"]
    assert message in found[0].message
    assert str(found[0].location) == "jobspec.toml:2:11"
