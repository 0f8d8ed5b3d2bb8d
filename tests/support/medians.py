"""Whether two kinds of requests take equally long, from samples of both."""

import math
from collections.abc import Sequence
from statistics import NormalDist, median

CONFIDENCE = 0.99
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


def difference_of(one: Sequence[float], other: Sequence[float]) -> float:
    """The difference of the medians, as a share of the longer one."""
    medians = median(one), median(other)
    return abs(medians[0] - medians[1]) / max(medians)


def greatest_difference(one: Sequence[float], other: Sequence[float]) -> float:
    """What the true difference does not exceed, at this confidence."""
    uncertain = math.hypot(_half_interval(one), _half_interval(other))
    return difference_of(one, other) + uncertain / max(median(one), median(other))


def _half_interval(samples: Sequence[float]) -> float:
    """Half of the median's confidence interval: the ranks between which it lies, whatever the
    distribution.
    """
    ordered, count = sorted(samples), len(samples)
    reach = _Z * math.sqrt(count) / 2
    first = max(math.floor(count / 2 - reach), 1)
    last = min(math.ceil(count / 2 + reach) + 1, count)
    return (ordered[last - 1] - ordered[first - 1]) / 2
