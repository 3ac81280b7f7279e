"""Understanding a grid: which table it is, what each column is there, and how it writes days and
numbers; what cannot be told from it is asked: ``ask(words, answers, safe answer or None)``.
"""

import re

from sopkit.errors import PlanError, nearest
from sopkit.intake.grids import SAMPLE
from sopkit.intake.words import READERS, rank, settle, words
from sopkit.intake.words import bare as plain
from sopkit.tables import INPUTS

NOTHING, OPEN = "nothing", "?"  # a use, and a style that nobody told
SOLD, STOCKS = "sales_history", ("inventory", "receipts", "items")
CURRENCY = re.compile(r"[€$£¥]|\b[A-Z]{3}\b")
CODE = re.compile(r"(\d{3}|\d{4}|\d{5,})(\n(\d{3}|\d{4}|\d{5,}))*")
CUSTOMERS = 50  # markets that a column makes without a question
OF_ITEMS = ("family", "line", "description", "unit", "price", "unit_cost")  # told in any table
DAYS = {"requested_on", "promised_on", "shipped_on"}  # one of them makes lines a table of orders


def understand(grid, layouts, ask, dates=None, market=None) -> dict[str, str]:
    """What every column is used for, by its header: "table.column", with the style of days and
    numbers, or nothing; as a layout of ``layouts`` says that has these headers, else by words and
    contents.

    ``dates`` (dmy, mdy, ymd) settles days that read in two ways; ``market`` is the market's header,
    or "none".
    """
    before = layouts.get(remembered(grid, layouts))
    uses = before or _recognised(grid, ask)
    uses = {head: uses.get(head, NOTHING) for head in grid.frame}
    if market or not before:
        uses = _with_market(grid, uses, market, ask)
    targets = [use.split(" ")[0] for use in uses.values() if use != NOTHING]
    if twice := {target for target in targets if targets.count(target) > 1}:
        raise PlanError(f"{grid.name}: two columns are {min(twice)}; make one of them {NOTHING}")
    return _with_styles(grid, uses, dates, ask)


def remembered(grid, layouts) -> str:
    """The name of the layout of a file of this name (but for digits and signs) whose used columns
    are all there, and most of the others; else of one with these very columns that makes the same
    table; or "".
    """
    here, letters = {*grid.frame}, lambda name: re.sub(r"[\W\d_]", "", name.casefold())
    for name, told in layouts.items():
        used = {head for head, use in told.items() if use != NOTHING}
        alike = used <= here and 2 * len(here & {*told}) > len(here | {*told})
        if alike and letters(name) == letters(grid.name):
            return name
    table = table_of(_recognised(grid, lambda *asked: ""))
    same = (n for n, told in layouts.items() if {*told} == here and table_of(told) == table)
    return next(same, "")


def column_of(use):
    """The declaration that a use names; None for nothing.

    >>> column_of("sales_history.bucket dmy").kind
    'date'
    """
    table, _, name = use.split(" ")[0].partition(".")
    known = [NOTHING, *(f"{table}.{name}" for table in INPUTS for name in INPUTS[table].names)]
    if use.split(" ")[0] not in known:
        raise PlanError(f"settings.toml, [import]: no column is {use!r}{nearest(use, known)}")
    return INPUTS[table][name] if name else None


def table_of(uses) -> str:
    """The table that a grid is, whatever it also tells of items; or ""."""
    tables = [use.partition(".")[0] for use in uses.values() if use != NOTHING]
    return max(tables, key=lambda table: (table != "items", tables.count(table)), default="")


def _recognised(grid, ask):
    holds = {head: _holds(cells) for head, cells in grid.frame.items()}
    fits = {table: _fit(holds, table, INPUTS[table].names) for table in INPUTS}
    best = max(INPUTS, key=lambda name: (_score(grid, name, fits[name]), name == "sales_history"))
    fit = fits[best]
    if best == "inventory_history":
        counted = grid.frame[fit["bucket"]].nunique() if "bucket" in fit else 1
        best, fit = (best, fit) if counted > 1 else ("inventory", fits["inventory"])
    if _sells(grid, best, fit):
        best, fit = "sales_history", fits["sales_history"]
    for name in [name for name in INPUTS[best].required if name not in {*fit, "line"}]:
        fit[name] = _by_content(grid, holds, fit.values(), INPUTS[best][name], best, ask)
    if NOTHING in fit.values():
        return {}
    uses = {head: f"{best}.{name}" for name, head in fit.items()}
    also = {"sales_history": ["revenue"]} if best == "orders" else {}
    also |= {"items": OF_ITEMS} if "item" in fit and best != "items" else {}
    for table, names in also.items():
        free = {head: kinds for head, kinds in holds.items() if head not in uses}
        uses |= {head: f"{table}.{name}" for name, head in _fit(free, table, names).items()}
    return uses


def _sells(grid, best, fit):
    """Whether what looks like a stock list may be sales whose days are not understood: by the
    file's name, a column of days that is left, or units that are just called quantity.
    """
    named = {t: any(w in plain(grid.name) for w in words(t, "names")) for t in (best, SOLD)}
    if best not in STOCKS or named[best]:
        return False
    left = [head for head in grid.frame if head not in fit.values()]
    days = any(rank(head, SOLD, "bucket") < 1000 for head in left) and best != "items"
    units = {plain(fit.get(name, "")) for name in ("on_hand", "quantity")} - {""}
    vague = units and units <= {*words(SOLD, "quantity")} and "due_on" not in fit
    return bool(named[SOLD] or days or vague)


def _holds(cells):
    """Kinds of column that half of the cells can be; none where all are blank."""
    texts = [*cells[cells != ""].head(SAMPLE)]
    able = {"text": len(texts)}
    for kind, (styles, read) in READERS.items():
        able[kind] = sum(any(read(text, style) for style in styles) for text in texts)
    return {kind for kind, count in able.items() if 2 * count >= len(texts) > 0}


def _fit(holds, table, names):
    """{column: header}, the best fits first; a header stands for one column."""
    pairs = sorted((rank(head, table, name), name, head) for name in names for head in holds)
    fit = {}
    for points, name, head in pairs:
        able = INPUTS[table][name].kind in holds[head] or (points == 0 and not holds[head])
        if points < 2000 and able and name not in fit and head not in fit.values():
            fit[name] = head
    return fit


def _score(grid, table, fit):
    """How much a grid looks like a table: by its columns, what it lacks, its name, its items."""
    names, declared = [*words(table, "names"), plain(table)], INPUTS[table]
    sure = {
        name: 1 if rank(head, table, name) < 1000 else 0.5
        for name, head in fit.items()
        if name != "site"  # which any list may have
    }
    needs = [sure.get(name, -2) for name in {*declared.required} - {"line"}]
    named = any(word in plain(grid.name) for word in names)
    own = len(declared.required) > 1 and {*declared.required} <= {*grid.frame}
    strange = min(needs) < 0 or not (own or "item" in declared.required)
    if strange and not named and table != "sales_history":
        return -99
    named += any({*plain(head).split()} & {*names} for head in grid.frame)
    alone = 0
    if declared.key == ("item",) and "item" in fit:
        again = grid.frame[fit["item"]].duplicated().any()
        alone = -8 if again else 3 * (len(grid.frame) > 7)
    orders = table == "orders" and not DAYS & {*fit}
    return sum(sure.values()) + 2 * sum(needs) + 3 * named + alone - 99 * orders


def _by_content(grid, holds, taken, column, table, ask):
    """The header of the only column that can be it, or of the one that a person names."""
    free = {head: kinds for head, kinds in holds.items() if head not in taken}
    able = [
        head
        for head, kinds in free.items()
        if kinds == {column.kind, "text"}
        or (column.kind == "text" and CODE.fullmatch("\n".join({*grid.frame[head]} - {""})))
    ]
    able = able or [head for head, kinds in free.items() if column.kind in kinds]
    if len(able) == 1:
        return able[0]
    asked = f"{grid.name}: which column is {table}.{column.name} ({column.doc})?"
    asked += " None looks like it." * (not able) + f" ({NOTHING}: leave this file out)"
    return ask(asked, [*(able or holds), NOTHING], None)


def _with_market(grid, uses, market, ask):
    """The uses with the market as told, or as asked where its column would make too many."""
    table = table_of(uses)
    target = f"{table}.market"
    here = next((head for head, use in uses.items() if use == target), None)
    count = grid.frame[here].nunique() if here else 0
    if not table or "market" not in INPUTS[table].names or (not market and count <= CUSTOMERS):
        return uses
    if market not in (None, "none", *uses):
        raise PlanError(f"{grid.name} has no column {market!r}{nearest(market, uses)}; --market")
    few = [
        head
        for head, cells in grid.frame.items()
        if uses[head] == NOTHING and 1 < cells.nunique() <= CUSTOMERS and _holds(cells) == {"text"}
    ]
    asked = f"{grid.name}: {here!r} would make {count} markets; which column is (--market)?"
    market = market or ask(asked, ["none", *few, here], "none")
    uses = {head: NOTHING if use == target else use for head, use in uses.items()}
    return uses | ({market: target} if market in uses else {})


def _one_currency(grid, uses, texts):
    """Refuses amounts in several currencies, and units that are money."""
    money = {
        head for head, use in uses.items() if use.split(" ")[0].endswith((".revenue", ".price"))
    }
    for head, use in uses.items():
        signs = {sign for text in texts[head] for sign in CURRENCY.findall(text)}
        known = use != NOTHING and column_of(use).kind == "number"
        named = money and plain(head) in words("currency", "names")
        if known and signs and column_of(use).unit == "units":
            raise PlanError(
                f"{grid.name}, column {head!r}: units with {min(signs)} are money; bring a file"
                " with the quantities"
            )
        several = signs if known else {*texts[head]} if named else ()
        if len(several) > 1:
            raise PlanError(
                f"{grid.name}, column {head!r}: amounts in {', '.join(sorted(several)[:5])};"
                " bring a file for each currency, or turn them into one"
            )


def _with_styles(grid, uses, dates, ask):
    """The uses with the style of every column of days and numbers; a file has one decimal mark."""
    kinds = {head: use != NOTHING and column_of(use).kind for head, use in uses.items()}
    texts = {head: [t for t in grid.frame[head].unique() if t] for head in uses}
    found = {h: settle(kind, texts[h]) for h, kind in kinds.items() if kind in READERS}
    _one_currency(grid, uses, texts)
    made = {}
    for head, use in uses.items():
        target, _, told = use.partition(" ")
        style, kind = found.get(head, ""), kinds[head]
        if isinstance(style, list):
            styles, read = READERS[kind]
            near = [s for s in styles if s in map(str, found.values())] * grid.written
            known = [s for s in ([dates, told] if kind == "date" else [told, *near]) if s in styles]
            both = " or ".join(read(style[0], s) or "nothing" for s in styles[:2])
            rows = [
                f"{text} (row {grid.frame.index[grid.frame[head] == text][0]})" for text in style
            ]
            asked = (
                f"{grid.name}, column {head!r}: {' beside '.join(rows)} reads in two ways"
                f" ({both}); which style is it{' (--dates)' * (kind == 'date')}?"
            )
            alone = len(style) == 1  # else no style reads all
            safe = near[0] if alone and len(near) == 1 else None
            style = known[0] if alone and known else ask(asked, styles, safe) or OPEN
        made[head] = f"{target} {style or told}".strip()
    return made
