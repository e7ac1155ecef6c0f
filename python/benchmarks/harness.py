"""What the benchmarks share: contenders in CUDA graphs, their checks and their timing."""

import dataclasses
import math
import time

import torch

# Bytes that the launches of a graph work on before they come back to the same tensors: more
# than twice the L2 cache. In decode the weights alone are this much more, so that they come
# from memory.
WORKING_SET = 120 << 20
DECODE_WEIGHTS = 300 << 20
MOST_SETS = 128

# Relative Frobenius error of a result, by the element type of the result. One wrong tile of
# a large matrix hides in it, so no element may be off by more than this share of the root
# mean square: rounding reaches 0.016 in bf16, the sums of 8-bit floats 0.04.
TOLERANCE = {torch.bfloat16: 1e-2, torch.float16: 2e-3}
ELEMENT_TOLERANCE = 0.1


class WrongResult(RuntimeError):
    """A result that is not the product."""


def tensors_of(weight):
    """The tensors in memory of a weight: itself, the arrays of BSR, or what was packed."""
    if isinstance(weight, torch.Tensor):
        if weight.layout == torch.sparse_bsr:
            return [weight.crow_indices(), weight.col_indices(), weight.values()]
        return [weight]
    fields = (getattr(weight, field.name) for field in dataclasses.fields(weight))
    return [field for field in fields if isinstance(field, torch.Tensor)]


def copy_weight(weight):
    if isinstance(weight, torch.Tensor):
        return weight.clone()
    copies = {field.name: getattr(weight, field.name).clone()
              for field in dataclasses.fields(weight)
              if isinstance(getattr(weight, field.name), torch.Tensor)}
    return dataclasses.replace(weight, **copies)


def count_bytes(tensors):
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def count_sets(weight_bytes, other_bytes, is_decode):
    """How many sets of tensors the launches rotate through."""
    if is_decode:
        wanted = DECODE_WEIGHTS / max(1, weight_bytes)
    else:
        wanted = WORKING_SET / max(1, weight_bytes + other_bytes)
    return min(MOST_SETS, max(2, math.ceil(wanted)))


class Sets:
    """Copies of x, of each form of the weights, and of y, shared by a row's contenders.

    One contender runs at a time, and each fills y before it is checked.
    """

    def __init__(self, x, m, n, result, is_decode):
        self.x, self.shape, self.result, self.is_decode = [x], (m, n), result, is_decode
        self.y, self._weights = [], {}

    def take(self, weight):
        """[(x, weight, y)], copies of each; the first weight is `weight` itself."""
        m, n = self.shape
        element = torch.empty((), dtype=self.result).element_size()
        count = count_sets(count_bytes(tensors_of(weight)),
                           count_bytes(self.x[:1]) + m * n * element, self.is_decode)
        copies = self._weights.setdefault(id(weight), [weight])
        while len(copies) < count:
            copies.append(copy_weight(weight))
        while len(self.x) < count:
            self.x.append(self.x[0].clone())
        while len(self.y) < count:
            self.y.append(torch.empty(m, n, device=self.x[0].device, dtype=self.result))
        return list(zip(self.x, copies, self.y[:count]))


class Contender:
    """One way to compute a row: its CUDA graph of launches that rotate through the sets.

    `prepare(x, weight, y)` returns a call that computes y, or returns a tensor in its place.
    `density` is the share of blocks that `weight` holds.
    """

    def __init__(self, name, config, weight, reference, prepare, density=1.0):
        self.name, self.config, self.density = name, config, density
        self.weight, self.reference, self.prepare = weight, reference, prepare
        self.error = self.worst_element = None
        self.times = []
        self.launches = self.sets = 0

    def label(self):
        return self.name + (f"[{self.config}]" if self.config else "")

    def build(self, sets, launches):
        """Captures at least `launches`, in whole rounds: a replay goes on where one ended."""
        tensors = sets.take(self.weight)
        self.sets = len(tensors)
        self.launches = self.sets * math.ceil(launches / self.sets)
        calls = [self.prepare(*one) for one in tensors]
        self.stream = torch.cuda.Stream()
        torch.cuda.synchronize()
        with torch.cuda.stream(self.stream):
            for call in calls:  # loads modules, plans, fills caches
                call()
        self.stream.synchronize()
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, stream=self.stream):
            returned = [calls[i % self.sets]() for i in range(self.launches)]
        # One launch of the last set, so that the first is not what the caches hold.
        self.warm = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.warm, stream=self.stream):
            last = calls[-1]()
        self._keep = (tensors, calls, last)
        self.outputs = [out if out is not None else tensors[i % self.sets][2]
                        for i, out in enumerate(returned)]

    def verify(self, expected):
        """Poisons every result, computes it, compares the whole; WrongResult if it is off."""
        torch.cuda.synchronize()
        for output in self.outputs:
            output.fill_(math.nan)
        torch.cuda.synchronize()
        self.graph.replay()
        torch.cuda.synchronize()
        self.error, self.worst_element, seen = 0.0, 0.0, set()
        for output in self.outputs:
            if output.data_ptr() not in seen:
                seen.add(output.data_ptr())
                error, worst = compare(output, expected)
                self.error = max(self.error, error)
                self.worst_element = max(self.worst_element, worst)
        check_errors(self.error, self.worst_element, self.outputs[0].dtype)

    def bursts(self, count=1, warm=True):
        """Milliseconds of one launch, from each of `count` replays of the graph in a row.

        A warm launch before them, which is not counted, raises the clock and keeps the device
        busy until the host has queued the first.
        """
        pairs = [(torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True))
                 for _ in range(count)]
        with torch.cuda.stream(self.stream):
            if warm:
                self.warm.replay()
            for begin, end in pairs:
                begin.record()
                self.graph.replay()
                end.record()
        pairs[-1][1].synchronize()
        return [begin.elapsed_time(end) / self.launches for begin, end in pairs]

    def release(self):
        """Frees the graphs and results, and keeps the numbers."""
        self.graph = self.warm = self.outputs = self._keep = self.weight = None


def compare(output, expected):
    """(relative Frobenius error, worst element's error over the root mean square).

    Both are infinite if an element is not a number.
    """
    difference = output.float().sub_(expected)
    norm = float(expected.norm())
    error = float(difference.norm()) / norm
    worst = float(difference.abs_().max()) / (norm / math.sqrt(expected.numel()))
    if not (math.isfinite(error) and math.isfinite(worst)):
        return math.inf, math.inf
    return error, worst


def check_errors(error, worst, dtype):
    if not error <= TOLERANCE[dtype]:
        raise WrongResult(f"expected a relative error of at most {TOLERANCE[dtype]}, "
                          f"but got {error:.3g} (infinite: an element is NaN or not written)")
    if not worst <= ELEMENT_TOLERANCE:
        raise WrongResult(f"expected no element off by more than {ELEMENT_TOLERANCE} of the root "
                          f"mean square, but got {worst:.3g}")


def measure(contenders, sustained, rounds, idle_ms):
    """Fills `times` of each contender, in milliseconds.

    Cool: the device idles before each burst; rounds go over the contenders forward, then
    backward. Sustained: each contender alone loads the device for 0.2 s and is measured for
    0.25 s more, half of it in each direction.
    """
    torch.cuda.synchronize()
    if not sustained:
        for index in range(rounds):
            for contender in contenders if index % 2 == 0 else contenders[::-1]:
                time.sleep(idle_ms / 1000)
                contender.times += contender.bursts()
        return
    for order in (contenders, contenders[::-1]):
        for contender in order:
            milliseconds = contender.bursts()[0] * contender.launches
            # Bursts of 20 ms in one go: the device has no time to rest between them.
            count = max(1, round(20 / max(milliseconds, 1e-3)))
            stop = time.monotonic() + 0.2
            while time.monotonic() < stop:
                contender.bursts(count, warm=False)
            stop, found = time.monotonic() + 0.125, []
            while time.monotonic() < stop or len(found) < math.ceil(rounds / 2):
                found += contender.bursts(count, warm=False)
            contender.times += found
