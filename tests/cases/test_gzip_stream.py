import contextlib
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brats3d.cases.gzip_stream import PIECE_BYTES, Damaged, EndsEarly, GzipStream, StreamFault


def decoded(data: bytes) -> bytes:
    return b"".join(GzipStream(data).pieces())


@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=4), st.integers(0, 9))
def test_members_decode_to_one_stream(parts, level):
    assert decoded(b"".join(gzip.compress(part, level, mtime=0) for part in parts)) == b"".join(parts)


@given(st.binary(min_size=1, max_size=2000), st.data())
def test_no_flipped_bit_is_accepted_with_other_content(content, data):
    damaged = bytearray(gzip.compress(content, mtime=0))
    bit = data.draw(st.integers(0, len(damaged) * 8 - 1))
    damaged[bit // 8] ^= 1 << bit % 8
    with contextlib.suppress(StreamFault):
        assert decoded(bytes(damaged)) == content


@given(st.binary(max_size=500), st.data())
def test_every_cut_is_noticed(content, data):
    whole = gzip.compress(content, mtime=0)
    cut = data.draw(st.integers(2, len(whole) - 1))
    with pytest.raises(EndsEarly):
        decoded(whole[:cut])


def test_what_stands_behind_the_last_member_is_counted():
    stream = GzipStream(gzip.compress(b"image") + b"<html>")
    assert b"".join(stream.pieces()) == b"image"
    assert stream.trailing_bytes == 6


def test_a_bomb_comes_in_small_pieces():
    stream = GzipStream(gzip.compress(bytes(20 * PIECE_BYTES), 9))
    assert max(len(piece) for piece in stream.pieces()) <= PIECE_BYTES


def test_a_second_member_that_is_cut_is_noticed():
    with pytest.raises(EndsEarly):
        decoded(gzip.compress(b"one") + gzip.compress(b"two")[:-3])


def test_endless_empty_members_are_refused():
    with pytest.raises(Damaged, match="members"):
        decoded(gzip.compress(b"", mtime=0) * 100_001)


def test_damage_ahead_is_found_without_keeping_the_bytes():
    data = bytearray(gzip.compress(bytes(range(256)) * 9000, 0))
    data[-8] ^= 1
    stream = GzipStream(bytes(data))
    next(iter(stream.pieces()))
    assert isinstance(stream.fault_ahead(1 << 30), Damaged)
    assert GzipStream(gzip.compress(b"sound")).fault_ahead(1 << 30) is None


def test_stored_blocks_and_other_windows_decode():
    packer = zlib.compressobj(0, zlib.DEFLATED, 31)
    assert decoded(packer.compress(b"x" * 70_000) + packer.flush()) == b"x" * 70_000
