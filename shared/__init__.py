"""What every function of Souk shares: the Lambda layer, imported as `shared`.

Nothing that is made while a function starts is garbage, and looking for some takes about a seventh
of a cold start. So the collector is off from here until the handler's module has `started`.
"""

import gc

gc.disable()


def freeze_gc() -> None:
    """Said by each handler once its imports are done: what they made is kept, and not looked at."""
    gc.freeze()
    gc.enable()
