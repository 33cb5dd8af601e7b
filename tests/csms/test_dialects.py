"""What each version knows, and what it lacks."""

import pytest

from custom_components.ocpp_csms.csms.dialects import Setting
from custom_components.ocpp_csms.csms.framing import ErrorCode, RpcError

from .support import NOW, dialect


@pytest.mark.parametrize(
    ("version", "action"),
    [
        ("1.6", "GetConfiguration"),
        ("2.0.1", "NotifyCustomerInformation"),
        ("2.1", "NotifySettlement"),
    ],
)
def test_message_that_is_not_handled(version: str, action: str) -> None:
    """A message of the version that nobody handles is NotSupported."""
    with pytest.raises(RpcError) as error:
        dialect(version).decode(action, {}, NOW)
    assert error.value.code is ErrorCode.NOT_SUPPORTED


_ONLY_16 = {Setting.CONNECTOR_COUNT, Setting.SAMPLED_MAXIMUM}
_ONLY_2X = {Setting.LOCAL_LIST_BYTES}


@pytest.mark.parametrize("setting", Setting)
def test_settings(version: str, setting: Setting) -> None:
    """Each setting has an address on each version, but for what only some of them have."""
    ref = dialect(version).settings.get(setting)
    if setting in (_ONLY_2X if version == "1.6" else _ONLY_16):
        assert ref is None
        return
    assert ref is not None
    assert bool(ref.component) == (version != "1.6")
