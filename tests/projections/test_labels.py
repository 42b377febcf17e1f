"""Everything that can happen has a French label, and every label names something that can happen."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import domain
from domain.authorization import ROLES
from domain.kernel import Root
from domain.labels import LABELS, ROLE_LABELS, label_of, role_label


def _records() -> Iterator[type[Root]]:
    for found in pkgutil.walk_packages(domain.__path__, "domain."):
        importlib.import_module(found.name)
    return iter(r for r in Root.__subclasses__() if r.__module__.startswith("domain."))


def _topics() -> set[str]:
    return {
        vars(kind)["TOPIC"]
        for record in _records()
        for kind in vars(record).values()
        if isinstance(kind, type) and issubclass(kind, Root.Event) and "TOPIC" in vars(kind)
    }


def test_every_topic_of_every_record_has_a_label() -> None:
    topics = _topics()
    assert {"convention.Signed@1", "refusal.Recorded@1"} <= topics
    assert topics - LABELS.keys() == set()
    assert LABELS.keys() - topics == set()


def test_labels_are_sentences_of_their_own() -> None:
    assert len(set(LABELS.values())) == len(LABELS)
    assert all(label == label.strip() and label[0].isupper() for label in LABELS.values())


def test_every_role_has_a_label() -> None:
    assert set(ROLE_LABELS) == set(ROLES)
    assert role_label("academie") == "académie"


def test_an_unknown_topic_is_a_bug() -> None:
    with pytest.raises(KeyError):
        label_of("convention.Vanished@1")
