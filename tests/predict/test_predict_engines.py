"""Which device, engine and precision are taken."""

import pytest
import torch

from brats3d.errors import DeviceError, RequestError
from brats3d.predict.engines import choose_device, choose_engine
from brats3d.predict.engines.precision import Precision, choose_precision


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx512_bf16": True}, Precision.BFLOAT16),
        ({"amx_bf16": True, "avx512_bf16": False}, Precision.BFLOAT16),
        ({"avx512_f": True, "avx512_bf16": False, "amx_bf16": False}, Precision.FLOAT32),
        ({}, Precision.FLOAT32),
    ],
)
def test_auto_takes_bfloat16_only_where_the_processor_has_it(monkeypatch, capabilities, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert choose_precision("auto", "cpu") is expected
    assert choose_precision("auto", torch.device("cpu")) is expected
    assert choose_precision("bfloat16", "cpu") is Precision.BFLOAT16
    assert choose_precision("float32", "cpu") is Precision.FLOAT32


@pytest.mark.parametrize(("supported", "expected"), [(True, Precision.BFLOAT16), (False, Precision.FLOAT32)])
def test_auto_asks_the_card_without_emulation(monkeypatch, supported, expected):
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation=True: supported or including_emulation
    )
    assert choose_precision("auto", "cuda:0") is expected
    if not supported:
        with pytest.raises(DeviceError, match="does not compute in bfloat16"):
            choose_precision("bfloat16", "cuda:0")


def test_an_old_torch_without_the_table_means_float32(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert choose_precision("auto", "cpu") is Precision.FLOAT32


def test_an_unknown_precision_names_its_nearest():
    with pytest.raises(RequestError, match=r"unknown precision 'bfloat'; did you mean 'bfloat16'\?"):
        choose_precision("bfloat", "cpu")
    with pytest.raises(DeviceError, match="float16"):
        choose_precision("float16", "cpu")


@pytest.mark.parametrize(
    ("asked", "cards", "expected"),
    [
        ("auto", 0, "cpu"),
        ("auto", 2, "cuda:0"),
        ("cpu", 2, "cpu"),
        ("cuda", 1, "cuda:0"),
        ("cuda:1", 2, "cuda:1"),
    ],
)
def test_the_device_asked_for_is_taken(monkeypatch, asked, cards, expected):
    monkeypatch.setattr("brats3d.predict.engines.cuda_cards", lambda: cards)
    assert choose_device(asked) == expected


@pytest.mark.parametrize(("asked", "cards"), [("cuda", 0), ("cuda:1", 1)])
def test_a_card_that_is_not_here_is_an_error_of_the_machine(monkeypatch, asked, cards):
    monkeypatch.setattr("brats3d.predict.engines.cuda_cards", lambda: cards)
    with pytest.raises(DeviceError, match=f"device '{asked}' is not here"):
        choose_device(asked)


@pytest.mark.parametrize("asked", ["gpu", "cuda:", "cuda:-1", "cuda:x", "cpu:0", ""])
def test_an_unknown_device_is_an_error_of_the_request(asked):
    with pytest.raises(RequestError, match="unknown device"):
        choose_device(asked)


def test_engines_not_built_yet_are_unknown():
    assert choose_engine("auto") == choose_engine("torch") == "torch"
    with pytest.raises(RequestError, match="unknown engine 'openvino'"):
        choose_engine("openvino")
