"""Historical order flow: one reader for each format, all of which end in ``lob.MESSAGE`` arrays."""

from lob.feeds._books import Books
from lob.feeds.errors import FeedError
from lob.feeds.feed import Feed, FeedBlock, FeedReport
from lob.feeds.prints import PRINT, PrintKind
from lob.feeds.recognise import open_feed, recognise

__all__ = [
    "PRINT",
    "Books",
    "Feed",
    "FeedBlock",
    "FeedError",
    "FeedReport",
    "PrintKind",
    "open_feed",
    "recognise",
]
