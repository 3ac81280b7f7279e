"""Two planners in two browsers of a real JupyterLab: the tuner opens by itself, takes ranges as a
spreadsheet copies them, asks before it saves what is far off, and tells of each other.
"""

import pytest

from sopkit.ledger import Ledger
from sopkit.overrides import Standing
from sopkit.plan import Plan
from tests.panels.test_lab import NOTEBOOK, jupyter, written

EXTENSIONS = NOTEBOOK.parents[1] / "sopkit" / "panels" / "jupyter" / "labextensions"


class Planner:
    """A planner's tuner in a browser of their own."""

    def __init__(self, browser, address, name):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
        self.page, self.foreign = context.new_page(), []
        self.page.set_default_timeout(90_000)
        self.page.on("request", self._seen)
        self.page.goto(f"{address}/doc/tree/{name}.ipynb?token=shown&reset")
        self.page.locator(".tuner .tabulator-row").first.wait_for()  # nobody ran it

    def _seen(self, request):
        if "127.0.0.1" not in request.url and not request.url.startswith(("data:", "blob:")):
            self.foreign.append(request.url)

    def items(self, *codes, market="all markets"):
        """Opens items in a market."""
        values = self.page.locator(".tuner .list option").all_text_contents()
        at = [next(n for n, v in enumerate(values) if code in v.split()) for code in codes]
        self.page.locator(".tuner .list select").select_option(index=at)
        self.page.locator(".tuner .title", has_text=codes[0]).wait_for()
        self.page.locator(".tuner .market select").select_option(label=market)

    def until(self, seen, wanted):
        """Waits until what is seen is wanted, however busy the machine is."""
        for _ in range(300):
            if wanted(found := seen()):
                return
            self.page.wait_for_timeout(200)
        raise AssertionError(found)

    def says(self, *words):
        message = self.page.locator(".tuner .message")
        self.until(message.inner_text, lambda told: all(word in told for word in words))

    def shows(self, head, *texts):
        """The first cells of a row, whole numbers without their decimals."""
        plain = [text.removesuffix(".0") for text in texts]
        seen = lambda: [text.removesuffix(".0") for text in self.texts(head)[: len(plain)]]  # noqa: E731
        self.until(seen, plain.__eq__)

    def row(self, head):
        exact = self.page.get_by_text(head, exact=True)
        return self.page.locator(".tuner .tabulator-row", has=exact).locator(".tabulator-cell")

    def texts(self, head):
        return self.row(head).all_inner_texts()[1:]

    def paste(self, head, column, text):
        self.row(head).nth(column + 1).click()
        self.page.evaluate("text => navigator.clipboard.writeText(text)", text)
        self.press("Control+v")

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def save(self, *words, button="Save"):
        self.page.get_by_role("button", name=button, exact=True).click()
        self.says(*words)

    def sure(self, *words):
        """Saves, and says that it is meant where that is asked."""
        message = self.page.locator(".tuner .message")
        self.page.get_by_role("button", name="Save", exact=True).click()
        self.until(message.inner_text, lambda told: "Is this meant?" in told or "saved" in told)
        if "Is this meant?" in message.inner_text():
            self.page.get_by_role("button", name="Save anyway", exact=True).click()
        self.says(*words)

    def reason(self, name):
        """Chooses a reason; a busy kernel would hear of it only after a click on Save."""
        idle = '.jp-Notebook-ExecutionIndicator[data-status="idle"]'
        self.page.wait_for_timeout(500)
        self.page.wait_for_selector(idle, state="attached")
        self.page.get_by_label("reason").select_option(label=name)


@pytest.fixture
def planners(packs, tmp_path, browser):
    """Opens the tuner of Ada, who writes 1,200.5, or of Greta, whose settings say 1.200,5; and their
    ledger. The keyboard's clipboard belongs to the page that was opened last.
    """
    told = {"packs": str(packs), "ledger": str(tmp_path / "ledger.db")}
    tuner = NOTEBOOK.with_name("tune_forecasts.ipynb")
    for name in ("Ada", "Greta"):
        written(tuner, tmp_path / f"{name}.ipynb", **told, by=name)
    german = tmp_path / "Greta.ipynb"
    set_to = "plan = Plan(packs); plan.settings['decimal_mark'] = ','\\n\",\n   \"tuner(plan,"
    german.write_text(german.read_text().replace("tuner(Plan(packs),", set_to))
    with jupyter(tmp_path, f"--LabApp.extra_labextensions_path={EXTENSIONS}") as address:
        opened = []
        yield (
            lambda name: opened.append(Planner(browser, address, name)) or opened[-1],
            Ledger(told["ledger"]),
        )
        for planner in opened:
            planner.page.context.close()


def test_two_planners_work(planners, packs):
    opens, ledger = planners
    ada = opens("Ada")
    code = ada.page.locator(".jp-CodeCell .jp-InputArea-editor").all()
    assert not any(cell.is_visible() for cell in code)
    first = ada.page.locator(".tuner .title").inner_text().split(" · ")[0]

    # Typing: keys reach every month, Tab and Enter move on, the wheel changes nothing; undo, redo.
    months = len(ada.texts("Override"))
    ada.row("Override").nth(1).click()
    ada.press("5", "Tab", "-", "7", "Enter")
    ada.shows("Override", "+5", "−7", "")
    ada.row("Override").nth(1).click()
    ada.press(*["ArrowRight"] * months)
    ada.until(lambda: ada.row("Override").last.evaluate(VISIBLE), bool)
    ada.press("9")
    ada.page.mouse.wheel(0, 300)
    ada.press("Enter")
    typed = ["+5", "−7", *[""] * (months - 3), "+9"]
    ada.shows("Override", *typed)
    ada.press(*["Control+z"] * 2)
    ada.shows("Override", "+5", *[""] * (months - 1))
    ada.press("Control+z")
    ada.shows("Override", *[""] * months)
    ada.press(*["Control+y"] * 3)
    ada.shows("Override", *typed)
    ada.press(*["Control+z"] * 3)
    ada.shows("Override", *[""] * months)

    # End and Home; no key that is meant for the panel reaches the notebook.
    ada.row("Override").nth(1).click()
    ada.press("End")
    ada.until(lambda: ada.row("Override").last.evaluate(VISIBLE), bool)
    ada.press("Home")
    ada.until(lambda: ada.row("Override").nth(1).evaluate(VISIBLE), bool)
    ada.press("Escape")  # leaves the sheet, in which Tab stays
    assert ada.page.get_by_label("reason").evaluate("one => one === document.activeElement")
    ada.page.get_by_role("button", name="Save", exact=True).click()
    ada.press("x", "m", "b", "Shift+End")
    ada.page.locator(".tuner .picture").click()
    ada.press("d", "d", "Enter", "1")
    assert ada.page.locator(".tuner").count() == 1 and ada.page.locator(".jp-Cell").count() == 3
    assert not any(cell.is_visible() for cell in code)

    # 1 × 4, and wrong shapes and cells.
    ada.page.locator(".jp-Notebook").evaluate("one => one.scrollTo(0, 0)")
    ada.paste("Override", 0, "1\t-2\t\t0.5")
    ada.shows("Override", "+1", "−2", "", "+0.5", "")
    ada.paste("Override", 0, "1\n2\n3")
    ada.says("3 × 1 cells were copied, and 1 ×", "nothing was pasted")
    ada.paste("Override", 1, "100 110 120 130")
    ada.says("'100 110 120 130' is no number")
    ada.shows("Override", "+1", "100 110 120 130", "", "+0.5", "")
    ada.press("Control+z")
    ada.shows("Override", "+1", "−2", "", "+0.5", "")

    # What is typed and not saved is marked, and outlives the page.
    marked = lambda: ada.page.locator(".tuner .list option", has_text="✎").count()  # noqa: E731
    ada.until(marked, (1).__eq__)
    ada.page.reload()
    ada.page.locator(".tuner .tabulator-row").first.wait_for()
    ada.shows("Override", "+1", "−2", "", "+0.5", "")
    assert marked() == 1

    # Save and its answer stay where they were, and in view.
    place = ada.page.get_by_role("button", name="Save", exact=True).bounding_box()
    greta = opens("Greta")
    ada.save("no reason is given")
    assert ada.page.get_by_role("button", name="Save", exact=True).bounding_box() == place
    box = ada.page.locator(".tuner .message .say").bounding_box()
    assert 0 < place["y"] and box["y"] + box["height"] < 880
    ada.reason("promotion")
    ada.sure("saved 3 rows to the ledger")
    rows = ledger.read("overrides")
    assert rows["value"].tolist() == [1, -2, 0.5] and set(rows["item"]) == {first}

    # The other, who opened before, is told before she saves on the same cells.
    greta.paste("Override", 0, "2,5")
    greta.until(lambda: greta.texts("Override")[0], "+2,5".__eq__)
    greta.reason("customer")
    greta.save("entered since you looked", "Ada, ", "+1 units")
    greta.sure("saved 1 row", "in place of 1")
    assert ledger.read("overrides")["takes_back"].dropna().tolist() == [1]
    acting = greta.page.locator(".tuner .acting select")
    mine = [
        n for n, told in enumerate(acting.locator("option").all_inner_texts()) if "Greta" in told
    ]
    acting.select_option(index=mine)
    greta.save("taken back: 1 row", button="Take back")
    greta.until(lambda: greta.texts("Override")[0], lambda text: text in ("+1", "+1,0"))  # Ada's

    # 3 × 12, German, saved to the unit.
    greta.items("P-100", "P-110", "P-120")
    heads = ["P-100", "P-110", "P-120"]
    seen = greta.page.locator(".tabulator-row .head").all_inner_texts
    greta.until(seen, lambda found: sorted(found) == heads)
    heads = seen()
    numbers = [[1000 * n + month + 0.5 for month in range(12)] for n in (1, 2, 3)]
    german = str.maketrans(",.", ".,")
    text = "\r\n".join("\t".join(f"{v:,.1f}".translate(german) for v in row) for row in numbers)
    greta.paste(heads[0], 0, text)
    greta.shows(heads[2], "3.000,5", "3.001,5")
    greta.reason("customer")
    greta.save("Is this meant?", "M€", "pcs")
    greta.save("saved 36 rows", button="Save anyway")
    stands = Standing(Plan(packs / "2026-11"), ledger)
    for item, row in zip(heads, numbers):
        made = stands.of((item, "", ""), stands.values["consensus"])[:12]
        assert abs(made - row).max() < 1e-3, item

    # A family in five clicks, shared by its items; who comes next sees what was looked at.
    ada.page.locator(".tuner .family select").select_option("Valves")
    ada.page.locator(".tuner .list select").select_option(index=0)
    ada.page.locator(".tuner .title", has_text="Valves · ").wait_for()
    ada.paste("Override", 2, "10%")
    ada.until(lambda: ada.texts("Override")[2], lambda text: text.startswith("+"))
    ada.reason("customer")
    ada.sure("saved 1 row to the ledger for Valves")
    assert ledger.read("overrides").iloc[-1]["family"] == "Valves"
    stands = Standing(Plan(packs / "2026-11"), ledger)
    whole = stands.of(("", "Valves", ""), stands.values["override"])[2]
    before = stands.of(("", "Valves", ""), stands.before)[2]
    assert whole == pytest.approx(0.1 * before, abs=1e-3)
    ada.page.get_by_role("button", name="Undecided ?", exact=True).click()
    ada.until(lambda: len(ledger.read("reviews")), (1).__eq__)
    assert not ada.foreign and not greta.foreign


VISIBLE = """cell => { const box = cell.getBoundingClientRect(),
    room = cell.closest('.tabulator').getBoundingClientRect();
    return box.left >= room.left && box.right <= room.right + 1 && box.bottom < innerHeight; }"""
