"""What can be wrong with the input of a decision."""


class ChargingError(ValueError):
    """Input that makes no sense. `reason` is a key for translation."""

    def __init__(self, reason: str, detail: str = "") -> None:
        """Name the reason."""
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
