"""The commands of ``firesale``, a module each."""
