"""Inflate gzip data to the end of its last member: only there does zlib check the CRC and the length."""

import zlib
from collections.abc import Iterator

GZIP_MAGIC = b"\x1f\x8b"
PIECE_BYTES = 1 << 20
"""Most decoded bytes at once, so that a bomb is stopped in time."""
FEED_BYTES = 1 << 18
"""Compressed bytes handed to zlib at once: it copies what it does not use, so small portions keep this linear."""
MOST_MEMBERS = 100_000


class StreamFault(Exception):
    """The compressed stream is not whole."""


class EndsEarly(StreamFault):
    """The input is spent before the end of a member."""


class Damaged(StreamFault):
    """zlib found something impossible, or a checksum that does not fit."""


class GzipStream:
    """Pieces of decoded bytes, member after member; whole only once it has been read to its end.

    >>> import gzip
    >>> stream = GzipStream(gzip.compress(b"one ") + gzip.compress(b"two") + bytes(9))
    >>> b"".join(stream.pieces()), stream.trailing_bytes
    (b'one two', 9)
    """

    def __init__(self, data: bytes) -> None:
        self._input = memoryview(data)
        self._at = 0
        self._pieces = self._inflate()
        self.trailing_bytes = 0
        """Bytes after the last member; known at the end."""

    def pieces(self) -> Iterator[bytes]:
        """Return what is still to be decoded, in pieces of at most 1 MiB; the same iterator every time.

        Raises:
            EndsEarly: while iterating, the input is spent before the end.
            Damaged: while iterating, the data cannot be right.
        """
        return self._pieces

    def fault_ahead(self, most_bytes: int) -> StreamFault | None:
        """Decode on, keeping nothing, and return the fault met within `most_bytes`, if any."""
        count = 0
        try:
            for piece in self._pieces:
                count += len(piece)
                if count > most_bytes:
                    break
        except StreamFault as fault:
            return fault
        return None

    def _inflate(self) -> Iterator[bytes]:
        for _ in range(MOST_MEMBERS):
            yield from self._inflate_member()
            rest = self._input[self._at :]
            if bytes(rest[:2]) != GZIP_MAGIC:
                self.trailing_bytes = len(rest)
                return
        raise Damaged(f"more than {MOST_MEMBERS} gzip members")

    def _inflate_member(self) -> Iterator[bytes]:
        member = zlib.decompressobj(31)
        pending: bytes | memoryview = b""
        while not member.eof:
            if not pending:
                pending = self._input[self._at : self._at + FEED_BYTES]
                self._at += len(pending)
            is_spent = not pending
            try:
                piece = member.decompress(pending, PIECE_BYTES)
            except zlib.error as error:
                raise Damaged(str(error)) from error
            pending = member.unconsumed_tail
            if piece:
                yield piece
            elif is_spent and not member.eof:
                raise EndsEarly("the compressed data stop before their end")
        self._at -= len(member.unused_data)
