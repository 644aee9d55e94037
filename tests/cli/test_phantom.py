import pytest

from brats3d.cli.main import main

SMALL = ["--shape", "24", "26", "20", "-q"]


def test_patients_are_written_and_named(tmp_path, capsys):
    assert main(["phantom", "-o", str(tmp_path), "-n", "2", *SMALL]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["BraTS20_Phantom_001", "BraTS20_Phantom_002"]
    assert said[2] == f"2 made-up patients of layout brats2020 in {tmp_path}"
    assert sorted(path.name for path in tmp_path.iterdir()) == said[:2]


def test_three_are_the_default(tmp_path):
    assert main(["phantom", "-o", str(tmp_path), "--layout", "plain", *SMALL]) == 0
    assert len(list(tmp_path.iterdir())) == 3


def test_the_seed_decides(tmp_path):
    for name, seed in (("a", "4"), ("b", "4"), ("c", "5")):
        assert main(["phantom", "-o", str(tmp_path / name), "-n", "1", "--seed", seed, *SMALL]) == 0
    one, same, other = (
        (tmp_path / name / "BraTS20_Phantom_001/BraTS20_Phantom_001_t1.nii.gz").read_bytes() for name in "abc"
    )
    assert one == same != other


def test_patients_that_are_there_already_are_exit_2_and_stay(tmp_path, capsys):
    first = ["phantom", "-o", str(tmp_path), "-n", "1", *SMALL]
    assert main(first) == 0
    assert main(first) == 2
    assert "already there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-n", "0"], "at least one"),
        (["--seed", "-3"], "must not be negative"),
        (["--layout", "msdd"], "did you mean 'msd'"),
        (["--shape", "5", "9", "9"], "at least 8 voxels"),
    ],
)
def test_a_request_that_cannot_be_is_exit_2_in_one_line(tmp_path, capsys, words, said):
    assert main(["phantom", "-o", str(tmp_path / "out"), *words]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("words", [[], ["-o", "x", "-n", "two"], ["-o", "x", "--shape", "8", "8"]])
def test_words_that_do_not_parse_are_exit_2(words, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["phantom", *words])
    assert "usage" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_exit_3(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["phantom", "-o", str(tmp_path / "file" / "out"), "-n", "1", *SMALL]) == 3
    assert "choose another output folder" in capsys.readouterr().err
