"""RFC 6962 trees: the published vectors, a naive implementation beside ours, and proofs from the tables.

The vectors are those of the reference implementation, https://github.com/transparency-dev/merkle
(``testonly/constants.go``, ``testonly/reference_test.go``, ``testdata/``; Apache License 2.0, Google LLC).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from itertools import pairwise
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import AsyncConnection

from ledger import merkle, proofs
from ledger.leaf import leaf_hash
from ledger.merkle import EMPTY_ROOT, MissingHash, node_hash
from tests.conftest import Database

INPUTS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
INCLUSIONS = (
    (0, 1, ()),
    (1, 2, ("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",)),
    (
        0,
        8,
        (
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ),
    ),
    (
        5,
        8,
        (
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ),
    ),
    (2, 3, ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",)),
    (
        1,
        5,
        (
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ),
    ),
)
CONSISTENCIES = (
    (1, 1, ()),
    (
        1,
        8,
        (
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ),
    ),
    (
        6,
        8,
        (
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ),
    ),
    (
        2,
        5,
        (
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ),
    ),
    (
        6,
        7,
        (
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ),
    ),
)

VECTOR = [leaf_hash(bytes.fromhex(one)) for one in INPUTS]
SIZES = st.integers(0, 700)


def leaves_of(count: int) -> list[bytes]:
    return [leaf_hash(b"%d" % i) for i in range(count)]


LEAVES = leaves_of(700)


def unhex(hashes: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(one) for one in hashes]


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """As RFC 6962 defines it, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


def stored_of(leaves: Sequence[bytes]) -> dict[merkle.Place, bytes]:
    """What the tables hold once these leaves were appended."""
    _, _, completed = merkle.append(0, [], leaves)
    nodes = {(level, index): node for level, index, node in completed}
    return nodes | {(0, i): leaf for i, leaf in enumerate(leaves)}


def proof_of(ranges: Sequence[merkle.Range], stored: dict[merkle.Place, bytes]) -> list[bytes]:
    return [merkle.range_hash(one, stored) for one in ranges]


# The published vectors


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots(size: int) -> None:
    grown, edge, _ = merkle.append(0, [], VECTOR[:size])
    assert grown == size
    assert merkle.root(size, edge).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size", "path"), INCLUSIONS)
def test_the_published_inclusion_paths(index: int, size: int, path: tuple[str, ...]) -> None:
    made = proof_of(merkle.inclusion_path(index, size), stored_of(VECTOR))
    assert [one.hex() for one in made] == list(path)
    assert merkle.verify_inclusion(VECTOR[index], index, size, made, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("old", "new", "path"), CONSISTENCIES)
def test_the_published_consistency_paths(old: int, new: int, path: tuple[str, ...]) -> None:
    made = proof_of(merkle.consistency_path(old, new), stored_of(VECTOR))
    assert [one.hex() for one in made] == list(path)
    roots = bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[new])
    assert merkle.verify_consistency(old, new, made, *roots)


WRONG = b"WrongRoot"


@pytest.mark.parametrize(
    ("old", "new", "path", "old_root", "new_root"),
    [
        pytest.param(6, 8, unhex(CONSISTENCIES[2][2]), ROOTS[8], ROOTS[6], id="swapped roots"),
        pytest.param(1, 8, unhex(CONSISTENCIES[1][2][:2]), ROOTS[1], ROOTS[8], id="truncated proof"),
        pytest.param(6, 8, unhex(CONSISTENCIES[2][2]), WRONG.hex(), ROOTS[8], id="wrong root1"),
        pytest.param(2, 5, unhex(CONSISTENCIES[3][2]), ROOTS[2], WRONG.hex(), id="wrong root2"),
    ],
)
def test_the_published_inconsistencies_are_refused(
    old: int, new: int, path: list[bytes], old_root: str, new_root: str
) -> None:
    assert not merkle.verify_consistency(old, new, path, bytes.fromhex(old_root), bytes.fromhex(new_root))


# Against the naive implementation


@given(st.lists(st.integers(0, 300), max_size=6))
def test_appending_in_batches_gives_the_same_tree(batches: list[int]) -> None:
    size = 0
    edge: list[bytes] = []
    completed: list[merkle.Completed] = []
    leaves = leaves_of(sum(batches))
    for batch in batches:
        size, edge, more = merkle.append(size, edge, leaves[size : size + batch])
        completed += more
    assert size == len(leaves)
    assert merkle.root(size, edge) == naive_root(leaves)
    assert completed == [(8, i, naive_root(leaves[i * 256 : i * 256 + 256])) for i in range(size // 256)]
    assert merkle.unpacked(merkle.packed(edge)) == edge


def test_a_large_batch_completes_two_levels() -> None:
    leaves = leaves_of(2**16 + 300)
    size, edge, completed = merkle.append(0, [], leaves[:-250])
    size, edge, more = merkle.append(size, edge, leaves[-250:])
    completed += more
    assert [one[:2] for one in completed] == [*((8, i) for i in range(256)), (16, 0), (8, 256)]
    whole = {one[:2]: one[2] for one in completed}
    assert whole[16, 0] == naive_root(leaves[: 2**16])
    assert whole[8, 256] == naive_root(leaves[2**16 : 2**16 + 256])
    assert merkle.root(size, edge) == naive_root(leaves)


@given(SIZES, SIZES)
def test_every_consistency_proof_holds_for_its_two_roots_only(one: int, other: int) -> None:
    old, new = sorted((one, other))
    stored = stored_of(LEAVES[:new])
    proof = proof_of(merkle.consistency_path(old, new), stored)
    old_root, new_root = naive_root(LEAVES[:old]), naive_root(LEAVES[:new])
    assert merkle.verify_consistency(old, new, proof, old_root, new_root)
    for stranger in (naive_root(LEAVES[old : new + 1]), sha256(new_root).digest(), b""):
        assert stranger in (old_root, new_root) or not (
            merkle.verify_consistency(old, new, proof, stranger, new_root)
            or (old and merkle.verify_consistency(old, new, proof, old_root, stranger))
        )
    assert old == new or not merkle.verify_consistency(new, old, proof, new_root, old_root)
    assert not merkle.verify_consistency(old, new, [*proof, EMPTY_ROOT], old_root, new_root)
    for i in range(len(proof)):
        changed = [*proof[:i], EMPTY_ROOT, *proof[i + 1 :]]
        assert not merkle.verify_consistency(old, new, changed, old_root, new_root)


@given(st.data())
def test_every_inclusion_proof_holds_at_its_place_only(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 700))
    index = data.draw(st.integers(0, size - 1))
    proof = proof_of(merkle.inclusion_path(index, size), stored_of(LEAVES[:size]))
    root = naive_root(LEAVES[:size])
    assert merkle.verify_inclusion(LEAVES[index], index, size, proof, root)
    for elsewhere in {0, 1, index - 1, index + 1, size - 1, size, -1} - {index}:
        assert not merkle.verify_inclusion(LEAVES[index], elsewhere, size, proof, root)
    assert not merkle.verify_inclusion(EMPTY_ROOT, index, size, proof, root)
    assert not merkle.verify_inclusion(LEAVES[index], index, size, [*proof, EMPTY_ROOT], root)
    assert not merkle.verify_inclusion(LEAVES[index], index, size, proof, EMPTY_ROOT)
    if proof:
        assert not merkle.verify_inclusion(LEAVES[index], index, size, proof[:-1], root)


def test_the_empty_tree_begins_every_other_without_a_proof() -> None:
    root = naive_root(LEAVES[:3])
    assert merkle.verify_consistency(0, 3, [], EMPTY_ROOT, root)
    assert merkle.verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    assert not merkle.verify_consistency(0, 0, [], EMPTY_ROOT, root)
    assert not merkle.verify_consistency(0, 3, [root], EMPTY_ROOT, root)
    assert not merkle.verify_consistency(0, 3, [], root, root)


def test_a_proof_reads_little_of_a_large_tree() -> None:
    size = 10_000_000
    places = merkle.needed(merkle.inclusion_path(4_999_999, size))
    assert set(places) == {0, 8, 16}
    assert all(end - start <= 256 for ranges in places.values() for start, end in ranges)
    assert all(len(ranges) <= 3 for ranges in places.values())
    assert len(merkle.inclusion_path(4_999_999, size)) == 24


def test_sizes_and_edges_that_do_not_agree_are_bugs() -> None:
    with pytest.raises(ValueError, match="edge of 1 for 3"):
        merkle.root(3, [EMPTY_ROOT])
    with pytest.raises(ValueError, match="edge of 0 for 1"):
        merkle.append(1, [], VECTOR)
    with pytest.raises(ValueError, match="leaf 3 of 3"):
        merkle.inclusion_path(3, 3)
    with pytest.raises(ValueError, match="from 4 to 3"):
        merkle.consistency_path(4, 3)


def test_a_hash_that_is_missing_is_named() -> None:
    stored = stored_of(LEAVES[:600])
    del stored[8, 1]
    with pytest.raises(MissingHash) as missing:
        merkle.range_hash((0, 600), stored)
    assert (missing.value.level, missing.value.index) == (8, 1)


def test_an_inner_node_is_not_a_leaf() -> None:
    one, other = VECTOR[:2]
    assert node_hash(one, other) != leaf_hash(one + other)


# From the tables

COUNT = 2**16 + 2 * 256 + 37
COLUMNS = "position, event_id, record_id, version, topic, state, metadata, effective_at, recorded_at, leaf"
INSTANT = "2026-01-05T08:00:00+00:00"


async def fill(owner: AsyncConnection, leaves: Sequence[bytes]) -> None:
    async with owner.cursor().copy(f"COPY ledger.events ({COLUMNS}) FROM STDIN") as copy:
        for position, leaf in enumerate(leaves, 1):
            row = (position, UUID(int=position), "thing-1", position, "thing.Happened@1", "{}", "{}")
            await copy.write_row((*row, INSTANT, INSTANT, leaf))
    completed = merkle.append(0, [], leaves)[2]
    async with owner.cursor().copy("COPY ledger.nodes (level, index, hash) FROM STDIN") as copy:
        for node in completed:
            await copy.write_row(node)


@pytest.mark.stack
async def test_proofs_are_read_from_the_tables(database: Database) -> None:
    leaves = leaves_of(COUNT)
    async with await psycopg.AsyncConnection.connect(database.owner_dsn) as owner:
        await fill(owner, leaves)
    sizes = [0, 1, 255, 256, 257, 2**16 - 1, 2**16, 2**16 + 300, COUNT]
    roots = {size: naive_root(leaves[:size]) for size in sizes}
    async with database.app.connection() as connection:
        for size in sizes:
            assert await proofs.root_at(connection, size) == roots[size]
        for old, new in pairwise(sizes):
            proof = await proofs.consistency(connection, old, new)
            assert merkle.verify_consistency(old, new, proof, roots[old], roots[new])
        positions = [1, 256, 257, 40_000, 2**16, 2**16 + 1, COUNT]
        several = await proofs.inclusions(connection, positions, COUNT)
        for position, proof in zip(positions, several, strict=True):
            assert merkle.verify_inclusion(leaves[position - 1], position - 1, COUNT, proof, roots[COUNT])
            assert proof == await proofs.inclusion(connection, position, COUNT)
            assert len(b"".join(proof)) <= 2000


@pytest.mark.stack
async def test_a_size_not_reached_is_told(database: Database) -> None:
    async with await psycopg.AsyncConnection.connect(database.owner_dsn) as owner:
        await fill(owner, LEAVES[:10])
    async with database.app.connection() as connection:
        assert await proofs.root_at(connection, 10) == naive_root(LEAVES[:10])
        with pytest.raises(MissingHash):
            await proofs.root_at(connection, 11)
        with pytest.raises(ValueError, match="leaf 10 of 10"):
            await proofs.inclusion(connection, 11, 10)
