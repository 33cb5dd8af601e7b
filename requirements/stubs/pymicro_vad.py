"""Stand-in for a voice package that has no wheel for this Python."""


class MicroVad:
    """Never used: nothing here speaks."""
