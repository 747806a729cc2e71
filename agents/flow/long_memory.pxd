"""The lengths of metaorders."""

from libc.stdint cimport int64_t

from agents.random cimport Stream

cdef int64_t pareto(Stream *stream, double beta) noexcept
cdef int64_t zipf(Stream *stream, double beta) noexcept
