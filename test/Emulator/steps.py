"""Turns a kernel into steps: functions of (warp, path) that return None or a wait."""

import numpy as np

import copies
from arithmetic import LANES, NAMES, PARAMETERS, RANK_SHIFT, SHARED, SHARED_BASE, Coder
from ptx import EmulationError, Immediate, Register, Special, Symbol, Vector, slots_of
from wgmma import Multiplication, Shape

_POISON = {1: "?", 8: "u1", 16: "u2", 32: "u4", 64: "u8"}
PARAMETER_STRIDE = 256
_SIZES = {"b8": 1, "u8": 1, "s8": 1, "b16": 2, "u16": 2, "s16": 2, "f16": 2, "b32": 4,
          "u32": 4, "s32": 4, "f32": 4, "b64": 8, "u64": 8, "s64": 8, "f64": 8}  # fmt: skip
# Orders that this model keeps anyway, and hints.
_NOTHING = (
    "griddepcontrol", "fence.mbarrier_init", "fence.proxy.tensormap", "fence.acq_rel",
    "membar", "prefetch", "prefetchu", "nanosleep", "pragma", "fence.sc",
)  # fmt: skip


def _uniform(values, mask, what):
    chosen = values if mask is None else values[mask]
    if (chosen != chosen[0]).any():
        raise EmulationError(f"expected {what} to be the same in all lanes")
    return int(chosen[0])


class Program:
    """The steps of a kernel; a run of instructions on registers is one."""

    def __init__(self, kernel, parameters):
        self.kernel = kernel
        offsets, self.parameters = {}, {}
        for index, ((name, size), value) in enumerate(zip(kernel.parameters, parameters)):
            if len(value) != size:
                raise EmulationError(f"expected {size} bytes for {name}, but got {len(value)}")
            offsets[name] = index * PARAMETER_STRIDE
            self.parameters[PARAMETERS + offsets[name]] = value
        if len(parameters) != len(kernel.parameters):
            raise EmulationError(
                f"expected {len(kernel.parameters)} parameters, but got {len(parameters)}"
            )
        shared = {}
        for instruction in kernel.instructions:
            for operand in instruction.operands:
                symbol = operand.base if hasattr(operand, "base") else operand
                if isinstance(symbol, Symbol) and symbol.name not in offsets:
                    shared[symbol.name] = SHARED_BASE
        if len(shared) > 2:  # The memory, and `_`.
            raise EmulationError(f"expected one shared symbol, but got {sorted(shared)}")
        self.coder = Coder(kernel, offsets, shared)
        self.poison = [
            np.ones(LANES, bool) if bits == 1 else ~np.zeros(LANES, _POISON[bits])
            for bits in kernel.widths
        ]
        self._find_sums()
        self.code = [None] * (len(kernel.instructions) + 1)
        self.code[-1] = _fall_off
        self._compile()

    def _find_sums(self):
        """Registers of matrix instructions, to watch the ordinary ones that touch them."""
        self.watched = set()
        for instruction in self.kernel.instructions:
            if instruction.opcode.startswith("wgmma.mma_async"):
                shape = Shape(instruction)
                instruction.shape = shape
                self.watched |= shape.sums
                self.watched |= shape.inputs

    def special_registers(self, block, warp):
        lanes = np.arange(LANES, dtype=np.uint32)
        machine = block.machine
        values = {"laneid": lanes, "warpid": lanes * 0 + warp, "cluster_ctarank": block.rank}
        for index, axis in enumerate("xyz"):
            values["tid." + axis] = lanes + 32 * warp if index == 0 else 0
            values["ntid." + axis] = machine.threads if index == 0 else 1
            values["ctaid." + axis] = block.number[index]
            values["nctaid." + axis] = machine.grid[index]
        return {k: np.broadcast_to(np.uint32(v), (LANES,)).copy() for k, v in values.items()}

    # Compilation ------------------------------------------------------------

    def _compile(self):
        instructions = self.kernel.instructions
        index = 0
        while index < len(instructions):
            end = index
            while end < len(instructions) and self._is_plain(instructions[end]):
                if end > index and end in self.kernel.leaders:
                    break
                end += 1
            if end > index:
                self.code[index] = self._plain_step(index, end)
                index = end
                continue
            self.code[index] = self._step(index, instructions[index])
            index += 1

    @staticmethod
    def _is_plain(instruction):
        if instruction.guard:
            return False
        return instruction.parts[0] in NAMES

    def _statements(self, instruction, masked):
        try:
            code = self.coder.statement(instruction, masked)
        except EmulationError as error:
            raise EmulationError(f"{error} (line {instruction.line}: {instruction.text})") from None
        read, written = instruction.registers()
        lines = []
        if (read | written) & self.watched:
            watched = tuple(sorted(read & self.watched)), tuple(sorted(written & self.watched))
            lines.append("w.touch({%s}, {%s})" % tuple(
                ", ".join(map(str, some)) if some else "*()" for some in watched
            ))
        return lines + [code]

    def _plain_step(self, first, end):
        """Registers only: a run of instructions as one step."""
        every, some = [], []
        for instruction in self.kernel.instructions[first:end]:
            every += self._statements(instruction, False)
            some += self._statements(instruction, True)
        full, masked = self.coder.compile(every), self.coder.compile(some)

        def step(warp, path):
            mask = path[2]
            with np.errstate(all="ignore"):
                (full if mask is None else masked)(warp.registers, warp, mask)
            path[0] = end

        return step

    def _step(self, index, instruction):
        name = instruction.parts[0]
        if name == "bra":
            return self._branch(index, instruction)
        if name == "brx":
            return self._branch_by_index(instruction)
        if name in ("ret", "exit"):
            inner = _leave
        elif name in NAMES:
            inner = self._guarded_plain(instruction)
        else:
            inner = self._operation(instruction)
        guard = instruction.guard
        read, written = instruction.registers()
        touched = None
        if name != "wgmma" and (read | written) & self.watched:
            touched = read & self.watched, written & self.watched

        def step(warp, path):
            mask = path[2]
            if guard:
                holds = warp.registers[guard[0].slot]
                holds = ~holds if guard[1] else holds
                mask = holds if mask is None else holds & mask
                if not mask.any():
                    path[0] = index + 1
                    return None
                if mask.all():
                    mask = None
            if touched:
                warp.touch(*touched)
            if warp.resumes == index:
                warp.resumes = None
                path[0] = index + 1
                return None
            wait = inner(warp, mask)
            if wait is None:
                path[0] = index + 1
            elif wait[2]:
                warp.resumes = index
            return wait

        return step

    def _guarded_plain(self, instruction):
        full = self.coder.compile([self.coder.statement(instruction, False)])
        masked = self.coder.compile([self.coder.statement(instruction, True)])

        def run(warp, mask):
            with np.errstate(all="ignore"):
                (full if mask is None else masked)(warp.registers, warp, mask)

        return run

    def _branch(self, index, instruction):
        target, guard = instruction.target, instruction.guard
        meets = self.kernel.reconvergence.get(index)
        meets = len(self.kernel.instructions) if meets is None else meets

        def jump(warp, path):
            path[0] = target

        def branch(warp, path):
            holds = warp.registers[guard[0].slot]
            holds = ~holds if guard[1] else holds
            mask = path[2]
            taken = holds if mask is None else holds & mask
            others = ~holds if mask is None else ~holds & mask
            if not others.any():
                path[0] = target
            elif not taken.any():
                path[0] = index + 1
            else:
                path[0] = meets
                for at, lanes in ((index + 1, others), (target, taken)):
                    if at != meets:
                        warp.paths.append([at, meets, lanes])

        return branch if guard else jump

    def _branch_by_index(self, instruction):
        which, targets = self.reader(instruction.operands[0], 32), instruction.targets
        if instruction.guard:
            raise EmulationError("expected a branch by an index without a guard")

        def branch(warp, path):
            index = _uniform(which(warp), path[2], "the index of a branch")
            if index >= len(targets):
                raise EmulationError(f"expected an index below {len(targets)}, but got {index}")
            path[0] = targets[index]

        return branch

    # Operands -----------------------------------------------------------------

    def reader(self, operand, bits):
        """A function of a warp to an unsigned array."""
        if isinstance(operand, Register):
            slot = operand.slot
            if operand.bits == bits:
                return lambda warp: warp.registers[slot]
            return lambda warp: warp.registers[slot].astype(_POISON[bits])
        if isinstance(operand, Special):
            return lambda warp: warp.special[operand.name]
        if isinstance(operand, Symbol):
            value = self.coder.address_of(operand)
        else:
            value = operand.value
        constant = np.full(LANES, value % (1 << bits), _POISON[bits])
        return lambda warp: constant

    def addresser(self, operand, bits):
        """A function of a warp to int64 addresses of a memory operand."""
        base = operand.base
        if isinstance(base, Symbol):
            constant = np.full(LANES, self.coder.address_of(base) + operand.offset, np.int64)
            return lambda warp: constant
        slot, offset = base.slot, np.int64(operand.offset)
        return lambda warp: warp.registers[slot].astype(np.int64) + offset

    def setter(self, operand):
        slot, dtype = operand.slot, _POISON[operand.bits]

        def set_register(warp, value, mask):
            value = value.astype(dtype) if value.dtype != dtype else value
            if mask is not None:
                value = np.where(mask, value, warp.registers[slot])
            warp.registers[slot] = value

        return set_register

    # Operations ---------------------------------------------------------------

    def _operation(self, instruction):
        opcode = instruction.opcode
        if opcode.startswith(_NOTHING):
            return lambda warp, mask: None
        for prefix, build in _OPERATIONS:
            if opcode.startswith(prefix):
                return build(self, instruction)
        raise EmulationError(
            f"expected a known instruction, but got line {instruction.line}: {instruction.text}"
        )


def _fall_off(warp, path):
    raise EmulationError("runs past the end of the kernel")


def _leave(warp, mask):
    warp.leave(mask)


def _all_lanes(warp, mask, what):
    if mask is not None:
        raise EmulationError(f"expected all lanes at {what}, but got {int(mask.sum())}")


def _space(parts):
    for part in parts:
        if part.split("::")[0] in ("global", "shared", "param", "local", "const"):
            return part
    return "generic"


def _shared_target(warp, address):
    """(shared memory, offsets) of addresses of shared::cluster."""
    ranks = address >> RANK_SHIFT
    inside = address & ((1 << RANK_SHIFT) - 1)
    rank = int(ranks[0])
    if (ranks != rank).any():
        raise EmulationError("expected addresses of one block in all lanes")
    if rank > len(warp.block.cluster):
        raise EmulationError(
            f"expected a block of rank below {len(warp.block.cluster)}, but got {rank - 1}"
        )
    block = warp.block if rank == 0 else warp.block.cluster[rank - 1]
    if block.exited:
        raise EmulationError(f"touches shared memory of block {block.number}, which returned")
    return block, inside


def _resolve(warp, space, address, mask, alignment):
    """(object with load and store, addresses of active lanes)."""
    if mask is not None:
        address = address[mask]
    if (address % alignment).any():
        raise EmulationError(f"expected addresses that are multiples of {alignment}")
    if space == "generic" and address[0] >= SHARED:
        space, address = "shared", address - SHARED
    if space in ("global", "generic"):
        return warp.block.machine.memory, address.astype(np.uint64)
    if space == "shared::cluster":
        block, address = _shared_target(warp, address)
        return block.shared, address
    if space in ("shared", "shared::cta"):
        return warp.block.shared, address
    raise EmulationError(f"expected a known state space, but got {space}")


def _load(program, instruction):
    parts = instruction.parts
    space, size = _space(parts), _SIZES[parts[-1]]
    target, source = instruction.operands
    locate = program.addresser(source, 32)
    items = target.items if isinstance(target, Vector) else (target,)
    setters = [None if item == Symbol("_") else program.setter(item) for item in items]
    signed = parts[-1][0] == "s"
    alignment = size * len(items)

    def load_parameter(warp, mask):
        address = int(locate(warp)[0])
        start = PARAMETERS + (address - PARAMETERS) // PARAMETER_STRIDE * PARAMETER_STRIDE
        data = program.parameters.get(start)
        if data is None or address - start + alignment > len(data):
            raise EmulationError(f"expected a parameter at {address:#x}")
        values = np.frombuffer(data, f"u{size}", len(items), address - start)
        for value, put in zip(values, setters):
            put(warp, np.full(LANES, value), mask)

    def load(warp, mask):
        place, address = _resolve(warp, space, locate(warp), mask, alignment)
        values = place.load(address, size, len(items))
        for value, put in zip(values, setters):
            if put is None:
                continue
            if signed:
                value = value.view(f"i{size}")
            if mask is not None:
                whole = np.zeros(LANES, value.dtype)
                whole[mask] = value
                value = whole
            put(warp, value, mask)

    return load_parameter if space == "param" else load


def _store(program, instruction):
    parts = instruction.parts
    space, size = _space(parts), _SIZES[parts[-1]]
    target, source = instruction.operands
    locate = program.addresser(target, 32)
    items = source.items if isinstance(source, Vector) else (source,)
    readers = [program.reader(item, size * 8) for item in items]
    alignment = size * len(items)

    def store(warp, mask):
        place, address = _resolve(warp, space, locate(warp), mask, alignment)
        values = [read(warp) if mask is None else read(warp)[mask] for read in readers]
        if place is warp.block.machine.memory:
            place.store(address, values, size)
        else:
            # Writers of another block are told apart by their rank.
            writer = warp.index + 64 * warp.block.rank
            place.store(address, values, size, writer)

    return store


def _shuffle(program, instruction):
    operands = list(instruction.operands)
    kind = instruction.parts[2]
    if instruction.parts[1] != "sync":
        raise EmulationError(f"expected shfl.sync, but got {instruction.opcode}")
    target = program.setter(operands.pop(0))
    found = program.setter(operands.pop(0)) if len(operands) == 5 else None
    value, by, clamp, members = (program.reader(operand, 32) for operand in operands)
    lanes = np.arange(LANES)

    def shuffle(warp, mask):
        _members(warp, mask, members(warp))
        limits = clamp(warp).astype(np.int64)
        segment, top = (limits >> 8) & 31, limits & 31
        low, high = lanes & segment, (lanes & segment) | (top & ~segment)
        amount = by(warp).astype(np.int64) & 31
        if kind == "idx":
            source, inside = low | (amount & ~segment), None
            inside = source <= high
        elif kind == "up":
            source = lanes - amount
            inside = source >= high
        elif kind == "down":
            source = lanes + amount
            inside = source <= high
        else:
            source = lanes ^ amount
            inside = source <= high
        source = np.where(inside, source, lanes)
        target(warp, value(warp)[source], mask)
        if found:
            found(warp, inside, mask)

    return shuffle


def _members(warp, mask, members):
    wanted = int(members[0])
    active = (1 << LANES) - 1
    if mask is not None:
        active = sum(1 << int(lane) for lane in np.flatnonzero(mask))
    if wanted != active:
        raise EmulationError(f"expected the lanes {wanted:#x}, but got {active:#x}")


def _warp_sync(program, instruction):
    members = program.reader(instruction.operands[0], 32)

    def sync(warp, mask):
        _members(warp, mask, members(warp))

    return sync


def _block_barrier(program, instruction):
    number = program.reader(instruction.operands[0], 32)
    has_count = len(instruction.operands) > 1
    count = program.reader(instruction.operands[1], 32) if has_count else None
    if instruction.parts[1] not in ("sync", "cta") or "arrive" in instruction.parts:
        raise EmulationError(f"expected bar.sync, but got {instruction.opcode}")

    def wait(warp, mask):
        _all_lanes(warp, mask, "bar.sync")
        block = warp.block
        which = _uniform(number(warp), None, "the barrier")
        threads = _uniform(count(warp), None, "the count") if count else block.machine.threads
        if not 0 <= which < 16 or threads % LANES:
            raise EmulationError(f"expected a barrier below 16 of whole warps, but got {which}")
        state = block.barriers.setdefault(which, [set(), 0, threads])
        if state[0] and state[2] != threads:
            raise EmulationError(
                f"expected {state[2]} threads at barrier {which}, but got {threads}"
            )
        if warp.index in state[0]:
            raise EmulationError(f"arrives twice at barrier {which}")
        state[0].add(warp.index)
        state[2] = threads
        if len(state[0]) * LANES == threads:
            state[0] = set()
            state[1] += 1
            return None
        phase = state[1]
        return (
            lambda: state[1] != phase,
            lambda: f"waits at barrier {which} with {sorted(state[0])} of {threads} threads",
            True,
        )

    return wait


def _cluster_barrier(program, instruction):
    arrives = "arrive" in instruction.parts

    def arrive(warp, mask):
        _all_lanes(warp, mask, "barrier.cluster")
        warp.block.machine.barrier.arrive(warp)

    def wait(warp, mask):
        _all_lanes(warp, mask, "barrier.cluster")
        barrier, phase = warp.block.machine.barrier, warp.cluster_arrived
        if phase is None:
            raise EmulationError("expected barrier.cluster.arrive before the wait")
        if barrier.phase != phase:
            warp.cluster_arrived = None
            return None
        return (
            lambda: barrier.phase != phase,
            lambda: f"waits for its cluster with {len(barrier.arrived)} warps arrived",
            False,
        )

    return arrive if arrives else wait


def _mbarrier(program, instruction):
    kind = instruction.parts[1]
    operands = list(instruction.operands)
    has_result = kind in ("arrive", "try_wait", "test_wait")
    result = operands.pop(0) if has_result else None
    address = program.addresser(operands[0], 32)
    remote = "shared::cluster" in instruction.parts
    what = f"{instruction.opcode} of line {instruction.line}"

    def targets(warp, mask):
        lanes = address(warp) if mask is None else address(warp)[mask]
        for one in lanes:
            if remote:
                block, inside = _shared_target(warp, np.array([one]))
            else:
                block, inside = warp.block, np.array([one])
            yield block.shared.barrier(int(inside[0]), what)

    if kind == "init":
        count = program.reader(operands[1], 32)

        def init(warp, mask):
            counts = count(warp) if mask is None else count(warp)[mask]
            places = address(warp) if mask is None else address(warp)[mask]
            for place, number in zip(places, counts):
                warp.block.shared.init_barrier(int(place), int(number))

        return init
    if kind == "arrive":
        expects = "expect_tx" in instruction.parts
        count = program.reader(operands[1], 32) if len(operands) > 1 else None
        if "noComplete" in instruction.parts or len(operands) > 2:
            raise EmulationError(f"expected a known arrival, but got {instruction.text}")
        poison = program.setter(result) if isinstance(result, Register) else None

        def arrive(warp, mask):
            counts = np.ones(LANES, np.int64) if count is None else count(warp)
            counts = counts if mask is None else counts[mask]
            for barrier, number in zip(targets(warp, mask), counts):
                if expects:
                    barrier.expect(int(number))
                    barrier.arrive(1, what)
                else:
                    barrier.arrive(int(number), what)
            if poison:
                poison(warp, ~np.zeros(LANES, np.uint64), mask)

        return arrive
    if kind == "expect_tx":
        count = program.reader(operands[1], 32)

        def expect(warp, mask):
            counts = count(warp) if mask is None else count(warp)[mask]
            for barrier, number in zip(targets(warp, mask), counts):
                barrier.expect(int(number))

        return expect
    if kind in ("try_wait", "test_wait") and "parity" in instruction.parts:
        parity = program.reader(operands[1], 32)
        put = program.setter(result)

        def wait(warp, mask):
            parities = parity(warp) if mask is None else parity(warp)[mask]
            if (parities > 1).any():
                raise EmulationError(f"expected a parity of 0 or 1, but got {parities.max()}")
            pairs = list(zip(targets(warp, mask), (int(one) for one in parities)))

            def done():
                return all(barrier.phase % 2 != phase for barrier, phase in pairs)

            # A wait may also give up, whatever the state.
            chance = warp.block.machine.random.random()
            if done() and chance > 0.05:
                put(warp, np.ones(LANES, bool), mask)
                return None
            if kind == "test_wait" or chance < 0.05:
                put(warp, np.zeros(LANES, bool), mask)
                return None
            barrier, phase = pairs[0]
            place = int((address(warp) if mask is None else address(warp)[mask])[0])
            return (
                done,
                lambda: f"waits for parity {phase} at {place - SHARED_BASE} ({barrier})",
                False,
            )

        return wait
    raise EmulationError(f"expected a known barrier instruction, but got {instruction.opcode}")


def _one_lane(mask, what):
    if mask is None or int(mask.sum()) != 1:
        raise EmulationError(f"expected one lane at {what}")
    return int(np.flatnonzero(mask)[0])


def _coordinates(program, operand):
    readers = [program.reader(item, 32) for item in operand.coordinates]
    return lambda warp, lane: [int(read(warp)[lane].astype(np.int32)) for read in readers]


def _bulk(program, instruction):
    """cp.async.bulk: copies, groups and waits."""
    opcode, operands = instruction.opcode, instruction.operands
    parts, line = instruction.parts, instruction.line
    if opcode.startswith("cp.async.bulk.commit_group"):

        def commit(warp, mask):
            for lane in range(LANES) if mask is None else np.flatnonzero(mask):
                group = warp.open_stores.pop(int(lane), [])
                warp.store_groups.setdefault(int(lane), []).append(group)

        return commit
    if opcode.startswith("cp.async.bulk.wait_group"):
        keep, reads = operands[0].value, "read" in parts

        def wait(warp, mask):
            stores = []
            for lane in range(LANES) if mask is None else np.flatnonzero(mask):
                groups = warp.store_groups.get(int(lane), [])
                stores += [s for group in groups[: len(groups) - keep] for s in group]

            def done():
                return all(one.has_read if reads else one.done for one in stores)

            if done():
                for one in stores:
                    one.release()
                return None
            return done, lambda: f"waits for {len(stores)} tensor stores", False

        return wait
    tensor = "tensor" in parts
    if "im2col" in parts or "cache_hint" in opcode or "cta_group" in opcode or "reduce" in parts:
        raise EmulationError(f"expected a known copy, but got {opcode}")
    if "mbarrier::complete_tx::bytes" in parts:
        dimensions = next((int(p[0]) for p in parts if p in ("1d", "2d", "3d", "4d", "5d")), 0)
        target = program.addresser(operands[0], 32)
        source = program.addresser(operands[1], 64)
        rest = list(operands[2:])
        size = None if tensor else program.reader(rest.pop(0), 32)
        barrier = program.addresser(rest.pop(0), 32)
        ranks = program.reader(rest.pop(0), 16) if "multicast::cluster" in parts else None
        if rest:
            raise EmulationError(f"expected a known copy, but got {instruction.text}")
        coordinates = _coordinates(program, operands[1]) if tensor else None

        def load(warp, mask):
            lane = _one_lane(mask, "a copy")
            machine = warp.block.machine
            block, start = _shared_target(warp, target(warp)[lane : lane + 1])
            signal, at = _shared_target(warp, barrier(warp)[lane : lane + 1])
            start, at = int(start[0]), int(at[0])
            address = int(source(warp)[lane])
            blocks = [block]
            if ranks is not None:
                bits = int(ranks(warp)[lane])
                if bits >> len(block.cluster) or not bits:
                    raise EmulationError(f"expected ranks of the cluster, but got {bits:#x}")
                blocks = [one for one in block.cluster if bits >> one.rank & 1]
            elif signal is not block:
                raise EmulationError("expected the barrier in the block that is written")
            for one in blocks:
                if tensor:
                    copy = copies.tensor_load(
                        one, start, _map_at(machine, address, dimensions),
                        coordinates(warp, lane), at, machine.memory, line, machine.random,
                    )  # fmt: skip
                else:
                    copy = copies.bulk_load(
                        one, start, address, int(size(warp)[lane]), at, machine.memory, line,
                        machine.random,
                    )  # fmt: skip
                machine.copies.append(copy)

        return load
    if tensor and "bulk_group" in parts and "global" in parts:
        dimensions = next(int(p[0]) for p in parts if p in ("1d", "2d", "3d", "4d", "5d"))
        target = program.addresser(operands[0], 64)
        source = program.addresser(operands[1], 32)
        coordinates = _coordinates(program, operands[0])

        def store(warp, mask):
            lane = _one_lane(mask, "a tensor store")
            machine = warp.block.machine
            copy = copies.tensor_store(
                warp.block, int(source(warp)[lane]),
                _map_at(machine, int(target(warp)[lane]), dimensions),
                coordinates(warp, lane), machine.memory, line,
            )  # fmt: skip
            machine.copies.append(copy)
            warp.open_stores.setdefault(lane, []).append(copy)

        return store
    raise EmulationError(f"expected a known copy, but got {opcode}")


def _map_at(machine, address, dimensions):
    found = machine.tensor_maps.get(address)
    if found is None:
        raise EmulationError(f"expected a tensor map at {address:#x}")
    if len(found.box) != dimensions:
        raise EmulationError(f"expected a map of {dimensions} dimensions, but got {found.box}")
    return found


def _proxy_fence(program, instruction):
    if instruction.opcode not in ("fence.proxy.async.shared::cta", "fence.proxy.async"):
        raise EmulationError(f"expected a known fence, but got {instruction.opcode}")

    def fence(warp, mask):
        _all_lanes(warp, mask, "a proxy fence")
        for block in warp.block.cluster:
            own = block.shared.unfenced == warp.index + 64 * warp.block.rank + 1
            block.shared.unfenced[own] = 0

    return fence


def _multiply(program, instruction):
    shape = instruction.shape
    b = program.reader(shape.b, 64)
    if shape.a_registers:
        registers = [program.reader(one, 32) for one in shape.a_registers]
    else:
        a = program.reader(shape.a, 64)
    metadata = program.reader(shape.metadata, 32) if shape.sparse else None
    fixed = isinstance(shape.accumulate, Immediate) and shape.accumulate.value != 0
    is_fixed = isinstance(shape.accumulate, Immediate)
    predicate = None if is_fixed else program.reader(shape.accumulate, 1)

    def start(warp, mask):
        _all_lanes(warp, mask, "a matrix instruction")
        if not warp.fenced:
            raise EmulationError("expected wgmma.fence before a matrix instruction")
        if not shape.sums.isdisjoint(warp.written_sums):
            warp.serialize("expected wgmma.fence after sums were written")
        for other in warp.in_flight:
            if other.shape.slots != shape.slots and not other.shape.sums.isdisjoint(shape.sums):
                warp.serialize(f"expected its own sums, but got those of line {other.line}")
            if not (
                shape.inputs.isdisjoint(other.shape.sums)
                and other.shape.inputs.isdisjoint(shape.sums)
            ):
                raise EmulationError("expected metadata and A apart from sums")
        if shape.a_registers:
            if not shape.inputs.isdisjoint(warp.written_sums):
                raise EmulationError("expected wgmma.fence after A was written")
            first = None
        else:
            first = _uniform(a(warp), None, "the descriptor of A")
        second = _uniform(b(warp), None, "the descriptor of B")
        accumulate = fixed
        if predicate:
            accumulate = bool(_uniform(predicate(warp), None, "scale-d"))
        # The four warps of a warpgroup execute the same instructions.
        key = (warp.index // 4, warp.product_count)
        warp.product_count += 1
        what = (instruction.line, first, second, accumulate)
        if warp.block.products.setdefault(key, what) != what:
            raise EmulationError("expected what the other warps of the warpgroup executed")
        words = metadata(warp) if metadata else None
        if shape.a_registers:
            # Nothing writes them before the instruction is retired: touch().
            first = [one(warp) for one in registers]
        product = Multiplication(warp, shape, first, second, words, accumulate, instruction.line)
        warp.in_flight.append(product)
        warp.open_products.append(product)

    return start


def _group_products(program, instruction):
    kind = instruction.parts[1]
    keep = instruction.operands[0].value if kind == "wait_group" else 0

    def fence(warp, mask):
        _all_lanes(warp, mask, "wgmma.fence")
        warp.fenced = True
        warp.written_sums.clear()

    def commit(warp, mask):
        _all_lanes(warp, mask, "wgmma.commit_group")
        warp.product_groups.append(warp.open_products)
        warp.open_products = []

    def wait(warp, mask):
        _all_lanes(warp, mask, "wgmma.wait_group")
        warp.retire_products(keep)

    return {"fence": fence, "commit_group": commit, "wait_group": wait}[kind]


def _store_matrix(program, instruction):
    parts = instruction.parts
    if "m8n8" not in parts or parts[-1] != "b16":
        raise EmulationError(f"expected stmatrix of m8n8 and b16, but got {instruction.opcode}")
    count = int(next(part for part in parts if part in ("x1", "x2", "x4"))[1])
    transposed = "trans" in parts
    target, source = instruction.operands
    items = source.items if isinstance(source, Vector) else (source,)
    if len(items) != count:
        raise EmulationError(f"expected {count} registers, but got {len(items)}")
    locate = program.addresser(target, 32)
    readers = [program.reader(item, 32) for item in items]

    def store(warp, mask):
        _all_lanes(warp, mask, "stmatrix")
        rows = locate(warp)
        for index, read in enumerate(readers):
            # Lane l holds elements (l / 4, 2 (l % 4)) and the next one.
            matrix = read(warp).view(np.uint16).reshape(8, 8)
            matrix = np.ascontiguousarray(matrix.T) if transposed else matrix
            starts = rows[8 * index : 8 * index + 8]
            if (starts % 16).any():
                raise EmulationError("expected rows aligned to 16 bytes")
            columns = [matrix[:, column] for column in range(8)]
            warp.block.shared.store(starts, columns, 2, warp.index + 64 * warp.block.rank)

    return store


def _set_registers(program, instruction):
    count = instruction.operands[0].value
    grows = "inc" in instruction.parts
    if count % 8 or not 24 <= count <= 256:
        raise EmulationError(f"expected a multiple of 8 from 24 to 256, but got {count}")

    def change(warp, mask):
        _all_lanes(warp, mask, "setmaxnreg")
        block, now = warp.block, warp.maximum_registers
        if grows != (count > now) and count != now:
            raise EmulationError(f"expected {'more' if grows else 'fewer'} than {now} registers")
        needed = (count - now) * LANES
        if needed > block.free_registers:
            return (
                lambda: block.free_registers >= needed,
                lambda: f"waits for {needed} registers with {block.free_registers} free",
                False,
            )
        block.free_registers -= needed
        warp.maximum_registers = count

    return change


_OPERATIONS = [
    ("ld.", _load),
    ("st.", _store),
    ("shfl.", _shuffle),
    ("bar.warp.sync", _warp_sync),
    ("bar.", _block_barrier),
    ("barrier.cluster.", _cluster_barrier),
    ("barrier.", _block_barrier),
    ("mbarrier.", _mbarrier),
    ("cp.async.bulk.", _bulk),
    ("fence.proxy.async", _proxy_fence),
    ("wgmma.mma_async", _multiply),
    ("wgmma.", _group_products),
    ("stmatrix.", _store_matrix),
    ("setmaxnreg.", _set_registers),
]
