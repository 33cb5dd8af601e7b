"""script/demo --check."""

import pytest

from .process import RunningCheck, problems, processes_of

pytestmark = pytest.mark.booted


def test_check_sees_a_car_charge_and_leaves_nothing_behind(check: RunningCheck) -> None:
    """It says what it saw, and ends without a complaint."""
    exit_code, output = check.wait()
    assert exit_code == 0, output
    assert "_status: charging" in output
    assert "The register of " in output
    assert problems(check.folder) == []
    assert processes_of(check.folder) == []
