"""The code that all functions share: the Lambda layer, imported as `shared`.

The garbage collector is off until the handler's module calls `freeze_gc`. Imports create no
garbage, and searching for some takes about a seventh of a cold start.
"""

import gc

# New objects before a collection. A write of an import creates some 5,000, and all of them live
# until it ends: by Python's own threshold the collector would search them several times.
YOUNG_OBJECTS_MAX = 10_000

gc.disable()


def freeze_gc() -> None:
    """Exempt all objects so far from garbage collection, and turn it on.

    Each handler's module calls this once, after its imports.
    """
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS_MAX)
    gc.enable()
