"""What particular stations need: chosen by vendor, model and firmware, from one file per vendor."""

from .quirks import ProfileAttempt, QuirkBook, Quirks, load_quirks

__all__ = ["ProfileAttempt", "QuirkBook", "Quirks", "load_quirks"]
