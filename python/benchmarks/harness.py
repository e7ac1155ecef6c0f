"""What the benchmarks share: contenders in CUDA graphs, their checks and their timing."""

import dataclasses
import math
import statistics
import time

import torch

import sparsity

# Larger than the L2 cache of any GPU so far, twice over.
WORKING_SET = 120 << 20
MOST_SETS = 64


def copy_weight(weight):
    if isinstance(weight, sparsity.PackedNOfM):
        return dataclasses.replace(
            weight, values=weight.values.clone(), metadata=weight.metadata.clone())
    return weight.clone()


def weight_bytes(weight):
    if isinstance(weight, sparsity.PackedNOfM):
        return weight.values.numel() + weight.metadata.numel()
    return weight.numel() * weight.element_size()


class Contender:
    """One way to compute a row: its rotating tensor sets and its CUDA graph.

    `prepare(x, weight, y)` returns a call that computes y, or returns a tensor in its place.
    """

    def __init__(self, name, config, weight, reference, prepare):
        self.name, self.config = name, config
        self.weight, self.reference, self.prepare = weight, reference, prepare
        self.error, self.times, self.outputs = None, [], []

    def label(self):
        return self.name + (f"[{self.config}]" if self.config else "")

    def build(self, x, m, n, launches):
        bytes_per_set = weight_bytes(self.weight) + x.numel() * 2 + m * n * 2
        sets = min(MOST_SETS, max(2, math.ceil(WORKING_SET / bytes_per_set)))
        # Whole rounds, so that a replay starts where the one before has ended.
        self.launches = sets * max(1, round(launches / sets))
        calls, self.keep = [], []
        for index in range(sets):
            weight = self.weight if index == 0 else copy_weight(self.weight)
            own = x if index == 0 else x.clone()
            y = torch.empty(m, n, device="cuda", dtype=x.dtype)
            self.keep.append((own, weight, y))
            calls.append(self.prepare(own, weight, y))
        stream = torch.cuda.Stream()
        torch.cuda.synchronize()
        with torch.cuda.stream(stream):
            for call in calls:  # loads modules, plans, fills caches
                call()
        stream.synchronize()
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, stream=stream):
            returned = [calls[i % sets]() for i in range(self.launches)]
        # One launch of the last set, so that the first is not what the caches hold.
        self.warm = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.warm, stream=stream):
            self.keep.append(calls[-1]())
        self.outputs = [out if out is not None else self.keep[i % sets][2]
                        for i, out in enumerate(returned)]

    def verify(self, expected):
        """Relative Frobenius error of the worst launch; NaN where nothing was written."""
        for output in self.outputs:
            output.fill_(math.nan)
        self.graph.replay()
        torch.cuda.synchronize()
        worst, seen = 0.0, set()
        norm = expected.norm()
        for output in self.outputs:
            if output.data_ptr() in seen:
                continue
            seen.add(output.data_ptr())
            error = float((output.float() - expected).norm() / norm)
            worst = max(worst, error) if not math.isnan(error) else math.nan
            if math.isnan(worst):
                break
        self.error = worst

    def burst(self):
        """Milliseconds of one launch, from one replay of the graph.

        One launch before it, which is not counted, raises the clock and keeps the device
        busy until the host has queued the replay.
        """
        begin = torch.cuda.Event(enable_timing=True)
        end = torch.cuda.Event(enable_timing=True)
        self.warm.replay()
        begin.record()
        self.graph.replay()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) / self.launches


def launches_for(milliseconds):
    """Launches of one graph: about 2 ms of work, 4 to 40 launches."""
    return min(40, max(4, round(2 / max(milliseconds, 1e-3))))


def measure(contenders, arguments):
    """Fills `times` of each contender by `arguments.sustained`, `.reps` and `.gap`."""
    torch.cuda.synchronize()
    if arguments.sustained:
        for contender in contenders:
            for seconds, keep in ((0.2, False), (0.25, True)):
                stop = time.monotonic() + seconds
                while time.monotonic() < stop or (keep and len(contender.times) < arguments.reps):
                    milliseconds = contender.burst()
                    if keep:
                        contender.times.append(milliseconds)
        return
    for repetition in range(arguments.reps):
        for contender in contenders if repetition % 2 == 0 else contenders[::-1]:
            time.sleep(arguments.gap / 1000)
            contender.times.append(contender.burst())


def geometric_mean(values):
    return math.exp(statistics.fmean(math.log(v) for v in values)) if values else math.nan
