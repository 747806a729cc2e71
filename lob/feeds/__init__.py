"""Historical order flow: one reader for each format, all of which end in ``lob.MESSAGE`` arrays."""

from lob.feeds.errors import FeedError

__all__ = ["FeedError"]
