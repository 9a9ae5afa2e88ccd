"""What is masked, what is not, and that a mask changes nothing else."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from planted import KEYS, PASSWORDS, SHAPES, find_leaks

from jobspec.diagnostics import Diagnostic, Location, Related
from jobspec.errors import JobspecError, ProjectError
from jobspec.secrets import is_secret, mask, mask_values, shares_text

ROOT = Path(__file__).parents[2]
ORDINARY = sorted(
    path
    for folder in ("specs", "examples", "benchmarks/prow", "deploy", "docs")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".yaml", ".yml", ".toml", ".json", ".md"}
    and path.name != "review.md"  # its example has a secret that is redacted
)


@pytest.mark.parametrize("secret", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("text", ["{}", "note: {}", 'say = "{}" # and more', "# {}", "it says `{}`, so no", "x='{}';y"])
@pytest.mark.parametrize("is_prose", [False, True])
def test_a_secret_that_tells_what_it_is_is_masked_wherever_it_stands(secret: str, text: str, *, is_prose: bool) -> None:
    written = text.format(secret)
    shown = mask(written, is_prose=is_prose)
    assert find_leaks(secret, written)
    assert not find_leaks(secret, shown)
    assert [len(line) for line in shown.split("\n")] == [len(line) for line in written.split("\n")]


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "text",
    [
        "{k}: {p}\nnext: 1",
        "{k}: '{p}'\nnext: 1",
        '{k} = "{p}"\nnext = 1',
        "{k} = '''{p}'''",
        '{k} = "{p}',
        "# {k}: {p}",
        "- {k}: {p}",
        '{{"a": 1, "{k}": "{p}", "b": 2}}',
        "{k}: &login {p}",
        "{k}: !!str {p}",
        "{k}: |\n  {p}\n  {p}\nnext: 1",
        "{k}: >-\n    {p}\n",
        "{k}:\n  {p}\nnext: 1",
        "{k}:\n  - {p}\n  - {p}\nnext: 1",
        "{k}:\n- {p}\nnext: 1",
        '{k}: ["{p}", "x"]',
        "{k}: {{value: '{p}'}}",
        "x-login: &login {p}\ninput: {{{k}: *login}}",
        '[input.{k}]\nvalue = "{p}"\n\n[next]\nx = 1',
        "{k}: {p} : x",
        "  {k}: \t{p}\t\n",
        "env:\n  - name: {k}\n    value: {p}\n",
        "env: [{{name: {k}, value: '{p}'}}]",
        '{{"key": "{k}", "value": "{p}"}}',
    ],
)
def test_what_follows_a_telling_key_is_masked_in_a_file(text: str, key: str, password: str) -> None:
    shown = mask(text.format(k=key, p=password))
    assert not find_leaks(password, shown), shown
    assert len(shown) == len(text.format(k=key, p=password))


def test_what_stands_around_a_secret_stays() -> None:
    assert mask("input: {password: hunter2, size: 5}") == "input: {password: *******, size: 5}"
    assert mask('input = {password = "hunter2", size = 5}') == "input = {password = *********, size = 5}"
    assert mask("password: |\n  hun\n  ter\nnext: 1") == "password: |\n  ***\n  ***\nnext: 1"
    assert mask("see postgres://a:hunter2@b/c") == f"see {'*' * 21}b/c"
    assert mask("https://x.example/?a=1&password=hunter2x&b=2") == "https://x.example/?a=1&password=********&b=2"
    assert mask("size: 5\npassword: hunter2x\n# hunter2x\n") == "size: 5\npassword: ********\n# ********\n"


@pytest.mark.parametrize(
    "text",
    [
        *("cron: '0 9 * * MON-FRI'", "workflow: shop.workflows:SyncOrdersWorkflowV2", "timezone: Europe/Berlin"),
        *("run_id: 01a20d28-7543-7d8c-9541-374d3b78f092", "password: ${DB_PASSWORD}", "token: vault:shop/db"),
        *(
            "secret: orders-db-credentials",
            "password_file: /run/secrets/db",
            "password: <password>",
            "max_tokens: 5000",
        ),
        *(
            "image: shop@sha256:7d7165edddafdb37bffbcd5b3ebb2d33450b585dcc02865a787f40f344479e0e",
            "next_page_token: abcd1",
        ),
        *("commit: c2cc9836ba8823bfb12e53fe09c55953c5eadf9e", "bearer authentication is used", "basic authentication"),
        *("at: 2027-03-01T09:00:00+01:00", "url: https://example.com/a/b?c=d", "password: ****", "author: ann"),
    ],
)
def test_ordinary_lines_stay_as_they_are(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "  input.password: `input.password` must be text, not a list",
        "`password: 5` is not allowed here",
        "invalid page token: expected text",
        "cannot read the schedule `orders`: the token is expired (UNAUTHENTICATED)",
        "password: must have 8 or more characters",
        "commit c2cc9836ba8823bfb12e53fe09c55953c5eadf9e is not known",
    ],
)
def test_messages_keep_their_words(text: str) -> None:
    assert mask(text, is_prose=True) == text


@pytest.mark.parametrize("path", ORDINARY, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_projects_own_files_stay_as_they_are(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    changed = [one for one, other in zip(text.split("\n"), mask(text).split("\n"), strict=True) if one != other]
    assert changed == []


def test_values_and_their_keys_are_judged_together() -> None:
    assert is_secret("Swordfish1", ["input", "db", "password"])
    assert is_secret("a1-B2-c3", ["secret", "0", "x"])
    assert not is_secret("orders", ["input", "region"])
    assert not is_secret("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", ["commit"])
    assert is_secret("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", ["note"])


def test_values_are_masked_wherever_they_stand_longest_first() -> None:
    assert mask_values("ab abc b", ["ab", "abc", ""]) == "** *** b"


def test_diagnostics_and_errors_are_masked_when_they_are_made() -> None:
    token = SHAPES["github"]
    place = Location(path="a", line=1, excerpt=f"note: {token}")
    found = Diagnostic(
        code="JS101",
        message=f"no {token}",
        hint=token,
        location=place,
        related=(Related(message=token, location=place),),
    )
    error = ProjectError(f"no {token}", (found,))
    for shown in (repr(found), str(error), repr(error), repr(JobspecError(token))):
        assert not find_leaks(token, shown)
    assert place.excerpt == "note: " + "*" * len(token)


@pytest.mark.parametrize(
    "text",
    [
        *("- secret:\n", "- password:\n", 'password: "', "password: {", "a", "-----BEGIN PRIVATE KEY", "password: |\n"),
        *("&a ", "[password]\nx: 'p\n", "token: a1-B2-c3\n", "eyJ", "A1b", "input_value=", "://a:", "bearer ", "- b\n"),
        *('password: "\\', "hooks.slack.com/services/", "A " * 400, "x-a: &a b\npassword: *a\n", "commit: ab12" * 9),
        # All on one line, with a key at every few characters.
        *("token=aaaa1111,", "token=aaaa1111 ", "{token: aaaa1111, ", "password=${x} ", "token=yes ", "password: [x "),
    ],
)
@pytest.mark.parametrize("is_prose", [False, True])
def test_no_text_takes_long(text: str, *, is_prose: bool) -> None:
    whole = (text * (1 << 18))[: 1 << 18]
    started = time.process_time()
    assert len(mask(whole, is_prose=is_prose)) == len(whole)
    assert time.process_time() - started < 5


def test_the_values_of_a_table_on_one_line_take_no_longer() -> None:
    whole = "[password]\n" + "a='x9x9 " * (1 << 15)
    started = time.process_time()
    assert "x9x9" not in mask(whole)
    assert time.process_time() - started < 5


@pytest.mark.parametrize("text", ["token: ]", "password = )", 'no key "token: }" here'])
def test_a_telling_key_without_a_value_is_no_mistake(text: str) -> None:
    assert mask(text, is_prose=True) == text


@pytest.mark.parametrize(
    ("said", "plain", "shares"),
    [
        ("the key server says no", '{"card": "unspeakable"}', False),
        ("cannot encode UNSPEAKable", '{"card": "unspeakable"}', True),
        ("cannot encode unsp…", '{"card": "unspeakable"}', True),
        ("pin 47", '{"pin": 47}', True),
        ("no", "", False),
    ],
)
def test_words_that_share_anything_with_a_plain_text_are_known(said: str, plain: str, *, shares: bool) -> None:
    assert shares_text(said, plain) is shares
