"""The plan as slides, made from a template: in ``deck.pptx`` each slide names the part of the board
that it shows; ``deck.xsl`` says how a part's table reads there and what finding is its title.
"""

from pathlib import Path

from sopkit.charts.measure import readable_unit
from sopkit.exports.pages import state
from sopkit.finance.family_sheet import BLOCKS
from sopkit.panels.sections import TABS, Source

HERE = Path(__file__)


def write_deck(plan, path) -> None:
    """``deck.pptx``: the template's slides in their order, each with the table or native chart of
    the part that its title names; one that has nothing to show is left out.

    More parts may follow after a +; of a chart these are blocks of the family sheet: the one whose
    line it shows, and the one beside it (none: the budget).
    """
    from lxml import etree, html
    from pptx import Presentation

    source, deck = Source(plan), Presentation(HERE.with_suffix(".pptx"))
    deck.slide_master.shapes[-1].text_frame.text = f"S&OP · {plan.named} · {state(plan.folder)}"
    draw = {part.name: part.draw for part in sum(TABS.values(), [])}
    read = etree.XSLT(etree.parse(HERE.with_suffix(".xsl")))
    for slide, place in zip([*deck.slides], [*deck.slides._sldIdLst]):
        title, below, holder = slide.placeholders
        name, *more = title.text.split(" + ")
        drawn = draw[name](source)
        if holder.has_chart:
            shown = _chart(holder.chart, source, *more)
            title.text, below.text = drawn.title, below.text.format(shown, plan.calendar.size)
        else:
            beside = "".join(draw[n](source) for n in more)
            page = html.fromstring(f"<div>{getattr(drawn, 'html', drawn)}{beside}</div>")
            shown = read(page, part=f"'{name}'").getroot()
            title.text, below.text = shown.attrib.values()
            for frame in (shown := [*shown]):
                holder._element.getparent().replace(holder._element, frame)
        if not shown:
            deck.part.drop_rel(place.rId)
            place.getparent().remove(place)
    deck.save(path)


def _chart(chart, source, block, beside=""):
    """Gives a chart the last and the next year of a block's first line, and beside it its budget or
    another block's; returns their unit, nothing where there is no such line.
    """
    from pptx.chart.data import CategoryChartData

    book, data = source.book, CategoryChartData()
    for line in BLOCKS[block](book)[:1]:
        told = line.estimate, BLOCKS[beside](book)[0].estimate if beside else line.budget
        size, unit = readable_unit(
            line.estimate, source.view.currency if "money" in line.unit else line.unit
        )
        span = book.before(len(book.year)).append(book.year)
        bars, other = (of.groupby(level=0).sum(min_count=1).reindex(span) / size for of in told)
        past, data.categories = span < book.first, book.calendar.label(span)
        told = (bars.where(past), bars.mask(past), other)[: 3 - other.isna().all()]
        for series, values in zip(chart.series, told):
            data.add_series(series.name, values.replace(float("nan"), None))
        chart.replace_data(data)
        return unit
