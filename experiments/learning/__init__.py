"""Environments for learning agents: how to sell what must be sold, or what a keeper bought.

They need gymnasium, the extra ``rl``. Whoever imports them may also write
``gymnasium.make("Firesale/Engine-v0")`` or ``"Firesale/Keeper-v0"``.
"""

try:
    import gymnasium
except ModuleNotFoundError as error:
    if error.name != "gymnasium":
        raise
    raise ImportError(
        "environments for learning agents need gymnasium: pip install 'firesale[rl]'"
    ) from error

from experiments.learning.terms import ROLES

for _role in ROLES:
    gymnasium.register(
        f"Firesale/{_role.capitalize()}-v0",
        entry_point="experiments.learning.environment:FiresaleEnv",
        vector_entry_point="experiments.learning.vector:FiresaleVectorEnv",
        kwargs={"role": _role},
    )
