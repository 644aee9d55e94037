"""From a network's definition to the network, after its size is known to be bearable."""

import importlib.util
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from brats3d.errors import MachineError, RequestError
from brats3d.networks.classes import NETWORKS, check_network_def, divisor

if TYPE_CHECKING:
    import torch

WRONG_ARGUMENTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    IndexError,
    KeyError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What MONAI and torch raise on arguments that do not go together; they promise no class of their own."""
MAX_PARAMETERS = 200_000_000
"""Three times the largest recipe; more is refused before it is allocated."""


def build_network(network_def: Mapping[str, Any]) -> "torch.nn.Module":
    """Return the network of a definition, with MONAI's random weights (torch's global generator draws them).

    Raises:
        RequestError: the definition is refused (see `check_network_def`), is one that MONAI cannot build, or has
            more than `MAX_PARAMETERS` parameters.
        MachineError: MONAI's class needs a package that is not installed.
    """
    outline(network_def)
    return construct(network_def)


def outline(network_def: Mapping[str, Any]) -> "torch.nn.Module":
    """Return the network without storage (on torch's meta device): names, shapes and types of its weights.

    Raises:
        RequestError, MachineError: as `build_network`.
    """
    import torch

    from brats3d.networks.weightless import Weightless

    check_network_def(network_def)
    with torch.device("meta"), Weightless():
        network = construct(network_def)
    parameters = sum(weight.numel() for weight in network.parameters())
    if parameters > MAX_PARAMETERS:
        raise RequestError(f"the network has {parameters:,} parameters; at most {MAX_PARAMETERS:,} are accepted")
    return network


def outline_for(network_def: Mapping[str, Any], size: Sequence[int]) -> "torch.nn.Module":
    """Return the outline of a network that gives three regions of the size of its input; nothing is computed for that.

    Args:
        network_def: `_target_` and plain arguments.
        size: voxels along X, Y, Z of a patch or window.

    Raises:
        RequestError, MachineError: as `build_network`; also where its stages do not fit together.
    """
    import torch

    network, axes = outline(network_def).eval(), len(divisor(network_def))
    image = torch.empty((1, network_def["in_channels"], *size[:axes]), device="meta")
    target = network_def["_target_"]
    try:
        with torch.no_grad():
            shape = tuple(network(image).shape)
    except WRONG_ARGUMENTS as error:
        words = str(error).partition("\n")[0]
        raise RequestError(f"{target} of these arguments cannot take {list(size)}: {words}") from error
    wanted = (1, network_def["out_channels"], *size[:axes])
    if shape != wanted:
        raise RequestError(f"{target} of these arguments gives {shape} where {wanted} is needed")
    return network


def construct(network_def: Mapping[str, Any]) -> "torch.nn.Module":
    """Call MONAI's class with the arguments of a checked definition."""
    import monai.networks.nets
    import torch

    target = network_def["_target_"]
    for package in NETWORKS[target].needs:
        if importlib.util.find_spec(package) is None:
            raise MachineError(f"{target} needs the package {package}; install it with: pip install {package}")
    arguments = {key: value for key, value in network_def.items() if key != "_target_"}
    try:
        network = getattr(monai.networks.nets, target)(**arguments)
    except WRONG_ARGUMENTS as error:
        raise RequestError(f"MONAI cannot build {target} from these arguments: {error}") from error
    if not isinstance(network, torch.nn.Module):
        raise RequestError(f"{target} is no network")
    return network


def divisor_of(network: "torch.nn.Module") -> tuple[int, ...]:
    """Return what the size of a built network's input must divide by, one number an axis the network sees.

    MONAI's classes keep their arguments as attributes of the same names; wrappers of data-parallel training are
    looked through.

    Raises:
        RequestError: it is of no class of the table.
    """
    inner = getattr(network, "module", network)
    name = type(inner).__name__
    if name not in NETWORKS:
        raise RequestError(f"{name} is not among the networks {', '.join(NETWORKS)}")
    return NETWORKS[name].divisor(vars(inner))
