"""What all tests share."""

import pytest

# The plugin's own test folder has a package of this name: ours has to be the first.
import custom_components.ocpp_csms  # noqa: F401


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests that share a booted Home Assistant run in one process."""
    for item in items:
        if item.get_closest_marker("booted"):
            item.add_marker(pytest.mark.xdist_group("booted"))
