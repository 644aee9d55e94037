"""What holds for the options of every command."""

import pytest

from brats3d.cli.main import main

TWICE = "may be given once"
EMPTY = "an empty word is no path"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["segment", "DATA", "-o", "A", "-o", "B"], TWICE),
        (["segment", "DATA", "-o", "A", "--device", "cpu", "--device", "cuda"], TWICE),
        (["segment", "DATA", "-o", "A", "--overlap", ".1", "--overlap", ".5"], TWICE),
        (["train", "unet", "--data", "A", "--data", "B", "-o", "C"], TWICE),
        (["evaluate", "A", "B", "--label-scheme", "brats2020", "--label-scheme", "brats2023"], TWICE),
        (["cases", "DATA", "--log-file", "A", "--log-file", "B"], TWICE),
        (["segment", "DATA", "-o", ""], EMPTY),
        (["segment", "", "-o", "OUT"], EMPTY),
        (["phantom", "-o", ""], EMPTY),
        (["demo", "-o", ""], EMPTY),
        (["verify", ""], EMPTY),
        (["evaluate", "A", ""], EMPTY),
        (["train", "unet", "--data", "A", "-o", ""], EMPTY),
    ],
)
def test_an_option_is_given_once_and_a_path_is_a_word(words, told, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert told in capsys.readouterr().err


def test_options_that_add_up_may_be_given_again(tmp_path, capsys):
    words = ["evaluate", str(tmp_path), str(tmp_path), "--protocol", "brats2020", "--protocol", "brats2023"]
    assert main(words) == 2
    assert "no reference" in capsys.readouterr().err
    words = ["segment", str(tmp_path), "-o", f"{tmp_path}-out", "-b", "unet", "-b", "resunet"]
    assert main(words) == 2
    assert "no patient found" in capsys.readouterr().err
