"""A writer of masks killed at many moments: the writing alone, without a network, so that most kills hit it."""

import os
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from brats3d.output.record import mask_path, read_record
from brats3d.output.unfinished import sweep
from brats3d.output.verify import verify

pytestmark = pytest.mark.slow

KILLS = 60
WRITER = """
    import sys
    from itertools import count
    from pathlib import Path
    import numpy as np
    from brats3d.grid import Grid
    from brats3d.output.record import write_done
    from brats3d.output.sidecar import Record, RecordStatus

    rng = np.random.default_rng(int(sys.argv[2]))
    print("ready", flush=True)
    for number in count():
        label_map = rng.choice(np.array([0, 1, 2, 4], np.uint8), (40, 40, 40))
        record = Record(f"p{number % 5}", RecordStatus.DONE, label_scheme="brats2020")
        write_done(Path(sys.argv[1]), record, label_map, Grid((40, 40, 40), np.eye(4)))
"""


def test_after_every_kill_a_sweep_leaves_only_whole_pairs_or_what_will_be_done_again(tmp_path):
    rng = np.random.default_rng(1)
    stray = unfinished = 0
    for seed in range(KILLS):
        command = [sys.executable, "-c", textwrap.dedent(WRITER), str(tmp_path), str(seed)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout.readline()
            time.sleep(rng.uniform(0.0, 0.3))
            writer.kill()
        stray += sweep(tmp_path)
        assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]
        bad = {each.id: each.reason for each in verify(tmp_path).bad}
        # At most the one in work: its old record may stand beside its new mask, or beside none.
        assert len(bad) <= 1, bad
        assert all("changed" in reason or "missing" in reason for reason in bad.values()), bad
        for case_id in bad:
            unfinished += 1
            mask_path(tmp_path, case_id).unlink(missing_ok=True)
            assert read_record(tmp_path / f"{case_id}.json") is not None
            (tmp_path / f"{case_id}.json").unlink()
    assert stray
    print(f"{KILLS} kills, {stray} stray parts swept, {unfinished} patients to be done again")
