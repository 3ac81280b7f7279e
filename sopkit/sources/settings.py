"""Settings: settings.toml read against the declared names, kinds and ranges; every name has a value
afterwards.
"""

import json
import tomllib
from difflib import get_close_matches
from pathlib import Path

from sopkit.databases import hide
from sopkit.errors import nearest
from sopkit.metrics import exceptions
from sopkit.metrics.kpis import KPIS
from sopkit.sources.files import regular
from sopkit.sources.issues import found
from sopkit.tables import INPUTS, SETTINGS, settled
from sopkit.tables.declare import HUGE
from sopkit.tables.settings import RACI, STEPS

HORIZON = {"month": 24, "period": 24, "week": 104, "quarter": 8}
SECTIONS = {
    "market_priority": float,
    "targets": float,
    "thresholds": float,
    "owners": str,
    "sales_inputs": str,
    "roles": list,
    "hierarchy": list,
    "import": "layout",
    "database": str,
}
KINDS = {
    str: "text in quotes",
    bool: "true or false",
    list: 'a list of names, ["Ada"]',
    "layout": '{ "Datum" = "sales_history.bucket dmy" }, by column of the file',
    dict: '{ accountable = ["finance"] }, also responsible, consulted, informed',
}
KNOWN = {
    "targets": {*KPIS},
    "thresholds": {*exceptions.RULES},
    "sales_inputs": {"rule", "correct_bias"},
    "hierarchy": {"items", "markets"},
    "database": {"url", *INPUTS},
}
OWN = ("must_sign", *STEPS)  # of roles, beside those of people


def read_settings(path):
    """({name: value} with every declared setting, issue frames); the file may be absent."""
    given, issues = _load(Path(path))
    right = {}
    for name, value in given.items():
        for key in _strays(name, value):
            said = f"is nothing that [{name}] knows{nearest(key, KNOWN.get(name, OWN))}"
            issues.append(found("unknown setting", "settings", 0, name, key, said))
            value = {known: entry for known, entry in value.items() if known != key}
        if name not in SETTINGS:
            rule, problem = "unknown setting", f"is no setting{nearest(name, SETTINGS)}"
        else:
            rule, problem = "wrong setting", _wrong(SETTINGS[name], value)
        if problem:
            shown = hide(value)[:200]
            issues.append(found(rule, "settings", 0, name, shown, problem))
        else:
            right[name] = float(value) if SETTINGS[name].kind is float else value
    settings = settled(right)
    if "horizon" not in given:
        settings["horizon"] = HORIZON[settings["bucket"]]
    return settings, issues


def write_settings(settings, path):
    """The settings as TOML, in the declared order; a setting without a value is left out."""
    lines, sections = [], []
    for name, value in settings.items():
        if isinstance(value, dict) and value:
            sections += ["", f"[{name}]"] + [f"{toml(k)} = {toml(v)}" for k, v in value.items()]
        elif value is not None and value != {}:
            lines.append(f"{name} = {toml(value)}")
    Path(path).write_text("\n".join(lines + sections) + "\n", encoding="utf-8")


def _load(path):
    if not (path.exists() or path.is_symlink()):
        return {}, []
    try:
        given = tomllib.loads(regular(path).read_text(encoding="utf-8-sig"))
        str(given)  # which what is nested too deep has none of
        return given, []
    except (ValueError, OSError, RecursionError) as error:
        why = "it is nested too deep" if isinstance(error, RecursionError) else str(error)[:200]
        told = f"cannot be read: {why}"
        return {}, [found("unreadable settings", "settings", 0, "", path.name, told)]


def _wrong(setting, value) -> str:
    """What is wrong with a value, in words; empty if nothing is."""
    got = f"got {type(value).__name__}, expected"
    if setting.kind is dict:
        if not isinstance(value, dict):
            return f"{got} a section: write [{setting.name}] on a line of its own"
        for key, entry in value.items():
            kind = dict if setting.name == "roles" and key in STEPS else SECTIONS[setting.name]
            if setting.name == "sales_inputs":
                kind = bool if key == "correct_bias" else str
            if not _is(entry, kind) or (kind is float and entry < 0):
                return f"{key}: expected {KINDS.get(kind, 'a number of at least 0')}"
            share = setting.name == "targets" and key in KPIS and KPIS[key].unit == "fraction"
            if share and entry > 2:
                return f"{key}: expected a fraction: 0.95 is 95 %"
        return ""
    if not _is(value, setting.kind):
        return f"{got} {setting.kind.__name__}: {setting.doc}"
    if setting.kind in (str, list) and not all(
        map(_shown, [value] if setting.kind is str else value)
    ):
        return "expected words that can be read"
    hint = nearest(value, setting.choices) if setting.choices else ""
    return "" if setting.fits(value) else f"got {value!r}, expected {setting.rule}{hint}"


def _strays(section, value):
    """Keys that a section does not know; of roles, which name people too, what looks like ours."""
    if not isinstance(value, dict):
        return []
    if section == "roles":
        return [key for key in value if key not in OWN and get_close_matches(key, OWN, 1, 0.85)]
    return sorted({*value} - KNOWN[section]) if section in KNOWN else []


def _shown(word) -> bool:
    return word.isprintable() and word.strip() != ""


def _is(value, kind) -> bool:
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    if kind is float:
        return isinstance(value, (int, float)) and abs(value) <= HUGE
    if kind is dict:
        return (
            isinstance(value, dict)
            and {*value} <= {*RACI}
            and all(map(_is, value.values(), [list] * 4))
        )
    if kind == "layout":
        return isinstance(value, dict) and _is([*value.values()], list)
    if kind is list:
        return isinstance(value, list) and all(isinstance(name, str) for name in value)
    return isinstance(value, kind)


def toml(value) -> str:
    """A value as TOML; a mapping inline.

    >>> toml({"a b": [1, True]})
    '{ "a b" = [1, true] }'
    """
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{toml(k)} = {toml(v)}' for k, v in value.items())} }}"
    # A JSON string is a TOML basic string but for the delete character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
