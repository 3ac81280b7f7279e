"""The tuner's desk: the widgets that a planner works with, and where they lie; how they look is
said in ``tuner.css``.
"""

import asyncio
from functools import partial
from html import escape
from pathlib import Path

from ipywidgets import (
    HTML,
    Box,
    Button,
    Checkbox,
    DatePicker,
    Dropdown,
    FloatSlider,
    SelectMultiple,
    Text,
)

from sopkit.charts.words import decimal_mark
from sopkit.errors import PlanError
from sopkit.metrics.stages import CHOSEN
from sopkit.overrides import REASONS
from sopkit.overrides.worklist import STATES
from sopkit.panels.sheet import Sheet
from sopkit.panels.trial import SLIDERS, offered

STYLE = Path(__file__).with_name("tuner.css").read_text(encoding="utf-8")
BUTTONS = {
    "take": "Take as override",
    "save": "Save",
    "anyway": "Save anyway",
    "check": "Checked ✓",
    "undecided": "Undecided ?",
    "next": "Next ▸",
    "back": "Take back",
}
PAUSE = 0.15  # seconds of silence after the last move before more than the picture is worked out


def running():
    """The running event loop; None where none runs."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class Panel:
    """What panels share: a ``message`` that says what went wrong."""

    _quiet = False  # while the panel itself changes its widgets
    _timer, _due = None, {}  # what is done later
    mark = "."  # of its numbers

    def _safely(self, action, _event=None):
        """Runs what a person asks for, not what the panel itself changes; whatever goes wrong is
        said in the panel, and nothing typed is lost.
        """
        try:
            with decimal_mark(self.mark):
                self._quiet or action()
        except PlanError as error:
            self._say(error, "bad")
        except Exception as error:  # people read the panel, not the kernel's log
            words = f"this did not work: {type(error).__name__}: {error}; nothing was saved by it"
            self._say(words, "bad")

    def _later(self, *actions):
        """Runs the actions once the planner rests; at once where no event loop runs."""
        self._due = self._due | dict.fromkeys(actions)
        if self._timer:
            self._timer.cancel()
        if loop := running():
            self._timer = loop.call_later(PAUSE, self._rest)
        else:
            self._rest()

    def _rest(self):
        """Runs the first of what is due; a person who moves meanwhile comes before the others."""
        if self._due:
            action, *others = self._due
            self._due = dict.fromkeys(others)
            self._safely(action)
        if self._due:
            self._later()

    def _set(self, widget, **traits):
        """Changes a widget as nobody's wish."""
        self._quiet = True
        for name, value in traits.items():
            setattr(widget, name, value)
        self._quiet = False

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

    def __init__(self, families, years, by):
        self.sliders = {name: FloatSlider(max=1, step=0.05, description=name) for name in SLIDERS}
        self.buttons = {name: Button(description=words) for name, words in BUTTONS.items()}
        take, save, *steps, back = self.buttons.values()
        save.button_style, self.buttons["anyway"].button_style = "primary", "warning"
        take.tooltip = "fills the override row with the difference to the statistics"
        back.tooltip = "ends the chosen rows, expiry included; what they replaced stands again"
        asked = self._box(
            family=Dropdown(options=choices("all families", families)),
            status=Dropdown(options=choices("whatever the review said", STATES)),
            search=Text(placeholder="item, description, family, market …"),
            supply=Checkbox(description="what supply asks too", indent=False),
            list=SelectMultiple(rows=18),
            count=HTML(),
        )
        tools = self._box(
            method=Dropdown(options=[CHOSEN, *offered()]),
            **self.sliders,
            start=Dropdown(options=choices("all history", years), description="from"),
            taking=Box([take]),
            effect=HTML(),
        )
        entry = self._box(
            reason=Dropdown(options=choices("choose a reason", REASONS), description="reason"),
            note=Text(description="note", placeholder="in words", continuous_update=False),
            holds=Text(
                description="holds if",
                placeholder="demand of Pumps >= 1200 a month",
                tooltip="makes the note an assumption that every plan tests; blank = none",
                continuous_update=False,
            ),
            until=DatePicker(description="until", tooltip="blank = until its month has passed"),
            by=Text(by, description="by", placeholder="your name"),
        )
        self.box = self._box(
            HTML(f"<style>{STYLE}</style>"),
            top=self._box(
                asked=asked,
                item=self._box(title=HTML(), market=Dropdown(), picture=HTML()),
                tools=tools,
                accuracy=HTML(),
            ),
            sheet=Sheet(),
            entry=entry,
            steps=self._box(saving=Box([save, *steps]), message=HTML()),
            said=self._box(heading=HTML(), acting=SelectMultiple(rows=4), taking_back=Box([back])),
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
