"""The participants: what trades against the venue, and why. It knows the venue."""
