"""A GLiNER model in a folder: it finds names of whatever type it is asked for, in any language it was made for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from processors.tiers.library import Importer, folder, imported
from processors.tiers.tier import Found, Tier, of_model
from processors.tiers.windows import windows

# What it is asked for, in words that such models are trained with.
KINDS = {
    "person": "person",
    "organization": "organisation",
    "location": "place",
    "country": "place",
    "city": "place",
    "event": "event",
}
_LEAST = 0.5
_WORD = re.compile(r"\w+(?:[-_]\w+)*|\S")  # as GLiNER splits by itself
_MOST_TOKENS = 512
_FEWEST_TOKENS = 16


def tier(named: str, importer: Importer) -> Tier:
    """The tier of a model.

    Raises:
        TierError: the package is not installed, or the folder holds no GLiNER model.
    """
    path = folder(named, "gliner_config.json")
    library = imported("gliner", importer)
    model = library.GLiNER.from_pretrained(str(path), local_files_only=True, load_onnx_model=_only_onnx(path))
    return of_model(f"gliner:{path.resolve().name}", None, Asked(model).find)


def _only_onnx(path: Path) -> bool:
    weights = (path / name for name in ("model.safetensors", "pytorch_model.bin"))
    return (path / "model.onnx").is_file() and not any(file.is_file() for file in weights)


class Asked:
    """A model that is asked for Wiredesk's types of names, in pieces of the text that it can take.

    It leaves out what is over its number of words, and over its tokenizer's number of tokens, without a word.
    """

    def __init__(self, model: Any) -> None:
        self._model, self._tokenizer = model, model.data_processor.transformer_tokenizer
        self._words = int(model.config.max_len)
        asked = self._tokens(" ".join(KINDS)) + 2 * len(KINDS) + self._tokenizer.num_special_tokens_to_add()
        self._room: int = max(min(self._tokenizer.model_max_length, _MOST_TOKENS) - asked, _FEWEST_TOKENS)

    def _tokens(self, piece: str) -> int:
        return len(self._tokenizer(piece, add_special_tokens=False, verbose=False)["input_ids"])

    def _size(self, piece: str) -> int:
        """How much of the room the piece takes, by words or by tokens, whichever is more; all of it is `_words`."""
        return max(len(_WORD.findall(piece)), -(-self._tokens(piece) * self._words // self._room))

    def find(self, text: str) -> Iterator[Found]:
        """The names in a text."""
        for begin, piece in windows(text, self._words, self._size):
            for one in self._model.predict_entities(piece, list(KINDS), threshold=_LEAST):
                yield Found(begin + one["start"], begin + one["end"], KINDS[one["label"]], float(one["score"]))
