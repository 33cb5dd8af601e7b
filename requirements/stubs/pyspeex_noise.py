"""Stand-in for a voice package that has no wheel for this Python."""


class AudioProcessor:
    """Never used: nothing here speaks."""
