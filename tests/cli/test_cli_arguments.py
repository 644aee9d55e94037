"""What holds for the options of every command."""

import pytest

from brats3d.cli.main import main


@pytest.mark.parametrize(
    "words",
    [
        ["segment", "DATA", "-o", "A", "-o", "B"],
        ["segment", "DATA", "-o", "A", "-b", "unet", "-b", "resunet"],
        ["segment", "DATA", "-o", "A", "--overlap", ".1", "--overlap", ".5"],
        ["train", "unet", "--data", "A", "--data", "B", "-o", "C"],
        ["evaluate", "A", "B", "--label-scheme", "brats2020", "--label-scheme", "brats2023"],
        ["cases", "DATA", "--log-file", "A", "--log-file", "B"],
    ],
    ids=" ".join,
)
def test_an_option_is_given_once(words, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert "may be given once" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["segment", "DATA", "-o", ""],
        ["segment", "", "-o", "OUT"],
        ["phantom", "-o", ""],
        ["demo", "-o", ""],
        ["verify", ""],
        ["evaluate", "A", ""],
        ["train", "unet", "--data", "A", "-o", ""],
    ],
    ids=" ".join,
)
def test_an_empty_word_is_not_the_folder_one_is_in(words, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert "an empty word is no path" in capsys.readouterr().err


def test_options_that_add_up_may_be_given_again(tmp_path, capsys):
    words = ["evaluate", str(tmp_path), str(tmp_path), "--protocol", "brats2020", "--protocol", "brats2023"]
    assert main(words) == 2
    assert "no reference" in capsys.readouterr().err
