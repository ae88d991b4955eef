"""What was published stays readable: the exported schemas stand, and no change to them breaks a reader."""

from __future__ import annotations

import copy
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from processors.letters import letter
from processors.progress import Progress
from schemas.article import Cut, EnrichedArticle, Entity, Mention, Note, RawArticle, Topic
from schemas.compatibility import breaking_changes
from schemas.dead import DeadLetter, Resolution
from schemas.export import PUBLISHED, VERSIONS, IncompatibleChangeError, export, file_name, json_schema
from schemas.health import Day, Look, SourceHealth
from schemas.receipt import Receipt, ReceiptItem
from schemas.repeated import RepeatedLine
from schemas.settings import Settings
from schemas.source import SourceSpec
from schemas.status import Account, Heartbeat, StageStatus
from tests.fakes import FETCHED_AT, raw_article, raw_message, unit_settings

NAMES = [model.__name__ for model in PUBLISHED]


def published(model: type[BaseModel]) -> dict[str, Any]:
    """The schema that stands in the repository."""
    found: dict[str, Any] = json.loads((VERSIONS / file_name(model)).read_text(encoding="utf-8"))
    return found


def progress() -> Progress:
    """A stage that has counted."""
    counted = Progress("sink", done=3, stale=1, waiting="Elasticsearch does not answer")
    counted.took(12.5)
    return counted


EXAMPLES: dict[type[BaseModel], list[BaseModel]] = {
    RawArticle: [
        raw_article(),
        raw_article(
            url="https://herald.example/1", title="T", authors=("A",), language="en", published="x", metadata={"k": "v"}
        ),
    ],
    EnrichedArticle: [
        EnrichedArticle(
            id="0" * 32,
            version=1,
            source="herald",
            origin="o",
            fetched_at=FETCHED_AT,
            title={},
            text={"other": "x"},
            date=FETCHED_AT,
            content_hash="h",
        ),
        EnrichedArticle(
            id="0" * 32,
            version=1,
            source="herald",
            origin="o",
            url="https://a.example",
            fetched_at=FETCHED_AT,
            title={"en": "T"},
            text={"en": "x"},
            summary=("x",),
            authors=("A",),
            published_at=FETCHED_AT,
            published_precision="day",
            date=FETCHED_AT,
            language="en",
            language_confidence=0.9,
            content_hash="h",
            near=("b1",),
            entities=(Entity(id="Q1", name="N", type="place", score=1, mentions=(Mention(start=0, end=1, text="x"),)),),
            places=("N",),
            topics=(Topic(id="medtop:11000000", name="politics", score=0.5, parents=(), terms=("vote",)),),
            topic_ids=("medtop:11000000",),
            keywords=("x",),
            cuts=(Cut(start=0, end=1, text="x", rule="r", reason="why"),),
            words=1,
            truncated=True,
            notes=(Note(enricher="dates", message="m"),),
            enrichers={"dates": 1},
        ),
    ],
    DeadLetter: [
        letter(raw_message(key=None, value=None), "sink", "refused", "d", "h"),
        letter(raw_message(), "enrich", "failed", "d", "h"),
    ],
    Resolution: [Resolution(letter="articles.raw-0-1", action="dropped", at=datetime.now(UTC), by="me")],
    Receipt: [
        Receipt(at=FETCHED_AT, took_ms=0, by="me", items=()),
        Receipt(
            at=FETCHED_AT,
            took_ms=81.5,
            by="me",
            items=(
                ReceiptItem(id="0" * 32, version=1, verdict="stored", partition=0, offset=3),
                ReceiptItem(id=None, version=None, verdict="dead", partition=1, offset=0),
            ),
        ),
    ],
    SourceHealth: [
        SourceHealth(source="herald", interval=300),
        SourceHealth(
            source="herald",
            state="failing",
            interval=300,
            next_look=FETCHED_AT,
            failures=0.25,
            error="the server answered 503",
            stage="request",
            refused={"robots": 2},
            looks=(Look(at=FETCHED_AT, status=503, stage="request", error="the server answered 503"),),
            days=(Day(day=FETCHED_AT.date(), published=3),),
        ),
    ],
    RepeatedLine: [RepeatedLine(source="herald", line="0123456789abcdef", text="Read more", seen=4, articles=9)],
    SourceSpec: [
        SourceSpec(name="herald", kind="files", path="articles"),
        SourceSpec(name="h", kind="files"),
        SourceSpec(name="h", kind="page", url="https://a.example/", every="1h", links="h2 a", content="page", note="n"),
    ],
    StageStatus: [progress().status(), Progress("enrich").status()],
    Account: [
        Account(
            at=FETCHED_AT,
            by="host-1",
            since=FETCHED_AT,
            seconds=1.5,
            read=7,
            stored=3,
            stale=1,
            dead=1,
            in_flight=1,
            missing=1,
        )
    ],
    Heartbeat: [Heartbeat(at=FETCHED_AT, by="host-1"), Heartbeat(at=FETCHED_AT, by="host-1", searchable_ms=812.5)],
    Settings: [unit_settings(), unit_settings(partitions=7, index_alias="other")],
}


@pytest.mark.parametrize("model", PUBLISHED, ids=NAMES)
def test_the_exported_schema_is_the_model(model: type[BaseModel]) -> None:
    """The file of each published model is what it exports now; `make schemas` writes it."""
    assert published(model) == json_schema(model)


@pytest.mark.parametrize("model", PUBLISHED, ids=NAMES)
def test_no_published_version_is_broken(model: type[BaseModel]) -> None:
    """What was written under any published version of a model, this software reads."""
    current = file_name(model)
    for path in VERSIONS.glob(f"{model.__name__}.v*.json"):
        if path.name == current:
            assert breaking_changes(json.loads(path.read_text(encoding="utf-8")), json_schema(model)) == []


def test_every_published_version_has_its_file_and_no_other() -> None:
    """The folder of versions holds a file for each published model."""
    assert {file_name(model) for model in PUBLISHED} <= {path.name for path in VERSIONS.glob("*.json")}


def test_export_writes_the_files(tmp_path: Any) -> None:
    """The exporter writes one file for each model, the same each time."""
    assert sorted(path.name for path in export(tmp_path)) == sorted(file_name(model) for model in PUBLISHED)
    for model in PUBLISHED:
        assert json.loads((tmp_path / file_name(model)).read_text()) == json_schema(model)


def test_the_exporter_refuses_to_break_a_published_version(tmp_path: Path) -> None:
    """A file of a published version that the model no longer reads is left as it is, and the change is named."""
    (path,) = [path for path in export(tmp_path) if path.name == file_name(RawArticle)]
    wider = json.loads(path.read_text(encoding="utf-8"))
    wider["properties"]["gone"] = {"type": "string"}
    path.write_text(json.dumps(wider), encoding="utf-8")
    with pytest.raises(IncompatibleChangeError, match="gone"):
        export(tmp_path)
    assert json.loads(path.read_text(encoding="utf-8")) == wider


@pytest.mark.parametrize("model", PUBLISHED, ids=NAMES)
def test_what_is_written_keeps_to_the_exported_schema(model: type[BaseModel]) -> None:
    """The JSON of a message validates by its exported schema with a validator that is not ours, and reads back."""
    checker = jsonschema.Draft202012Validator(published(model))
    for example in EXAMPLES[model]:
        text = example.model_dump_json()
        checker.validate(json.loads(text))
        assert model.model_validate_json(text) == example


@pytest.mark.parametrize("model", PUBLISHED, ids=NAMES)
def test_a_field_that_the_contract_does_not_know_is_refused(model: type[BaseModel]) -> None:
    """An unknown field is refused by the model and by its schema alike."""
    told = {**json.loads(EXAMPLES[model][0].model_dump_json()), "surprise": 1}
    with pytest.raises(ValueError, match="surprise"):
        model.model_validate(told)
    assert not jsonschema.Draft202012Validator(published(model)).is_valid(told)


def thing(**properties: Any) -> dict[str, Any]:
    """The schema of a closed object; names that end in an underscore are optional."""
    named = {name.rstrip("_"): schema for name, schema in properties.items()}
    required = [name for name in properties if not name.endswith("_")]
    return {"type": "object", "properties": named, "required": required, "additionalProperties": False}


TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
NULL = {"type": "null"}
OLD = thing(
    id={"type": "string", "pattern": "^a"},
    kind={"enum": ["one", "two"], "type": "string"},
    version={"const": 1, "type": "integer"},
    count={"type": "integer", "minimum": 0, "maximum": 9},
    name={"type": "string", "minLength": 1, "maxLength": 9},
    tags={"type": "array", "items": TEXT, "maxItems": 3},
    at={"type": "string", "format": "date-time"},
    more={"type": "object", "additionalProperties": TEXT},
    inner=thing(x=WHOLE, y_=TEXT),
    ratio={"type": "number"},
    loose={"type": "object"},
    list={"type": "array"},
    url_={"anyOf": [TEXT, NULL]},
)


def changed(*path: str, **words: Any) -> dict[str, Any]:
    """The old schema with words of one of its parts replaced; a word that is none is taken away."""
    new = copy.deepcopy(OLD)
    part = new
    for step in path:
        part = part[step]
    for word, value in words.items():
        part[word] = value
        if value is None:
            del part[word]
    return new


def field(name: str, **words: Any) -> dict[str, Any]:
    """The old schema with one field changed."""
    return changed("properties", name, **words)


def with_field(name: str, schema: dict[str, Any], required: bool = False) -> dict[str, Any]:
    """The old schema with one field more."""
    new = changed("properties", **{name: schema})
    new["required"] = [*new["required"], *([name] if required else [])]
    return new


def without_field(name: str) -> dict[str, Any]:
    """The old schema with one field less."""
    new = changed("properties", **{name: None})
    new["required"] = [one for one in new["required"] if one != name]
    return new


COMPATIBLE = {
    "nothing changed": OLD,
    "an optional field more": with_field("extra", TEXT),
    "a field no longer required": {**OLD, "required": [name for name in OLD["required"] if name != "name"]},
    "one more value allowed": field("kind", enum=["one", "two", "three"]),
    "a longer text allowed": field("name", maxLength=10),
    "a shorter text allowed": field("name", minLength=0),
    "no bound any more": field("count", maximum=None),
    "any number in the place of a whole one": field("count", type="number"),
    "another pattern no more asked": field("id", pattern=None),
    "null allowed, too": field("name", type=None, minLength=None, maxLength=None, anyOf=[TEXT, NULL]),
    "one more alternative": field("url", anyOf=[TEXT, NULL, WHOLE]),
    "a deeper optional field more": changed("properties", "inner", "properties", z=TEXT),
    "another description": field("name", description="other words", title="Other"),
    "anything allowed": field("more", additionalProperties=True),
}
BREAKING = {
    "a field removed": without_field("count"),
    "a field renamed": {**without_field("count"), "properties": {**without_field("count")["properties"], "n": WHOLE}},
    "a new field required": with_field("extra", TEXT, required=True),
    "an old field required": {**OLD, "required": [*OLD["required"], "url"]},
    "another type": field("count", type="string", minimum=None, maximum=None),
    "a whole number in the place of any": field("ratio", type="integer"),
    "a value no longer allowed": field("kind", enum=["one"]),
    "another constant": field("version", const=2),
    "only some values": field("name", enum=["a"]),
    "a higher least": field("count", minimum=1),
    "a lower most": field("count", maximum=8),
    "a bound where there was none": field("tags", minItems=1),
    "a shorter text": field("name", maxLength=8),
    "another pattern": field("id", pattern="^b"),
    "a pattern where there was none": field("name", pattern="^a"),
    "another format": field("at", format="date"),
    "null no longer allowed": field("url", anyOf=None, type="string"),
    "an alternative less": field("url", anyOf=[TEXT]),
    "other items": field("tags", items=WHOLE),
    "another type of values": field("more", additionalProperties=WHOLE),
    "no further values": field("more", additionalProperties=False),
    "a deeper field removed": changed("properties", "inner", properties={"x": WHOLE}),
    "a deeper field required": changed("properties", "inner", required=["x", "y"]),
    "a closed object": field("loose", additionalProperties=False),
    "values of one type": field("loose", additionalProperties=TEXT),
    "items of one type": field("list", items=TEXT),
    "unique items": field("tags", uniqueItems=True),
    "multiples only": field("count", multipleOf=5),
    "names of a pattern": field("more", propertyNames={"pattern": "^a"}),
    "a least number of fields": field("more", minProperties=1),
    "a fixed beginning": field("tags", prefixItems=[WHOLE]),
    "no such thing": field("name", **{"not": {"const": "x"}}),
}


@pytest.mark.parametrize("new", COMPATIBLE.values(), ids=COMPATIBLE)
def test_what_only_widens_is_no_breaking_change(new: dict[str, Any]) -> None:
    """A change under which everything old is still read is let through."""
    assert breaking_changes(OLD, new) == []


@pytest.mark.parametrize("new", BREAKING.values(), ids=BREAKING)
def test_what_narrows_is_a_breaking_change(new: dict[str, Any]) -> None:
    """A change under which something old could be refused is reported, with its place."""
    problems = breaking_changes(OLD, new)
    assert problems
    assert all(problem.startswith("$") for problem in problems)


def test_a_schema_that_holds_itself_is_compared_to_its_end() -> None:
    """A model that holds itself does not send the comparison round and round, and a change inside it is found."""
    old = {"$defs": {"Node": thing(name=TEXT, children_={"type": "array", "items": {"$ref": "#/$defs/Node"}})}}
    old["$ref"] = "#/$defs/Node"
    assert breaking_changes(old, copy.deepcopy(old)) == []
    new = copy.deepcopy(old)
    new["$defs"]["Node"]["properties"]["name"]["maxLength"] = 3
    assert breaking_changes(old, new)


def simple(chance: random.Random) -> dict[str, Any]:
    """A schema without parts."""
    low, high = sorted((chance.randrange(4), chance.randrange(4)))
    return chance.choice(
        [
            {"type": "integer", "minimum": low, "maximum": high},
            {"type": "integer"},
            {"type": "number", "minimum": low},
            {"type": "string", "minLength": low, "maxLength": high},
            {"type": "string", "enum": chance.sample(["a", "b", "c"], low + 1 if low < 3 else 3)},
            {"type": "boolean"},
            {"type": "null"},
        ]
    )


def schema_of(chance: random.Random, depth: int = 2) -> dict[str, Any]:
    """A schema of the kinds that pydantic exports."""
    kind = chance.randrange(4) if depth else 0
    if kind == 1:
        return {"type": "array", "items": schema_of(chance, depth - 1), "maxItems": chance.randrange(3)}
    if kind == 2:
        return {"anyOf": [schema_of(chance, depth - 1) for _ in range(chance.randint(1, 3))]}
    if kind == 3:
        names = [name + chance.choice(["", "_"]) for name in chance.sample("xyz", chance.randrange(4))]
        return thing(**{name: schema_of(chance, depth - 1) for name in names})
    return simple(chance)


def value_of(schema: dict[str, Any], chance: random.Random) -> Any:
    """A value that the schema accepts."""
    if options := schema.get("anyOf"):
        return value_of(chance.choice(options), chance)
    if "enum" in schema:
        return chance.choice(schema["enum"])
    made = {
        "integer": lambda: chance.randint(schema.get("minimum", -3), schema.get("maximum", 5)),
        "number": lambda: schema.get("minimum", 0) + chance.choice([0, 0.5, 2]),
        "string": lambda: "x" * chance.randint(schema.get("minLength", 0), schema.get("maxLength", 4)),
        "boolean": lambda: chance.random() < 0.5,
        "null": lambda: None,
        "array": lambda: [value_of(schema["items"], chance) for _ in range(chance.randint(0, schema["maxItems"]))],
        "object": lambda: {
            name: value_of(part, chance)
            for name, part in schema["properties"].items()
            if name in schema["required"] or chance.random() < 0.5
        },
    }
    return made[schema["type"]]()


def parts(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """A schema and all schemas in it."""
    inner = [*schema.get("anyOf", []), *schema.get("properties", {}).values()]
    inner += [schema["items"]] if "items" in schema else []
    return [schema, *(one for part in inner for one in parts(part))]


def edit(schema: dict[str, Any], chance: random.Random) -> None:
    """Changes one part of a schema in one way."""
    part = chance.choice(parts(schema))
    bounds = [word for word in ("minimum", "maximum", "minLength", "maxLength", "maxItems") if word in part]
    kind = chance.randrange(7)
    if kind == 0 and bounds:
        part[chance.choice(bounds)] += chance.choice([-1, 1])
    elif kind == 1 and bounds:
        del part[chance.choice(bounds)]
    elif kind == 2 and part.get("properties"):
        del part["properties"][chance.choice(list(part["properties"]))]
    elif kind == 3 and part.get("properties"):
        part["required"] = chance.sample(list(part["properties"]), chance.randint(0, len(part["properties"])))
    elif kind == 4 and "properties" in part:
        part["properties"]["w"] = simple(chance)
    elif kind == 5 and "enum" in part:
        part["enum"] = chance.sample(["a", "b", "c"], chance.randint(1, 3))
    elif kind == 6:
        other = {"anyOf": [dict(part), simple(chance)]}
        part.clear()
        part.update(other if chance.random() < 0.5 else simple(chance))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_what_is_called_compatible_refuses_nothing_old(seed: int) -> None:
    """Where no breaking change is found, every value that the old schema accepts is accepted by the new one."""
    chance = random.Random(seed)
    old = schema_of(chance)
    new = copy.deepcopy(old)
    for _ in range(chance.randint(1, 3)):
        edit(new, chance)
    if breaking_changes(old, new):
        return
    before, after = jsonschema.Draft202012Validator(old), jsonschema.Draft202012Validator(new)
    for _ in range(5):
        value = value_of(old, chance)
        assert before.is_valid(value)
        assert after.is_valid(value), (old, new, value)
