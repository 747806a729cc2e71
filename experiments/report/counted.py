"""A number with its noun; see ``lob.counted``."""

from lob.counted import counted

__all__ = ["counted"]
