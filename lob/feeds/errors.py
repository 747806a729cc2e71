"""What is wrong with a file of a feed."""

__all__ = ["FeedError"]


class FeedError(ValueError):
    """A file that cannot be read as what it should be: names the file, the line and the cure."""
