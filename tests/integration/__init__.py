"""Tests of the integration inside of Home Assistant, over real loopback sockets."""

import pytest

pytest.register_assert_rewrite("tests.integration.common")
