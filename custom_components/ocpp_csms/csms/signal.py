"""Callbacks: how the central system tells who listens."""

from collections.abc import Callable


class Signal[*Args]:
    """A list of callbacks that are called in order, in the event loop."""

    __slots__ = ("_callbacks",)

    def __init__(self) -> None:
        """Start with no listener."""
        self._callbacks: tuple[Callable[[*Args], None], ...] = ()

    def connect(self, callback: Callable[[*Args], None]) -> Callable[[], None]:
        """Add a callback, unless it is there, and return what removes it again."""
        if callback not in self._callbacks:
            self._callbacks = (*self._callbacks, callback)

        def disconnect() -> None:
            self._callbacks = tuple(
                known for known in self._callbacks if known != callback
            )

        return disconnect

    def emit(self, *args: *Args) -> None:
        """Call every callback."""
        for callback in self._callbacks:
            callback(*args)
