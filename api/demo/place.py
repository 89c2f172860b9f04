"""Population of kabupaten (census of 2020, in thousands, rounded), and the distribution of volunteers by it."""

from collections.abc import Iterator, Mapping

KALIMANTAN_TENGAH: Mapping[str, int] = {
    "62.01": 270,
    "62.02": 428,
    "62.03": 410,
    "62.04": 131,
    "62.05": 154,
    "62.06": 162,
    "62.07": 162,
    "62.08": 63,
    "62.09": 97,
    "62.10": 135,
    "62.11": 134,
    "62.12": 111,
    "62.13": 113,
    "62.71": 293,
}
LAMPUNG: Mapping[str, int] = {
    "18.01": 1064,
    "18.02": 1460,
    "18.03": 633,
    "18.04": 302,
    "18.05": 430,
    "18.06": 640,
    "18.07": 1110,
    "18.08": 473,
    "18.09": 477,
    "18.10": 405,
    "18.11": 227,
    "18.12": 286,
    "18.13": 162,
    "18.71": 1166,
    "18.72": 168,
}


def apportion(total: int, weights: Mapping[str, float]) -> dict[str, int]:
    """Distributes the total by weight into whole numbers that add up to it (largest remainder method)."""
    weight_sum = sum(weights.values())
    exact = {code: total * weight / weight_sum for code, weight in weights.items()}
    shares = {code: int(value) for code, value in exact.items()}
    by_remainder = sorted(exact, key=lambda code: (shares[code] - exact[code], code))
    for code in by_remainder[: total - sum(shares.values())]:
        shares[code] += 1
    return shares


def home_codes(total: int, weights: Mapping[str, float]) -> Iterator[str]:
    """The code of the home kabupaten for each of `total` people."""
    for code, people in apportion(total, weights).items():
        yield from [code] * people
