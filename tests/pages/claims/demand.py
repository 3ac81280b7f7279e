"""Claims of page 2: what customers will want."""

from tests.pages.claims.words import claim


@claim(r"whole horizon \({N} {B}s?\)")
def _(p, _):
    return (len(p.buckets),)


STAGES = "events launches initiatives sales_input override order_excess".split()


def _stages(p):
    return p.addable(p.t("demand_plan"), ["baseline", *STAGES, "consensus"])[
        ["baseline", *STAGES, "consensus"]
    ].sum()


@claim(r"Consensus is {Q}")
def _(p, _):
    return (_stages(p)["consensus"],)


@claim(r"change the baseline by {P}; most through ([\w ]+) \({Q}\)")
def _(p, _):
    sums = _stages(p)
    most = sums[STAGES].abs().idxmax()
    return sums["consensus"] / sums["baseline"] - 1, most.replace("_", " "), sums[most]


@claim(r"The next {N} {B}s against the last {N}: ")
def _(p, _):
    return len(p.year), len(p.year)


@claim(r"(?:last \d+: |, | and ){S} {P}")
def _(p, m):
    rows = p.of("demand_plan", m.group(1), year=True)
    sold = p.of("history", m.group(1))
    sold = sold[sold["bucket"].isin(sorted(p.t("history")["bucket"].unique())[-len(p.year) :])]
    return m.group(1), rows["consensus"].sum() / sold["demand"].sum() - 1


@claim(r"every family within ±2 %")
def _(p, _):
    return ()


@claim(r"Customers are expected to want (?:{M}|nothing with a price) in the next {N} {B}s")
def _(p, _):
    return _wanted(p)["consensus"], len(p.year)


def _wanted(p, last=False, within=None):
    rows = p.of("demand_plan", year=not last, last=last)
    if within is not None:
        rows = rows[rows["bucket"].isin(within)]
    columns = [c for c in ("naive", "baseline", *STAGES, "consensus")]
    return p.worth(rows.reset_index(drop=True), columns)[columns].sum()


@claim(r"(?:, {P} (above|below)|, as) last cycle's plan")
def _(p, m):
    shared = sorted(set(p.last("demand_plan")["bucket"]) & set(p.year))
    move = _wanted(p, within=shared)["consensus"] / _wanted(p, True, shared)["consensus"] - 1
    if m.group(1) is None:
        assert abs(move) < 0.0006, move
        return (None, None)
    return abs(move), "above" if move > 0 else "below"


@claim(r"; ([\w ]+) moved it most \({M}\)")
def _(p, _):
    sums = _wanted(p)[STAGES]
    most = sums.abs().idxmax()
    assert abs(sums[most]) > 0.005 * _wanted(p)["consensus"]
    return most.replace("_", " "), sums[most]


@claim(r"Sales plan, next year {M}(?: [▲▼] {M} on each {B} as a year before)?")
def _(p, _):
    sums = _wanted(p)
    return sums["consensus"], abs(sums["consensus"] - sums["naive"])


@claim(r"^Baseline {M}")
def _(p, _):
    return (_wanted(p)["baseline"],)


@claim(r"Added by people and events {M}")
def _(p, _):
    sums = _wanted(p)
    return (sums["consensus"] - sums["baseline"],)


@claim(
    r"^(All items|Brass goods|Castings|<Tools> & jigs), ([^:]+): the next {N} {B}s sum to {Q}(?:, (?:{P} (above|below)|as) the last {N})?"
)
def _(p, m):
    scope, market = m.group(1), m.group(2)
    rows, past = p.of("demand_plan", scope, year=True), p.of("history", scope)
    if market != "all markets":
        rows, past = rows[rows["market"] == market], past[past["market"] == market]
    ahead = p.addable(rows.reset_index(drop=True), ["consensus"])["consensus"].sum()
    sold = p.addable(past.reset_index(drop=True), ["demand"]).groupby("bucket")["demand"].sum()
    change = ahead / sold.iloc[-len(p.year) :].sum() - 1
    way = "above" if change >= 0 else "below"
    return scope, market, len(p.year), ahead, abs(change), way, len(p.year)
