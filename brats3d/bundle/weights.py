"""Weights on disk: written whole, read without running pickles, and only into the network we built ourselves."""

import hashlib
import io
import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brats3d.bundle.folder import WEIGHTS_FILE, Bundle
from brats3d.errors import BundleError, RequestError, first_line
from brats3d.networks import outline_for
from brats3d.output.whole import write_whole

if TYPE_CHECKING:
    import torch

MAX_ENTRIES = 10_000

# What torch.load raises on a file that is not what it should be; it promises no class of its own.
UNREADABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
    struct.error,
)


def load_network(bundle: Bundle) -> "torch.nn.Module":
    """Return a bundle's network with its weights: float32, on the processor, in evaluation mode.

    The bytes that are hashed are the bytes that are loaded. Shapes come from the network's definition alone.

    Raises:
        BundleError: the weights are not those of the metadata, hold anything but finite tensors of just the shapes
            of this network, or the network is refused.
    """
    try:
        network = outline_for(bundle.network_def, bundle.windows.size)
    except RequestError as error:
        raise BundleError(f"bundle {bundle.name}: {error}") from error
    data = bundle.weights()
    try:
        weights = read_weights(data, network.state_dict())
    except BundleError as error:
        raise BundleError(f"bundle {bundle.name}: {WEIGHTS_FILE}: {error}") from error
    # The outline has no storage of its own: the tensors read become its weights.
    network.load_state_dict(weights, strict=True, assign=True)
    return network.eval()


def read_weights(data: bytes, expected: Mapping[str, "torch.Tensor"]) -> dict[str, "torch.Tensor"]:
    """Return the tensors of a `.pt` file.

    Args:
        data: the whole file.
        expected: name to a tensor of the shape and type wanted, which may lie on the meta device.

    Returns:
        Tensors of just these names, shapes and types; float16 and bfloat16 become float32.

    Raises:
        BundleError: see `load_network`.
    """
    import torch

    refuse_bomb(data)
    try:
        found = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        raise BundleError(f"cannot be read as weights: {first_line(error)}") from error
    if not isinstance(found, dict) or found.keys() != expected.keys():
        raise BundleError(f"does not hold the weights of this network: {difference(found, expected)}")
    return {name: checked(name, found[name], tensor) for name, tensor in expected.items()}


def refuse_bomb(data: bytes) -> None:
    """Refuse a `.pt` whose entries are packed or lie over one another: they would unfold beyond the file's size."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, *UNREADABLE) as error:
        raise BundleError(f"is no .pt file: {first_line(error)}") from error
    stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
    if not stored or len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > len(data):
        raise BundleError("unfolds to more than its own size; torch.save writes no such file")


def checked(name: str, found: Any, expected: "torch.Tensor") -> "torch.Tensor":
    """Return one tensor as float32 (or the integer type wanted) after its shape, storage and values were checked."""
    import torch

    if not isinstance(found, torch.Tensor) or found.layout != torch.strided or found.is_meta:
        raise BundleError(f"{name!r} is a {type(found).__name__}, not a plain tensor")
    if found.shape != expected.shape:
        raise BundleError(f"{name!r} has shape {tuple(found.shape)} where the network has {tuple(expected.shape)}")
    if found.numel() * found.element_size() > found.untyped_storage().nbytes():
        raise BundleError(f"{name!r} claims {found.numel()} numbers and stores fewer")
    if found.is_floating_point() != expected.is_floating_point() or found.is_complex():
        raise BundleError(f"{name!r} holds {found.dtype} where the network has {expected.dtype}")
    if not bool(torch.isfinite(found).all()):
        raise BundleError(f"{name!r} holds numbers that are not finite")
    return found.to(expected.dtype).contiguous()


def difference(found: Any, expected: Mapping[str, Any]) -> str:
    """Say which names differ, the first of each kind."""
    if not isinstance(found, dict):
        return f"it is a {type(found).__name__}"
    missing = sorted(expected.keys() - found.keys())
    unknown = sorted(str(key)[:80] for key in found.keys() - expected.keys())
    return "; ".join(
        f"{word} {names[0]!r} and {len(names) - 1} more"
        for word, names in (("missing is", missing), ("unknown is", unknown))
        if names
    )


def write_weights(path: Path, state_dict: Mapping[str, "torch.Tensor"], dtype: "torch.dtype | None" = None) -> None:
    """Write a network's weights as a plain `.pt` file that appears whole or not at all.

    Args:
        path: `BUNDLE/models/model.pt`.
        state_dict: name to tensor, on any device.
        dtype: what floating numbers are stored as (float16 halves the file); None keeps them.

    Raises:
        BundleError: a number is not finite, or does not fit `dtype`.
        OutputError: the file cannot be written.
    """
    import torch

    plain: dict[str, torch.Tensor] = {}
    written: dict[tuple[int, torch.Size], torch.Tensor] = {}
    for name, tensor in state_dict.items():
        # DynUNet holds most of its modules under two names; what is one tensor in memory stays one in the file.
        one = (tensor.data_ptr(), tensor.shape)
        if one not in written:
            written[one] = tensor.detach().to("cpu", dtype if tensor.is_floating_point() else None).clone()
        plain[name] = written[one]
        if not bool(torch.isfinite(plain[name]).all()):
            raise BundleError(f"weights {name!r} hold numbers that are not finite as {plain[name].dtype}")
    buffer = io.BytesIO()
    torch.save(plain, buffer)
    write_whole(path, buffer.getvalue())


def weights_entry(path: Path) -> dict[str, Any]:
    """Return what `metadata.json` says under `brats3d.weights` of a weights file."""
    data = path.read_bytes()
    return {"file": WEIGHTS_FILE, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
