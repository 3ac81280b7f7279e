"""The head of the board: KPIs, what changed since last cycle, what is asked, and the decisions
wanted.
"""

from sopkit.charts import kpi_strip
from sopkit.charts.measure import with_family
from sopkit.charts.words import count, escape, money, percent

KPIS = (
    "on_time_delivery",
    "plan_adherence",
    "forecast_accuracy_lag_1",
    "order_cycle_time",
    "revenue_to_budget",
)


def head(source) -> str:
    """The head's HTML."""
    kpis = kpi_strip(source.read("kpis"), last=source.last("kpis"), first=KPIS)
    wanted = open_decisions(source.read("decisions"))
    return (
        f'{kpis.html}<p class="said"><b>What changed</b> {escape(what_changed(source))}</p><p'
        ' class="said"><b>What is asked</b>'
        f" {escape(what_is_asked(wanted))}</p>{_decisions(wanted, source.currency)}"
    )


def what_changed(source) -> str:
    """Demand of the next year against last cycle's plan for the same buckets, in money, and the
    family that moved most.
    """
    now, before = (
        _worth(frame, source) for frame in (source.read("demand_plan"), source.last("demand_plan"))
    )
    if before.empty:
        return "No plan was released before this one, so there is nothing to compare with yet."
    buckets = sorted(set(now["bucket"]) & set(before["bucket"]))[: source.calendar.per_year]
    old, new = (
        frame[frame["bucket"].isin(buckets)].groupby("family")["worth"].sum()
        for frame in (before, now)
    )
    move = new.sub(old, fill_value=0.0)
    if not old.sum() or move.abs().sum() < 1:
        return (
            f"Demand of the next {count(len(buckets), source.calendar.size)} is as in the plan of"
            f" {source.plan.last.month}."
        )
    most = move.abs().idxmax()
    return (
        f"Demand of the next {count(len(buckets), source.calendar.size)} is"
        f" {percent(move.sum() / old.sum(), sign=True)}"
        f" ({money(move.sum(), source.currency, sign=True)}) against the plan of"
        f" {source.plan.last.month}, most in {most}"
        f" ({money(move[most], source.currency, sign=True)})."
    )


def what_is_asked(wanted) -> str:
    """How many decisions, and by when the first."""
    if wanted.empty:
        return "No decision is open in this cycle."
    due = wanted["due"].dropna()
    return (
        f"{count(len(wanted), 'decision')}"
        f" wanted{f', the first by {_day(due.min())}' if len(due) else ''}:"
        f" {wanted['text'].iloc[0]}"
    )


def open_decisions(decisions):
    """Decisions without a chosen option, earliest due first; of several rows with one text the
    latest entry counts.
    """
    latest = decisions.sort_values("id", kind="stable").drop_duplicates("text", keep="last")
    return latest[latest["chosen"].fillna("") == ""].sort_values(
        ["due", "id"], kind="stable", na_position="last"
    )


def _decisions(wanted, currency):
    rows = []
    for row in wanted.head(5).itertuples():
        facts = [
            f"options: {row.options}" if row.options == row.options and row.options else "",
            (
                f"expected {money(row.expected, currency, sign=True)}"
                if row.expected == row.expected
                else ""
            ),
            f"owner {row.owner}" if row.owner == row.owner and row.owner else "",
            f"due {_day(row.due)}" if row.due == row.due else "",
        ]
        rows.append(
            f"<li><b>{escape(row.text, 160)}</b> <span"
            f' class="note">{escape(" · ".join(filter(None, facts)), 300)}</span></li>'
        )
    return f'<h2>Decisions wanted</h2><ol class="wanted">{"".join(rows)}</ol>' if rows else ""


def _day(day):
    return f"{day.day} {day:%b %Y}"


def _worth(frame, source):
    price = source.items.set_index("item")["price"]
    return with_family(frame, source.items).assign(
        worth=lambda f: f["consensus"] * f["item"].map(price).astype(float).fillna(0.0)
    )
