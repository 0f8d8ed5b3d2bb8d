"""Whether two kinds of requests take equally long, from samples of both.

Load on the machine makes some requests longer and none shorter. So the first quartiles vary less
than the medians, and show a smaller difference with as many samples.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist, quantiles

CONFIDENCE = 0.99
SHARE = 1 / 4  # of the samples that are shorter than the first quartile
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


def difference_of(one: Sequence[float], other: Sequence[float]) -> float:
    """The difference of the first quartiles, as a share of the longer one."""
    first = _first_quartile(one), _first_quartile(other)
    return abs(first[0] - first[1]) / max(first)


def greatest_difference(one: Sequence[float], other: Sequence[float]) -> float:
    """What the true difference does not exceed, at this confidence."""
    uncertain = math.hypot(_half_interval(one), _half_interval(other))
    return difference_of(one, other) + uncertain / max(_first_quartile(one), _first_quartile(other))


def _first_quartile(samples: Sequence[float]) -> float:
    return quantiles(samples, n=4)[0]


def _half_interval(samples: Sequence[float]) -> float:
    """Half of the quartile's confidence interval: the ranks between which it lies, whatever the
    distribution.
    """
    ordered, count = sorted(samples), len(samples)
    reach = _Z * math.sqrt(count * SHARE * (1 - SHARE))
    first = max(math.floor(count * SHARE - reach), 1)
    last = min(math.ceil(count * SHARE + reach) + 1, count)
    return (ordered[last - 1] - ordered[first - 1]) / 2
