"""How long an order stays, by a hazard that depends on its age."""

from libc.stdint cimport int64_t

from lob.engine.block cimport Block
from lob.engine.elementary cimport natural_exp, natural_log
from agents.flow.choice cimport Choice

from lob.checks import reals

__all__ = ["Lifetimes"]


cdef class Lifetimes:
    """Ages at which orders are cancelled, by a hazard that is constant in stages of age.

    Parameters
    ----------
    ages
        Ages in seconds at which one stage ends and the next begins, rising, the first above 0.
    hazard
        Cancellations a second of an order in each stage: one more than ``ages``, 0 or more, the
        last of them above 0.

    Attributes
    ----------
    mean : float
        Mean age at cancellation, in seconds.

    Raises
    ------
    TypeError, ValueError
        If the arguments are no such numbers.
    """

    def __init__(self, ages, hazard):
        cdef Stage *stages
        cdef double alive, left
        begins = [0.0, *(reals("ages", ages) if len(ages) else [])]
        rates = reals("hazard", hazard, len(begins))
        if any([later <= sooner for sooner, later in zip(begins, begins[1:])]):
            raise ValueError(f"ages must be above 0 and rise, got {ages!r}")
        if rates[len(rates) - 1] == 0:
            raise ValueError(f"hazard must end above 0, or orders stay for ever, got {hazard!r}")
        self.count = len(begins)
        self.stages = Block()
        self.stages.reserve(sizeof(Stage) * self.count)
        stages = <Stage *>self.stages.data
        times = []
        alive = 1
        for i, (age, rate) in enumerate(zip(begins, rates)):
            stages[i].begins, stages[i].rate = age, rate
            if i + 1 == self.count:
                times.append(alive / rate)
                break
            span = begins[i + 1] - age
            stages[i + 1].passed = stages[i].passed + rate * span
            left = natural_exp(-rate * span)
            times.append(alive * ((1 - left) / rate if rate * span > 1e-9 else span))
            alive *= left
        self.mean = sum(times)
        self.present = Choice("hazard", times)

    cdef double until(self, double luck, double age) noexcept:
        """How much longer an order of an age in seconds stays; ``luck`` uniform on [0, 1)."""
        cdef const Stage *stages = <const Stage *>self.stages.data
        cdef int64_t i = self.count - 1
        cdef double passed
        while stages[i].begins > age:
            i -= 1
        passed = stages[i].passed + stages[i].rate * (age - stages[i].begins)
        passed -= natural_log(1 - luck)
        while i + 1 < self.count and stages[i + 1].passed <= passed:
            i += 1
        # A stage without hazard holds nothing: the next one begins with what had passed.
        return stages[i].begins + (passed - stages[i].passed) / stages[i].rate - age

    cdef double age_of(self, double luck, double other) noexcept:
        """The age in seconds of an order that is met at a random time."""
        cdef const Stage *stages = <const Stage *>self.stages.data
        cdef int64_t i = self.present.pick(luck)
        cdef double span, rate = stages[i].rate
        if i + 1 == self.count:
            # The last stage does not age.
            return stages[i].begins
        span = stages[i + 1].begins - stages[i].begins
        if rate * span < 1e-9:
            return stages[i].begins + other * span
        return stages[i].begins - natural_log(1 - other * (1 - natural_exp(-rate * span))) / rate

    def survival(self, age):
        """The share of orders that are older than ``age`` seconds: a float."""
        cdef const Stage *stages = <const Stage *>self.stages.data
        cdef int64_t i = self.count - 1
        while stages[i].begins > age:
            i -= 1
        return natural_exp(-stages[i].passed - stages[i].rate * (age - stages[i].begins))

    def draw(self, luck, age=0.0):
        """Seconds that an order of ``age`` seconds stays, with ``luck`` uniform on [0, 1)."""
        return self.until(luck, age)
