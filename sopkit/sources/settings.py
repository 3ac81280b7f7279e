"""Settings: settings.toml read against the declared names, kinds and ranges; every name has a value
afterwards.
"""

import json
import math
import tomllib
from pathlib import Path

from sopkit.sources.issues import found, nearest
from sopkit.tables import SETTINGS

HORIZON = {"month": 24, "week": 104, "quarter": 8}
SECTIONS = {
    "targets": (int, float),
    "thresholds": (int, float),
    "owners": (str,),
    "sales_inputs": (str,),
}


def read_settings(path):
    """({name: value} with every declared setting, issue frames); the file may be absent."""
    given, issues = _load(Path(path))
    settings = {
        name: dict(s.default) if s.kind is dict else s.default for name, s in SETTINGS.items()
    }
    for name, value in given.items():
        if name not in SETTINGS:
            issues.append(
                found(
                    "unknown setting",
                    "settings",
                    0,
                    name,
                    str(value),
                    f"is no setting{nearest(name, SETTINGS)}",
                )
            )
            continue
        problem = _wrong(SETTINGS[name], value)
        if problem:
            issues.append(found("wrong setting", "settings", 0, name, str(value), problem))
        else:
            settings[name] = float(value) if SETTINGS[name].kind is float else value
    if "horizon" not in given:
        settings["horizon"] = HORIZON[settings["bucket"]]
    return settings, issues


def write_settings(settings, path):
    """The settings as TOML, in the declared order; a setting without a value is left out."""
    plain = {
        name: value
        for name, value in settings.items()
        if not isinstance(value, dict) and value is not None
    }
    lines = [f"{name} = {_toml(value)}" for name, value in plain.items()]
    for name, section in settings.items():
        if isinstance(section, dict) and section:
            lines += ["", f"[{name}]"] + [
                f"{_toml(key)} = {_toml(value)}" for key, value in section.items()
            ]
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _load(path):
    if not path.is_file():
        return {}, []
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig")), []
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return {}, [found("unreadable settings", "settings", 0, "", path.name, str(error))]


def _wrong(setting, value) -> str:
    """What is wrong with a value, in words; empty if nothing is."""
    if setting.kind is dict:
        return _wrong_section(setting.name, value)
    if not _is(value, (int, float) if setting.kind is float else (setting.kind,)):
        return f"got {type(value).__name__}, expected {setting.kind.__name__}: {setting.doc}"
    if setting.choices and value not in setting.choices:
        return (
            f"got {value!r}, expected one of"
            f" {', '.join(setting.choices)}{nearest(value, setting.choices)}"
        )
    low = -math.inf if setting.at_least is None else setting.at_least
    high = math.inf if setting.at_most is None else setting.at_most
    return (
        ""
        if isinstance(value, (str, bool)) or low <= value <= high
        else f"got {value}, expected {_range(low, high)}"
    )


def _wrong_section(name, value) -> str:
    kinds = SECTIONS[name]
    if not isinstance(value, dict):
        return (
            f"got {type(value).__name__}, expected a section: write [{name}] on a line of its own"
        )
    odd = [key for key, entry in value.items() if not _is(entry, kinds)]
    return (
        f"{', '.join(odd)}: expected a {'number' if int in kinds else 'text in quotes'}"
        if odd
        else ""
    )


def _is(value, kinds) -> bool:
    if isinstance(value, bool):
        return bool in kinds
    return isinstance(value, kinds) and not (isinstance(value, float) and not math.isfinite(value))


def _range(low, high) -> str:
    return f"at least {low:g}" if math.isinf(high) else f"between {low:g} and {high:g}"


def _toml(value) -> str:
    # A JSON string is a TOML basic string but for the delete character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
