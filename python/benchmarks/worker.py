"""The process of bench_hopper.py that uses the device: compiles, checks and times its rows."""

import os
import statistics
import subprocess
import sys
import threading
import time

from report import OURS, Results, best, make_line, ratio
from rows import Row

# A worker ends with this when the device is of no more use to it.
RESTART = 75
LAUNCH_ROW = Row("launch", 4096, 4096, 16)
# What is compiled alone and timed: one program of each kind.
TIMED_PROGRAMS = (Row("2:4 prefill", 14336, 4096, 4096), Row("2:4 decode", 4096, 14336, 16),
                  Row("2:4 fp8", 14336, 4096, 4096, "fp8"),
                  Row("dense", 14336, 4096, 4096, "bf16", "dense"),
                  Row("block", 4096, 4096, 4096, "bf16", "block128", 0.25))


def options_of(row, name, arguments):
    """The pipeline options that a row tries for one of our contenders."""
    if row in arguments.candidates:
        return arguments.candidates[row]
    return [arguments.pipeline_options if name == "ours" else arguments.dense_pipeline_options]


def names_of(row, arguments):
    names = [name for name in row.competitors if name not in arguments.skip]
    if row in arguments.candidates:
        tuned = "ours-dense" if row.pattern == "dense" else "ours"
        names = [name for name in names if name in ("cublas", tuned)]
    return names


def remaining(results, row, arguments):
    """Whether a row is still to be run; candidates of a sweep that failed are taken out of it."""
    if row not in arguments.candidates:
        return not results.done(row)
    lines = [line for line in results.lines if line["row"] == row.name]
    lost = [line["config"] for line in lines if line["status"] != "ok"]
    arguments.candidates[row] = [
        options for options in arguments.candidates[row]
        if not any(config == options or config.startswith(f"[{options}]") for config in lost)]
    measured = any(line["status"] == "ok" for line in lines)
    stuck = any(config.startswith("measurement") for config in lost)
    return bool(arguments.candidates[row]) and not measured and not stuck


class DeviceLost(RuntimeError):
    """An error after which this process cannot use the device."""


class Bench:
    """The state of one worker process."""

    def __init__(self, arguments):
        # What the driver keeps of earlier runs would make the module's load look fast.
        os.environ["CUDA_CACHE_DISABLE"] = "1"
        import torch

        import compiling
        import contenders
        import harness

        self.torch, self.compiling = torch, compiling
        self.contenders, self.harness = contenders, harness
        if not torch.cuda.is_available():
            raise SystemExit("expected a CUDA device, but got none")
        torch.cuda.init()
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.set_float32_matmul_precision("highest")
        major = torch.cuda.get_device_capability()[0]
        arguments.target = arguments.target or ("sm_90a" if major == 9 else "sm_80")
        self.arguments = arguments
        self.results = Results(arguments.out, arguments.resume)
        self.results.environment = describe_environment(torch, arguments)
        self.stage, self.weights, self.programs = "", None, {}

    def compile(self, rows):
        wanted = [(row, name, options) for row in rows for name in names_of(row, self.arguments)
                  if name.startswith("ours") for options in options_of(row, name, self.arguments)]
        start = time.monotonic()
        self.programs = self.compiling.compile_all(
            wanted, self.arguments.target, self.arguments.dynamic_m)
        seconds = time.monotonic() - start
        print(f"compiled and loaded {len(self.programs)} programs in {seconds:.1f} s on "
              f"{os.cpu_count()} processors", flush=True)

    def program(self, row, name, options):
        """Compiled kernel of a row; its error is raised."""
        found = self.programs[self.compiling.program_key(
            row, name, options, self.arguments.dynamic_m)]
        if found.error:
            raise found.error
        return found

    def measure_host(self):
        """Times of compilation, alone on the machine, and of a launch."""
        host, arguments = self.results.host, self.arguments
        for title, action in (("to_module_s", self.compiling.time_load),
                              ("to_cubin_s", self.compiling.time_cubin)):
            host[title] = {}
            for row in TIMED_PROGRAMS:
                text = self.compiling.program_text(row, True)
                try:
                    host[title][row.group] = action(text, arguments.target)
                except Exception as error:  # the other programs are timed all the same
                    self.check_device(error)
                    no_assembler = "expected the assembler ptxas" in str(error)
                    self.report_ours(LAUNCH_ROW, "ours", f"{title} of {row.group}",
                                     "n/a" if no_assembler else "failed", error)
            print(f"{title}: " + ", ".join(f"{name} {seconds:.2f}" for name, seconds
                                           in host[title].items()), flush=True)
        try:
            host.update(self.time_launch())
        except Exception as error:
            self.check_device(error)
            self.report_ours(LAUNCH_ROW, "ours", "launch", "failed", error)
            return
        print(f"launch_us: {host['launch_us']:.2f} with the arguments bound, "
              f"{host['launch_and_check_us']:.2f} with arguments checked at each call", flush=True)

    def time_launch(self):
        """Microseconds of the host for a launch after the first, in blocks of 100 calls.

        The device's queue of launches holds about a thousand: it is empty before each block.
        """
        torch, row = self.torch, LAUNCH_ROW
        compiled = self.compiling.Compiled(row, "ours", "", self.arguments.target, False)
        if compiled.error:
            raise compiled.error
        arguments = self.operands(row, compiled.program)
        bound, stream = compiled.kernel.bind(arguments), torch.cuda.current_stream()
        found = {}
        for name, call in (("launch_us", lambda: bound.launch(stream)),
                           ("launch_and_check_us",
                            lambda: compiled.kernel.launch(arguments, stream))):
            call()
            blocks = []
            for _ in range(20):
                torch.cuda.synchronize()
                start = time.perf_counter()
                for _ in range(100):
                    call()
                blocks.append((time.perf_counter() - start) / 100 * 1e6)
            torch.cuda.synchronize()
            found[name] = statistics.median(blocks)
        return found

    def weights_of(self, row):
        """The weights of a row; those of one layer are kept."""
        key = self.contenders.Weights.key(row)
        if self.weights is None or self.weights.key(self.weights.row) != key:
            self.weights = None
            self.torch.cuda.empty_cache()
            self.weights = self.contenders.Weights(row)
        return self.weights

    def input_of(self, row):
        return self.contenders.random_matrix(row.m, row.k, row.dtype, row.m)

    def operands(self, row, program):
        """[x, packed weights, y] of one call of ours."""
        weights = self.weights_of(row)
        result = self.contenders.DTYPES[row.result]
        return [self.input_of(row), weights.packed(self.contenders.storage_form(program)),
                self.torch.empty(row.m, row.n, device="cuda", dtype=result)]

    def check_device(self, error):
        """Raises DeviceLost if `error` was one that stays."""
        try:
            self.torch.cuda.synchronize()
        except RuntimeError:
            raise DeviceLost(str(error)) from error

    def candidates(self, name, row, weights, x, sets, expected):
        """Contenders of one name that are built and verified; raises why there are none."""
        if name == "cublas":
            makers = [lambda one=one: one for one in self.contenders.cublas(weights)]
            return self.contenders.fastest(makers, sets, row, expected, keep=1)
        if name == "cusparselt":
            makers = self.contenders.cusparselt_candidates(x, weights)
            return self.contenders.fastest(makers, sets, row, expected, keep=2)
        makers = self.contenders.torch_bsr_candidates(weights)
        return self.contenders.fastest(makers, sets, row, expected, keep=1)

    def run_row(self, row):
        """Appends the lines of a row to the results."""
        lines, usable = self.results.lines, []
        self.stage = "data"
        weights, x = self.weights_of(row), self.input_of(row)
        expected = {kind: self.contenders.reference(x, weight) for kind, weight in
                    (("dense", weights.dense), ("pruned", weights.pruned))}
        sets = self.harness.Sets(x, row.m, row.n, self.contenders.DTYPES[row.result],
                                 row.is_decode)
        for name in names_of(row, self.arguments):
            self.stage = name
            if name.startswith("ours"):
                for options in options_of(row, name, self.arguments):
                    self.stage = f"{name}[{options}]" if options else name
                    contender = self.prepare_ours(name, row, options, weights, sets, expected)
                    usable += [contender] if contender else []
                continue
            try:
                usable += self.candidates(name, row, weights, x, sets, expected)
            except Exception as error:  # a library's refusal is a line of the table
                self.check_device(error)
                lines.append(make_line(row, name, status="n/a", reason=error))
                print(f"{row.name}: {name}: n/a: {lines[-1]['reason']}", file=sys.stderr)
        del expected
        self.stage = "measurement of " + ", ".join(one.label() for one in usable)
        self.harness.measure(usable, self.arguments.regime == "sustained",
                             self.arguments.rounds, self.arguments.idle_ms)
        for one in usable:
            lines.append(make_line(
                row, one.name, one.config, density=one.density, error=one.error,
                worst_element=one.worst_element, launches=one.launches, sets=one.sets,
                samples_us=[1000 * milliseconds for milliseconds in one.times]))
            one.release()

    def prepare_ours(self, name, row, options, weights, sets, expected):
        """A contender that is built and verified, or None and a line that says why not."""
        try:
            compiled = self.program(row, name, options)
        except Exception as error:
            # A candidate of a sweep may be one that the compiler refuses.
            refused = row in self.arguments.candidates and isinstance(
                error, self.compiling.sparsity.CompileError)
            self.report_ours(row, name, options, "n/a" if refused else "failed", error)
            return None
        try:
            contender = self.contenders.ours(name, compiled.kernel, compiled.program,
                                             compiled.config, weights)
            contender.build(sets, row.launches)
            contender.verify(expected[contender.reference])
        except Exception as error:
            self.check_device(error)
            self.report_ours(row, name, compiled.config, "failed", error)
            return None
        return contender

    def report_ours(self, row, name, config, status, error):
        self.results.lines.append(make_line(row, name, config, status=status, reason=error))
        word = "FAILED" if status == "failed" else "refused"
        label = f"{name} [{config}]" if config else name
        print(f"{row.name}: {label}: {word}: {error}", file=sys.stderr, flush=True)

    def abandon(self, row, reason, status=RESTART):
        """Ends the process after an error that stays; the row keeps what it has."""
        name, _, rest = self.stage.partition("[")
        if name in OURS:
            self.report_ours(row, name, rest.rstrip("]"), "failed", reason)
        else:
            self.report_ours(row, "ours", self.stage, "failed", reason)
        self.results.running = None
        self.results.write()
        sys.stdout.flush()
        os._exit(status)

    def run(self):
        """All rows; returns the exit status."""
        arguments, results = self.arguments, self.results
        if results.running and not any(line["row"] == results.running for line in results.lines):
            row = next((row for row in arguments.chosen if row.name == results.running), LAUNCH_ROW)
            results.lines.append(make_line(row, "ours", status="failed",
                                           reason="the process ended while it ran this row"))
        rows = [row for row in arguments.chosen if remaining(results, row, arguments)]
        print("\n".join(f"{key}: {value}" for key, value in results.environment.items()))
        # A compiler that hangs would hang the next worker too.
        self.guard(LAUNCH_ROW, 4 * arguments.row_limit, lambda: self.compile(rows), status=1)
        if not arguments.sweep and not results.host and not results.done(LAUNCH_ROW):
            results.running = LAUNCH_ROW.name
            results.write()
            self.guard(LAUNCH_ROW, 4 * arguments.row_limit, self.measure_host)
            results.running = None
        results.write()
        for index, row in enumerate(rows):
            elapsed = time.time() - arguments.worker
            if arguments.time_limit and elapsed > arguments.time_limit:
                print(f"{len(rows) - index} rows left out: {elapsed:.0f} s are over --time-limit "
                      f"{arguments.time_limit:.0f} (--resume goes on)", file=sys.stderr)
                break
            results.running = row.name
            results.write()
            limit = arguments.row_limit + 3 * len(arguments.candidates.get(row, ()))
            self.guard(row, limit, lambda row=row: self.run_row(row))
            results.running = None
            results.write()
            self.print_row(row)
            self.torch.cuda.empty_cache()
        results.write()
        return 1 if results.failures() else 0

    def guard(self, row, seconds, action, status=RESTART):
        """Runs `action`; a hang or a lost device ends the process, whose successor goes on."""
        late = threading.Timer(seconds, self.abandon,
                               (row, f"no end after {seconds:.0f} s", status))
        late.daemon = True
        late.start()
        try:
            action()
        except DeviceLost as error:
            late.cancel()
            self.abandon(row, error)
        except Exception as error:  # the other rows run all the same
            late.cancel()
            try:
                self.check_device(error)
            except DeviceLost:
                self.abandon(row, error)
            self.report_ours(row, "ours", self.stage, "failed", error)
        finally:
            late.cancel()

    def print_row(self, row):
        lines, cells = self.results.lines, []
        for name in names_of(row, self.arguments):
            found = best(lines, row.name, name)
            cells.append(f"{name} {found['median_us']:.1f}" if found else f"{name} n/a")
        ours = "ours" if "ours" in row.competitors else "ours-dense"
        for peer in names_of(row, self.arguments):
            value = ratio(lines, row.name, peer, ours)
            if value and peer != ours:
                cells.append(f"{value:.2f}x {peer}")
        print(f"{row.name}: " + "  ".join(cells), flush=True)
        if row in self.arguments.candidates:
            chosen = [line for line in lines if line["row"] == row.name and line["status"] == "ok"]
            for line in sorted(chosen, key=lambda line: line["median_us"]):
                print(f"    {line['median_us']:9.1f} us  error {line['error']:.1e}  "
                      f"{line['competitor']} {line['config']}", flush=True)

    def profile(self, row):
        """One launch between the profiler's marks, and its check; returns the exit status."""
        torch, name = self.torch, self.arguments.contender
        if name not in row.competitors:
            raise SystemExit(f"expected a contender among {', '.join(row.competitors)}, "
                             f"but got {name}")
        weights, x = self.weights_of(row), self.input_of(row)
        if name.startswith("ours"):
            compiled = self.compiling.Compiled(row, name, options_of(row, name, self.arguments)[0],
                                               self.arguments.target, self.arguments.dynamic_m)
            if compiled.error:
                raise compiled.error
            contender = self.contenders.ours(name, compiled.kernel, compiled.program,
                                             compiled.config, weights)
        else:
            sets = self.harness.Sets(x, row.m, row.n, self.contenders.DTYPES[row.result],
                                     row.is_decode)
            expected = {"dense": self.contenders.reference(x, weights.dense),
                        "pruned": self.contenders.reference(x, weights.pruned)}
            contender = self.candidates(name, row, weights, x, sets, expected)[0]
        y = torch.empty(row.m, row.n, device="cuda", dtype=self.contenders.DTYPES[row.result])
        call = contender.prepare(x, contender.weight, y)
        call()
        y.fill_(float("nan"))
        torch.cuda.synchronize()
        torch.cuda.cudart().cudaProfilerStart()
        out = call()
        torch.cuda.synchronize()
        torch.cuda.cudart().cudaProfilerStop()
        weight = weights.dense if contender.reference == "dense" else weights.pruned
        error, worst = self.harness.compare(
            y if out is None else out, self.contenders.reference(x, weight))
        print(f"{row.name}: {contender.label()}: error {error:.2e}, worst element {worst:.2e}")
        self.harness.check_errors(error, worst, y.dtype)
        return 0


def describe_environment(torch, arguments):
    command = ["nvidia-smi", "--query-gpu=driver_version,power.limit,clocks.max.sm,temperature.gpu",
               "--format=csv,noheader", f"--id={torch.cuda.current_device()}"]
    try:
        driver = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        driver = "unknown"
    regime = (f"cool: {arguments.idle_ms:g} ms idle before each burst, contenders in turn"
              if arguments.regime == "cool" else
              "sustained: each contender alone, 0.2 s of load before it is measured")
    forced = {"ours": arguments.pipeline_options, "ours-dense": arguments.dense_pipeline_options}
    forced = "; ".join(f"{name}: {options}" for name, options in forced.items() if options)
    cslt = torch.backends.cusparselt.version() if torch.backends.cusparselt.is_available() else None
    return {"device": torch.cuda.get_device_name(),
            "driver, power limit, clock, temperature": driver, "torch": torch.__version__,
            "cuda": torch.version.cuda, "cusparselt": cslt, "commit": arguments.commit or "unknown",
            "target": arguments.target, "regime": regime, "rounds": arguments.rounds,
            "tokens": "dynamic" if arguments.dynamic_m else "static",
            "configuration": forced or (
                "of the sweep" if arguments.sweep else "chosen by the compiler"),
            "date": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()) + " UTC"}
