#!/usr/bin/env python3
"""How busy each unit of the GPU was, by kernel, from `ncu --csv`.

    ncu.py FILE        a table of a CSV of `--page raw` or `--page details`; - reads the input
    ncu.py --metrics   the metrics to collect, from the output of `ncu --query-metrics`

Per cent of the unit's peak over the kernel's time: tensor (the tensor pipe), smem (the banks
of shared memory and L1, read or written), hbm (device memory), l2 (its slices, and their port
to the SMs). A cell is the largest of the unit's counters that were collected.
"""

import csv
import re
import sys

UNITS = {
    "tensor": ("sm__pipe_tensor_cycles_active", "sm__pipe_tensor_op_hmma_cycles_active",
               "sm__inst_executed_pipe_tensor"),
    "smem": ("l1tex__data_bank_reads", "l1tex__data_bank_writes",
             "l1tex__data_pipe_lsu_wavefronts_mem_shared"),
    "hbm": ("dram__throughput",),
    "l2": ("lts__throughput", "lts__t_sectors", "lts__lts2xbar_cycles_active"),
}
DURATION = "gpu__time_duration.sum"
SHARE = re.compile(r"(?:breakdown:)?(\w+)\.(?:avg|sum)\.pct_of_peak_sustained_(elapsed|active)$")
# What --page details calls them.
TITLES = {"DRAM Throughput": ("hbm", "dram__throughput"),
          "L2 Cache Throughput": ("l2", "lts__throughput"), "Duration": ("us", DURATION)}
MICROSECONDS = {"nsecond": 1e-3, "ns": 1e-3, "usecond": 1.0, "us": 1.0, "msecond": 1e3, "ms": 1e3,
                "second": 1e6, "s": 1e6}


def wanted_metrics(available):
    """The metrics of UNITS that the chip has, by the text of `ncu --query-metrics`."""
    known = {line.split()[0] for line in available.splitlines() if line.strip()}
    found = [f"{base}.avg.pct_of_peak_sustained_elapsed" for bases in UNITS.values()
             for base in bases if base in known]
    if not found:
        raise ValueError("expected metrics of the tensor pipe, memory or L2, but got none")
    return found + [DURATION]


def _number(text):
    try:
        return float(text.replace(",", ""))
    except (AttributeError, ValueError):
        return None


def _unit_of(metric):
    """(unit, base) of a share of a peak; None for any other metric."""
    match = SHARE.match(metric)
    if not match:
        return None
    for unit, bases in UNITS.items():
        if match.group(1) in bases:
            return unit, match.group(1)
    return None


class Kernel:
    """One launch: `shares` is {unit: {base of the metric: per cent}}; `us` its duration."""

    def __init__(self, name):
        self.name, self.us, self.shares = name, None, {}

    def add(self, metric, unit_text, value):
        number = _number(value)
        if number is None:
            return
        if metric == DURATION or TITLES.get(metric, ("",))[0] == "us":
            # The text of a unit that is not known must not become a wrong time.
            scale = MICROSECONDS.get(unit_text)
            self.us = None if scale is None else number * scale
            return
        found = _unit_of(metric) or TITLES.get(metric)
        if found:
            of_unit = self.shares.setdefault(found[0], {})
            # The same counter over active and over elapsed cycles: the lower is over all.
            of_unit[found[1]] = min(number, of_unit.get(found[1], number))

    def share(self, unit):
        """(per cent, metric) of the busiest counter of `unit`, or None."""
        of_unit = self.shares.get(unit)
        return max((value, base) for base, value in of_unit.items()) if of_unit else None


def parse(text):
    """The kernels of a CSV that ncu printed, in order; ValueError if there are none."""
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith('"ID"')), None)
    if start is None:
        raise ValueError('expected CSV of ncu with a header that begins with "ID", but got '
                         + (repr(lines[0][:80]) if lines else "an empty text"))
    rows = list(csv.reader(line for line in lines[start:] if line.startswith('"')))
    header = rows[0]
    if "Kernel Name" not in header:
        raise ValueError("expected a column Kernel Name, but got " + ", ".join(header[:8]))
    name = header.index("Kernel Name")
    kernels = _parse_long(header, rows[1:], name) if "Metric Name" in header else _parse_wide(
        header, rows[1:], name)
    if not kernels:
        raise ValueError("expected at least one profiled kernel, but got none")
    return kernels


def _parse_long(header, rows, name):
    """--page details: a line for each metric."""
    metric, value = header.index("Metric Name"), header.index("Metric Value")
    unit, kernels = header.index("Metric Unit"), {}
    for row in rows:
        if len(row) == len(header):
            kernel = kernels.setdefault(row[0], Kernel(row[name]))
            kernel.add(row[metric], row[unit], row[value])
    return list(kernels.values())


def _parse_wide(header, rows, name):
    """--page raw: a column for each metric, units in the line after the header."""
    kernels, units = [], [""] * len(header)
    for row in rows:
        if len(row) != len(header):
            continue
        if not row[0]:
            units = row
            continue
        kernel = Kernel(row[name])
        for metric, unit, value in zip(header, units, row):
            kernel.add(metric, unit, value)
        kernels.append(kernel)
    return kernels


def format_kernels(kernels):
    lines = [" ".join(f"{title:>8}" for title in ("us", *UNITS)) + "  kernel"]
    for kernel in kernels:
        shares = [kernel.share(unit) for unit in UNITS]
        cells = ["n/a" if kernel.us is None else f"{kernel.us:.1f}"]
        cells += [f"{share[0]:.1f} %" if share else "n/a" for share in shares]
        lines.append(" ".join(f"{cell:>8}" for cell in cells) + "  " + kernel.name[:100])
        lines.append(" " * 9 + "by " + ", ".join(share[1] for share in shares if share))
    return "\n".join(lines)


def main(arguments):
    try:
        if arguments == ["--metrics"]:
            print(",".join(wanted_metrics(sys.stdin.read())))
            return 0
        if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
            print(__doc__)
            return 2
        if arguments[0] == "-":
            text = sys.stdin.read()
        else:
            with open(arguments[0], errors="replace") as file:
                text = file.read()
        print(format_kernels(parse(text)))
    except (OSError, ValueError) as error:
        print(f"ncu.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
