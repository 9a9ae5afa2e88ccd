"""What looks like a secret, what does not, and that none of it is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from linting import HEAD, lint, lint_job, list_codes

from jobspec.lint.secrets import find_secrets
from jobspec.render.diagnostic_documents import diagnostics_document
from jobspec.render.diagnostic_text import render_diagnostics

# Put together here, so that nobody who looks for real ones stops at this file.
TOKENS = {
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE",
    "an AWS access key": "AKIA" + "Z7Q2M5N8P1R4T6W9",
    "a GitHub token": "ghp_" + "a1B2c3D4e5F6g7H8i9J0" * 2,
    "a GitLab token": "glpat-" + "a1B2c3D4e5F6g7H8i9J0",
    "a Slack token": "xoxb-" + "123456789012-abcdef",
    "a Stripe key": "sk_live_" + "a1B2c3D4e5F6g7H8",
    "an API key": "sk-proj-" + "a1B2c3D4e5F6-7H8i9J0_x",
    "a Google API key": "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "a Hugging Face token": "hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZ01234567",
    "an npm token": "npm_" + "a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H8",
    "a JSON Web Token": "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc",
    "a URL with a password": "postgres://shop:hunter2" + "@db.example:5432/shop",
}


@pytest.mark.parametrize(("what", "token"), TOKENS.items())
def test_a_token_of_a_known_kind_is_found_wherever_it_stands(what: str, token: str) -> None:
    assert list(find_secrets({"notes": ["fine", f"use {token} here"]})) == [
        (("notes", 1), f"holds what looks like {what}")
    ]


@pytest.mark.parametrize(
    "key",
    [
        *("password", "db_password", "DB_PASSWORD", "dbPassword", "api_key", "apiKey", "APIKey", "api-key", "pwd"),
        *("client_secret", "access_token", "token", "secret_access_key", "privateKey", "passphrase"),
    ],
)
def test_a_written_out_value_under_a_telling_key_is_found(key: str) -> None:
    assert list(find_secrets({key: "hunter2-Xy9"})) == [((key,), "looks like a secret")]


@pytest.mark.parametrize(
    "value",
    [
        *({"password": ""}, {"password": None}, {"token": 5}, {"token": "abc"}, {"password": "xxxxxxxx"}),
        *({"password": "${DB_PASSWORD}"}, {"password": "$DB_PASSWORD"}, {"password": "{{ secrets.db }}"}),
        *({"password": "DB_PASSWORD"}, {"password": "<password>"}, {"password": "changeme"}, {"password": "***"}),
        *({"password": "vault:shop/db"}, {"token": "op://shop/db/token"}, {"token": "arn:aws:secretsmanager:eu:1:x"}),
        *({"secret": "/run/secrets/db"}, {"secret": "orders-db-credentials"}, {"secret": "prod/db/password1"}),
        *({"token": "github"}, {"secret": "the name of the store"}, {"api_key": "projects/1/secrets/x"}),
        *({"password_file": "hunter2-Xy9"}, {"secret_name": "hunter2-Xy9"}, {"token_url": "hunter2-Xy9"}),
        *({"next_page_token": "hunter2-Xy9"}, {"pad_token": "hunter2-Xy9"}, {"max_tokens": "hunter2-Xy9"}),
        *({"primary_key": "hunter2-Xy9"}, {"key": "hunter2-Xy9"}, {"author": "hunter2-Xy9"}, {"secrets": ["a1-B2-c3"]}),
        *({"url": "https://db.example/shop"}, {"url": "postgres://shop:${PASSWORD}@db"}, {"url": "https://a@b:c"}),
        *({"model": "sk-learn-classification-pipeline"}, {"key": "AKIA" + "IOSFODNN7" + "EXAMPLE"}),
        *("hunter2-Xy9", ["hunter2-Xy9"], {}, [], 5),
    ],
)
def test_references_names_and_ordinary_values_are_none(value: Any) -> None:
    assert list(find_secrets(value)) == []


@pytest.mark.parametrize(
    ("more", "place", "path"),
    [
        ("input: {db: [{password: hunter2}]}", "4:25", "input.db[0].password"),
        ("args: [eu, {api_key: a1B2c3}]", "4:22", "args[1].api_key"),
        ("run: {memo: {token: a1B2c3}}", "4:21", "run.memo.token"),
    ],
)
def test_inputs_and_memos_are_looked_at(more: str, place: str, path: str) -> None:
    [found] = lint_job(more)
    assert (found.code, str(found.location)) == ("JS514", f"specs/a.yaml:{place}")
    assert found.message == f"`{path}` looks like a secret, and everybody who sees a run can read it"


SHOWN = [
    HEAD + 'run: {memo: {password: "tiger-1!\n  hunter2"}, execution_timeout: 5h}\nschedule: {interval: 30m}\n',
    HEAD + "input: {password: hunter2, size: 5}\nschedule: {interval: 7h}\n",
    HEAD + 'input:\n  password: "hunter2"\n',
    HEAD + "input: {password: hunter2}  # jobspec: ignore[JS506] unused and on the same line\n",
    HEAD + "run: {memo: {password: hunter2}, execution_timeout: 5h}\nschedule: {interval: 30m}\n",
    "jobs:\n- {name: a, queue: q, workflow: {type: W}, input: {password: hunter2}, schedule: {interval: 7h}}\n",
]


@pytest.mark.parametrize("text", SHOWN)
def test_a_secret_is_masked_in_every_line_that_is_shown(text: str) -> None:
    diagnostics = lint(text)
    assert "JS514" in list_codes(diagnostics)
    shown = render_diagnostics(diagnostics) + diagnostics_document(diagnostics).to_json()
    assert "hunter2" not in shown
    assert "*******" in shown


def test_carets_stay_below_what_they_mark() -> None:
    text = 'name = "a"\nqueue = "q"\nworkflow = {type = "W"}\ninput = {password = "hunter2", size = 5}\n'
    [found] = lint({"specs/a.toml": text})
    assert found.location.excerpt == "input = {password = *********, size = 5}"
    assert (found.location.column, found.location.length) == (21, 9)


def test_a_secret_that_a_related_place_shows_is_masked_too() -> None:
    more = "input: {password: hunter2}, schedule: {interval: 1d}"
    jobs = "".join(f"- {{name: j{n}, {more}}}  # jobspec: ignore[JS514] for a test\n" for n in range(3))
    found = lint("defaults: {queue: q, workflow: {type: W}}\njobs:\n" + jobs, max_jobs_per_minute=2)
    assert list_codes(found) == ["JS508"]
    assert len(found[0].related) == 2
    assert "hunter2" not in render_diagnostics(found)


def test_a_value_over_several_lines_is_not_shown() -> None:
    key = json.dumps(TOKENS["a private key"])
    [found] = lint_job(f"input:\n  pem: |\n    {json.loads(key).splitlines()[0]}\n    MIIE\n")
    assert (found.code, found.location.line) == ("JS514", 5)
    assert "PRIVATE" not in found.location.excerpt


@pytest.mark.parametrize("text", ["eyJ-" * 40_000, "sk-" * 60_000, "a." * 80_000 + "://", "://a:" * 40_000])
def test_a_long_text_that_means_no_good_takes_no_long_time(text: str) -> None:
    assert list(find_secrets({"token": text})) in ([], [(("token",), "looks like a secret")])
