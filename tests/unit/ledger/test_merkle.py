"""The tree against RFC 6962's own recursive definition, and against the vectors that transparency logs share."""

import hashlib
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.ledger.naive import NaiveTree

from guiju.ledger import verify
from guiju.ledger.errors import HashMissingError
from guiju.ledger.merkle import CompactRange, Prover, TreeHash, is_consistent, root_from_inclusion

SIZES = 130

# The eight leaves and the roots of every size from 1 to 8, as published with the code of RFC 6962's authors.
KNOWN_LEAVES = [
    bytes.fromhex(x)
    for x in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
KNOWN_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def leaves(count: int) -> list[bytes]:
    return [b"leaf %d" % n for n in range(count)]


def prover_of(tree: TreeHash, contents: list[bytes]) -> Prover:
    hashes = [tree.leaf(content) for content in contents]

    def subtree(height: int, position: int) -> bytes:
        row = hashes[position << height : (position + 1) << height]
        assert len(row) == 1 << height, "only complete subtrees are asked for"
        while len(row) > 1:
            row = [tree.node(row[n], row[n + 1]) for n in range(0, len(row), 2)]
        return row[0]

    return Prover(tree, subtree)


@pytest.fixture(params=["sha256", "sm3"])
def hash_name(request: pytest.FixtureRequest) -> str:
    if request.param not in hashlib.algorithms_available:
        pytest.skip(f"this OpenSSL has no {request.param}")
    return str(request.param)


def test_the_roots_are_those_that_are_known() -> None:
    tree = TreeHash("sha256")
    edge = CompactRange(tree)
    assert edge.root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for leaf, root in zip(KNOWN_LEAVES, KNOWN_ROOTS, strict=True):
        edge.push(tree.leaf(leaf))
        assert edge.root().hex() == root


def test_sm3_is_the_hash_of_gb_t_32905() -> None:
    if "sm3" not in hashlib.algorithms_available:
        pytest.skip("this OpenSSL has no sm3")
    assert TreeHash("sm3").digest(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_every_root_and_every_closed_subtree_up_to_130_is_the_naive_one(hash_name: str) -> None:
    tree, naive = TreeHash(hash_name), NaiveTree(hash_name)
    edge, contents = CompactRange(tree), leaves(SIZES)
    for size in range(SIZES):
        assert edge.root() == naive.mth(contents[:size])
        closed = edge.push(tree.leaf(contents[size]))
        for height, root in enumerate(closed, 1):
            start = (size >> height) << height
            assert root == naive.mth(contents[start : start + (1 << height)])


def test_every_inclusion_proof_up_to_130_is_the_naive_one_and_verifies(hash_name: str) -> None:
    tree, naive = TreeHash(hash_name), NaiveTree(hash_name)
    contents = leaves(SIZES)
    prover = prover_of(tree, contents)
    for size in [*range(1, 35), 63, 64, 65, 127, 128, 129, 130]:
        root = naive.mth(contents[:size])
        assert prover.root(size) == root
        for index in range(size):
            path = prover.inclusion(index, size)
            assert path == naive.path(index, contents[:size])
            assert root_from_inclusion(tree, tree.leaf(contents[index]), (index, size), path=path) == root


def test_every_consistency_proof_up_to_130_is_the_naive_one_and_verifies(hash_name: str) -> None:
    tree, naive = TreeHash(hash_name), NaiveTree(hash_name)
    contents = leaves(SIZES)
    prover = prover_of(tree, contents)
    roots = [naive.mth(contents[:size]) for size in range(SIZES + 1)]
    for new in [*range(1, 35), 63, 64, 65, 127, 128, 129, 130]:
        for old in range(1, new + 1):
            path = prover.consistency(old, new)
            assert path == naive.proof(old, contents[:new])
            assert is_consistent(tree, (old, roots[old]), (new, roots[new]), path=path)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5000), st.data())
def test_proofs_of_large_trees_are_the_naive_ones(size: int, data: st.DataObject) -> None:
    tree, naive = TreeHash("sha256"), NaiveTree("sha256")
    contents = leaves(size)
    prover = prover_of(tree, contents)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    assert prover.inclusion(index, size) == naive.path(index, contents)
    assert prover.consistency(old, size) == naive.proof(old, contents)


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 70), st.data())
def test_a_changed_proof_never_verifies(size: int, data: st.DataObject) -> None:
    tree = TreeHash("sha256")
    contents = leaves(size)
    prover = prover_of(tree, contents)
    index = data.draw(st.integers(0, size - 1))
    root, leaf, path = prover.root(size), tree.leaf(contents[index]), prover.inclusion(index, size)
    wrong_path = data.draw(st.sampled_from([[*path, root], path[:-1], path[1:], list(reversed(path)), [leaf, *path]]))
    if wrong_path != path:
        assert root_from_inclusion(tree, leaf, (index, size), path=wrong_path) != root
    other = data.draw(st.integers(0, size - 1))
    if other != index:
        assert root_from_inclusion(tree, leaf, (other, size), path=path) != root
    old = data.draw(st.integers(1, size))
    proof = prover.consistency(old, size)
    changed = [tree.digest(step) for step in proof] or [root]
    assert not is_consistent(tree, (old, prover.root(old)), (size, root), path=changed)
    forged = tree.digest(b"another history")
    assert not is_consistent(tree, (old, forged), (size, root), path=proof)
    assert not is_consistent(tree, (old, prover.root(old)), (size, forged), path=proof)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70), st.integers(0, 2**40), st.integers(0, 2**40))
def test_hostile_proofs_are_refused_without_an_error(path: list[bytes], a: int, b: int) -> None:
    tree = TreeHash("sha256")
    root_from_inclusion(tree, tree.digest(b"x"), (a, b), path=path)
    assert not is_consistent(tree, (a, tree.digest(b"old")), (b, tree.digest(b"new")), path=path)


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 300), st.data())
def test_the_standalone_verifier_follows_the_same_proofs(size: int, data: st.DataObject) -> None:
    tree, alone = TreeHash("sha256"), verify._Tree("sha256")
    contents = leaves(size)
    prover = prover_of(tree, contents)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    path, proof = prover.inclusion(index, size), prover.consistency(old, size)
    assert alone.root_of_path(tree.leaf(contents[index]), index, size, path=path) == prover.root(size)
    assert alone.root_of_path(tree.leaf(contents[index]), index, size, path=[*path, path[0]] if path else [b""]) is None
    if old < size:
        roots = alone.roots_of_proof(old, size, prover.root(old), path=proof)
        assert roots == (prover.root(old), prover.root(size))


def test_an_unknown_hash_and_a_missing_one_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HashMissingError, match="sha256 or sm3"):
        TreeHash("md5")
    real = hashlib.new

    def without_sm3(name: str, *content: bytes) -> "hashlib._Hash":
        if name == "sm3":
            raise ValueError("unsupported hash type sm3")
        return real(name, *content)

    monkeypatch.setattr(hashlib, "new", without_sm3)
    with pytest.raises(HashMissingError, match="OpenSSL"):
        TreeHash("sm3")


def test_sizes_that_cannot_be_are_refused() -> None:
    prover = prover_of(TreeHash("sha256"), leaves(3))
    for call in (partial(prover.inclusion, 3, 3), partial(prover.inclusion, -1, 3), partial(prover.consistency, 4, 3)):
        with pytest.raises(ValueError, match="a tree of 3"):
            call()
    with pytest.raises(ValueError, match="complete subtrees"):
        CompactRange(TreeHash("sha256"), 3, (b"x",))
