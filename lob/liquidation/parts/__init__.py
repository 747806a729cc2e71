"""The parts of a stage that decide: when, how much, at what price, within what, who pays."""
