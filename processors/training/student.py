"""Training of the small network (`processors.tagger.network`) from labels and from a teacher's opinions."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax

from processors.tagger.features import AFFIXES, FORMS, GRAMS, MOST_GRAMS, NAME_TABLES, SHAPES, Lexicon, spelling
from processors.training.examples import TAGS, UNKNOWN, Example

Arrays = dict[str, npt.NDArray[Any]]
Parameters = dict[str, Any]
ROW, BATCH, GAP = 256, 16, 6
WORD, WIDTH, REACH = 128, 128, 5
SIZES = {
    "form": (FORMS, 48),
    "prefix": (AFFIXES, 24),
    "suffix": (AFFIXES, 24),
    "shape": (SHAPES, 16),
    "grams": (GRAMS, 48),
}
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Taught:
    """An example with the teacher's tag probabilities (words, tags), where there are any."""

    example: Example
    opinion: npt.NDArray[np.float16] | None = None


class Vocabulary:
    """The features of every word met in training, as arrays; row 0 is the empty place between documents."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._numbers: dict[str, int] = {"": 0}
        self._spelled: list[Any] = [spelling("")]
        self._vectors = [lexicon.nothing]
        self._marks = [0]

    def number(self, word: str) -> int:
        """The word's row, made when it is new."""
        if word not in self._numbers:
            self._numbers[word] = len(self._numbers)
            self._spelled.append(spelling(word))
            self._vectors.append(self._lexicon.vector(word))
            self._marks.append(self._lexicon.marks(word))
        return self._numbers[word]

    def arrays(self) -> Arrays:
        """Feature arrays with one row a word."""
        grams = np.full((len(self._spelled), MOST_GRAMS), -1, np.int32)
        for row, one in enumerate(self._spelled):
            grams[row, : len(one.grams)] = one.grams
        bits = np.array(self._marks)[:, None] >> np.arange(len(NAME_TABLES)) & 1
        found: Arrays = {
            name: np.array([getattr(one, name) for one in self._spelled], np.int32)
            for name in ("form", "prefix", "suffix", "shape")
        }
        return {
            **found,
            "grams": grams,
            "vector": np.stack(self._vectors).astype(np.float16),
            "marks": bits.astype(np.float32),
        }


def fresh(seed: int, vector: int) -> Parameters:
    """Parameters before training."""
    random = np.random.default_rng(seed)

    def matrix(rows: int, columns: int, gain: float = 1.0) -> Any:
        return random.normal(0, gain / np.sqrt(rows), (rows, columns)).astype(np.float32)

    inputs = vector + sum(width for _, width in SIZES.values()) + len(NAME_TABLES)
    tables = {name: random.normal(0, 0.3, size).astype(np.float32) for name, size in SIZES.items()}
    return tables | {
        "word": matrix(inputs, WORD), "word_bias": np.zeros(WORD, np.float32),
        "first": matrix(REACH * WORD, WIDTH, 1.4), "first_bias": np.zeros(WIDTH, np.float32),
        "second": matrix(3 * WIDTH, WIDTH), "second_bias": np.zeros(WIDTH, np.float32),
        "third": matrix(4 * WIDTH, WIDTH), "third_bias": np.zeros(WIDTH, np.float32),
        "out": matrix(WIDTH, len(TAGS), 0.5), "out_bias": np.zeros(len(TAGS), np.float32),
    }  # fmt: skip


def _shifted(x: jax.Array, by: int) -> jax.Array:
    """What stands `by` words further on, zeros past the end."""
    if by == 0:
        return x
    zeros = jnp.zeros((x.shape[0], abs(by), x.shape[2]), x.dtype)
    return jnp.concatenate([x[:, by:], zeros], 1) if by > 0 else jnp.concatenate([zeros, x[:, :by]], 1)


def scores(p: Parameters, f: dict[str, jax.Array], batch: dict[str, jax.Array], key: jax.Array | None) -> jax.Array:
    """Unnormalised tag scores, of shape (rows, words, tags). `f` holds the features of the batch's own words."""
    grams = jnp.where(f["grams"][..., None] >= 0, p["grams"][jnp.maximum(f["grams"], 0)], 0)
    count = jnp.maximum((f["grams"] >= 0).sum(-1, keepdims=True), 1)
    vector, form = f["vector"].astype(jnp.float32), p["form"][f["form"]]
    parts = [
        vector,
        form,
        p["prefix"][f["prefix"]],
        p["suffix"][f["suffix"]],
        p["shape"][f["shape"]],
        grams.sum(1) / jnp.sqrt(count),
        f["marks"],
    ]
    keys = jax.random.split(key, 8) if key is not None else [None] * 8
    if key is not None:
        # Whole kinds of knowledge are withheld at times, as of a word never met before.
        rates = (0.1, 0.25, 0.05, 0.05, 0.0, 0.1, 0.15)
        masks = jax.random.uniform(keys[0], (len(rates), form.shape[0], 1))
        parts = [part * (masks[i] >= rate) for i, (part, rate) in enumerate(zip(parts, rates, strict=True))]
    words = jax.nn.relu(jnp.concatenate(parts, -1) @ p["word"] + p["word_bias"])
    here = (batch["words"] > 0)[..., None]
    x = _dropped(words[batch["words"]] * here, keys[1], 0.2)
    half = REACH // 2
    around = jnp.concatenate([_shifted(x, offset) for offset in range(-half, half + 1)], -1)
    x = jax.nn.relu(around @ p["first"] + p["first_bias"]) * here
    x = _dropped(x, keys[2], 0.15)
    around = jnp.concatenate([_shifted(x, offset) for offset in (-1, 0, 1)], -1)
    x = (x + jax.nn.relu(around @ p["second"] + p["second_bias"])) * here
    x = _dropped(x, keys[3], 0.15)
    flat = x.reshape(-1, x.shape[-1])
    group = batch["group"].reshape(-1)
    seen = batch["candidate"].reshape(-1, 1)
    total = jax.ops.segment_sum(flat * seen, group, flat.shape[0])
    size = jnp.maximum(jax.ops.segment_sum(seen, group, flat.shape[0]), 1)
    same = (total / size)[group].reshape(x.shape)
    around = jnp.concatenate([*(_shifted(x, offset) for offset in (-2, 0, 2)), same], -1)
    x = x + jax.nn.relu(around @ p["third"] + p["third_bias"])
    return _dropped(x, keys[4], 0.15) @ p["out"] + p["out_bias"]


def _dropped(x: jax.Array, key: jax.Array | None, rate: float) -> jax.Array:
    if key is None:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def _loss(p: Parameters, f: dict[str, jax.Array], batch: dict[str, jax.Array], key: jax.Array) -> jax.Array:
    likely = jax.nn.log_softmax(scores(p, f, batch, key))
    each = -(batch["target"] * likely).sum(-1)
    return (each * batch["weight"]).sum() / jnp.maximum(batch["weight"].sum(), 1)


WEIGHTS = {"btc": 0.4, "wnut": 0.5, "sec": 0.5, "silver": 0.5, "gmb": 2.0, "gum": 1.5}


def rows(
    taught: Sequence[Taught], vocabulary: Vocabulary, random: np.random.Generator, trust: float
) -> Iterator[Arrays]:
    """Documents laid side by side in rows of `ROW` words, `GAP` empty places between two."""
    room: Arrays = {}
    at = ROW
    groups: dict[tuple[int, str], int] = {}
    for number in random.permutation(len(taught)):
        one = taught[number]
        for begin in range(0, len(one.example.words), ROW):
            words = one.example.words[begin : begin + ROW]
            if at + len(words) > ROW:
                if room:
                    yield room
                room, at, groups = _room(), 0, {}
            cut = slice(at, at + len(words))
            room["words"][cut] = [vocabulary.number(word) for word in words]
            room["group"][cut] = [groups.setdefault((int(number), word.lower()), len(groups) + 1) for word in words]
            room["candidate"][cut] = [word.lower() != word for word in words]
            room["target"][cut], room["weight"][cut] = _target(one, begin, begin + len(words), trust)
            at += len(words) + GAP
    if room:
        yield room


def _room() -> Arrays:
    return {"words": np.zeros(ROW, np.int32), "group": np.zeros(ROW, np.int32), "candidate": np.zeros(ROW, np.float32),
            "target": np.zeros((ROW, len(TAGS)), np.float32), "weight": np.zeros(ROW, np.float32)}  # fmt: skip


def _target(one: Taught, begin: int, end: int, trust: float) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """What to learn for these words, and with what weight: the labels, the teacher's opinion, or both mixed."""
    tags = one.example.tags[begin:end]
    known = tags != UNKNOWN
    target = np.eye(len(TAGS), dtype=np.float32)[np.maximum(tags, 0)] * known[:, None]
    weight = known * np.float32(WEIGHTS.get(one.example.corpus, 1.0))
    if one.opinion is None:
        return target, weight
    opinion = one.opinion[begin:end].astype(np.float32)
    mixed = np.where(known[:, None] & one.example.gold, (1 - trust) * target + trust * opinion, opinion)
    return mixed, np.where(known & one.example.gold, weight, np.float32(0.7))


def batches(cut: Sequence[Arrays]) -> Iterator[tuple[npt.NDArray[np.int32], Arrays]]:
    """Rows by `BATCH`: the numbers of the words in them, and the arrays with the words counted among those."""
    for i in range(0, len(cut) - BATCH + 1, BATCH):
        batch = {name: np.stack([row[name] for row in cut[i : i + BATCH]]) for name in cut[i]}
        used, place = np.unique(batch["words"], return_inverse=True)
        if used[0] != 0:
            used, place = np.concatenate([[0], used]), place + 1
        padded = np.zeros(-(-len(used) // 512) * 512, np.int32)
        padded[: len(used)] = used
        batch["words"] = place.reshape(batch["words"].shape).astype(np.int32)
        batch["group"] += (np.arange(BATCH) * ROW)[:, None].astype(np.int32)
        yield padded, batch


def trained(
    taught: Sequence[Sequence[Taught]],
    lexicon: Lexicon,
    seed: int = 0,
    rate: float = 2e-3,
    trust: float = 0.5,
    minutes: float = 60,
) -> Parameters:
    """The network after one pass over each of `taught` (the same documents, each time varied)."""
    random = np.random.default_rng(seed)
    vocabulary = Vocabulary(lexicon)
    passes = [list(rows(one, vocabulary, random, trust)) for one in taught]
    features = vocabulary.arrays()
    total = sum(len(one) // BATCH for one in passes)
    schedule = optax.warmup_cosine_decay_schedule(0, rate, total // 20, total, rate / 100)
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, weight_decay=0.01))
    parameters = jax.tree.map(jnp.asarray, fresh(seed, features["vector"].shape[1]))
    state = optimizer.init(parameters)
    mean = parameters

    @partial(jax.jit, donate_argnums=(0, 1, 2))
    def step(p: Parameters, mean: Parameters, s: Any, f: Any, batch: Any, key: jax.Array, decay: float) -> Any:
        loss, gradient = jax.value_and_grad(_loss)(p, f, batch, key)
        updates, s = optimizer.update(gradient, s, p)
        p = optax.apply_updates(p, updates)
        return p, jax.tree.map(lambda m, x: decay * m + (1 - decay) * x, mean, p), s, loss

    mean = jax.tree.map(jnp.copy, parameters)
    number, started = 0, time.monotonic()
    for turn, one in enumerate(passes):
        losses = []
        for used, batch in batches(one):
            chosen = {name: value[used] for name, value in features.items()}
            decay = min(0.998, number / (number + 10))
            parameters, mean, state, loss = step(parameters, mean, state, chosen, batch, jax.random.key(number), decay)
            losses.append(loss)
            number += 1
        log.info(
            "student: pass %d of %d, loss %.4f, %.0f s",
            turn + 1,
            len(passes),
            float(np.mean(losses)),
            time.monotonic() - started,
        )
    return {name: np.asarray(value) for name, value in mean.items()}


def packed(parameters: Parameters, lexicon: Arrays) -> Arrays:
    """The weights as the project keeps them: tables in 8 bits with a scale a row, the rest in 16 bits."""
    out: Arrays = dict(lexicon)
    for name, value in parameters.items():
        if name in SIZES:
            scale = np.maximum(np.abs(value).max(1, keepdims=True) / 127, 1e-6)
            out[name + "_scale"] = scale.astype(np.float32)
            out[name + "_int8"] = np.round(value / scale).astype(np.int8)
        else:
            out[name] = value.astype(np.float16)
    return out
