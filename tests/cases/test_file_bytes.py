import errno
import os
import socket
import tracemalloc

import pytest

from brats3d.cases import file_bytes
from brats3d.cases.file_bytes import entered, images_within, read_bytes, read_start
from brats3d.errors import BadInput, MachineError


def refusal(path, read=read_bytes) -> str:
    with pytest.raises(BadInput) as caught:
        read(path, "p/x.nii.gz")
    assert caught.value.finding.file == "p/x.nii.gz"
    return str(caught.value)


def test_a_file_is_read_whole(tmp_path):
    (tmp_path / "x").write_bytes(b"content")
    assert read_bytes(tmp_path / "x", "x") == b"content"
    assert read_start(tmp_path / "x", "x", 3) == b"con"


def test_what_is_absent_is_said_to_be_missing(tmp_path):
    assert "missing" in refusal(tmp_path / "x")
    (tmp_path / "x").symlink_to("gone")
    assert "symbolic link whose target is missing" in refusal(tmp_path / "x")


def test_a_link_to_itself_is_a_loop(tmp_path):
    (tmp_path / "x").symlink_to("x")
    assert "loop" in refusal(tmp_path / "x")


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_link_to_a_device_is_not_read(tmp_path, device):
    (tmp_path / "x").symlink_to(device)
    assert "not a regular file" in refusal(tmp_path / "x")


def test_pipes_and_sockets_do_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refusal(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        assert "not a regular file" in refusal(tmp_path / "socket")


def test_empty_and_huge_files_are_refused_before_reading(tmp_path):
    (tmp_path / "x").touch()
    assert "empty" in refusal(tmp_path / "x")
    os.truncate(tmp_path / "x", file_bytes.MAX_FILE_BYTES + 1)
    assert "too large" in refusal(tmp_path / "x")
    assert "too large" in refusal(tmp_path / "x", lambda path, name: read_start(path, name, 10))


def test_a_folder_with_one_image_is_entered_once(tmp_path):
    folder = tmp_path / "x.nii"
    folder.mkdir()
    assert "is a folder" in refusal(folder)
    (folder / "._y.nii").write_bytes(b"junk")
    (folder / "y.NII").write_bytes(b"image")
    assert read_bytes(folder, "x") == b"image"
    assert entered(folder) == folder / "y.NII"
    (folder / "z.nii.gz").write_bytes(b"other")
    assert "more than one" in refusal(folder)


def test_a_folder_within_the_folder_is_no_image(tmp_path):
    (tmp_path / "x.nii" / "y.nii").mkdir(parents=True)
    assert images_within(tmp_path / "x.nii") == []
    assert "is a folder" in refusal(tmp_path / "x.nii")


def test_no_more_memory_is_taken_than_the_file_is_long(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    tracemalloc.start()
    try:
        read_bytes(tmp_path / "x", "x")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_file_that_grows_while_it_is_read_is_still_being_written(tmp_path, monkeypatch):
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    real = os.fstat

    def before_it_grew(descriptor):
        status = real(descriptor)
        with path.open("ab") as file:
            file.write(b"more")
        return status

    monkeypatch.setattr(os, "fstat", before_it_grew)
    assert "still being written" in refusal(path)


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE, errno.ETIMEDOUT])
@pytest.mark.parametrize("read", [read_bytes, lambda path, name: read_start(path, name, 4)], ids=["all", "start"])
def test_what_the_machine_cannot_do_is_no_fault_of_the_file(tmp_path, monkeypatch, code, read):
    (tmp_path / "x").write_bytes(b"abc")

    def out_of_order(path, flags):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(file_bytes, "_open_at_once", out_of_order)
    with pytest.raises(MachineError, match="x: cannot be read"):
        read(tmp_path / "x", "x")
