"""The tuner's desk: the widgets that a planner works with, and where they lie; how they look is
said in ``tuner.css``.
"""

from functools import partial
from html import escape
from pathlib import Path

from ipywidgets import (
    HTML,
    Accordion,
    Box,
    Button,
    DatePicker,
    Dropdown,
    FloatSlider,
    Select,
    Text,
    Textarea,
)

from sopkit.errors import PlanError
from sopkit.metrics.stages import CHOSEN, NEAR
from sopkit.panels.entries import REASONS
from sopkit.panels.trial import SLIDERS, offered
from sopkit.panels.worklist import STATES

STYLE = Path(__file__).with_name("tuner.css").read_text(encoding="utf-8")
OVERRIDES, CONSENSUS = "these are overrides", "these are the consensus"
BUTTONS = {
    "take": "Take as override",
    "save": "Save",
    "undo": "Undo",
    "check": "Checked ✓",
    "next": "Next ▸",
    "read": "Read range",
    "accept": "Accept",
    "drop": "Drop",
}
ROWS = """<div title="events, launches, initiatives, sales inputs, orders"><b>&nbsp;</b><br>baseline
<br>other stages<div class="typed">override</div><b>consensus</b></div>"""


class Panel:
    """What panels share: a ``message`` that says what went wrong."""

    _quiet = False  # while the panel itself changes its widgets

    def _safely(self, action, _event=None):
        """Runs what a person asks for, not what the panel itself changes; whatever goes wrong is
        said in the panel, and nothing typed is lost.
        """
        try:
            self._quiet or action()
        except PlanError as error:
            self._say(error, "bad")
        except Exception as error:  # people read the panel, not the kernel's log
            words = f"this did not work: {type(error).__name__}: {error}; nothing was saved by it"
            self._say(words, "bad")

    def _say(self, words, css="good"):
        self.message.value = said(words, css)

    def _on(self, action, *widgets):
        """Has the action run when one of them changes."""
        for widget in widgets:
            widget.observe(partial(self._safely, action), "value")

    def _button(self, words, action, css="small"):
        """A button that runs the action."""
        button = Button(description=words, tooltip=words).add_class(css)
        button.on_click(partial(self._safely, action))
        return button


class Desk(Panel):
    """The widgets by their names, ``buttons`` and ``sliders`` by theirs; ``box`` holds them all."""

    def __init__(self, families, by):
        self.sliders = {name: FloatSlider(max=1, step=0.05, description=name) for name in SLIDERS}
        self.buttons = {name: Button(description=words) for name, words in BUTTONS.items()}
        take, *steps, read, accept, drop = self.buttons.values()
        take.tooltip = "fills the override row with the difference to what counts now"
        steps[0].button_style = "primary"
        asked = self._box(
            HTML("<b>Worklist</b>"),
            family=Dropdown(options=choices("all families", families)),
            status=Dropdown(options=choices("open and checked", STATES)),
            search=Text(placeholder="item …"),
            list=Select(rows=18),
            count=HTML(),
        )
        tools = self._box(
            trying=self._box(
                HTML("<b>Method</b> (0 = automatic)"),
                method=Dropdown(options=[CHOSEN, *offered()]),
                **self.sliders,
                start=Dropdown(description="from"),
                taking=Box([take]),
            ),
            graded=self._box(
                HTML(f"<b>Backtest error</b> (WAPE, 1–{NEAR} ahead)"),
                accuracy=HTML(),
            ),
            saving=self._box(HTML("<b>If saved</b>"), effect=HTML()),
        )
        entry = self._box(
            by=Text(by, description="by", placeholder="your name"),
            reason=Dropdown(options=choices("choose a reason", REASONS), description="reason"),
            note=Text(description="note", placeholder="in words"),
            until=DatePicker(description="until", tooltip="blank = until its month has passed"),
        )
        pasting = self._box(
            pasted=Textarea(placeholder="paste a range from a spreadsheet here"),
            meaning=Dropdown(options=[OVERRIDES, CONSENSUS]),
            reading=Box([read]),
            preview=HTML(),
            deciding=Box([accept, drop]),
        )
        item = self._box(market=Dropdown(description="market"), picture=HTML(), tools=tools)
        self.box = self._box(
            HTML(f"<style>{STYLE}</style>"),
            top=self._box(asked=asked, item=item),
            grid=Box(),
            entry=entry,
            steps=Box(steps),
            message=HTML(),
            pasting=Accordion([pasting], titles=["Paste from a spreadsheet"]),
        ).add_class("tuner")

    def _box(self, *widgets, **named):
        """A box of widgets; those with a name are known by it, here and in ``tuner.css``."""
        vars(self).update(named)
        return Box([*widgets, *(widget.add_class(name) for name, widget in named.items())])


def choices(first: str, names) -> list[tuple]:
    """Options of a dropdown, ``first`` and "" standing for all of them."""
    return [(first, ""), *zip(map(str, names), names)]


def said(words, css: str = "") -> str:
    """Words as HTML; ``css`` good or bad marks them."""
    return f'<div class="say {css}">{escape(str(words))}</div>'
