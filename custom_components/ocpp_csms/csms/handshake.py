"""Who dials in, in which version, with which password: the opening handshake, as pure functions."""

import base64
import binascii
from collections.abc import Iterable, Sequence
import hmac
from http import HTTPStatus
import re
from typing import NamedTuple
from urllib.parse import unquote

from .errors import HandshakeError
from .model.version import OcppVersion

MAX_IDENTITY_LENGTH = 48
"""2.0.1 Part 4 section 3.1.1."""
PREFERENCE = (OcppVersion.V21, OcppVersion.V201, OcppVersion.V16)
"""Which version is chosen where a station offers several."""

_IDENTITY = re.compile(r"[A-Za-z0-9*\-_=:+|@. ~,()!#]+")
_HEX_PASSWORD = re.compile(r"(?:[0-9A-Fa-f]{2})+")


class Credentials(NamedTuple):
    """User name and password of HTTP Basic authentication, as raw bytes."""

    username: bytes
    password: bytes


def read_identity(path: str, credentials: Credentials | None = None) -> str:
    """Return the identity of a station from the path of its URL.

    The last segment, percent-decoded; a trailing slash is tolerated. A station that
    dials the bare root may name itself by the user name of its credentials.
    """
    path = path.partition("?")[0]
    segments = path.rstrip("/").split("/")
    identity = unquote(segments[-1]).strip()
    if not identity and credentials is not None:
        identity = credentials.username.decode("ascii", errors="replace")
    if not identity:
        raise HandshakeError(HTTPStatus.NOT_FOUND, "no_identity", path[:100])
    if len(identity) > MAX_IDENTITY_LENGTH:
        raise HandshakeError(
            HTTPStatus.BAD_REQUEST, "identity_too_long", identity[:100]
        )
    if not _IDENTITY.fullmatch(identity):
        raise HandshakeError(
            HTTPStatus.BAD_REQUEST, "identity_characters", repr(identity)
        )
    return identity


class Choice(NamedTuple):
    """The version that is spoken, and the subprotocol to confirm (None: none was offered)."""

    version: OcppVersion
    subprotocol: str | None


def choose_version(
    offered: Sequence[str],
    pinned: OcppVersion | None = None,
    default: OcppVersion = OcppVersion.V16,
) -> Choice:
    """Return the version to speak: the pinned one, else the best that is offered.

    A station that offers none gets the pinned version, else the default.
    """
    if not offered:
        return Choice(pinned or default, None)
    by_version = {
        version: name
        for name in offered
        if (version := OcppVersion.from_subprotocol(name))
    }
    candidates: Iterable[OcppVersion] = (pinned,) if pinned else PREFERENCE
    for version in candidates:
        if version in by_version:
            return Choice(version, by_version[version])
    wanted = ", ".join(version.subprotocol for version in candidates)
    raise HandshakeError(
        HTTPStatus.BAD_REQUEST, "subprotocol", f"{', '.join(offered)[:100]} / {wanted}"
    )


def split_subprotocols(headers: Iterable[str]) -> list[str]:
    """Return the subprotocols of all Sec-WebSocket-Protocol headers, in order."""
    names = (name.strip() for header in headers for name in header.split(","))
    return [name for name in names if name]


def read_credentials(authorization: str | None) -> Credentials | None:
    """Return the credentials of an Authorization header, None if it has none to read.

    The password is bytes: some stations send raw bytes that are no text.
    """
    if not authorization:
        return None
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error, ValueError:
        return None
    username, colon, password = decoded.partition(b":")
    return Credentials(username, password) if colon else None


def check_password(
    identity: str, password: str, credentials: Credentials | None
) -> None:
    """Raise HandshakeError unless the credentials are the station's own.

    A password of hexadecimal digits is also taken as the bytes that the digits mean
    (1.6 key AuthorizationKey).
    """
    if credentials is None:
        raise HandshakeError(HTTPStatus.UNAUTHORIZED, "password_missing")
    # Identities may hold a colon, which ends the user name on the wire.
    sent = credentials.username + b":" + credentials.password
    expected = [identity.encode() + b":" + password.encode()]
    if _HEX_PASSWORD.fullmatch(password):
        expected.append(identity.encode() + b":" + bytes.fromhex(password))
    matches = [hmac.compare_digest(sent, candidate) for candidate in expected]
    if not any(matches):
        raise HandshakeError(HTTPStatus.UNAUTHORIZED, "password_wrong")
