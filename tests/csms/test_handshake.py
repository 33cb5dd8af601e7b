"""Who dials in, in which version, with which password."""

from base64 import b64encode

from hypothesis import given, strategies as st
import pytest

from custom_components.ocpp_csms.csms.errors import HandshakeError
from custom_components.ocpp_csms.csms.handshake import (
    Choice,
    Credentials,
    check_password,
    choose_version,
    read_credentials,
    read_identity,
    split_subprotocols,
)
from custom_components.ocpp_csms.csms.model.version import OcppVersion

HEX = "0123456789abcdef0123456789ABCDEF01234567"


@pytest.mark.parametrize(
    ("path", "identity"),
    [
        ("/CP1", "CP1"),
        ("/CP1/", "CP1"),
        ("/CP1//", "CP1"),
        ("//CP1", "CP1"),
        ("/ocpp/central/CP1", "CP1"),
        ("/CP1?token=1/2", "CP1"),
        ("/CP%201", "CP 1"),
        ("/a%3Ab", "a:b"),
        ("/EVB-P1234*7=x|y@z.~", "EVB-P1234*7=x|y@z.~"),
        ("/" + "x" * 48, "x" * 48),
    ],
)
def test_identity(path: str, identity: str) -> None:
    """The identity is the last segment of the path, percent-decoded."""
    assert read_identity(path) == identity


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/", 404, "no_identity"),
        ("", 404, "no_identity"),
        ("/%20", 404, "no_identity"),
        ("/?id=CP1", 404, "no_identity"),
        ("/" + "x" * 49, 400, "identity_too_long"),
        ("/a%2Fb", 400, "identity_characters"),
        ("/a%00b", 400, "identity_characters"),
        ("/a%0D%0Ab", 400, "identity_characters"),
        ("/%FF", 400, "identity_characters"),
        ("/<script>", 400, "identity_characters"),
        ("/%C3%A9", 400, "identity_characters"),
    ],
)
def test_no_identity(path: str, status: int, reason: str) -> None:
    """A path without a usable identity is turned away, with what is wrong with it."""
    with pytest.raises(HandshakeError) as error:
        read_identity(path)
    assert (error.value.status, error.value.reason) == (status, reason)


def test_identity_from_user_name() -> None:
    """A station that dials the bare root is named by its credentials."""
    assert read_identity("/", Credentials(b"CP1", b"")) == "CP1"


def test_path_before_user_name() -> None:
    """The path counts more than the credentials."""
    assert read_identity("/CP1", Credentials(b"other", b"")) == "CP1"


@given(st.text())
def test_any_path(path: str) -> None:
    """Whatever the path, an identity or a rejection comes of it."""
    try:
        identity = read_identity(path)
    except HandshakeError:
        return
    assert 0 < len(identity) <= 48
    assert identity.isascii()


@pytest.mark.parametrize(
    ("offered", "pinned", "choice"),
    [
        (["ocpp1.6"], None, Choice(OcppVersion.V16, "ocpp1.6")),
        (["ocpp2.0.1"], None, Choice(OcppVersion.V201, "ocpp2.0.1")),
        (["ocpp2.1"], None, Choice(OcppVersion.V21, "ocpp2.1")),
        (
            ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"],
            None,
            Choice(OcppVersion.V21, "ocpp2.1"),
        ),
        (["ocpp1.6", "ocpp2.0.1"], None, Choice(OcppVersion.V201, "ocpp2.0.1")),
        (["mqtt", "OCPP1.6"], None, Choice(OcppVersion.V16, "OCPP1.6")),
        (
            ["ocpp1.6", "ocpp2.0.1"],
            OcppVersion.V16,
            Choice(OcppVersion.V16, "ocpp1.6"),
        ),
        ([], None, Choice(OcppVersion.V16, None)),
        ([], OcppVersion.V201, Choice(OcppVersion.V201, None)),
    ],
)
def test_version(
    offered: list[str], pinned: OcppVersion | None, choice: Choice
) -> None:
    """The pinned version is spoken, else the best on offer, else 1.6."""
    assert choose_version(offered, pinned) == choice


@pytest.mark.parametrize(
    ("offered", "pinned"),
    [
        (["ocpp1.5"], None),
        (["ocpp2.0"], None),
        (["mqtt"], None),
        (["ocpp2.0.1"], OcppVersion.V16),
    ],
)
def test_no_version(offered: list[str], pinned: OcppVersion | None) -> None:
    """A station that offers no version that may be spoken is turned away."""
    with pytest.raises(HandshakeError) as error:
        choose_version(offered, pinned)
    assert (error.value.status, error.value.reason) == (400, "subprotocol")


@pytest.mark.parametrize(
    ("headers", "names"),
    [
        ([], []),
        (["ocpp1.6"], ["ocpp1.6"]),
        (["ocpp2.0.1, ocpp1.6"], ["ocpp2.0.1", "ocpp1.6"]),
        (["ocpp2.0.1", "ocpp1.6"], ["ocpp2.0.1", "ocpp1.6"]),
        (["ocpp1.6,"], ["ocpp1.6"]),
        ([""], []),
    ],
)
def test_subprotocols(headers: list[str], names: list[str]) -> None:
    """Subprotocols come in one header or in several."""
    assert split_subprotocols(headers) == names


def _basic(pair: bytes, scheme: str = "Basic") -> str:
    return f"{scheme} {b64encode(pair).decode()}"


@pytest.mark.parametrize(
    ("header", "credentials"),
    [
        (_basic(b"CP1:secret"), Credentials(b"CP1", b"secret")),
        (_basic(b"CP1:secret", "basic"), Credentials(b"CP1", b"secret")),
        (_basic(b"CP1:se:cret"), Credentials(b"CP1", b"se:cret")),
        (_basic(b"CP1:\xff\x00"), Credentials(b"CP1", b"\xff\x00")),
        (_basic(b"CP1:"), Credentials(b"CP1", b"")),
        (_basic(b"CP1"), None),
        (None, None),
        ("", None),
        ("Basic", None),
        ("Basic !!!", None),
        ("Basic ä", None),
        ("Bearer abc", None),
        ("Digest username=CP1", None),
    ],
)
def test_credentials(header: str | None, credentials: Credentials | None) -> None:
    """Credentials are read as bytes, and what is none is none."""
    assert read_credentials(header) == credentials


@given(st.text())
def test_any_authorization(header: str) -> None:
    """Whatever the header, credentials or none come of it."""
    read_credentials(header)
    read_credentials(f"Basic {header}")


@pytest.mark.parametrize(
    ("identity", "password", "pair"),
    [
        ("CP1", "secret", b"CP1:secret"),
        ("CP1", "pässword", "CP1:pässword".encode()),
        ("CP1", "se:cret", b"CP1:se:cret"),
        ("a:b", "secret", b"a:b:secret"),
        ("CP1", HEX, b"CP1:" + HEX.encode()),
        ("CP1", HEX, b"CP1:" + bytes.fromhex(HEX)),
    ],
)
def test_password(identity: str, password: str, pair: bytes) -> None:
    """The right password lets a station in, as text or as the bytes it spells."""
    check_password(identity, password, read_credentials(_basic(pair)))


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        (None, "password_missing"),
        (b"CP1:wrong", "password_wrong"),
        (b"CP1:", "password_wrong"),
        (b"CP2:secret", "password_wrong"),
        (b":secret", "password_wrong"),
        (b"CP1:secret ", "password_wrong"),
        (b"CP1:\xff", "password_wrong"),
    ],
)
def test_wrong_password(pair: bytes | None, reason: str) -> None:
    """A wrong or missing password is refused with 401 and a reason."""
    credentials = read_credentials(_basic(pair)) if pair else None
    with pytest.raises(HandshakeError) as error:
        check_password("CP1", "secret", credentials)
    assert (error.value.status, error.value.reason) == (401, reason)
