"""The column reference: what people read of the declarations, as Markdown."""

from sopkit.tables import INPUTS, SETTINGS

KINDS = {"text": "text", "number": "number", "whole": "whole number", "date": "date"}


def reference(tables=None) -> str:
    """Every table with its columns, unit, rule and meaning, as Markdown; without ``tables``: all
    input tables, then the settings.

    Columns that a file cannot do without are bold.

    >>> print(reference([INPUTS["bill_of_resources"]]))
    ### `bill_of_resources`
    <BLANKLINE>
    Hours that one unit takes on each resource. One row per `item` + `resource` + `source`.
    <BLANKLINE>
    | column | kind | unit | rule | meaning |
    | --- | --- | --- | --- | --- |
    | **`item`** | text |  |  | item code, kept as written |
    | **`resource`** | text |  |  | resource that makes it |
    | `source` | text |  |  | source (of sourcing) that needs it; blank = own production |
    | **`hours_per_unit`** | number | hours/unit | at least 0 | hours of the resource per unit |
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
