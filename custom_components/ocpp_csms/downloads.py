"""Files that an action has made, to be fetched by a link that ends with the hour."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from secrets import token_urlsafe

from aiohttp import web
from homeassistant.components.http import KEY_HASS, HomeAssistantView
from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN

LASTS = timedelta(hours=1)
_MOST = 20
"""So many files wait to be fetched at most; then the oldest goes."""


@dataclass(frozen=True, slots=True)
class Download:
    """A file, and until when it can be fetched."""

    name: str
    content_type: str
    content: bytes
    until: datetime


_DOWNLOADS: HassKey[dict[str, Download]] = HassKey(f"{DOMAIN}_downloads")


@callback
def async_setup_downloads(hass: HomeAssistant) -> None:
    """Serve the files."""
    hass.data[_DOWNLOADS] = {}
    hass.http.register_view(DownloadView())


@callback
def async_offer(
    hass: HomeAssistant, name: str, content_type: str, content: bytes
) -> str:
    """Return the link by which a file can be fetched for an hour."""
    now = dt_util.utcnow()
    kept = {key: d for key, d in hass.data[_DOWNLOADS].items() if d.until > now}
    for key in list(kept)[: max(0, len(kept) - _MOST + 1)]:
        del kept[key]
    key = token_urlsafe(16)
    kept[key] = Download(name, content_type, content, now + LASTS)
    hass.data[_DOWNLOADS] = kept
    path = DownloadView.url.format(key=key)
    return async_sign_path(hass, path, LASTS, use_content_user=True)


class DownloadView(HomeAssistantView):
    """Serves a file to whoever has its signed link."""

    url = f"/api/{DOMAIN}/download/{{key}}"
    name = f"api:{DOMAIN}:download"

    async def get(self, request: web.Request, key: str) -> web.Response:
        """Return a file."""
        download = request.app[KEY_HASS].data[_DOWNLOADS].get(key)
        if download is None or download.until <= dt_util.utcnow():
            return web.Response(status=HTTPStatus.NOT_FOUND)
        return web.Response(
            body=download.content,
            content_type=download.content_type,
            charset="utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="{download.name}"',
                "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
                "X-Content-Type-Options": "nosniff",
            },
        )
