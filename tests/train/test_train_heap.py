"""Freed memory stays at hand while a processor trains."""

import platform
import subprocess
import sys

import pytest

from brats3d.train.heap import give_back_freed_memory, keep_freed_memory

RESIDENT_AFTER = """
import re, sys
import torch
from brats3d.train.heap import give_back_freed_memory, keep_freed_memory

if "keep" in sys.argv[1]:
    assert keep_freed_memory()
for _ in range(2):
    torch.zeros(2**26).fill_(1.0)
if "then" in sys.argv[1]:
    give_back_freed_memory()
print(re.search(r"VmRSS:\\s*(\\d+)", open("/proc/self/status").read())[1])
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library, which is left as it is")
def test_what_is_freed_stays_resident():
    resident = {
        how: int(subprocess.run([sys.executable, "-c", RESIDENT_AFTER, how], capture_output=True, check=True).stdout)
        for how in ("keep", "keep, then give back", "give back")
    }
    assert resident["keep"] - resident["give back"] > 200 * 1024
    assert resident["keep"] - resident["keep, then give back"] > 200 * 1024


def test_another_c_library_is_left_as_it_is(monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("musl", "1.2"))
    assert not keep_freed_memory.__wrapped__()
    give_back_freed_memory()
