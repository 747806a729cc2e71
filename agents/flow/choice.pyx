"""Drawing one of several things with given weights, in constant time."""

from libc.stdint cimport int64_t

from lob.engine.block cimport Block

from lob.checks import reals

__all__ = ["Choice"]


cdef class Choice:
    """Draws of 0, 1, 2... with probabilities in proportion to weights: Walker's alias table.

    The table is made after Vose (1991, IEEE Transactions on Software Engineering 17): each number
    has a cell of the same width; a number that is too light for its cell shares it with a heavy
    one.

    Parameters
    ----------
    name
        What the weights are called in an error message.
    weights
        One for each number, finite and not negative, at least one of them above 0.

    Attributes
    ----------
    total : float
        Sum of the weights.

    Raises
    ------
    TypeError, ValueError
        If the weights are no such numbers, or none of them is above 0.
    """

    def __init__(self, name, weights):
        cdef Cell *cells
        cdef int64_t light, heavy
        values = reals(name, weights)
        self.total = sum(values)
        self.count = len(values)
        if not self.total > 0:
            raise ValueError(f"{name} must have an entry above 0, got {values!r}")
        self.cells = Block()
        self.cells.reserve(sizeof(Cell) * self.count)
        cells = <Cell *>self.cells.data
        share = [value * self.count / self.total for value in values]
        lights = [i for i in range(self.count) if share[i] < 1]
        heavies = [i for i in range(self.count) if share[i] >= 1]
        while lights and heavies:
            light, heavy = lights.pop(), heavies.pop()
            cells[light].keep, cells[light].other = share[light], heavy
            share[heavy] -= 1 - share[light]
            (lights if share[heavy] < 1 else heavies).append(heavy)
        for i in lights + heavies:  # what is left differs from 1 by rounding
            cells[i].keep, cells[i].other = 1, i

    def probabilities(self):
        """The probability of each number 0, 1, 2... by the alias table: a list of floats."""
        cdef const Cell *cells = <const Cell *>self.cells.data
        chances = [0.0] * self.count
        for i in range(self.count):
            chances[i] += cells[i].keep / self.count
            chances[cells[i].other] += (1 - cells[i].keep) / self.count
        return chances
