"""Reading a quarter of the SEC's Financial Statement Data Sets: seconds and peak memory by rows.

Run as ``PYTHONPATH=. python benchmarks/financial_statements.py``. The archives are synthetic: the real quarter
2010q2 (in ``MARKET_REAL_DATA``) over and over under other accession numbers, with made-up footnotes so that a row is
as long as in 2025, and made-up geographies beside every revenue of a full year. Each is read in a process of its own.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

RUNS = 3
REAL = Path(os.environ.get("MARKET_REAL_DATA", "../shared/data")) / "sec" / "fsds_2010q2.zip"
SIZES = (136_044, 1_000_000, 3_658_551)
"""Rows of num: as in 2010q2, a million, and as many as 2025q1 has."""
REGIONS = ("US", "NonUs", "CA", "CN", "GB", "Europe", "AsiaPacific", "LatinAmerica", "RestOfWorld")
FOOTNOTE = "Made up for a benchmark, so that a row has its size."
YEAR = "-10-"
"""The year within the accession numbers of 2010q2; a copy has its number there."""
_READ = """
import sys
from pathlib import Path
from pipelines.sources.financial_statements import read_financial_statements
for name in sys.argv[1:]:
    print(*read_financial_statements(Path(name)).counts)
"""


def geographies(row: str) -> list[str]:
    """Return made-up splits of a fact, where it is a revenue of a full year of the whole company."""
    cells = row.split("\t")
    if "Revenue" not in cells[1] or cells[4] != "4" or cells[6]:
        return []
    return ["\t".join([*cells[:6], f"Geographical={region};", *cells[7:]]) for region in REGIONS]


def write_archive(path: Path, rows: int) -> tuple[int, int]:
    """Write an archive with so many rows of num; return the bytes of num and of the archive."""
    with zipfile.ZipFile(REAL) as real:
        sub_header, *sub = real.read("sub.txt").decode().splitlines()
        num_header, *num = real.read("num.txt").decode().splitlines()
    block = [f"{line}{FOOTNOTE}" for row in num for line in (row, *geographies(row))] if rows > len(num) else num
    copies = -(-rows // len(block))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        copied = [row.replace(YEAR, f"-{copy:02d}-") for copy in range(copies) for row in sub]
        archive.writestr("sub.txt", "\n".join([sub_header, *copied, ""]))
        with archive.open("num.txt", "w", force_zip64=True) as file:
            size = file.write(f"{num_header}\n".encode())
            for copy in range(copies):
                part = block[: rows - copy * len(block)]
                size += file.write("".join(f"{row}\n" for row in part).replace(YEAR, f"-{copy:02d}-").encode())
    return size, path.stat().st_size


def measured(*arguments: str) -> tuple[float, float, str]:
    """Return wall seconds, peak memory in MB and output of a process that reads archives."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", _READ, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"expected an archive that can be read, was status {status}: {arguments}")
    return time.perf_counter() - began, usage.ru_maxrss / 1024, output


def main() -> None:
    """Measure and print Markdown."""
    if not REAL.is_file():
        raise SystemExit(f"expected {REAL} (set MARKET_REAL_DATA), was none")
    print("| rows of num | MB of num | MB of zip | filings kept | facts kept | median s | range s | peak MB |")
    print("|---|---|---|---|---|---|---|---|")
    idle = [measured() for _ in range(RUNS)]
    seconds, memory = statistics.median(run[0] for run in idle), statistics.median(run[1] for run in idle)
    print(f"| imports alone | | | | | {seconds:.1f} | | {memory:.0f} |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for rows in SIZES:
            path = Path(folder) / f"fsds_{rows}.zip"
            text, zipped = write_archive(path, rows)
            runs = [measured(str(path)) for _ in range(RUNS)]
            _, counted, filings, facts = runs[0][2].split()
            assert int(counted) == rows
            times, peak = [run[0] for run in runs], max(run[1] for run in runs)
            print(
                f"| {rows:,} | {text / 1e6:.0f} | {zipped / 1e6:.0f} | {filings} | {facts} | "
                f"{statistics.median(times):.1f} | {min(times):.1f} to {max(times):.1f} | {peak:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
