"""Rewrites modules of an installed layer so that importing them runs less code on a cold start.

The Makefile runs this while it builds the layer; the layer itself does not contain it. Nothing is
removed: what a module imported is imported on first use. Each rewrite checks that the module is
what it expects, and otherwise fails the build. See docs/decisions/0004-prune-the-layer.md.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

# Packages that import all that they offer: event classes, resolvers, asyncio, metrics, tracing.
OFFER_TOO_MUCH = (
    "aws_lambda_powertools",
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/utilities/data_classes",
)
# Modules that import the writers of documentation, and use them in functions that no handler calls.
WRITE_DOCUMENTATION = ("botocore/docs/__init__.py", "botocore/docs/docstring.py")
DOCUMENTATION = "botocore.docs."
# Its dictionaries have types of fields for type checkers. Python evaluates them at import.
DESCRIBES_DICTIONARIES = "pydantic_core/core_schema.py"
DICTIONARIES_MIN = 40

IMPORT_ON_FIRST_USE = """

_on_first_use = {names!r}


def __getattr__(name):
    if name not in _on_first_use:
        raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
    from importlib import import_module

    module, attribute = _on_first_use[name]
    found = import_module(module)
    value = globals()[name] = getattr(found, attribute) if attribute else found
    return value
"""

Lines = list[str]
Rewrite = Callable[[ast.Module, Lines], None]


def main(layer: Path) -> None:
    for package in OFFER_TOO_MUCH:
        import_on_first_use(layer, package)
    for name in WRITE_DOCUMENTATION:
        rewrite(layer / name, import_documentation_in_functions)
    rewrite(layer / DESCRIBES_DICTIONARIES, drop_field_types)


def rewrite(path: Path, change: Rewrite) -> None:
    """Changes lines and adds none before others, so that stack traces name the lines released."""
    if not path.exists():
        raise SystemExit(f"{path} does not exist: this release does not fit lean_imports.py")
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    try:
        change(ast.parse(text), lines)
    except ValueError as error:
        raise SystemExit(f"{path}: {error}: this release does not fit lean_imports.py") from error
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def import_on_first_use(layer: Path, folder: str) -> None:
    """A package imports a module of its own when somebody asks for a name of that module."""

    def change(tree: ast.Module, lines: Lines) -> None:
        used = _names_used(tree)
        on_first_use: dict[str, tuple[str, str]] = {}
        for statement in _own_imports(tree, package):
            module = _absolute_name(statement, package)
            # A name that a module of the package has too would lead to that module later.
            kept = [
                name
                for name in statement.names
                if name.name in used or _is_module(layer / folder / name.name)
            ]
            deferred = [name for name in statement.names if name not in kept]
            if not deferred:
                continue
            on_first_use |= {name.asname or name.name: (module, name.name) for name in deferred}
            submodule = module.removeprefix(f"{package}.").partition(".")[0]
            on_first_use.setdefault(submodule, (f"{package}.{submodule}", ""))
            _replace(lines, statement, _import_of(module, kept))
        if not on_first_use:
            raise ValueError("nothing to import on first use")
        lines += IMPORT_ON_FIRST_USE.format(names=on_first_use).splitlines()

    package = folder.replace("/", ".")
    rewrite(layer / folder / "__init__.py", change)


def import_documentation_in_functions(tree: ast.Module, lines: Lines) -> None:
    """Each function that writes documentation imports what it uses."""
    importing: dict[str, str] = {}
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith(
            DOCUMENTATION
        ):
            module = str(statement.module)
            importing |= {
                name.name: f"from {module} import {name.name}" for name in statement.names
            }
            _replace(lines, statement, "")
    if not importing:
        raise ValueError("no import of documentation")
    unused = set(importing)
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and (
            names := sorted(_names_used(function) & importing.keys())
        ):
            unused -= set(names)
            start = function.body[1 if ast.get_docstring(function) else 0]
            lines[start.lineno - 1] = _before(
                lines[start.lineno - 1], "; ".join(importing[name] for name in names), start
            )
    outside = _names_used_outside_functions(tree) & importing.keys()
    if unused or outside:
        raise ValueError(f"unexpected use of {', '.join(sorted(unused | outside))}")


def drop_field_types(tree: ast.Module, lines: Lines) -> None:
    """The classes stay, because annotations name them. The fields' types go."""
    dictionaries = [
        statement
        for statement in tree.body
        if isinstance(statement, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "TypedDict" for base in statement.bases)
    ]
    if len(dictionaries) < DICTIONARIES_MIN:
        raise ValueError(f"only {len(dictionaries)} dictionaries with typed fields")
    for dictionary in dictionaries:
        for field in dictionary.body:
            if isinstance(field, ast.AnnAssign):
                _replace(lines, field, f"{' ' * field.col_offset}pass")


def _own_imports(tree: ast.Module, package: str) -> Iterator[ast.ImportFrom]:
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and (
            _absolute_name(statement, package).startswith(f"{package}.")
        ):
            if any(name.name == "*" for name in statement.names):
                raise ValueError("an import of all names")
            yield statement


def _absolute_name(statement: ast.ImportFrom, package: str) -> str:
    if statement.level > 1:
        raise ValueError("an import from outside the package")
    return f"{package}.{statement.module}" if statement.level else str(statement.module)


def _is_module(path: Path) -> bool:
    return path.is_dir() or path.with_suffix(".py").exists()


def _import_of(module: str, names: list[ast.alias]) -> str:
    return f"from {module} import {', '.join(map(ast.unparse, names))}" if names else ""


def _names_used(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _names_used_outside_functions(node: ast.AST) -> set[str]:
    names = {node.id} if isinstance(node, ast.Name) else set()
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef):
            names |= _names_used_outside_functions(child)
    return names


def _replace(lines: Lines, statement: ast.stmt, text: str) -> None:
    first, last = statement.lineno - 1, statement.end_lineno or statement.lineno
    lines[first:last] = [text] + [""] * (last - first - 1)


def _before(line: str, statements: str, start: ast.stmt) -> str:
    if isinstance(start, ast.If | ast.With | ast.For | ast.While | ast.Try):
        raise ValueError(f"line {start.lineno} begins a block")
    return f"{line[: start.col_offset]}{statements}; {line[start.col_offset :]}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
