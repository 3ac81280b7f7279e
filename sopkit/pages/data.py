"""Step 1's sections: can the data be trusted, what happened, what is in stock."""

from sopkit import charts
from sopkit.charts import kpi_facts, latest_kpis
from sopkit.charts.words import count, number, percent

PLAIN = ["", "estimate"]  # flags of cells that no one has to look at


def answer(issues, history, kpis, view):
    """How far the data can be trusted, and how good last cycle was."""
    warnings, flagged = issues.query("severity == 'warning'"), ~history["flag"].isin(PLAIN)
    kinds = warnings.groupby(["table", "rule"]).ngroups
    estimates = history.loc[history["flag"] == "estimate", "bucket"].nunique()
    sentence = (
        f"The data can be planned with: {count(len(warnings), 'warning')} of"
        f" {count(kinds, 'kind')}, each with what was done; {number(flagged.sum())} of"
        f" {number(len(history))} cells of history ({percent(flagged.mean())}) are flagged, each"
        " with why"
    )
    if estimates:
        sentence += (
            f", and {count(estimates, view.calendar.size)} before the plan had to be estimated"
        )
    items, buckets = history["item"].nunique(), history["bucket"].nunique()
    names = ["on_time_delivery", "forecast_accuracy_lag_1", "plan_adherence"]
    told = latest_kpis(kpis.query("kpi in @names"), first=names).dropna(subset=["actual"])
    facts = [("Items sold", items), ("History", buckets, f"{view.calendar.size}s")]
    return charts.answer(f"{sentence}.", facts + kpi_facts(told, view.book.last_kpis))


def issues(issues, view):
    """Problems in the facts, alike ones together: how many, the first of them, and what was done;
    errors, then warnings, then notices.
    """
    order = issues["severity"].map({"error": 0, "warning": 1, "notice": 2})
    issues = issues.replace("bucket", view.calendar.size, regex=True)
    rows = (
        issues.assign(order=order)
        .groupby(["order", "severity", "table", "rule"], as_index=False)
        .agg(times=("row", "size"), problem=("problem", "first"), done=("done", "first"))
    )
    return view.show(
        rows,
        "data_issues",
        "severity | table [words] | rule [words] | times | problem: for example [words] |"
        " done: what was done [words]",
        empty="No problem was found in the facts.",
    )


def cleansed(history, view):
    """The cells of history that were not taken as sold, the largest change first."""
    changed = history[~history["flag"].isin(PLAIN)]
    change = (changed["demand"] - changed["quantity"]).abs()
    rows = changed.loc[change.sort_values(ascending=False, kind="stable").index]
    columns = f"item | market | bucket: {view.calendar.size} | quantity | demand | flag | reason"
    return view.show(rows, "history", columns, 10)


def stock(stock, view):
    """Opening stock and backlog by family: items counted, value at standard cost."""
    rows, cost = view.book.by_family(stock), stock["item"].map(view.book.cost)
    rows = rows.assign(
        value=rows["on_hand"] * cost,
        backlog_value=rows["backlog"] * cost,
        counted=(rows["source"] != "none").astype(float),
        without=(rows["on_hand"] <= 0).astype(float),
    )
    sums = "items counted without value backlog_value"
    families = rows.assign(items=1).groupby("family", as_index=False)
    return view.show(
        families.agg({**dict.fromkeys(sums.split(), "sum"), "as_of": "max"}),
        "opening_stock",
        "family | items | counted | without: without stock | value: stock [money] |"
        " backlog_value: backlog [money] | as_of",
        total=sums,
        note="at standard cost",
    )
