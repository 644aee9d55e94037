"""What training minimises: Dice and binary cross-entropy over the three nested regions."""

import torch
from monai.losses.dice import DiceLoss
from torch.nn.functional import binary_cross_entropy_with_logits


class RegionLoss(torch.nn.Module):
    """Batch Dice plus binary cross-entropy over WT, TC, ET.

    The sum is nnU-Net's for regions (Isensee 2020, arXiv 2011.00848). MONAI's `DiceCELoss(sigmoid=True)` is no
    substitute: with several channels its cross-entropy is a softmax, wrong for nested regions. Dice alone gives no
    gradient where a patch holds no voxel of a region; the cross-entropy does.
    """

    def __init__(self) -> None:
        super().__init__()
        self.dice = DiceLoss(sigmoid=True, batch=True)

    def forward(self, logits: torch.Tensor, regions: torch.Tensor) -> torch.Tensor:
        """Return the loss, one number.

        Args:
            logits: float32 (N, 3, ...).
            regions: float32 (N, 3, ...), 0 or 1.
        """
        entropy = binary_cross_entropy_with_logits(logits, regions)
        loss: torch.Tensor = self.dice(logits, regions) + entropy
        return loss
