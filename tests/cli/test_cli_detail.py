"""`-v`: each command says more on stderr, and what it prints on stdout stays as it was."""

import logging

import pytest
from patients_for_tests import reference_labels, write_image, write_patient

from brats3d.cli.detail import detail
from brats3d.cli.main import main


@pytest.fixture
def places(tmp_path):
    """A patient with a reference, and a folder that holds this reference as a mask."""
    folder = write_patient(tmp_path / "patients" / "p1")
    write_image(folder / "p1_seg.nii.gz", reference_labels())
    write_image(tmp_path / "masks" / "p1.nii.gz", reference_labels())
    return {"patients": str(tmp_path / "patients"), "masks": str(tmp_path / "masks"), "new": str(tmp_path / "new")}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["cases", "{patients}"], "p1/p1_t2.nii.gz: read whole, "),
        (["evaluate", "{masks}", "{patients}"], "p1: p1.nii.gz against p1/p1_seg.nii.gz"),
        (["bundle", "resunet"], "bundle resunet: "),
        (["phantom", "-o", "{new}", "-n", "1", "--shape", "32", "32", "24"], "32x32x24 voxels, "),
    ],
)
def test_detail_comes_with_v_alone(words, told, places, tmp_path, capsys):
    line = [word.format(**places) for word in words]
    main(line)
    plain = capsys.readouterr()
    if words[0] == "phantom":
        line[2] += "-2"
    main([*line, "-v"])
    with_detail = capsys.readouterr()
    assert told not in plain.err
    assert told in with_detail.err
    assert with_detail.out == plain.out.replace(places["new"], places["new"] + "-2")
    main([*line, "-v", "-q"])
    assert told not in capsys.readouterr().err


def test_names_from_the_disk_cannot_forge_a_line(capsys):
    with detail(True):
        logging.getLogger("brats3d.cases").info("%s: read whole", "a\nb")
    assert capsys.readouterr().err == "a\\nb: read whole\n"


def test_logging_is_left_as_it_was(capsys):
    logger = logging.getLogger("brats3d")
    before = (logger.level, list(logger.handlers))
    with pytest.raises(KeyError), detail(True):
        raise KeyError
    assert (logger.level, logger.handlers) == before
    logger.info("not shown")
    assert capsys.readouterr().err == ""
