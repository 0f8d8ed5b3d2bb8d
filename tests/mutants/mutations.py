"""Small faults that can be put into a module: one changed comparison, condition or number.

A mutation is found in the module's syntax tree. Types, decorators, log lines and texts have none.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from pathlib import Path

MODULE = "<module>"  # what runs on import, and what a cache can hide from a test
FLIPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
MOVED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.BitAnd: ast.BitOr,  # pynamodb's conditions
    ast.BitOr: ast.BitAnd,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}
TYPE_FIELDS = {"annotation", "returns", "decorator_list", "bases", "type_params"}
TEXTS = {"description", "title", "examples", "summary"}
LOGS = {"logger", "metrics"}
CHECKS = ("require", "check", "refuse", "ensure", "raise", "validate")


@dataclass(frozen=True)
class Mutant:
    """`before` and `after` are the statement, or the condition of a compound statement."""

    file: str
    function: str
    line: int
    before: str
    after: str
    occurrence: int  # 1, or more when a function has the same text twice

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        """Stays the same when lines move."""
        return self.file, self.function, self.before, self.after, self.occurrence

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.before}  ->  {self.after}"


@dataclass(frozen=True)
class _Place:
    """A node, what holds it, and the statement and function around it."""

    node: ast.AST
    holder: ast.AST
    field: str
    index: int | None
    shown: ast.AST
    function: str

    @property
    def line(self) -> int:
        return int(getattr(self.node, "lineno", 0))

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.holder, self.field, node)
        else:
            getattr(self.holder, self.field)[self.index] = node


def list_mutants(root: Path, path: Path) -> list[Mutant]:
    """All mutants of a module, in the order of its text."""
    return list(_try_mutants(ast.parse(path.read_text()), path.relative_to(root).as_posix()))


def source_with(root: Path, mutant: Mutant) -> str:
    """The module's text with this one fault. Raises LookupError if the module has no such place."""
    tree = ast.parse((root / mutant.file).read_text())
    for tried in _try_mutants(tree, mutant.file):
        if tried == mutant:
            return ast.unparse(ast.fix_missing_locations(tree))
    raise LookupError(str(mutant))


def _try_mutants(tree: ast.Module, file: str) -> Iterator[Mutant]:
    """Puts one fault after the other into the tree; each is there until the next is due."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for place in list(_list_places(tree, tree, MODULE)):
        before = ast.unparse(place.shown)
        for node in _replacements(place):
            place.put(node)
            after = ast.unparse(node if place.shown is place.node else place.shown)
            seen[place.function, before, after] += 1
            occurrence = seen[place.function, before, after]
            yield Mutant(file, place.function, place.line, before, after, occurrence)
        place.put(place.node)


def _list_places(holder: ast.AST, shown: ast.AST, function: str) -> Iterator[_Place]:
    for field, value in ast.iter_fields(holder):
        if field in TYPE_FIELDS:
            continue
        nodes = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for index, node in nodes:
            if not isinstance(node, ast.AST) or _is_left_out(node):
                continue
            scope = function
            if field not in {"args", "keywords"}:  # defaults are computed where the def stands
                scope = _scope_in(holder, function)
            whole = node if _is_shown(holder, node) else shown
            if isinstance(node, ast.expr | ast.stmt):
                yield _Place(node, holder, field, index, whole, scope)
            yield from _list_places(node, whole, scope)


def _scope_in(node: ast.AST, function: str) -> str:
    """The name that Python gives to what stands in a definition."""
    if isinstance(node, ast.ClassDef):
        return node.name if function == MODULE else f"{function}.{node.name}"
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return function
    if any("cache" in ast.unparse(decorator) for decorator in node.decorator_list):
        return MODULE
    return node.name if function == MODULE else f"{function}.{node.name}"


def _is_shown(holder: ast.AST, node: ast.AST) -> bool:
    """Whether a person reads a node as a whole: a statement, or a condition of a longer one."""
    is_compound = isinstance(holder, ast.stmt) and hasattr(holder, "body")
    return isinstance(node, ast.stmt) or (is_compound and isinstance(node, ast.expr))


def _is_left_out(node: ast.AST) -> bool:
    match node:
        case ast.JoinedStr() | ast.Import() | ast.ImportFrom() | ast.expr_context():
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name))):
            return name in LOGS
        case ast.keyword(arg=str(name)):
            return name in TEXTS
    return False


def _replacements(place: _Place) -> Iterator[ast.AST]:
    """What a node can become, one fault at a time."""
    if place.field == "test" and isinstance(place.holder, ast.If | ast.IfExp):
        yield from (ast.Constant(True), ast.Constant(False))
    match place.node:
        case ast.Compare() as node:
            yield from _with_other_comparisons(node)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(SWAPPED[type(op)](), values)
            for index in range(len(values)):
                yield ast.BoolOp(op, values[:index] + values[index + 1 :])
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp() | ast.Constant() as node:
            yield from _with_other_numbers(node)
        case node:
            yield from _without_conditions(node)


def _with_other_numbers(node: ast.BinOp | ast.Constant) -> Iterator[ast.expr]:
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in SWAPPED:
            yield ast.BinOp(left, SWAPPED[type(op)](), right)
            if isinstance(op, ast.BitAnd):
                yield from (left, right)
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            yield ast.Constant(number + 1)


def _with_other_comparisons(node: ast.Compare) -> Iterator[ast.Compare]:
    for index, op in enumerate(node.ops):
        for table in (FLIPPED, MOVED):
            if type(op) in table:
                ops = [*node.ops[:index], table[type(op)](), *node.ops[index + 1 :]]
                yield ast.Compare(node.left, ops, node.comparators)


def _without_conditions(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Expr(value=ast.Call(func=func)):
            if ast.unparse(func).rpartition(".")[2].lstrip("_").startswith(CHECKS):
                yield ast.Pass()
        case ast.Call(func=func, args=args, keywords=keywords):
            kept = [keyword for keyword in keywords if keyword.arg != "condition"]
            if len(kept) < len(keywords):
                yield ast.Call(func, args, kept)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            for index, generator in enumerate(node.generators):
                if generator.ifs:
                    changed = copy(node)
                    changed.generators = list(node.generators)
                    changed.generators[index] = ast.comprehension(
                        generator.target, generator.iter, [], generator.is_async
                    )
                    yield changed
