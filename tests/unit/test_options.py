"""JSON values on the command line."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from jobspec.cli import options
from jobspec.cli.options import read_json
from jobspec.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, 2.5, null, true]}', {"a": [1, 2.5, None, True]}),
        ('"@x"', "@x"),
        (" 5 ", 5),
        ("12345678901234567890", 12345678901234567890),
    ],
)
def test_json_is_read_as_typed(text: str, value: Any) -> None:
    assert read_json(text, "--input") == value


def test_json_comes_from_a_file_and_from_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "input.json"
    file.write_bytes(b'\xef\xbb\xbf{\n  "region": "eu \xe2\x98\x83"\n}\n')
    assert read_json(f"@{file}", "--input") == {"region": "eu ☃"}
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"[1]")))
    assert read_json("@-", "--input") == [1]
    with pytest.raises(UsageError, match="no JSON"):
        read_json("@-", "--arg")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-", "this is no JSON, expecting value at column 1; write `@-` for stdin"),
        (
            "eu",
            "this is no JSON, expecting value at column 1; a text needs quotes that the shell leaves, as '\"eu\"'",
        ),
        ("{'a': 1}", "--input: this is no JSON, expecting property name enclosed in double quotes at column 2"),
        ("", "--input: this is no JSON, expecting value at column 1"),
        ("[NaN]", "--input: JSON has no `NaN`"),
        ("[-Infinity]", "--input: JSON has no `-Infinity`"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "--input: the key `c` is there twice"),
        ("[" * 100_000, "--input: this is nested too deeply"),
        ("1" * 5000, "--input: a number has 5000 digits, which nothing takes"),
        ("@", "--input: name a file after `@`, or `@-` for stdin"),
        ("@nowhere.json", "--input: cannot read `nowhere.json`: no such file or directory"),
        ("@.", "--input: cannot read `.`: is a directory"),
    ],
)
def test_what_is_no_json_says_so(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_json(text, "--input")
    assert said.lower() in str(caught.value).lower()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff", "is not UTF-8"),
        (b"{\n  a\n}", "line 2, column 3"),
        (b" " * 20, "has more than the 16 bytes that are read"),
    ],
)
def test_a_file_that_holds_no_json_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, said: str
) -> None:
    monkeypatch.setattr(options, "MAX_BYTES", 16)
    (tmp_path / "input.json").write_bytes(content)
    with pytest.raises(UsageError, match=said):
        read_json(f"@{tmp_path / 'input.json'}", "--arg")
