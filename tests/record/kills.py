"""Kernels that are killed while they write to a disk that is nearly full: what was told to be kept must stand there.

`python -m tests.record.kills 200` does it on a disk of 256 kB (a tmpfs, so it takes root) and prints what it found.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lessonlib.record.journal import Journal
from lessonlib.record.lines import record_of

DISK_BYTES = 256 * 1024
WRITERS = 3


@dataclass
class Found:
    """kills: writers killed. told: records of which a writer was told that they are kept. lost: of those, not in the file.
    doubled: records that stand there twice. torn: lines cut by a kill. harmed: lines that are neither a record nor the beginning of one.
    refused: how often a writer was told that something is not kept.
    """

    kills: int = 0
    told: int = 0
    lost: int = 0
    doubled: int = 0
    torn: int = 0
    harmed: int = 0
    refused: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing that was kept is lost or harmed."""
        return not (self.lost or self.doubled or self.harmed)


def short_writes(chance: random.Random) -> None:
    """From here on, in this process, every third write takes a part only, and some take nothing: a disk that fills and empties."""
    write = os.write

    def odd(handle: int, data: bytes) -> int:
        if len(data) < 40 or chance.random() > 0.4:  # the words to the parent are short
            return write(handle, data)
        if chance.random() < 0.3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(handle, data[: chance.randrange(1, len(data))])

    os.write = odd


def _write_until_killed(path: Path, who: str, tell: int, seed: int, fake: bool) -> None:
    chance = random.Random(seed)
    if fake:
        short_writes(chance)
    journal = Journal(path)
    for number in range(10**9):
        text = who * chance.randrange(0, 900)
        journal.append(
            {
                "lesson": "01-x",
                "question": who,
                "hash": "h",
                "lab": "l",
                "event": "commit",
                "number": number,
                "text": text,
            }
        )
        os.write(tell, b"x" if journal.fault else b"%d." % number)


def _started(path: Path, who: str, seed: int, fake: bool) -> tuple[int, int]:
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(told)
        try:
            _write_until_killed(path, who, tell, seed, fake)
        finally:
            os._exit(1)
    os.close(tell)
    return child, told


def _read(told: int) -> bytes:
    parts = []
    while part := os.read(told, 1 << 16):
        parts.append(part)
    os.close(told)
    return b"".join(parts)


def kill(path: Path, kills: int, seed: int, *, fake: bool, fill: Path | None = None) -> Found:
    """Kill so many writers, three at a time; ``fill``: a file on the same disk, which leaves it now little room, now none."""
    found, chance, seen = Found(), random.Random(seed), 0
    while found.kills < kills:
        names = [f"w{found.kills + n}" for n in range(min(WRITERS, kills - found.kills))]
        writers = [_started(path, who, chance.randrange(1 << 30), fake) for who in names]
        until = time.monotonic() + chance.uniform(0.05, 0.15)
        while time.monotonic() < until:
            if fill is not None:
                _leave_room(fill, chance.choice((0, 4096, 8192, 32768)))
            time.sleep(0.002)
        for child, _ in writers:
            os.kill(child, signal.SIGKILL)
        said = {}
        for who, (child, told) in zip(names, writers, strict=True):
            os.waitpid(child, 0)
            said[who] = _read(told)
        found.kills += len(writers)
        seen = _check(path, seen, said, found)
        if seen > DISK_BYTES // 2:
            path.unlink()
            seen = 0
    return found


def _leave_room(fill: Path, wanted: int) -> None:
    """Let the file grow or shrink until about so many bytes are free."""
    disk = os.statvfs(fill.parent)
    size = (fill.stat().st_size if fill.exists() else 0) + disk.f_bavail * disk.f_frsize - wanted
    with contextlib.suppress(OSError), fill.open("ab") as file:
        if size > file.tell():
            os.posix_fallocate(file.fileno(), file.tell(), size - file.tell())
        else:
            os.ftruncate(file.fileno(), max(0, size))


def _check(path: Path, seen: int, said: dict[str, bytes], found: Found) -> int:
    """Hold what was said against what stands behind the first ``seen`` bytes; how many bytes there are now."""
    numbers: dict[str, list[int]] = {who: [] for who in said}
    data = path.read_bytes() if path.exists() else b""
    for line in data[seen:].split(b"\n"):
        record = record_of(line)
        if record is None:
            found.torn += bool(line)
            found.harmed += line.count(b'{"v":') > 1 or not b'{"v":1,"time":"'.startswith(line[:15])
        elif record["question"] in numbers:
            numbers[record["question"]].append(record["number"])
    for who, words in said.items():
        found.refused += words.count(b"x")
        kept = [int(word) for word in words.replace(b"x", b"").split(b".")[:-1]]
        last = kept[-1] if kept else -1  # "kept" is said when nothing waits any more
        found.told += last + 1
        found.lost += len(set(range(last + 1)) - set(numbers[who]))
        found.doubled += len(numbers[who]) - len(set(numbers[who]))
    return len(data)


@contextlib.contextmanager
def small_disk() -> Iterator[Path]:
    """A folder on a disk of its own. Raises CalledProcessError where nobody may mount one."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def main() -> int:
    """Print what was found; 1 if anything was lost or harmed."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with small_disk() as disk:
        found = kill(disk / "journal.jsonl", kills, seed=7, fake=False, fill=disk / "fill")
    print(found)
    return int(not found.sound)


if __name__ == "__main__":
    raise SystemExit(main())
