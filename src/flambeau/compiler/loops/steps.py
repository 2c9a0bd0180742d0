"""The steps of a schedule."""

from __future__ import annotations

from typing import Any

from flambeau.compiler.record.program import Instruction, Value


class Nest:
    """Operations over one domain.

    Attributes:
        domain: the sizes that all of them run over.
        body: elementwise instructions, in order.
        reductions: instructions that reduce something over the domain.
        scatters: instructions that add to places which an index names.
        stored: values of the body that others read.
        combines: whether it combines what the chunks of another nest left: it has none itself.
    """

    def __init__(self, domain: tuple[int, ...]) -> None:
        self.domain = domain
        self.body: list[Instruction] = []
        self.reductions: list[Instruction] = []
        self.scatters: list[Instruction] = []
        self.stored: list[Value] = []
        self.combines = False

    def takes(self, domain: tuple[int, ...]) -> bool:
        """Whether one more instruction over ``domain`` may join. A scatter stays alone: it may
        need its loop to go element by element."""
        return self.domain == domain and not self.scatters


class Guard:
    """Leaves the program, before anything has changed, if a flag is set.

    Attributes:
        flag: a truth value that says an index is out of range.
    """

    def __init__(self, flag: Value) -> None:
        self.flag = flag


class Rows:
    """Nests that run together, block of rows by block of rows.

    Attributes:
        nests: in order; their functions take a range of rows.
        rows: how many a block has; the last one may have fewer.
        blocks: how many there are.
        chunks: how many parts the blocks are shared out in.
        local: values that nobody else reads, and the bytes that a row of them has. Each chunk
            keeps those of one block.
    """

    def __init__(
        self, nests: list[Nest], rows: int, blocks: int, chunks: int, local: dict[Value, int]
    ) -> None:
        self.nests = nests
        self.rows = rows
        self.blocks = blocks
        self.chunks = chunks
        self.local = local


class Product:
    """A matrix product: one instruction, and what is done with its tiles.

    Attributes:
        nest: elementwise operations on the product's elements while they are in registers.
        target: the value whose memory the product itself fills; its own output, or one that
            the nest makes of it.
    """

    def __init__(self, instruction: Instruction) -> None:
        self.instruction = instruction
        self.nest: Nest | None = None
        self.target = instruction.outputs[0]


class Scan:
    """A running sum or product: one instruction."""

    def __init__(self, instruction: Instruction) -> None:
        self.instruction = instruction


class Draw:
    """Random samples: one instruction.

    Attributes:
        generator: whose stream they come from.
    """

    def __init__(self, instruction: Instruction, generator: Any) -> None:
        self.instruction = instruction
        self.generator = generator


class Nested:
    """One instruction, with programs inside it that have native code of their own.

    Attributes:
        codes: of these programs: see :class:`flambeau.compiler.scan.StepCode`.
    """

    def __init__(self, instruction: Instruction, codes: tuple[Any, ...]) -> None:
        self.instruction = instruction
        self.codes = codes


class Loop(Nested):
    """A loop of known length."""


class Choice(Nested):
    """Two branches, of which one runs."""


class Call:
    """An instruction that runs through NumPy, between native parts."""

    def __init__(self, instruction: Instruction) -> None:
        self.instruction = instruction


Step = Nest | Rows | Product | Scan | Draw | Nested | Call | Guard


def instructions_of(step: Step) -> list[Instruction]:
    """All instructions of a step."""
    if isinstance(step, Nest):
        return step.body + step.reductions + step.scatters
    if isinstance(step, Rows):
        return [i for nest in step.nests for i in instructions_of(nest)]
    if isinstance(step, Product) and step.nest is not None:
        return [step.instruction, *step.nest.body]
    return [] if isinstance(step, Guard) else [step.instruction]


def nest_of_step(step: Step) -> Nest | None:
    """The nest that a step is, or that it does on its way."""
    if isinstance(step, Product):
        return step.nest
    return step if isinstance(step, Nest) else None
