"""What a day liquidates of a perpetual's open interest, by a population of leveraged positions.

Every day opens longs and shorts in equal parts. A position's margin at its opening is one over its
leverage; leverages are lognormal, higher where turnover is. Positions are closed at a rate in
proportion to turnover, and a position is liquidated where the price moves against it by its margin;
who was opens again at once. What the price did within a day is not recorded: given its return, the
chance that it went further is that of a Brownian bridge whose variance is a mean of the 10 days
before and of the day's return. Only what was known before the day and its return enter: never its
volume.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = [
    "DailyLiquidationScore",
    "DailyLiquidations",
    "daily_liquidations",
    "read_daily_liquidations",
]

Floats = npt.NDArray[np.float64]
COLUMNS = ("close", "longliq", "shortliq", "oi", "volume")
PAST_DAYS = 10
"""Days before a day from which its volatility and turnover are taken."""
VINTAGES = 6
"""Days of opening that are followed; what is older counts with the last."""
LEVERAGES = (np.arange(12) + 0.5) / 12
"""Quantiles at which the lognormal leverages are taken."""
RETURN_BINS = (0.0, 0.002, 0.01, 0.02, 0.04, 0.08, 0.16, np.inf)
"""Bounds of the absolute log returns within which medians are compared."""
START = (0.03, 2.5, 0.8, 0.2, 1.7, 0.5, 0.3)
BOUNDS = ((1e-3, 0.0, 0.1, 1e-3, 0.1, 0.1, 1e-3), (10.0, 5.0, 3.0, 3.0, 15.0, 100.0, 2.0))
STEPS = (0.03, 0.5, 0.2, 0.1, 0.2, 2.0, 0.2)
"""What the fit begins with, is bound to and moves by, in the order of the law's numbers."""
TIMES = 8
"""How often a place in the population is liquidated a day at most."""
NORMAL = NormalDist()
"""The standard normal law."""
MIDDLE_TURNOVER = 5.0
"""Turnover of open interest a day at which the median leverage is stated."""
NOTHING = 1e-7
"""Share of the open interest below which nothing is told apart."""


def read_daily_liquidations(path: str | Path) -> pd.DataFrame:
    """Days of perpetuals: date, symbol, close, volume, liquidations and open interest.

    Parameters
    ----------
    path
        CSV file with the columns date, symbol, close, longliq, shortliq, oi and volume, the last
        four in coins; others are passed over.

    Returns
    -------
    pandas.DataFrame
        Its rows in order of symbol and date.

    Raises
    ------
    ValueError
        If a column is missing, a value is no number of its range, or a day comes twice; with the
        line.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: no CSV table: {str(error).strip()}") from error
    missing = [name for name in ("date", "symbol", *COLUMNS) if name not in table]
    if missing:
        raise ValueError(f"{path}: line 1: there is no column {missing[0]}")
    days = pd.DataFrame({"symbol": table["symbol"]})
    days["date"] = pd.to_datetime(table["date"], errors="coerce", format="%Y-%m-%d")
    _refuse(path, table["date"], days["date"].isna(), "date", "a date such as 2022-01-31")
    for name in COLUMNS:
        days[name] = pd.to_numeric(table[name], errors="coerce").astype(float)
        least_allowed = days[name] > 0 if name in ("close", "oi") else days[name] >= 0
        bad = ~(least_allowed & np.isfinite(days[name]))
        wanted = "a number above 0" if name in ("close", "oi") else "a number of 0 or more"
        _refuse(path, table[name], bad, name, wanted)
    _refuse(path, table["date"], days.duplicated(["symbol", "date"]), "date", "one row a symbol")
    return days.sort_values(["symbol", "date"], ignore_index=True)


def _refuse(path: str | Path, values: pd.Series, bad: pd.Series, name: str, wanted: str) -> None:
    if bad.any():
        row = int(np.argmax(bad.to_numpy()))
        raise ValueError(f"{path}: line {row + 2}: {name} must be {wanted}, not {values[row]!r}")


@dataclass(frozen=True)
class _Days:
    """What the law is told of each day, and what was liquidated on it."""

    symbol: npt.NDArray[Any]
    log_return: Floats
    volatility: Floats
    turnover: Floats
    since: Floats  # (vintages, days): log return from the opening to the close before
    lowest: Floats  # the least of it at any close in between, at most 0
    highest: Floats
    share: Floats


def _days_of(table: pd.DataFrame) -> _Days:
    parts: list[dict[str, Any]] = []
    for symbol, rows in table.groupby("symbol", sort=True):
        log_close = np.log(rows["close"].to_numpy())
        log_return = pd.Series(np.diff(log_close, prepend=np.nan))
        before = rows["oi"].shift(1).to_numpy()
        past = log_return.shift(1).rolling(PAST_DAYS, min_periods=PAST_DAYS)
        traded = pd.Series((rows["volume"] / rows["oi"]).to_numpy()).shift(1)
        share = (rows["longliq"] + rows["shortliq"]).to_numpy() / before
        since, lowest, highest = [], [], []
        low = high = np.zeros(len(rows))
        for age in range(VINTAGES):
            moved = pd.Series(log_close).shift(1) - pd.Series(log_close).shift(1 + age)
            since.append(moved.to_numpy())
            recent = (moved - pd.Series(log_close).shift(1)).to_numpy()
            closes = [pd.Series(log_close).shift(1 + k).to_numpy() + recent for k in range(age + 1)]
            low, high = np.min(closes, axis=0), np.max(closes, axis=0)
            lowest.append(low)
            highest.append(high)
        volatility = np.sqrt((past.apply(lambda x: np.mean(x * x), raw=True)).to_numpy())
        turnover = np.exp(
            np.log(traded).rolling(PAST_DAYS, min_periods=PAST_DAYS).mean()
        ).to_numpy()
        one_day = rows["date"].diff().dt.days.rolling(PAST_DAYS + 1).max().to_numpy() == 1
        keep = one_day & np.isfinite(turnover) & (volatility > 0) & (share > 0)
        parts.append({
            "symbol": np.full(keep.sum(), symbol), "log_return": log_return.to_numpy()[keep],
            "volatility": volatility[keep], "turnover": turnover[keep],
            "since": np.array(since)[:, keep], "lowest": np.array(lowest)[:, keep],
            "highest": np.array(highest)[:, keep], "share": share[keep],
        })  # fmt: skip
    if not sum(len(part["share"]) for part in parts):
        raise ValueError(
            f"no symbol has {PAST_DAYS + 2} days in a row and a liquidation after them"
        )
    names = [field.name for field in fields(_Days)]
    return _Days(
        **{name: np.concatenate([part[name] for part in parts], axis=-1) for name in names}
    )


def _hit(margin: Floats, log_return: Floats, scale: Floats) -> Floats:
    """Chance that a Brownian bridge to ``log_return`` falls by ``margin`` on its way."""
    beyond = np.maximum(margin, 0) * np.maximum(margin + log_return, 0)
    return np.exp(-2 * beyond / scale**2)


def _simulated(law: Sequence[float] | Floats, days: _Days) -> Floats:
    """Share of the open interest that each day liquidates, by the population."""
    recorded, middle, spread, renewal, intraday, certainty, speed = law
    total = np.zeros(len(days.share))
    # How volatile the day is, is not known before it: its own return tells in part.
    before, today = days.volatility**2, days.log_return**2
    scale = intraday * np.sqrt((certainty * before + today) / (certainty + 1))
    middles = middle + speed * np.log(days.turnover / MIDDLE_TURNOVER)
    closed = 1 - np.exp(-renewal * days.turnover)
    for quantile in LEVERAGES:
        margin = 1 / np.maximum(1.0, np.exp(middles + spread * NORMAL.inv_cdf(quantile)))
        left = np.ones(len(total))
        for age in range(VINTAGES):
            weight = left * closed if age < VINTAGES - 1 else left
            left = left * (1 - closed)
            since, low, high = days.since[age], days.lowest[age], days.highest[age]
            longs = (margin + low > 0) * _hit(margin + since, days.log_return, scale)
            shorts = (margin - high > 0) * _hit(margin - since, -days.log_return, scale)
            total += weight * (longs + shorts) / 2
        for times in range(2, TIMES + 1):  # who opened again, a margin further on
            longs = _hit(times * margin, days.log_return, scale)
            shorts = _hit(times * margin, -days.log_return, scale)
            total += (longs + shorts) / 2
    return recorded * total / len(LEVERAGES)


@dataclass(frozen=True)
class DailyLiquidationScore:
    """How a law does on days it was not fitted to.

    ``r2`` is that of the logs of the liquidated shares. ``median`` and ``p99`` are simulated over
    recorded, with the law's scatter; ``bins`` has the same ratio of medians for each bin of
    absolute log returns, nan where fewer than 20 days fall in.
    """

    days: int
    symbols: int
    r2: float
    median: float
    p99: float
    bins: tuple[float, ...]


@dataclass(frozen=True)
class DailyLiquidations:
    """Law of the share of open interest that a day liquidates.

    Parameters
    ----------
    recorded
        Share of liquidations that the venue's throttled feed records, times the share of open
        interest that uses leverage.
    leverage
        Median leverage.
    spread
        Standard deviation of the log leverage.
    renewal
        Share of turnover that opens new positions.
    intraday
        Volatility within a day over that of the 10 days before.
    certainty
        Weight of the variance of the days before against that of the day's own return, as 1.
    speed
        Power of turnover with which the median leverage grows.
    scatter_up, scatter_down
        Of log recorded over simulated share: the 90 % quantile, and the 10 % one with its sign
        changed, over that of a standard normal. The median is 0.
    """

    recorded: float
    leverage: float
    spread: float
    renewal: float
    intraday: float
    certainty: float
    speed: float
    scatter_up: float
    scatter_down: float

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ValueError(f"{name} must be a number, not {value!r}")
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be above 0, not {value!r}")

    @classmethod
    def fit(cls, table: pd.DataFrame) -> "DailyLiquidations":
        """Fit the nine numbers to ``read_daily_liquidations``, by least squares of logs.

        Raises
        ------
        ImportError
            If scipy is not there.
        """
        try:
            from scipy.optimize import least_squares
        except ImportError:
            raise ImportError("a fit needs scipy: pip install 'firesale[sweep]'") from None
        days = _days_of(table)
        wanted = np.log(days.share)

        def missed(law: Floats) -> Floats:
            return np.log(_simulated(law, days) + NOTHING) - wanted

        found = least_squares(
            missed, START, bounds=BOUNDS, x_scale=STEPS, max_nfev=12, diff_step=1e-3
        )
        recorded, middle, spread, renewal, intraday, certainty, speed = map(float, found.x)
        low, half, high = map(float, np.quantile(-missed(found.x), (0.1, 0.5, 0.9)))
        width, least_scatter = NORMAL.inv_cdf(0.9), 1e-9
        return cls(
            recorded=recorded * float(np.exp(half)),  # the median is what a law states
            leverage=float(np.exp(middle)),
            spread=spread,
            renewal=renewal,
            intraday=intraday,
            certainty=certainty,
            speed=speed,
            scatter_up=max((high - half) / width, least_scatter),
            scatter_down=max((half - low) / width, least_scatter),
        )

    @classmethod
    def load(cls, path: str | Path) -> "DailyLiquidations":
        """Read a law that ``save`` wrote; ValueError names what is wrong with it."""
        try:
            stated = tomllib.loads(Path(path).read_text())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: no TOML: {error}") from error
        names = {field.name for field in fields(cls)}
        if set(stated) != names:
            odd = sorted(set(stated) ^ names)
            raise ValueError(f"{path}: {odd[0]} is {'missing' if odd[0] in names else 'unknown'}")
        try:
            return cls(**stated)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    def save(self, path: str | Path) -> None:
        """Write the law as TOML."""
        lines = [f"{name} = {value!r}\n" for name, value in asdict(self).items()]
        Path(path).write_text("".join(lines))

    def summary(self) -> Mapping[str, float]:
        """The nine numbers by name."""
        return asdict(self)

    def score(self, table: pd.DataFrame) -> DailyLiquidationScore:
        """Compare the law with another table of ``read_daily_liquidations``."""
        days = _days_of(table)
        law = [self.recorded, np.log(self.leverage), *list(asdict(self).values())[2:-2]]
        simulated = _simulated(law, days) + NOTHING
        missed = np.log(days.share / simulated)
        variance = float(np.var(np.log(days.share)))
        # The scatter at fixed quantiles stands for draws: the same score each time.
        normal = np.array([NORMAL.inv_cdf((i + 0.5) / 41) for i in range(41)])
        factors = np.exp(np.where(normal > 0, self.scatter_up, self.scatter_down) * normal)
        bins = np.digitize(np.abs(days.log_return), RETURN_BINS) - 1

        def ratio(quantile: float, of: npt.NDArray[Any]) -> float:
            if of.sum() < 20:
                return float("nan")
            drawn = np.outer(simulated[of], factors)
            return float(np.quantile(drawn, quantile) / np.quantile(days.share[of], quantile))

        every = np.ones(len(bins), dtype=bool)
        return DailyLiquidationScore(
            days=len(bins),
            symbols=len(np.unique(days.symbol)),
            r2=float("nan") if variance == 0 else 1 - float(np.mean(missed**2)) / variance,
            median=ratio(0.5, every),
            p99=ratio(0.99, every),
            bins=tuple(ratio(0.5, bins == one) for one in range(len(RETURN_BINS) - 1)),
        )


def daily_liquidations(path: str | Path) -> DailyLiquidations:
    """The law of daily liquidations, fitted to a file.

    Parameters
    ----------
    path
        CSV file of ``read_daily_liquidations``.
    """
    return DailyLiquidations.fit(read_daily_liquidations(path))
