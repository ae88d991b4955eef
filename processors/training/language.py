"""Makes the table of the language enricher out of py3langid's model: `python -m processors.training.language`.

Scripts that tell the language by themselves never reach the model, so that only what text in the others can visit is
kept: two fifths of its runs of bytes and two thirds of its columns.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from processors.enrichers.langmodel import FILE
from processors.enrichers.language import BY_MODEL, NO_LANGUAGE, ONLY_LANGUAGE
from processors.enrichers.scripts import RANGES

#: What may stand within and between words of any script.
_BETWEEN: Final = (" ", "'", "\u2019", "-")

Tree = dict[int, Any]


def build(identifier: LanguageIdentifier) -> dict[str, NDArray[Any]]:
    """The arrays of the table: runs of bytes with their rows, and the rows without their columns' floors."""
    transitions = np.asarray(identifier.tk_nextmove, dtype=np.int64).reshape(-1, 256)[np.asarray(identifier.tk_row)]
    names = _names(transitions)
    visited = {names[state] for state in _reachable(transitions)}
    runs = sorted({run[:length] for run in visited for length in range(len(run) + 1)}, key=lambda run: (len(run), run))
    places = {run: at for at, run in enumerate(runs)}
    states = {run: state for state, run in names.items()}
    output = np.asarray(identifier.tk_output)[[states[run] for run in runs]]
    kept = [at for at, code in enumerate(identifier.nb_classes) if _is_asked(code)]
    table = np.asarray(identifier.nb_ptc)[:, np.array(kept)].astype(np.float64)
    # The likely features first: what is read for most texts then lies close together.
    features = np.array(sorted(set(output[output >= 0].tolist()), key=lambda feature: (-table[feature].sum(), feature)))
    order = np.full(len(table), -1, dtype=np.int32)
    order[features] = np.arange(len(features))
    return {
        "languages": np.array([identifier.nb_classes[at] for at in kept]),
        "prior": np.asarray(identifier.nb_pc)[kept],
        "runs": np.bincount([len(run) for run in runs]),
        "parents": np.array([places[run[:-1]] for run in runs], dtype=np.uint32),
        "last": np.array([*b"\0", *(run[-1] for run in runs[1:])], dtype=np.uint8),
        "rows": np.where(output < 0, -1, order[output]),
        **_sparse(table[features]),
    }


def _is_asked(code: str) -> bool:
    return (len(code) == 2 or code == NO_LANGUAGE) and code not in ONLY_LANGUAGE.values()


def _sparse(table: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """The table as its columns' least values and, row by row, what is more than those."""
    floors = table.min(axis=0)
    rows, columns = np.nonzero(table > floors)
    levels, values = np.unique((table - floors)[rows, columns].astype(np.float32), return_inverse=True)
    return {
        "floors": floors.astype(np.float32),
        "sizes": np.bincount(rows, minlength=len(table)).astype(np.uint8),
        "columns": columns.astype(np.uint8),
        "levels": levels,
        "values": values.astype(np.uint16),
    }


def _names(transitions: NDArray[np.int64]) -> dict[int, bytes]:
    """Of every state the run of bytes that leads to it: the shortest one."""
    names, front = {0: b""}, [0]
    while front:
        reached: list[int] = []
        for state in front:
            targets, byte = np.unique(transitions[state], return_index=True)
            for target, last in zip(targets.tolist(), byte.tolist(), strict=True):
                if target not in names:
                    names[target] = names[state] + bytes([last])
                    reached.append(target)
        front = reached
    return names


def _reachable(transitions: NDArray[np.int64]) -> set[int]:
    """The states that words of the scripts can visit which leave their language to the model."""
    states: set[int] = set()
    for script in BY_MODEL:
        states |= _visited(transitions, _encodings(RANGES[script]))
    return states


def _encodings(inside: str) -> Tree:
    """The characters of a class, and those between words, in UTF-8: a tree by bytes that ends at its root again."""
    root: Tree = {}
    letter = re.compile(f"[{inside}]")
    plane = map(chr, (*range(0xD800), *range(0xE000, 0x10000)))
    for character in (*filter(letter.match, plane), *_BETWEEN):
        node = root
        *first, last = character.encode()
        for byte in first:
            node = node.setdefault(byte, {})
        node[last] = root
    return root


def _visited(transitions: NDArray[np.int64], root: Tree) -> set[int]:
    seen, todo = {(0, id(root))}, [(0, root)]
    while todo:
        state, node = todo.pop()
        for byte, after in node.items():
            step = (int(transitions[state, byte]), id(after))
            if step not in seen:
                seen.add(step)
                todo.append((step[0], after))
    return {state for state, _ in seen}


def main(path: Path = FILE) -> None:
    """Writes the table."""
    arrays = build(LanguageIdentifier.from_model_file(MODEL_FILE))
    np.savez_compressed(path, allow_pickle=False, **arrays)
    print(f"{len(arrays['parents']):,} runs, {len(arrays['languages'])} columns, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
