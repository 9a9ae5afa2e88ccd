from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what comes out instead of comparing it")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    # Only a run of this folder knows the option: pytest reads the options of no other conftest beforehand.
    return bool(request.config.getoption("--update-golden", default=False))
