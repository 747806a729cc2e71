"""Background order flow: the models of the literature, compiled, through the real book."""
