"""The column reference: what people read of the declarations, as Markdown."""

from sopkit.tables import INPUTS, SETTINGS

KINDS = {"text": "text", "number": "number", "whole": "whole number", "date": "date"}


def reference(tables=None) -> str:
    """Every table with its columns, unit, rule and meaning, as Markdown; without ``tables``: all
    input tables, then the settings.

    Columns that a file cannot do without are bold.

    >>> print(reference([INPUTS["markets"]]))
    ### `markets`
    <BLANKLINE>
    Where the company sells, and in which money. One row per `market`.
    <BLANKLINE>
    | column | kind | unit | rule | meaning |
    | --- | --- | --- | --- | --- |
    | **`market`** | text |  |  | market as sales_history names it |
    | `currency` | text |  |  | of its revenue in sales_history; blank = the company's |
    | `group` | text |  |  | what it belongs to; blank = none |
    <BLANKLINE>
    """
    if tables is None:
        return "\n".join([*map(_table, INPUTS.values()), _settings()])
    return "\n".join(map(_table, tables))


def _table(table) -> str:
    head = [
        f"### `{table.name}`",
        "",
        f"{table.doc}. {_key(table)}",
        "",
        "| column | kind | unit | rule | meaning |",
        "| --- | --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *(_row(column) for column in table.columns), ""])


def _key(table) -> str:
    return "One row per " + " + ".join(f"`{name}`" for name in table.key) + "."


def _row(column) -> str:
    name = f"**`{column.name}`**" if column.required else f"`{column.name}`"
    unit = "" if column.unit in ("–", column.kind) else column.unit
    return _cells(name, KINDS[column.kind], unit, column.rule, column.doc)


def _settings() -> str:
    head = [
        "### `settings.toml`",
        "",
        "How the company counts; every line is optional, and so is the file.",
        "",
        "| setting | default | rule | meaning |",
        "| --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *(_setting(setting) for setting in SETTINGS.values()), ""])


def _setting(setting) -> str:
    if setting.kind is dict:
        return _cells(f"`[{setting.name}]`", "", "a section", setting.doc)
    default = (
        ""
        if setting.default is None
        else str(setting.default).lower()
        if setting.kind is bool
        else str(setting.default)
    )
    return _cells(f"`{setting.name}`", default, setting.rule, setting.doc)


def _cells(*cells) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
