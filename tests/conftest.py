"""What all tests share."""

from hypothesis import HealthCheck, settings
import pytest

# The plugin's own test folder has a package of this name: ours has to be the first.
import custom_components.ocpp_csms  # noqa: F401

# The same examples in every run, however slow the machine; "explore" looks for new ones.
settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "explore",
    deadline=None,
    max_examples=2000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests that share a booted Home Assistant run in one process."""
    for item in items:
        if item.get_closest_marker("booted"):
            item.add_marker(pytest.mark.xdist_group("booted"))
