"""The inventory of a 2.x station, which comes in pages (OCPP 2.0.1 part 2, B07)."""

import asyncio
from dataclasses import dataclass, field

from .errors import CallTimeoutError
from .model.events import ReportReceived
from .model.variable import Variable

PAGE_WAIT_S = 60.0
"""How long each page may take."""
TOTAL_WAIT_S = 300.0
"""How long a whole inventory may take."""
MAX_VARIABLES = 5000
"""More than any station has: an inventory that goes on beyond is cut."""


@dataclass(slots=True)
class _Report:
    """An inventory that is being received."""

    request_id: int
    variables: list[Variable] = field(default_factory=list)
    progress: asyncio.Event = field(default_factory=asyncio.Event)
    complete: bool = False


class Inventory:
    """Collects the pages of the inventory that a station was asked for last."""

    __slots__ = ("_report", "_request_id")

    def __init__(self) -> None:
        """Expect nothing yet."""
        self._request_id = 0
        self._report: _Report | None = None

    def expect(self) -> int:
        """Expect an inventory and return the request id to ask for it with."""
        self._request_id += 1
        self._report = _Report(self._request_id)
        return self._request_id

    def take(self, event: ReportReceived) -> None:
        """Take a page; pages that nobody asked for are left alone."""
        report = self._report
        if report is None or report.complete or report.request_id != event.request_id:
            return
        report.variables.extend(event.variables)
        report.complete = event.last or len(report.variables) >= MAX_VARIABLES
        report.progress.set()

    def forget(self) -> None:
        """Expect none any more."""
        self._report = None

    async def complete(self) -> list[Variable]:
        """Return the whole inventory. Raises CallTimeoutError when pages stay away."""
        report = self._report
        assert report is not None
        try:
            async with asyncio.timeout(TOTAL_WAIT_S):
                while not report.complete:
                    async with asyncio.timeout(PAGE_WAIT_S):
                        await report.progress.wait()
                    report.progress.clear()
        except TimeoutError as error:
            raise CallTimeoutError("NotifyReport", PAGE_WAIT_S) from error
        finally:
            self.forget()
        return report.variables
