"""A headless Chromium, spoken to in its own protocol."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
import os
from pathlib import Path
import re
import shutil
import signal
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

PATIENCE = 30.0
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_LISTENING = re.compile(r"DevTools listening on ws://(127\.0\.0\.1:\d+)/")
_ALL_TEXT = """
(root => {
  const text = node => [...node.childNodes].map(child =>
    child.nodeType === Node.TEXT_NODE ? child.data.trim() :
    ["STYLE", "SCRIPT"].includes(child.tagName) ? "" :
    (child.shadowRoot ? text(child.shadowRoot) : "") + " " + text(child)
  ).filter(part => part.trim()).join(" ");
  return text(root);
})(document.body)
"""


def find_chromium() -> str | None:
    """Return the path of a Chromium, None if there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


class Page:
    """One page of the browser."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        """Take over a page."""
        self._socket = socket
        self._numbers = count(1)
        self.errors: list[str] = []

    async def command(self, method: str, **parameters: Any) -> Any:
        """Send a command, and return its result; errors of the page are noted meanwhile."""
        number = next(self._numbers)
        await self._socket.send_json(
            {"id": number, "method": method, "params": parameters}
        )
        async for message in self._socket:
            assert message.type is WSMsgType.TEXT
            content = message.json()
            if content.get("id") == number:
                assert "error" not in content, content
                return content["result"]
            if content["method"] == "Runtime.exceptionThrown":
                self.errors.append(str(content["params"]["exceptionDetails"]))
        raise AssertionError("the browser went away")

    async def text(self) -> str:
        """Return all text of the page, also that in shadow roots."""
        result = await self.command("Runtime.evaluate", expression=_ALL_TEXT)
        text: str = result["result"].get("value", "")
        return text

    async def shows(self, pattern: str) -> None:
        """Wait until the text of the page matches."""
        text = ""
        try:
            async with asyncio.timeout(PATIENCE):
                while not re.search(pattern, text := await self.text()):
                    await self._next_frame()
        except TimeoutError:
            raise AssertionError(f"{pattern} is not in: {text}") from None

    async def _next_frame(self) -> None:
        """Wait until the page may have changed."""
        await self.command(
            "Runtime.evaluate",
            expression="new Promise(done => requestIdleCallback(done))",
            awaitPromise=True,
        )


@asynccontextmanager
async def open_page(chromium: str, folder: Path, script: str) -> AsyncIterator[Page]:
    """Open a page that runs a script before any other."""
    process = await _start(chromium, folder)
    try:
        address = await _address(process)
        async with ClientSession(f"http://{address}") as session:
            async with session.put("/json/new?about:blank") as response:
                url = (await response.json())["webSocketDebuggerUrl"]
            async with session.ws_connect(url, max_msg_size=0) as socket:
                page = Page(socket)
                await page.command("Page.enable")
                await page.command("Runtime.enable")
                await page.command(
                    "Page.addScriptToEvaluateOnNewDocument", source=script
                )
                yield page
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()


async def _start(chromium: str, folder: Path) -> Process:
    """Start the browser, with a profile of its own."""
    return await asyncio.create_subprocess_exec(
        chromium,
        "--headless=new",
        "--no-sandbox",
        "--no-first-run",
        "--disable-background-networking",
        "--window-size=1400,1100",
        "--remote-debugging-port=0",
        f"--user-data-dir={folder}",
        "about:blank",
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=PIPE,
        start_new_session=True,
    )


async def _address(process: Process) -> str:
    """Return where the browser listens for commands."""
    assert process.stderr
    async with asyncio.timeout(PATIENCE):
        async for line in process.stderr:
            if match := _LISTENING.search(line.decode(errors="replace")):
                return match[1]
    raise AssertionError("the browser did not start")
