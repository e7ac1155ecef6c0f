"""Runs a kernel: warps in turn, copies and matrix instructions at random times."""

import random

import numpy as np

from arithmetic import LANES
from steps import Program
from memory import SHARED_BASE, SharedMemory
from ptx import EmulationError

_REGISTER_FILE = 64 * 1024
_MAX_STEPS = 50_000_000


class Warp:
    def __init__(self, block, index, program, lanes):
        self.block, self.index, self.program = block, index, program
        self.registers = list(program.poison)
        self.special = program.special_registers(block, index)
        full = np.zeros(LANES, bool)
        full[:lanes] = True
        # Paths: [next instruction, where it ends, mask]. Masks of None are all lanes.
        self.paths = [[0, None, None if lanes == LANES else full]]
        self.wait = None  # (condition, text, whether to go on behind the instruction)
        self.resumes = None  # the instruction whose wait is over
        self.exited = False
        self.cluster_arrived = None
        # Bulk groups by lane: stores not committed, and groups in order.
        self.open_stores, self.store_groups = {}, {}
        # Matrix instructions: not committed, and groups in order.
        self.open_products, self.product_groups = [], []
        self.in_flight = []
        self.matrices = {}
        self.written_sums = set()
        self.fenced = False
        self.product_count = 0
        self.maximum_registers = block.entry_registers

    # Sums -------------------------------------------------------------------

    def touch(self, read, written):
        """Before an ordinary instruction that touches sums, metadata or A."""
        for product in self.in_flight:
            sums = product.shape.sums
            if not sums.isdisjoint(read) or not sums.isdisjoint(written):
                self.serialize(
                    f"touches sums of the matrix instruction in flight of line {product.line}"
                )
                break
            if not product.shape.inputs.isdisjoint(written):
                raise EmulationError(
                    f"overwrites metadata or A of the matrix instruction in flight of line "
                    f"{product.line}"
                )
        if written:
            self.written_sums.update(written)
            self.forget_matrices(written)

    def forget_matrices(self, slots):
        for key in [key for key in self.matrices if not slots.isdisjoint(key)]:
            del self.matrices[key]

    def serialize(self, problem):
        """Against the rules of PTX, but ptxas repairs it by waiting for everything."""
        machine = self.block.machine
        if not machine.allow_serialized:
            raise EmulationError(problem)
        machine.serialized += 1
        for product in self.in_flight:
            product.run()
        self.written_sums.clear()

    def matrix_of(self, shape):
        found = self.matrices.get(shape.slots)
        if found is None:
            found = np.stack([self.registers[slot] for slot in shape.slots])
        return found

    def run_oldest_product(self):
        for product in self.in_flight:
            if not product.done:
                product.run()
                return

    def retire_products(self, keep):
        while len(self.product_groups) > keep:
            for product in self.product_groups.pop(0):
                product.retire()
                self.in_flight.remove(product)

    # Execution ----------------------------------------------------------------

    def run(self, steps):
        """Up to `steps` instructions or runs of them, until it has to wait."""
        code = self.program.code
        self.wait = None
        while steps > 0:
            path = self.paths[-1]
            at = path[0]
            if at == path[1]:
                self.paths.pop()
                continue
            steps -= 1
            self.block.machine.steps += 1
            step = code[at]
            try:
                wait = step(self, path)
            except EmulationError as error:
                raise self._located(error, at) from None
            if self.exited:
                return
            if wait is not None:
                self.wait = wait
                return

    def leave(self, mask):
        """The lanes of `mask` (None: all of the path) have returned."""
        gone = self.paths[-1][2] if mask is None else mask
        if gone is None:
            self.paths = []
        else:
            for path in self.paths:
                now = np.ones(LANES, bool) if path[2] is None else path[2]
                path[2] = now & ~gone
            self.paths = [path for path in self.paths if path[2].any()]
        if not self.paths:
            if self.in_flight:
                raise EmulationError("returns with matrix instructions in flight")
            self.exited = True
            self.block.warp_exited()

    def _located(self, error, at):
        instruction = self.program.kernel.instructions[at]
        return EmulationError(
            f"{error}\n  by warp {self.index} of block {self.block.number} (rank "
            f"{self.block.rank}) near line {instruction.line}: {instruction.text[:160]}"
        )

    def __str__(self):
        at = self.paths[-1][0] if self.paths else -1
        instruction = self.program.kernel.instructions[at]
        waits = self.wait[1]() if self.wait else "runs"
        return (
            f"warp {self.index} of block {self.block.number}: {waits}; line "
            f"{instruction.line}: {instruction.text[:90]}"
        )


class Block:
    def __init__(self, machine, number, rank, cluster):
        self.machine, self.number, self.rank, self.cluster = machine, number, rank, cluster
        self.shared = SharedMemory(machine.shared_bytes)
        self.barriers = {}  # of bar.sync: number -> [arrived warps, phase, threads]
        self.products = {}  # (warpgroup, count) -> what its first warp started
        threads = machine.threads
        self.entry_registers = min(255, _REGISTER_FILE // threads // 8 * 8)
        self.free_registers = 0
        self.exited = False
        self.warps = []
        for index in range((threads + LANES - 1) // LANES):
            lanes = min(LANES, threads - index * LANES)
            self.warps.append(Warp(self, index, machine.program, lanes))

    def warp_exited(self):
        if all(warp.exited for warp in self.warps):
            self.exited = True
            if self.shared.loading.any():
                raise EmulationError("returns while copies still write to the block's memory")
            for warp in self.warps:
                for groups in warp.store_groups.values():
                    if not all(store.waited for group in groups for store in group):
                        raise EmulationError("returns without waiting for tensor stores")
                if any(warp.open_stores.values()):
                    raise EmulationError("returns with tensor stores in no group")


class ClusterBarrier:
    """barrier.cluster of all warps of a cluster; those that returned count as arrived."""

    def __init__(self):
        self.phase = 0
        self.arrived = set()

    def arrive(self, warp):
        if warp in self.arrived or warp.cluster_arrived is not None:
            raise EmulationError("expected barrier.cluster.wait between two arrivals")
        self.arrived.add(warp)
        warp.cluster_arrived = self.phase

    def settle(self, warps):
        if self.arrived and all(warp.exited or warp in self.arrived for warp in warps):
            self.phase += 1
            self.arrived = set()


class Machine:
    """One launch. `parameters` are bytes of each; tensor maps are found by address."""

    def __init__(
        self, kernel, memory, parameters, tensor_maps, threads, shared_bytes, seed=0,
        allow_serialized=False,
    ):  # fmt: skip
        self.program = Program(kernel, parameters)
        self.memory, self.tensor_maps = memory, tensor_maps
        self.threads, self.shared_bytes = threads, shared_bytes
        self.random = random.Random(seed)
        self.steps = 0
        # Times that ptxas would have had to serialize matrix instructions.
        self.allow_serialized, self.serialized = allow_serialized, 0
        self.copies = []
        required = kernel.directive("reqntid", [threads])[0]
        if required != threads:
            raise EmulationError(f"expected {required} threads a block, but got {threads}")
        self.cluster_size = kernel.directive("reqnctapercluster", [1])[0]

    def launch(self, grid):
        self.grid = list(grid)
        if grid[0] % self.cluster_size:
            raise EmulationError(
                f"expected a grid of whole clusters of {self.cluster_size}, but got {grid}"
            )
        for z in range(grid[2]):
            for y in range(grid[1]):
                for first in range(0, grid[0], self.cluster_size):
                    self._run_cluster([(first + rank, y, z) for rank in range(self.cluster_size)])

    def _run_cluster(self, numbers):
        cluster = []
        for rank, number in enumerate(numbers):
            cluster.append(Block(self, number, rank, cluster))
        self.barrier = ClusterBarrier()
        warps = [warp for block in cluster for warp in block.warps]
        choose = self.random
        # How eager copies are differs from cluster to cluster.
        eager = choose.choice([0.02, 0.2, 0.6])
        while True:
            self.barrier.settle(warps)
            live = [warp for warp in warps if not warp.exited]
            ready = [warp for warp in live if warp.wait is None or warp.wait[0]()]
            if not live:
                break
            if self.copies and (not ready or choose.random() < eager):
                self._step_copy(choose.randrange(len(self.copies)))
                continue
            if not ready:
                raise EmulationError(self._describe_deadlock(cluster, live))
            warp = choose.choice(ready)
            if warp.in_flight and choose.random() < 0.3:
                warp.run_oldest_product()
            warp.run(choose.choice([1, 5, 40, 400]))
            if self.steps > _MAX_STEPS:
                raise EmulationError(f"expected an end within {_MAX_STEPS} steps")
        while self.copies:
            self._step_copy(0)

    def _step_copy(self, index):
        copy = self.copies[index]
        try:
            if copy.step():
                self.copies.pop(index)
        except EmulationError as error:
            raise EmulationError(f"{error}\n  by a {copy}") from None

    def _describe_deadlock(self, cluster, warps):
        lines = ["expected a warp that can run, but got a deadlock:"]
        lines += [f"  {warp}" for warp in warps]
        for block in cluster:
            for address, barrier in sorted(block.shared.barriers.items()):
                lines.append(
                    f"  block {block.number} barrier at {address - SHARED_BASE}: {barrier}"
                )
        return "\n".join(lines)
