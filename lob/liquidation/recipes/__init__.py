"""How each named design is composed of parts: a function each, whose keywords are its parameters.

Times are seconds, rates parts per million, amounts units of cash. Each parameter is checked when
the design is made, and documented where it is declared: its unit, its range, and where the preset
is from. "Chosen" is what no real system says.
"""
