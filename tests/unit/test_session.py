"""A project's data converter, and what a session hides."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from temporalio.converter import DataConverter, PayloadCodec

from jobspec.cli.options import ConnectionOptions
from jobspec.cli.session import Session, complete_options
from jobspec.cli.specs import open_specs
from jobspec.errors import RefusedError
from jobspec.spec.project import Environment
from jobspec.spec.redaction import PlanSettings, Redaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from temporalio.api.common.v1 import Payload

    from jobspec.temporal.schedules.gateway import Schedules
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.cli.session import resolve_data_converter
from jobspec.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent / "data" / "checks"


@pytest.fixture(autouse=True)
def _clean_path() -> Iterator[None]:
    path = list(sys.path)
    yield
    sys.path[:] = path


def test_default_data_converter_is_the_pydantic_one() -> None:
    assert resolve_data_converter(None, ROOT) is pydantic_data_converter


def test_data_converter_is_loaded_and_checked(tmp_path: Path) -> None:
    (tmp_path / "codecs_of_job.py").write_text(
        "from temporalio.converter import DataConverter\nconverter = DataConverter()\nother = 7\n"
    )
    assert isinstance(resolve_data_converter("codecs_of_job:converter", tmp_path), DataConverter)
    for name, message in (
        ("DataConverter", "is a class"),
        ("other", "but 7"),
        ("convertor", "did you mean `converter`"),
    ):
        with pytest.raises(ProjectError, match=re.escape(message)):
            resolve_data_converter(f"codecs_of_job:{name}", tmp_path)


class Codec(PayloadCodec):
    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return list(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return list(payloads)


def make_session(directory: Path, converter: DataConverter, namespace_id: str = "id") -> Session:
    """Make a session of a client that is never used."""
    (directory / "jobspec.toml").write_text('project = "shop"\n[plan]\nredact = ["input.pin"]\n')
    client: Any = SimpleNamespace(data_converter=converter)
    return Session(specs=open_specs(None), client=client, namespace_id=namespace_id, schedules=cast("Schedules", None))


def test_a_session_hides_what_the_project_and_its_codec_hide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plain = make_session(tmp_path, DataConverter()).make_privacy()
    assert (plain.redaction, plain.hides_input, plain.shows_input, plain.key) == (
        Redaction.of(PlanSettings(redact=("input.pin",))),
        False,
        False,
        b"id",
    )
    sealed = make_session(tmp_path, DataConverter(payload_codec=Codec()), namespace_id="")
    assert sealed.make_privacy(shows_input=True) == replace(plain, hides_input=True, shows_input=True, key=b"")


@pytest.fixture
def _no_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("TEMPORAL_NAMESPACE", "TEMPORAL_PROFILE", "TEMPORAL_ADDRESS"):
        monkeypatch.delenv(variable, raising=False)
    configuration = tmp_path / "temporal.toml"
    configuration.write_text('[profile.east]\nnamespace = "orders"\n[profile.west]\nnamespace = "orders-west"\n')
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(configuration))


@pytest.mark.usefixtures("_no_configuration")
def test_the_environment_gives_the_profile_unless_one_is_named() -> None:
    east = Environment(profile="east", namespace="orders")
    assert complete_options(ConnectionOptions(), env="prod", environment=east).profile == "east"
    named = ConnectionOptions(profile="west", namespace="orders")
    assert complete_options(named, env="prod", environment=east) == named


@pytest.mark.usefixtures("_no_configuration")
@pytest.mark.parametrize("options", [ConnectionOptions(profile="west"), ConnectionOptions(namespace="default")])
def test_a_connection_to_another_namespace_than_the_environments_is_refused(options: ConnectionOptions) -> None:
    with pytest.raises(RefusedError, match="orders"):
        complete_options(options, env="prod", environment=Environment(profile="east", namespace="orders"))
