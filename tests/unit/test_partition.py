"""A message goes to the partition that every other Kafka client would choose."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner import DefaultPartitioner, murmur2

from producers.partition import Partitions, hashed


class Cluster:
    """What a partitioner asks of a cluster: one stream with partitions of these numbers."""

    def __init__(self, numbers: set[int]) -> None:
        self._numbers = numbers

    def topics(self) -> set[str]:
        """The stream."""
        return {"articles.raw"}

    def partitions_for_topic(self, _: str) -> set[int]:
        """Its partitions."""
        return self._numbers

    def available_partitions_for_topic(self, _: str) -> set[int]:
        """All of them."""
        return self._numbers


@given(st.binary(max_size=80))
def test_keys_are_hashed_as_kafka_does(key: bytes) -> None:
    """The hash is kafka-python's, which is the Java client's, whatever the key."""
    assert hashed(key) == murmur2(key)


def test_keys_are_hashed_as_the_java_client_does() -> None:
    """The values that Kafka's own tests hold the Java client to (UtilsTest.testMurmur2)."""
    said = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536, b"abc": 479470107}
    assert {key: hashed(key) - 2**32 * (hashed(key) >= 2**31) for key in said} == said


@given(st.from_regex(r"[0-9a-f]{32}", fullmatch=True), st.integers(1, 50))
def test_an_article_goes_where_kafka_python_would_send_it(key: str, partitions: int) -> None:
    """The partition is that of kafka-python's own partitioner."""
    given_ = ("articles.raw", None, key.encode(), None, b"{}", Cluster(set(range(partitions))))
    assert Partitions().partition(*given_) == DefaultPartitioner().partition(*given_)


def test_a_message_without_a_key_goes_anywhere() -> None:
    """Without a key a partition is drawn, as kafka-python does."""
    assert Partitions().partition("articles.raw", None, None, None, b"{}", Cluster({0, 1})) in {0, 1}
