"""What training minimises: Dice and cross-entropy over the three nested regions."""

from typing import Any

import torch
from monai.losses.focal_loss import FocalLoss
from torch.nn.functional import binary_cross_entropy_with_logits

SMOOTH = 1e-5
"""Added to both sides of the Dice fraction, as in MONAI: an empty region found empty is 1."""
HEAD_SHARE = 0.5
"""How much less the loss of each coarser head weighs than that of the one before (Isensee 2021)."""


class RegionLoss(torch.nn.Module):
    """Batch Dice plus cross-entropy over WT, TC, ET.

    The sum with binary cross-entropy is nnU-Net's for regions (Isensee 2020, arXiv 2011.00848), that with focal loss
    the one of Futrega 2021 (arXiv 2110.03352). MONAI's `DiceCELoss(sigmoid=True)` is no substitute: with several
    channels its cross-entropy is a softmax, wrong for nested regions. Dice alone gives no gradient where a patch holds
    no voxel of a region; the cross-entropy does.

    Sums of the Dice run over the batches of all ranks, so that several ranks learn what one with all their patches
    would.

    Args:
        entropy: `bce` or `focal`.
        focal_gamma: exponent of the focal loss.
    """

    def __init__(self, *, entropy: str = "bce", focal_gamma: float = 2.0) -> None:
        super().__init__()
        self.focal = FocalLoss(include_background=True, gamma=focal_gamma) if entropy == "focal" else None

    def forward(self, logits: torch.Tensor, regions: torch.Tensor) -> torch.Tensor:
        """Return the loss, one number.

        Args:
            logits: float32 (N, 3, ...); or (N, H, 3, ...) of a network with H heads, the finest first.
            regions: float32 (N, 3, ...), 0 or 1.
        """
        if logits.dim() == regions.dim():
            return self.of_head(logits, regions)
        heads = torch.unbind(logits, 1)
        shares = [HEAD_SHARE**place for place in range(len(heads))]
        losses = [share * self.of_head(head, regions) for share, head in zip(shares, heads, strict=True)]
        return torch.stack(losses).sum() / sum(shares)

    def of_head(self, logits: torch.Tensor, regions: torch.Tensor) -> torch.Tensor:
        """Return the loss of one head."""
        loss: torch.Tensor = DiceAndEntropy.apply(logits, regions, self.focal is None)  # type: ignore[no-untyped-call]
        return loss if self.focal is None else loss + self.focal(logits, regions)


class DiceAndEntropy(torch.autograd.Function):
    """Batch Dice loss, with or without binary cross-entropy, and its gradient in one pass.

    Left to autograd, the same sum takes three times as long and an eighth of a whole step on a processor.
    """

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, regions: torch.Tensor, with_entropy: bool) -> torch.Tensor:
        """Return the mean of the regions' Dice losses over the joint batch, plus the mean entropy of this rank's."""
        # One layout for all that follows; the network's own, channels last, is twice as slow to add up.
        logits, regions = logits.contiguous(), regions.contiguous()
        probabilities = torch.sigmoid(logits)
        axes = (0, *range(2, logits.dim()))
        common = torch.einsum("nc...,nc...->c", probabilities, regions)
        sums = torch.stack([common, probabilities.sum(axes) + regions.sum(axes)])
        if ranks() > 1:
            torch.distributed.all_reduce(sums)
        ctx.save_for_backward(probabilities, regions, sums)
        ctx.with_entropy = with_entropy
        dice = (1.0 - (2.0 * sums[0] + SMOOTH) / (sums[1] + SMOOTH)).mean()
        return dice + binary_cross_entropy_with_logits(logits, regions) if with_entropy else dice

    @staticmethod
    def backward(ctx: Any, *outer: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        """Return the gradient for the logits."""
        probabilities, regions, (shared, both) = ctx.saved_tensors
        shape = (1, -1, *[1] * (probabilities.dim() - 2))
        # Gradients of ranks are averaged afterwards, while each is only a part of the joint sums' gradient.
        scale = ranks() / (probabilities.shape[1] * (both + SMOOTH))
        of_shared, of_both = -2.0 * scale, scale * (2.0 * shared + SMOOTH) / (both + SMOOTH)
        gradient = regions * of_shared.view(shape) + of_both.view(shape)
        gradient.mul_(probabilities).addcmul_(gradient, probabilities, value=-1)  # the sigmoid's: p (1 - p)
        if ctx.with_entropy:
            share = 1.0 / probabilities.numel()
            gradient.add_(probabilities, alpha=share).sub_(regions, alpha=share)
        return gradient.mul_(outer[0]), None, None


def ranks() -> int:
    """Return how many processes train together."""
    joined = torch.distributed.is_available() and torch.distributed.is_initialized()
    return torch.distributed.get_world_size() if joined else 1
