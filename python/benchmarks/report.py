"""Results of the benchmarks: lines of a CSV, ratios, goals, a summary. Needs no GPU."""

import csv
import dataclasses
import json
import math
import os
import pathlib
import statistics

FIELDS = ("row", "group", "n", "k", "m", "dtype", "pattern", "density", "competitor", "config",
          "status", "reason", "median_us", "min_us", "max_us", "rounds", "launches", "sets",
          "error", "worst_element", "samples_us")
NUMBERS = ("density", "median_us", "min_us", "max_us", "error", "worst_element")
INTEGERS = ("n", "k", "m", "rounds", "launches", "sets")
OURS = ("ours", "ours-dense")


def geometric_mean(values):
    values = list(values)
    return math.exp(statistics.fmean(math.log(v) for v in values)) if values else math.nan


def make_line(row, competitor, config="", status="ok", reason="", density=None, samples_us=(),
              **numbers):
    """One line of the CSV. `status` is ok, n/a (a peer cannot), or failed (we cannot)."""
    line = dict.fromkeys(FIELDS, "")
    line.update(row=row.name, group=row.group, n=row.n, k=row.k, m=row.m, dtype=row.dtype,
                pattern=row.pattern, density=row.density if density is None else density,
                competitor=competitor, config=config, status=status,
                reason=" ".join(str(reason).split())[:400], **numbers)
    if samples_us:
        line.update(median_us=statistics.median(samples_us), min_us=min(samples_us),
                    max_us=max(samples_us), rounds=len(samples_us),
                    samples_us=" ".join(f"{sample:.3f}" for sample in samples_us))
    return line


def write_atomically(path, text):
    """A reader, or a run that is cut off, sees the old text or the new one."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    other = path.with_name(path.name + ".new")
    with open(other, "w", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(other, path)


def format_csv(lines):
    import io

    file = io.StringIO()
    writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
    writer.writeheader()
    for line in lines:
        writer.writerow({key: f"{value:.6g}" if isinstance(value, float) else value
                         for key, value in line.items()})
    return file.getvalue()


def read_csv(path):
    lines = []
    with open(path, newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != FIELDS:
            raise ValueError(f"expected the columns of rows.csv in {path}, but got "
                             f"{reader.fieldnames}")
        for line in reader:
            for field in NUMBERS:
                line[field] = float(line[field]) if line[field] else ""
            for field in INTEGERS:
                line[field] = int(line[field]) if line[field] else ""
            lines.append(line)
    return lines


class Results:
    """What is kept in a folder: rows.csv, environment.json and summary.md, rewritten together."""

    def __init__(self, folder, resume=False):
        self.folder = pathlib.Path(folder)
        self.lines, self.environment, self.host, self.running = [], {}, {}, None
        if resume and (self.folder / "rows.csv").exists():
            self.lines = read_csv(self.folder / "rows.csv")
        if resume and (self.folder / "environment.json").exists():
            kept = json.loads((self.folder / "environment.json").read_text())
            self.host, self.running = kept["host"], kept["running"]

    def done(self, row):
        return any(line["row"] == row.name for line in self.lines)

    def failures(self):
        return [line for line in self.lines if line["status"] == "failed"]

    def write(self):
        state = {"environment": self.environment, "host": self.host, "running": self.running}
        write_atomically(self.folder / "environment.json", json.dumps(state, indent=1) + "\n")
        write_atomically(self.folder / "rows.csv", format_csv(self.lines))
        write_atomically(self.folder / "summary.md", format_summary(self))


# ---------------------------------------------------------------------------------------
# Ratios and goals
# ---------------------------------------------------------------------------------------


def best(lines, row, competitor):
    """The fastest valid line of a competitor in a row, or None."""
    found = [line for line in lines if line["row"] == row and line["competitor"] == competitor
             and line["status"] == "ok" and line["median_us"] != ""]
    return min(found, key=lambda line: line["median_us"]) if found else None


def row_names(lines):
    return list(dict.fromkeys(line["row"] for line in lines))


def ratio(lines, row, over, of):
    """Time of `over` divided by that of `of`: above 1, `of` is faster. None if one is missing."""
    slow, fast = best(lines, row, over), best(lines, row, of)
    return slow["median_us"] / fast["median_us"] if slow and fast else None


def share_of_ideal(lines, row):
    """Density times the dense library's time, over our time."""
    value, ours = ratio(lines, row, "cublas", "ours"), best(lines, row, "ours")
    return value * ours["density"] if value else None


@dataclasses.dataclass(frozen=True)
class Goal:
    """`value` maps Results to (number or None, rows that it is over, rows that it should be)."""

    title: str
    target: float
    floor: float
    value: object
    at_most: bool = False

    def judge(self, number):
        if number is None:
            return "not measured"
        better = (lambda bound: number <= bound) if self.at_most else (
            lambda bound: number >= bound)
        return "reached" if better(self.target) else (
            "within the floor" if better(self.floor) else "MISSED")


def _mean_over(groups, value, pattern=None):
    def compute(results):
        lines = [line for line in results.lines if line["group"] in groups
                 and (pattern is None or line["pattern"] == pattern)]
        names = row_names(lines)
        found = [number for number in (value(lines, name) for name in names) if number]
        return (geometric_mean(found) if found else None), len(found), len(names)

    return compute


def _worst_over_own_dense(results):
    names = [name for name in row_names(results.lines)
             if set(OURS) <= {line["competitor"] for line in results.lines
                              if line["row"] == name}]
    found = [number for number in (ratio(results.lines, name, "ours-dense", "ours")
                                   for name in names) if number]
    return (min(found) if found else None), len(found), len(names)


def _host(*keys):
    def compute(results):
        value = results.host
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, dict):
            value = max(value.values()) if value else None
        return value, int(value is not None), 1

    return compute


def _over(peer, name="ours"):
    return lambda lines, row: ratio(lines, row, peer, name)


GOALS = (
    Goal("prefill, 2:4 over cuSPARSELt", 1.15, 1.05, _mean_over(("prefill",), _over("cusparselt"))),
    Goal("prefill, 2:4 over cuBLAS", 1.60, 1.45, _mean_over(("prefill",), _over("cublas"))),
    Goal("decode, 2:4 over cuBLAS", 1.65, 1.40, _mean_over(("decode",), _over("cublas"))),
    Goal("fp8, 2:4 over cuBLAS fp8", 1.60, 1.40, _mean_over(("fp8",), _over("cublas"))),
    Goal("dense over cuBLAS", 1.00, 0.92,
         _mean_over(("prefill", "dense"), _over("cublas", "ours-dense"))),
    Goal("block 128x128, share of ideal", 0.90, 0.75,
         _mean_over(("block",), share_of_ideal, "block128")),
    Goal("block 64x64, share of ideal", 0.85, 0.65,
         _mean_over(("block",), share_of_ideal, "block64")),
    Goal("sparse over own dense, worst row", 0.97, 0.97, _worst_over_own_dense),
    Goal("launch after the first, us of the host", 5, 10, _host("launch_us"), at_most=True),
    Goal("program to cubin, s, slowest", 1, 2, _host("to_cubin_s"), at_most=True),
)


# ---------------------------------------------------------------------------------------
# The summary
# ---------------------------------------------------------------------------------------


def _table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def _us(line):
    return f"{line['median_us']:.1f}" if line else "n/a"


def _times(value):
    return f"{value:.2f}x" if value else "n/a"


def goal_rows(results):
    rows = []
    for goal in GOALS:
        number, count, total = goal.value(results)
        rows.append((goal.title, f"{goal.target:.2f}", f"{goal.floor:.2f}",
                     "n/a" if number is None else f"{number:.3f}", f"{count} of {total}",
                     goal.judge(number)))
    return rows


def _columns(lines):
    """(competitors, [(title, function of lines and row)]) of the table of a group."""
    found = {line["competitor"] for line in lines}
    competitors = [name for name in ("cublas", "cusparselt", "torch-bsr", *OURS) if name in found]
    columns = [(f"ours over {peer}", _over(peer)) for peer in competitors
               if "ours" in found and peer != "ours"]
    if "ours-dense" in found:
        columns.append(("ours-dense over cublas", _over("cublas", "ours-dense")))
    if "torch-bsr" in found:
        columns.append(("share of ideal", share_of_ideal))
    return competitors, columns


def _group_table(group, lines):
    competitors, columns = _columns(lines)
    libraries = [name for name in competitors if name in ("cusparselt", "torch-bsr")]
    rows = []
    for name in row_names(lines):
        of_row = [line for line in lines if line["row"] == name]
        first, chosen = of_row[0], {peer: best(lines, name, peer) for peer in competitors}
        ours = chosen.get("ours") or chosen.get("ours-dense")
        density = f" {first['pattern']} at {first['density']:.3f}" if first[
            "pattern"] not in ("2:4", "dense") else ""
        effective = 2e-6 * first["n"] * first["k"] * first["m"] / ours["median_us"] if ours else 0
        rows.append((
            f"{first['n']} {first['k']} {first['m']}{density}",
            *(_us(chosen[peer]) for peer in competitors),
            *(_times(value(lines, name)) for _, value in columns),
            f"{effective:.0f}" if ours else "n/a", f"{ours['error']:.1e}" if ours else "n/a",
            ours["config"] if ours else "n/a",
            *((chosen[peer] or {}).get("config", "n/a") for peer in libraries)))
    header = ("n k m", *(f"{peer} us" for peer in competitors), *(title for title, _ in columns),
              "effective TFLOP/s", "error", "our configuration",
              *(f"{peer}'s" for peer in libraries))
    text = [f"## {group}", "", *_table(header, rows), ""]
    for title, value in columns:
        found = [number for number in (value(lines, name) for name in row_names(lines)) if number]
        if found:
            text.append(f"Geometric mean, {title}: {geometric_mean(found):.3f} over {len(found)} "
                        f"of {len(rows)} rows, worst {min(found):.3f}.")
    return text + [""]


def _sweep_table(group, lines):
    text = [f"## {group}", ""]
    for name in row_names(lines):
        of_row = [line for line in lines if line["row"] == name]
        dense = best(lines, name, "cublas")
        rows = [(line["competitor"], line["config"], _us(line),
                 _times(dense["median_us"] / line["median_us"] if dense else None),
                 f"{line['error']:.1e}")
                for line in sorted((line for line in of_row if line["status"] == "ok"),
                                   key=lambda line: line["median_us"])]
        text += [f"{name}", "",
                 *_table(("competitor", "configuration", "us", "cuBLAS / this", "error"), rows), ""]
    return text


def format_summary(results):
    text = ["# Results", ""]
    text += [f"- {key}: {value}" for key, value in results.environment.items()]
    text += ["", "Medians, in us of one launch. A ratio is a time divided by ours, so above 1 is "
             "faster. Every time is of a result that was verified in the same run.", ""]
    if not all(line["group"].startswith("sweep") for line in results.lines):
        text += ["## Goals", "", *_table(
            ("goal", "target", "floor", "found", "rows", ""), goal_rows(results)), ""]
    for group in dict.fromkeys(line["group"] for line in results.lines):
        lines = [line for line in results.lines if line["group"] == group]
        text += (_sweep_table if group.startswith("sweep") else _group_table)(group, lines)
    if results.host:
        text += ["## Host", "", *_table(("what", "value"), [
            (f"{key} {part}".strip(), f"{value:.3f}") for key, parts in results.host.items()
            for part, value in (parts.items() if isinstance(parts, dict) else [("", parts)])]), ""]
    missing = [line for line in results.lines if line["status"] != "ok"]
    if missing:
        text += ["## Without a time", "", *_table(
            ("row", "competitor", "configuration", "status", "reason"),
            [(line["row"], line["competitor"], line["config"], line["status"],
              line["reason"].replace("|", "\\|")) for line in missing]), ""]
    return "\n".join(text)
