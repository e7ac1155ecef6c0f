"""Parses the text of PTX kernels to lists of instructions with resolved operands."""

import dataclasses
import re
import struct

_WIDTHS = {"pred": 1, "b8": 8, "b16": 16, "b32": 32, "b64": 64}
_WIDTHS.update({kind + str(bits): bits for kind in "usf" for bits in (8, 16, 32, 64)})

_ENTRY = re.compile(r"\.entry\s+([\w$]+)\s*\(([^)]*)\)([^{]*)\{")
_PARAMETER = re.compile(r"\.param\s+(?:\.align\s+\d+\s+)?\.(\w+)[^,]*?([\w$]+)(?:\[(\d+)\])?\s*$")
_LABEL = re.compile(r"([\w$]+):(?!:)")
_REGISTERS = re.compile(r"\.reg\s+\.(\w+)\s+(.*)$", re.S)
_SPECIAL = re.compile(r"%(tid|ntid|ctaid|nctaid)\.[xyz]$|%(cluster_ctarank|laneid|warpid)$")


class EmulationError(Exception):
    """The kernel does what a GPU may not do, or what the emulator does not know."""


@dataclasses.dataclass(frozen=True)
class Register:
    slot: int
    bits: int


@dataclasses.dataclass(frozen=True)
class Immediate:
    """An integer, or the bits of a float in `bits`."""

    value: int
    bits: int = 0


@dataclasses.dataclass(frozen=True)
class Special:
    name: str


@dataclasses.dataclass(frozen=True)
class Symbol:
    name: str
    offset: int = 0


@dataclasses.dataclass(frozen=True)
class Memory:
    """[base + offset], or [base, {coordinates}]."""

    base: object
    offset: int = 0
    coordinates: tuple = ()


@dataclasses.dataclass(frozen=True)
class Vector:
    items: tuple


SINK = Symbol("_")


@dataclasses.dataclass
class Instruction:
    opcode: str
    operands: list
    guard: object  # (Register, whether it is negated) or None
    line: int
    text: str
    target: int = -1  # of a branch
    targets: tuple = ()  # of a branch by an index

    def __post_init__(self):
        self.parts = self.opcode.split(".")

    def registers(self):
        """(slots read, slots written). Memory operands are read."""
        read, written = set(), set()
        if self.guard:
            read.add(self.guard[0].slot)
        stores = self.parts[0] in ("st", "bar", "barrier", "stmatrix", "cp", "bra", "brx", "red")
        for index, operand in enumerate(self.operands):
            into = written if index == 0 and not stores else read
            if isinstance(operand, Memory):
                into = read
            into.update(slots_of(operand))
        if self.parts[0] == "mbarrier" and self.parts[1] in ("init", "inval"):
            read |= written
            written = set()
        return read, written


def slots_of(operand):
    if isinstance(operand, Register):
        return [operand.slot]
    if isinstance(operand, Vector):
        return [slot for item in operand.items for slot in slots_of(item)]
    if isinstance(operand, Memory):
        parts = (operand.base, *operand.coordinates)
        return [slot for part in parts for slot in slots_of(part)]
    return []


@dataclasses.dataclass
class Kernel:
    name: str
    parameters: list  # (name, bytes)
    directives: str
    instructions: list
    widths: list  # of each register slot
    reconvergence: dict = None  # instruction of a branch -> where its paths meet

    def directive(self, name, default):
        match = re.search(rf"\.{name}\s+([\d, ]+)", self.directives)
        return [int(part) for part in match.group(1).split(",")] if match else default


def _strip_comments(text):
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    return re.sub(r"//[^\n]*", "", text)


def _split(text):
    """Splits at commas outside brackets and braces."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character in "[{(") - (character in "]})")
        if character == "," and not depth:
            parts.append(text[start:position].strip())
            start = position + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


class _Parser:
    """The body of one kernel. Braces open scopes of registers and labels."""

    def __init__(self, body, first_line):
        self.body, self.line = body, first_line
        self.position = 0
        self.widths, self.instructions = [], []
        self.scopes = [{}]
        self.labels = [{}]
        self.pending = []  # branches: (instruction, label, scope stack of labels)
        self.last_label, self.tables = None, {}

    def _advance(self, to):
        self.line += self.body.count("\n", self.position, to)
        self.position = to

    def parse(self):
        while True:
            match = re.compile(r"\s*").match(self.body, self.position)
            self._advance(match.end())
            if self.position >= len(self.body):
                break
            character = self.body[self.position]
            if character == "{":
                self.scopes.append({})
                self.labels.append({})
                self._advance(self.position + 1)
                continue
            if character == "}":
                self.scopes.pop()
                self.labels.pop()
                self._advance(self.position + 1)
                if not self.scopes:
                    break
                continue
            label = _LABEL.match(self.body, self.position)
            if label:
                self.last_label = label.group(1)
                self.labels[-1][self.last_label] = len(self.instructions)
                self._advance(label.end())
                continue
            end = self.body.index(";", self.position)
            line, text = self.line, self.body[self.position : end].strip()
            self._advance(end + 1)
            if text:
                self._statement(" ".join(text.split()), line)
        for instruction, name, labels in self.pending:
            places = [
                next((scope[one] for scope in reversed(labels) if one in scope), None)
                for one in self.tables.get(name, [name])
            ]
            if None in places:
                raise EmulationError(f"expected a label {name} at line {instruction.line}")
            if name in self.tables:
                instruction.targets = tuple(places)
            else:
                instruction.target = places[0]

    def _statement(self, text, line):
        registers = _REGISTERS.match(text)
        if registers:
            width = _WIDTHS[registers.group(1)]
            for name in _split(registers.group(2)):
                count = re.match(r"([%\w$]+)<(\d+)>$", name)
                names = [name]
                if count:
                    names = [f"{count.group(1)}{i}" for i in range(int(count.group(2)))]
                for each in names:
                    self.scopes[-1][each] = Register(len(self.widths), width)
                    self.widths.append(width)
            return
        if text.startswith(".branchtargets"):
            self.tables[self.last_label] = _split(text.partition(" ")[2])
            return
        if text.startswith(".pragma"):
            return
        if text.startswith("."):
            raise EmulationError(f"expected an instruction at line {line}, but got '{text}'")
        guard, rest = None, text
        match = re.match(r"@(!?)([%\w$]+)\s+(.*)$", text)
        if match:
            guard = (self._operand(match.group(2)), bool(match.group(1)))
            rest = match.group(3)
        opcode, _, operands = rest.partition(" ")
        instruction = Instruction(opcode, [], guard, line, text)
        if opcode.split(".")[0] == "bra":
            self.pending.append((instruction, operands.strip(), list(self.labels)))
        elif opcode.split(".")[0] == "brx":
            index, table = _split(operands)
            instruction.operands = [self._operand(index)]
            self.pending.append((instruction, table, list(self.labels)))
        else:
            for part in _split(operands):
                # A value and a predicate: `%r1|%p1`.
                instruction.operands += [self._operand(one) for one in part.split("|")]
        self.instructions.append(instruction)

    def _operand(self, text):
        text = text.strip()
        if text == "_":
            return SINK
        if text.startswith("{"):
            return Vector(tuple(self._operand(part) for part in _split(text[1:-1])))
        if text.startswith("["):
            base, *rest = _split(text[1:-1])
            coordinates = self._operand(rest[0]).items if rest else ()
            base, _, offset = base.partition("+")
            operand = self._operand(base)
            if isinstance(operand, Symbol):
                return Memory(Symbol(operand.name, int(offset or "0", 0)), 0, coordinates)
            return Memory(operand, int(offset or "0", 0), coordinates)
        for scope in reversed(self.scopes):
            if text in scope:
                return scope[text]
        if _SPECIAL.match(text):
            return Special(text[1:])
        if re.match(r"-?(0[xX][0-9a-fA-F]+|\d+)U?$", text):
            return Immediate(int(text.rstrip("U"), 0))
        if re.match(r"0[fF][0-9a-fA-F]{8}$", text):
            return Immediate(int(text[2:], 16), 32)
        if re.match(r"0[dD][0-9a-fA-F]{16}$", text):
            return Immediate(int(text[2:], 16), 64)
        if re.match(r"-?\d+\.\d*$", text):
            return Immediate(struct.unpack("<Q", struct.pack("<d", float(text)))[0], 64)
        symbol, _, offset = text.partition("+")
        if re.match(r"[A-Za-z_$][\w$]*$", symbol):
            return Symbol(symbol, int(offset or "0", 0))
        raise EmulationError(f"expected an operand at line {self.line}, but got '{text}'")


def _successors(instructions, index):
    instruction = instructions[index]
    name = instruction.parts[0]
    if name in ("ret", "exit") and not instruction.guard:
        return []
    if name == "brx":
        return list(instruction.targets)
    if name == "bra":
        return [instruction.target] + ([index + 1] if instruction.guard else [])
    return [index + 1]


def _find_reconvergence(instructions):
    """The immediate post-dominator of each branch with a guard, or None at the end."""
    count = len(instructions)
    leaders = {0}
    for index, instruction in enumerate(instructions):
        if instruction.parts[0] in ("bra", "brx", "ret", "exit"):
            leaders.update((index + 1, *instruction.targets))
            if instruction.target >= 0:
                leaders.add(instruction.target)
    starts = sorted(start for start in leaders if start < count)
    number = {start: block for block, start in enumerate(starts)}
    ends = [start - 1 for start in starts[1:]] + [count - 1]
    exit_block = len(starts)
    successors = []
    for end in ends:
        found = [number.get(at, exit_block) for at in _successors(instructions, end)]
        successors.append(found or [exit_block])
    everything = set(range(exit_block + 1))
    after = [set(everything) for _ in starts] + [{exit_block}]
    changed = True
    while changed:
        changed = False
        for block in reversed(range(exit_block)):
            new = set.intersection(*(after[next_] for next_ in successors[block])) | {block}
            if new != after[block]:
                after[block], changed = new, True
    meets = {}
    for block, end in enumerate(ends):
        if instructions[end].parts[0] == "bra" and instructions[end].guard:
            strict = after[block] - {block}
            # The nearest one is post-dominated by all others.
            nearest = max(strict, key=lambda one: len(after[one]))
            meets[end] = None if nearest == exit_block else starts[nearest]
    return meets, set(starts)


def parse(text):
    """{name: Kernel} of the entry functions of a PTX module."""
    text = _strip_comments(text)
    kernels = {}
    for match in _ENTRY.finditer(text):
        parameters = []
        for part in _split(match.group(2)):
            found = _PARAMETER.match(" ".join(part.split()))
            if not found:
                raise EmulationError(f"expected a parameter, but got '{part}'")
            size = int(found.group(3) or 1) * _WIDTHS[found.group(1)] // 8
            parameters.append((found.group(2), size))
        parser = _Parser(text[match.end() :], text.count("\n", 0, match.end()) + 1)
        parser.parse()
        kernel = Kernel(
            match.group(1), parameters, match.group(3), parser.instructions, parser.widths
        )
        kernel.reconvergence, kernel.leaders = _find_reconvergence(parser.instructions)
        kernels[kernel.name] = kernel
    return kernels
