"""Files of a feed, opened for streaming: plain, gz, zst or xz, alone or as a member of a zip.

What is packed is known by its first bytes, not by its name. Unpacking is streamed, so memory stays
bounded whatever the file declares; what unpacks to more than ``MAX_RATIO`` times its size is no
record of a market and is refused.
"""

import io
import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, Self

from lob.feeds.errors import FeedError

__all__ = ["MAX_LINE", "FeedFile", "blocks_of_lines", "check_utf8", "members", "open_source"]

CHUNK = 2**20
CHUNK_OF_LINES = 2**18  # stays in the processor's cache until it is read
SMALLEST_READ = 2**16  # what is read at a time by more than this takes no way round
PIECE = 2**12  # unpacked at a time: of a stream that is cut no more than this is lost
MAX_LINE = 2**26
"""Bytes of the longest line: a snapshot of a deep book takes a few million."""
MAX_RATIO = 250
"""Unpacked to packed bytes; order flow reaches about 50."""
BELOW_IS_FINE = 2**26  # unpacked bytes: a small file may be as repetitive as it likes
MAX_LAYERS = 3  # a gz in a zip is common, more is a trap

GZIP, ZSTD, XZ = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00"
ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
BOM = b"\xef\xbb\xbf"

_BROKEN = (
    OSError,  # pyarrow's, bz2's
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    OverflowError,
    MemoryError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)


class FeedFile:
    """The bytes of a file, unpacked as they are read. Use it as a context manager.

    Attributes
    ----------
    path, member
        As of ``open_source``.
    name
        What an error calls it: the path, or the path and the member.
    packing
        The layers around the bytes, outermost first, such as ``("zip", "gz")``.
    offset
        Unpacked bytes read so far.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        layers: list[Any],
        packing: tuple[str, ...],
        member: str | None = None,
    ) -> None:
        self.path = path
        self.member = member
        self.name = name
        self.packing = packing
        self.offset = 0
        self._layers = layers
        self._stream = layers[-1]
        self._packed = path.stat().st_size

    def read(self, size: int = CHUNK) -> bytes:
        """Read up to ``size`` unpacked bytes, fewer only at the end.

        Raises
        ------
        FeedError
            If the file is damaged, or unpacks to more than ``MAX_RATIO`` times its size.
        """
        parts: list[bytes] = []
        left = size
        while left:
            try:
                part = bytes(self._stream.read(left))
            except _BROKEN as error:
                raise FeedError(
                    f"cannot be unpacked further ({_told(error)}); fetch it again",
                    path=self.name,
                    offset=self.offset,
                ) from None
            if not part:
                break
            parts.append(part)
            left -= len(part)
            self.offset += len(part)
        if self.packing and self.offset > BELOW_IS_FINE and self.offset > MAX_RATIO * self._packed:
            raise FeedError(
                f"unpacks to more than {MAX_RATIO} times its {self._packed} bytes, which no "
                "record of a market does: a damaged or malicious archive",
                path=self.name,
                offset=self.offset,
            )
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read_into(self, buffer: memoryview) -> int:
        """Fill a buffer as far as the bytes reach; how many there were. Errors as of ``read``."""
        if not self.packing:
            try:
                count = int(self._stream.readinto(buffer))
            except _BROKEN:
                count = 0  # reading once more tells what is wrong
            if count:
                self.offset += count
                return count
        part = self.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        """Close the file and the layers around it. More than once is fine."""
        for layer in reversed(self._layers):
            layer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_source(path: str | Path, member: str | None = None) -> FeedFile:
    """Open a file of a feed.

    Parameters
    ----------
    path
        A regular file: plain, gz, zst, xz or zip.
    member
        Which member of a zip; not needed where there is one only.

    Raises
    ------
    FeedError
        If it is not there, is not a regular file, cannot be unpacked, or if a zip holds several
        members and none is chosen.
    """
    path = Path(path)
    file = _open_regular(path)
    layers: list[Any] = [file]
    packing: list[str] = []
    name = str(path)
    try:
        head = _peek(layers[-1])
        if head.startswith(ZIP):
            chosen = _choose(path, member)
            name = f"{path}/{chosen}"
            archive, opened = _open_member(path, chosen)
            layers += [archive, io.BufferedReader(opened)]
            packing.append("zip")
            head = _peek(layers[-1], name)
        elif member is not None:
            raise FeedError(f"is not a zip, so it has no member {member!r}", path=path)
        while kind := _packing(head):
            if len(packing) == MAX_LAYERS:
                raise FeedError(f"is packed more than {MAX_LAYERS} times", path=name)
            layers.append(io.BufferedReader(_unpacked(layers[-1], kind), CHUNK))
            packing.append(kind)
            head = _peek(layers[-1], name)
    except FeedError:
        for layer in reversed(layers):
            layer.close()
        raise
    return FeedFile(path, name, layers, tuple(packing), member)


def members(path: str | Path) -> list[str]:
    """The files in a zip, sorted, without folders and what a Mac adds; empty: not a zip.

    Raises ``FeedError`` if the zip is damaged, or if two members have one name.
    """
    path = Path(path)
    with _open_regular(path) as file:
        if not _peek(file).startswith(ZIP):
            return []
    try:
        with zipfile.ZipFile(path) as archive:
            names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    except _BROKEN as error:
        raise FeedError(f"not a readable zip ({_told(error)}); fetch it again", path=path) from None
    names = sorted(
        name
        for name in names
        if "__MACOSX" not in name.split("/") and name.rsplit("/", 1)[-1] != ".DS_Store"
    )
    twice = [name for name, after in pairwise(names) if name == after]
    if twice:
        raise FeedError(
            f"holds two members called {twice[0]!r}, and nothing says which one counts", path=path
        )
    return names


def check_utf8(text: bytes, path: object) -> None:
    """Check that bytes are UTF-8.

    Parameters
    ----------
    text
        Bytes from the start of a file.
    path
        Its name, for the error.

    Raises
    ------
    FeedError
        With the line of the first byte that is none.
    """
    try:
        text.decode()
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise FeedError("is no text in UTF-8", path=path, line=line) from None


def blocks_of_lines(source: FeedFile, size: int = CHUNK_OF_LINES) -> Iterator[bytes]:
    r"""Whole lines, in blocks of about ``size`` bytes, without a byte-order mark at the start.

    Every block ends with a newline but for the last one of a text that does not. Line ends stay as
    they are, ``\r\n`` too.

    Raises
    ------
    FeedError
        If the source is damaged or a line has more than ``MAX_LINE`` bytes.
    """
    rest: list[bytes] = []  # of a line that is not whole yet
    held = start = 0
    first = True
    while block := source.read(size):
        if first:
            block = block.removeprefix(BOM)
            first = False
        end = block.rfind(b"\n") + 1
        if end:
            yield b"".join([*rest, memoryview(block)[:end]])
            rest, held = [], 0
            start = source.offset - len(block) + end
        if end < len(block):
            rest.append(block[end:])
            held += len(block) - end
        if held > MAX_LINE:
            raise FeedError(
                f"has no end within {MAX_LINE} bytes: this is not a text of records",
                path=source.name,
                line=_lines_before(source, start) + 1,
            )
    if rest:
        yield b"".join(rest)


def _lines_before(source: FeedFile, offset: int) -> int:
    """The lines in what is before a byte: read once more, as counting always would cost more."""
    lines = 0
    with open_source(source.path, source.member) as again:
        while again.offset < offset:
            lines += again.read(min(CHUNK, offset - again.offset)).count(b"\n")
    return lines


# -------------------------------------------------------------------- below


def _open_regular(path: Path) -> IO[bytes]:
    """Open for reading; a pipe or device, on which that could wait for ever, is refused."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file (a pipe or a device)"
            raise FeedError(f"is {kind}; give a file", path=path)
        return path.open("rb", SMALLEST_READ)
    except (OSError, ValueError) as error:
        if isinstance(error, FeedError):
            raise
        said = error.strerror if isinstance(error, OSError) else str(error)
        raise FeedError(f"{said}", path=path) from None


def _peek(stream: Any, name: str = "") -> bytes:
    try:
        return bytes(stream.peek(6)[:6])
    except _BROKEN as error:
        raise FeedError(
            f"cannot be unpacked ({_told(error)}); fetch it again", path=name or None, offset=0
        ) from None


def _packing(head: bytes) -> str | None:
    for kind, magic in (("gz", GZIP), ("zst", ZSTD), ("xz", XZ)):
        if head.startswith(magic):
            return kind
    return None


def _choose(path: Path, member: str | None) -> str:
    names = members(path)
    if member is not None:
        if member not in names:
            raise FeedError(f"has no member {member!r}; it has {', '.join(names)}", path=path)
        return member
    if not names:
        raise FeedError("is a zip without files", path=path)
    if len(names) != 1:
        listed = "".join(f"\n  {name}" for name in names[:20])
        raise FeedError(f"holds {len(names)} files, choose one as the member:{listed}", path=path)
    return names[0]


def _open_member(path: Path, member: str) -> tuple[zipfile.ZipFile, Any]:
    archive = None
    try:
        archive = zipfile.ZipFile(path)
        return archive, archive.open(member)
    except _BROKEN as error:
        if archive is not None:
            archive.close()
        encrypted = isinstance(error, RuntimeError) and "encrypted" in str(error)
        said = "is encrypted; unpack it first" if encrypted else f"cannot be read ({_told(error)})"
        raise FeedError(said, path=f"{path}/{member}") from None


def _unpacked(stream: Any, kind: str) -> Any:
    if kind == "xz":
        return lzma.LZMAFile(stream)
    # Reading a plain file needs none of it.
    import pyarrow as pa

    return _ArrowStream(pa.CompressedInputStream(stream, "gzip" if kind == "gz" else "zstd"))


class _ArrowStream(io.RawIOBase):
    """A compressed stream of pyarrow's as one that can be buffered."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._stream.read(min(len(buffer), PIECE))
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _told(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
