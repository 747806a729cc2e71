"""Commands of ``firesale``, a module each."""
