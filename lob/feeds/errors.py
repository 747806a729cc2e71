"""Error of a file that is not what it should be."""

__all__ = ["FeedError"]


class FeedError(ValueError):
    """A file that cannot be read as what it should be: names the file, the place and the cure.

    Nothing else leaves a reader, whatever bytes it is given.

    Parameters
    ----------
    said
        What is wrong, the value, and what to do; where ``path`` is given the place is put before
        it.
    path
        The file, or ``file/member`` of an archive.
    line
        Of a text: from one, blank lines counted.
    offset
        Of a binary file: bytes from the start of what is in it once it is unpacked.

    Examples
    --------
    >>> error = FeedError("the size is 0", path="day.csv", line=7)
    >>> str(error), error.line
    ('day.csv, line 7: the size is 0', 7)
    >>> str(FeedError("ends within a record", path="day.dbn", offset=120))
    'day.dbn, byte 120: ends within a record'
    """

    def __init__(
        self,
        said: str,
        *,
        path: object = None,
        line: int | None = None,
        offset: int | None = None,
    ) -> None:
        self.path = None if path is None else str(path)
        self.line = line
        self.offset = offset
        place = "" if path is None else str(path)
        if line is not None:
            place += f", line {line}"
        if offset is not None:
            place += f", byte {offset}"
        super().__init__(f"{place}: {said}" if place else said)
