"""The segment log: what was acknowledged is there, whatever happens to the process or the disk."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from readership.errors import StoreError
from readership.events import segments as module
from readership.events.segments import Record, SegmentLog, line, read_segment, segments


def event(n: int) -> Record:
    return Record("event", b'{"n":%d}' % n)


def test_what_was_appended_is_read_in_order(tmp_path: Path) -> None:
    log = SegmentLog(tmp_path / "log")
    log.append([event(1), Record("article", b'{"article_id":"a"}')])
    log.append([event(2)])
    (segment,) = segments(log.folder)
    assert not segment.finished
    found = read_segment(segment.path)
    assert found.records == [event(1), Record("article", b'{"article_id":"a"}'), event(2)]
    assert (found.damaged, found.torn, found.end) == ([], 0, segment.path.stat().st_size)
    log.append([event(3)])
    assert read_segment(segment.path, found.end).records == [event(3)]
    log.close()
    (segment,) = segments(log.folder)
    assert segment.finished
    assert segment.path.suffix == ".done"


def test_a_full_file_is_finished_and_the_next_one_begun(tmp_path: Path) -> None:
    log = SegmentLog(tmp_path, most_bytes=100)
    for n in range(5):
        log.append([event(n)])  # 24 bytes each: four a file
    assert [segment.finished for segment in segments(tmp_path)] == [True, False]
    assert [len(read_segment(segment.path).records) for segment in segments(tmp_path)] == [4, 1]
    log.close()


def test_half_a_line_at_the_end_is_left_out_and_damage_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.open"
    good, wrong = line(event(1)), line(event(2)).replace(b"2}", b"3}")
    path.write_bytes(good + wrong + line(event(4)) + line(event(5))[:-3])
    found = read_segment(path)
    assert found.records == [event(1), event(4)]
    assert found.damaged == [wrong[:-1]]
    assert found.torn == len(line(event(5))) - 3
    assert found.end == path.stat().st_size - found.torn


@pytest.mark.skipif(module.fcntl is None, reason="files cannot be held on this system")
def test_a_file_whose_process_was_killed_counts_as_finished(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from readership.events.segments import *;"
        "log = SegmentLog(Path(sys.argv[1])); log.append([Record('event', b'{}')]); print('kept', flush=True);"
        "time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"kept\n"
    assert [segment.finished for segment in segments(tmp_path)] == [False]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    (segment,) = segments(tmp_path)
    assert segment.finished
    assert read_segment(segment.path).records == [Record("event", b"{}")]


def test_a_disk_that_refuses_keeps_nothing_of_the_batch_and_takes_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = SegmentLog(tmp_path)
    log.append([event(1)])

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match="No space left on device; free some space or set READERSHIP_SEGMENTS"):
            log.append([event(2)])
    log.append([event(3)])
    log.close()
    assert [record for segment in segments(tmp_path) for record in read_segment(segment.path).records] == [
        event(1),
        event(3),
    ]
