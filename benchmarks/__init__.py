"""Firesale beside its peers and beside a bare C loop: nothing here is asserted, only shown."""
