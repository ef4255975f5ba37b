"""Two kernels with one journal, and a kernel that is killed while it writes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from lessonlib.record.journal import Journal
from tests.record.kills import kill

#: appends records numbered from 0, saying who wrote them, once a line comes in on its standard input
WRITER = """
import sys
from pathlib import Path
from lessonlib.record.journal import Journal
from tests.record.kills import kill

path, who, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
journal = Journal(path, lambda line: sys.exit(line))
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    journal.append({"lesson": "01-x", "question": who, "hash": "h", "lab": "l", "event": "commit", "number": number, "text": who * (number % 50 * 40)})
"""


def writer(path: Path, who: str, count: int, repo: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), who, str(count)],
        cwd=repo,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def test_two_processes_write_at_once_and_no_record_is_lost_or_mixed(tmp_path: Path, repo: Path) -> None:
    path = tmp_path / "journal.jsonl"
    both = [writer(path, who, 500, repo) for who in "ab"]
    for process in both:
        go(process)
    for process in both:
        process.communicate(timeout=50)
        assert process.returncode == 0
    records = Journal(path).records()
    for who in "ab":
        mine = [record for record in records if record["question"] == who]
        assert [record["number"] for record in mine] == list(range(500))
        assert all(record["text"] == who * (record["number"] % 50 * 40) for record in mine)
    assert len(records) == len([line for line in path.read_bytes().split(b"\n") if line]) == 1000


def test_a_writer_that_is_killed_leaves_all_it_wrote_and_the_next_goes_on(tmp_path: Path, repo: Path) -> None:
    path = tmp_path / "journal.jsonl"
    process = writer(path, "a", 10**9, repo)
    go(process)
    while not path.exists() or path.stat().st_size < 100_000:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=50)
    with path.open("ab") as file:
        file.write(b'{"v":1,"lesson":"01-x","question":"a","ha')  # the cut that a crash of the machine can leave
    Journal(path).append({"lesson": "01-x", "question": "b", "hash": "h", "lab": "l", "event": "commit", "number": 0})
    *before, last = Journal(path).records()
    assert [record["number"] for record in before] == list(range(len(before))) and len(before) > 50
    assert last["question"] == "b"


def killed_in_mid_commit(path: Path, after_s: float) -> int:
    """A learner's process that commits guess after guess until it is killed; how many it was sure to have kept."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        journal, number = Journal(path), 0
        start = len(journal.records())
        while True:
            journal.append(
                {
                    "lesson": "01-x",
                    "question": "q",
                    "hash": "h",
                    "lab": "l",
                    "event": "commit",
                    "number": start + number,
                    "text": "x" * (number * 37 % 3000),
                }
            )
            number += 1
            os.write(tell, b".")
    os.close(tell)
    kept = len(os.read(told, 1))  # it has begun, however long that took
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while chunk := os.read(told, 65536):
        kept += len(chunk)
    os.close(told)
    return kept


def test_two_hundred_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    path, sure = tmp_path / "journal.jsonl", 0
    chance = random.Random(7)
    for _ in range(200):
        sure += killed_in_mid_commit(path, chance.uniform(0.0005, 0.006))
    numbers = [record["number"] for record in Journal(path).records()]
    assert numbers == list(range(len(numbers))), "each once, in order"
    assert sure <= len(numbers) <= sure + 200, "all that were told of, and at most the one in hand at each kill"
    assert sure >= 200


def test_kills_among_short_writes_lose_nothing_that_was_told_to_be_kept(tmp_path: Path) -> None:
    """The same on a real disk that is nearly full: `python -m tests.record.kills`, as root."""
    found = kill(tmp_path / "journal.jsonl", 21, seed=7, fake=True)
    assert found.kills == 21 and found.told > 21 and found.refused > 21, "short writes and kills did happen"
    assert found.sound, found
