"""A bundle, opened and proven, and its network, for MONAI's configs to name."""

from typing import TYPE_CHECKING

from brats3d.bundle import Bundle, load_network, open_bundle

if TYPE_CHECKING:
    import torch


def proven_bundle(*, bundle_root: str) -> Bundle:
    """Return an opened bundle: `common.yaml` checked, and what it leaves out put in.

    Raises:
        BundleError: the bundle is missing, damaged or refused.
    """
    return open_bundle(bundle_root)


def proven_network(*, bundle_root: str, device: "torch.device") -> "torch.nn.Module":
    """Return a bundle's network on a device, its weights checked before anything parses them.

    Args:
        bundle_root: the bundle's folder.
        device: where it shall compute.

    Raises:
        BundleError: the bundle is missing, damaged or refused.
    """
    return load_network(open_bundle(bundle_root)).to(device)
