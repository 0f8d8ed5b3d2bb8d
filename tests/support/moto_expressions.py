"""moto's expressions, each parsed once, and checked without walks that find nothing."""

import copy
import pickle
from collections import deque
from functools import cache
from typing import Any

from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node, UpdateExpression
from moto.dynamodb.parsing.validators import NoneExistingPath

_split_condition = ConditionExpressionParser._lex_condition_expression  # noqa: SLF001


def tokens_of(parser: ConditionExpressionParser) -> Any:
    return deque(_tokens(parser.condition_expression))


@cache
def _tokens(condition: str) -> tuple[Any, ...]:
    return tuple(_split_condition(ConditionExpressionParser(condition, None, None)))


def copy_tree(original: Any) -> Any:
    """moto changes its copy of a parsed expression."""
    if isinstance(original, UpdateExpression):
        return pickle.loads(_dump(original))  # noqa: S301 (our own)
    return copy.deepcopy(original)


@cache
def _dump(parsed: UpdateExpression) -> bytes:
    _note_kinds(parsed)
    return pickle.dumps(parsed)


def _note_kinds(node: Node) -> frozenset[type]:
    """Notes at each node of which types it and the nodes below it are."""
    below = [_note_kinds(child) for child in node.children or () if isinstance(child, Node)]
    node.kinds = frozenset({type(node)}.union(*below))
    return node.kinds


def traverse(traverser: DepthFirstTraverser, root: Node) -> Node:
    """moto's traversal, which asks once for the types to process, and goes where they are."""
    types = traverser.nodes_to_be_processed()
    if types == (UpdateExpression,):  # they look at all that is below, so the root is enough
        return traverser.process(root)
    if types == (NoneExistingPath,) and not _has_missing_path(root):
        return root
    return _visit(traverser, types, root)


def _visit(
    traverser: DepthFirstTraverser, types: tuple[type, ...], node: Node, position: int = -1
) -> Node:
    if not _may_have(node, types):
        return node
    parent = node.parent
    for number, child in enumerate(node.children or ()):
        traverser.pre_processing_of_child(node, number)
        if _is_one_of(type(child), Node):
            _visit(traverser, types, child, number)
    if not _is_one_of(type(node), types):
        return node
    processed = traverser.process(node)
    processed.parent = parent
    if parent:
        parent.children[position] = processed
    return processed


def _may_have(node: Node, types: tuple[type, ...]) -> bool:
    """Of what comes to be while moto checks an expression, only missing paths are looked for."""
    kinds = getattr(node, "kinds", None)
    return kinds is None or types == (NoneExistingPath,) or _is_any_of(kinds, types)


def _has_missing_path(node: Any) -> bool:
    children = getattr(node, "children", None) or ()
    return type(node) is NoneExistingPath or any(map(_has_missing_path, children))


@cache
def _is_any_of(kinds: frozenset[type], classes: tuple[type, ...]) -> bool:
    return any(_is_one_of(kind, classes) for kind in kinds)


@cache
def _is_one_of(kind: type, classes: Any) -> bool:
    """As issubclass, which is slow for abstract classes."""
    return issubclass(kind, classes)
