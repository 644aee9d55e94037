"""Making the next batches while the network computes on this one."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import torch

from brats3d.train.dataset import PatchDataset

Batch = dict[str, torch.Tensor]


class AheadLoader:
    """Iterates over the batches of an epoch, some of them made ahead by one thread.

    A thread of this process, not worker processes: the cohort lies in memory, nothing is copied between processes, and
    nothing dies unseen. MONAI's `ThreadDataLoader` does the same but ends an epoch in silence where making a batch
    fails; here the error comes out where the batch would have.

    Args:
        dataset: makes a batch by its number.
        ahead: how many batches are made ahead; 0 makes each when it is asked for; `auto`: two where the data set
            finds it worthwhile, else none.
    """

    def __init__(self, *, dataset: PatchDataset, ahead: int | str = "auto") -> None:
        self.dataset = dataset
        self.ahead = (2 if dataset.is_ahead_worthwhile else 0) if ahead == "auto" else int(ahead)

    def __len__(self) -> int:
        """Return the batches an epoch."""
        return len(self.dataset)

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches of the dataset's epoch in order."""
        if self.ahead == 0:
            yield from (self.dataset[index] for index in range(len(self)))
            return
        stream = self.stream_aside()
        pool = ThreadPoolExecutor(1, "patches", initializer=take_one_core)
        try:
            pending: deque[Future[Batch]] = deque()
            for index in range(len(self)):
                while len(pending) < min(self.ahead, len(self) - index):
                    pending.append(pool.submit(self.made, index + len(pending), stream))
                yield handed_over(pending.popleft().result(), stream)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def stream_aside(self) -> torch.cuda.Stream | None:
        """Return a stream of the card's own for making batches; None on a processor.

        On the network's stream every small copy would wait for the step that is queued there.
        """
        device = self.dataset.device
        if device.type != "cuda":
            return None
        stream: torch.cuda.Stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream(device))
        return stream

    def made(self, index: int, stream: torch.cuda.Stream | None) -> Batch:
        """Return a batch, whole when this returns."""
        if stream is None:
            return self.dataset[index]
        with torch.cuda.stream(stream):
            batch = self.dataset[index]
        stream.synchronize()
        return batch


def handed_over(batch: Batch, stream: torch.cuda.Stream | None) -> Batch:
    """Return a batch whose memory its maker does not use again before the network has done with it."""
    if stream is not None:
        for tensor in batch.values():
            tensor.record_stream(torch.cuda.current_stream(tensor.device))
    return batch


def take_one_core() -> None:
    """Let torch use one core for what this thread computes; the others belong to the network."""
    torch.set_num_threads(1)
