"""``python -m experiments.validation --markdown``: the table of docs/validation.md."""

import argparse

from experiments.validation import CONTEXT, LATER, covers, find_target, read_cases, validate
from experiments.validation.table import markdown


def main() -> None:
    """Validate every published case and print the table and what is left out of it."""
    parser = argparse.ArgumentParser(prog="python -m experiments.validation", description=__doc__)
    parser.add_argument("--markdown", action="store_true", required=True)
    parser.parse_args()
    cases = read_cases()
    results = [validate(case.id, cases) for case in cases if find_target(case.id)]
    print(markdown(results))
    print("\nNotes:\n")
    notes: dict[str, list[str]] = {}
    for result in results:
        if result.note:
            notes.setdefault(result.note, []).append(f"`{result.name}`")
    for note, names in notes.items():
        print(f"- {', '.join(names)}: {note}.")
    for title, table in (("Context only, never a gate", CONTEXT), ("Of parts to come", LATER)):
        print(f"\n{title}:\n")
        for case in cases:
            pattern = covers(list(table), case.id)
            if pattern:
                memory = " Provenance: memory." if "memory" in case.provenance else ""
                print(f"- `{case.id}` ({case.paper}): {table[pattern]}.{memory}")


if __name__ == "__main__":
    main()
