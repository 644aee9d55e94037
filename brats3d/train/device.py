"""Where training computes, and how precisely: decided from what the machine says it can do."""

import os

import torch

from brats3d.predict.engines.precision import AUTO, Precision, choose_precision


def precision_for(*, precision: str, device: torch.device) -> str:
    """Return float32, bfloat16 or float16 for training on a device.

    `auto` takes bfloat16 where it is fast, float16 with scaled gradients on CUDA without it, else float32.

    Args:
        precision: auto, float32 or bfloat16.
        device: where training runs.
    """
    chosen = choose_precision(precision, str(device))
    without_bfloat16 = precision == AUTO and chosen == Precision.FLOAT32 and device.type == "cuda"
    return "float16" if without_bfloat16 else str(chosen)


def join_ranks() -> torch.device:
    """Join the process group that torchrun set up, and return this process's device.

    NCCL between GPUs where there is one a process, else gloo on the CPU.
    """
    local, ranks = int(os.environ.get("LOCAL_RANK", "0")), int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    # Every process must decide alike, or they wait for one another for ever.
    on_gpu = torch.cuda.is_available() and torch.cuda.device_count() >= ranks
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group("nccl" if on_gpu else "gloo")
    if not on_gpu:
        return torch.device("cpu")
    torch.cuda.set_device(local)
    return torch.device("cuda", local)


def leave_ranks() -> None:
    """Leave the process group that `join_ranks` joined.

    Gloo's end waits for its threads with Python's lock in hand, and a thread that is just freeing a tensor waits for
    that lock: for ever (torch 2.13, seen once in 75 runs). At a barrier the lock is free, so that the thread can end.
    """
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()
