"""The numbers of ``lob.units`` that compiled code needs, as constants of the C compiler.

They are C ints: a product with another int is one too, so widen before multiplying.
"""

cdef enum:
    PPM = 1_000_000  # parts per million in one
    SECOND_NS = 1_000_000_000  # nanoseconds in a second
