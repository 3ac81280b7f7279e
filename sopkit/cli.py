"""The commands: ``sopkit …`` and ``python -m sopkit …``."""

import sys
from pathlib import Path
from shlex import quote
from signal import SIGINT, SIGTERM, signal

import click

from sopkit.errors import PlanError
from sopkit.processes import end_children, warm_up
from sopkit.progress import write_log

PATH = click.Path(path_type=Path)


def _packs(default):
    return click.option("--packs", default=default, type=PATH, help="folder of the packs")


PACKS = _packs("packs")
DATA = click.option(
    "--data",
    default="data",
    help="folder (CSV, parquet) or Excel workbook of the facts, its URL (s3://…), or a database's",
)
LEDGER = click.option(
    "--ledger",
    help="path or database URL of the ledger [default: $SOPKIT_LEDGER, or ledger.db in the packs]",
)
SCHEDULER = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="address of a dask scheduler (tcp://host:8786) whose workers see the same folders",
)


class Commands(click.Group):
    """Commands that say a ``PlanError`` as one line on standard error, and exit with 1; those of
    the meeting are made of the ledger's tables, and imported where one of them is asked for.
    """

    def list_commands(self, context):
        """The names of all commands."""
        return sorted([*super().list_commands(context), *MEETING])

    def get_command(self, context, name):
        """The command of that name."""
        if name in MEETING:
            from sopkit.meeting import COMMANDS

            return COMMANDS[name]
        return super().get_command(context, name)

    def invoke(self, context):
        """What the command returns."""
        signal(SIGTERM, _stop)
        write_log()
        try:
            return super().invoke(context)
        except PlanError as error:
            click.echo(f"sopkit: {error}", err=True)
            sys.exit(1)
        except OSError as error:
            if error.filename is None:  # a pipe that closed
                raise
            told = f"{error.filename}: {error.strerror}; give another place, or mend its rights"
            click.echo(f"sopkit: {told}", err=True)
            sys.exit(1)
        except KeyboardInterrupt as stop:
            end_children()
            click.echo("sopkit: stopped; what was finished before stands", err=True)
            sys.exit(128 + (stop.args or (SIGINT,))[0])


def _stop(number, _):
    raise KeyboardInterrupt(number)


def _fetch(context, _, place):
    from sopkit.sources import at_hand

    return context.with_resource(at_hand(place))


MEETING = ("agree", "assume", "decide", "note", "risk", "scenario", "sign")
SETTINGS = {"help_option_names": ["-h", "--help"], "show_default": True}


@click.group(cls=Commands, context_settings=SETTINGS)
@click.version_option(package_name="sopkit")
def main():
    """The S&OP workbook: one updated forecast becomes one set of numbers, every month."""


@main.command()
@click.argument("folder", type=PATH)
@click.option("--items", default=60, help="how many items")
@click.option("--seed", default=2026, help="another seed, other luck")
@click.option("--empty", is_flag=True, help="write blank templates to be filled in instead")
@PACKS
def sample(folder, items, seed, empty, packs):
    """Write the sample company with its known truth, or blank templates, into FOLDER."""
    from sopkit.sample import write_sample, write_templates

    write_templates(folder) if empty else write_sample(folder, items=items, seed=seed)
    click.echo(
        f"{'Templates' if empty else f'A sample company of {items} items'} in {folder}. Next:"
        f" sopkit check {quote(str(folder))}"
    )


@main.command()
@click.argument("data", callback=_fetch)
@click.option("--month", help="check as the plan of this month would read it (2026-11)")
@click.option("--all", "every", is_flag=True, help="list every row of alike problems")
@PACKS
def check(data, month, every, packs):
    """List every problem in the facts in DATA (a folder, a workbook, the URL of one or of a
    database) with table, row, column, value and the mend; of one file of any system, as an import
    would read it.
    """
    from sopkit.intake import Import, is_company
    from sopkit.sources import check as find
    from sopkit.sources import report
    from sopkit.sources.files import settings_file
    from sopkit.sources.settings import read_settings

    if is_company(data.path):
        issues = find(data, month)
    else:
        open_, ask = [], lambda asked, answers, safe: open_.append(f"Open: {asked}") or safe or ""
        layouts = read_settings(settings_file(data.path))[0]["import"]
        found = Import([data.path], data.path / "none", ask, layouts=layouts)
        click.echo(found.shown())
        issues = found.problems()
        click.echo("\n".join([*found.told, *open_, ""]))
    click.echo(report(issues, full=every))
    _propose(issues, data, packs)
    sys.exit(1 if (issues["severity"] == "error").any() else 0)


@main.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True))
@click.option("--to", "folder", required=True, type=PATH, help="folder of the input tables")
@click.option("--dates", type=click.Choice(("dmy", "mdy", "ymd")), help="how open dates are meant")
@click.option("--market", metavar="COLUMN|none", help="column that is the market")
@click.option("--yes", is_flag=True, help="ask nothing: take what is safe, or stop")
@PACKS
def import_(files, folder, dates, market, yes, packs):
    """Understand raw exports (CSV, xlsx, parquet, or a folder of them), show what was understood,
    and write it as input tables; the answers stand in settings.toml, for next month.

    \b
    sopkit import sales.xlsx stock.csv --to mycompany
    sopkit import sales.csv --to mycompany --dates dmy --market Region --yes
    """
    from sopkit.intake import Import, or_default
    from sopkit.pack.stage import fill_in_place

    def prompt(asked, answers, safe):
        try:
            return click.prompt(asked, type=click.Choice(answers), default=safe)
        except click.Abort as end:
            if isinstance(end.__context__, KeyboardInterrupt):
                click.echo("sopkit: stopped; nothing was written", err=True)
                sys.exit(128 + SIGINT)
            return or_default(asked, answers, None)  # nobody is there

    found = Import(files, folder, or_default if yes else prompt, dates, market)
    click.echo(found.shown())
    tables = fill_in_place(folder, found.fill)
    told = ", ".join(f"{name} ({len(frame):,} rows)" for name, frame in tables.items())
    place = quote(str(folder))
    click.echo("\n".join([*found.told, f"Written to {folder}: {told}."]))
    click.echo(f"Next: sopkit check {place}, then sopkit pack --data {place}")


def _propose(issues, data, packs):
    """Says the command that plans from a last bucket that is partial, or looks so."""
    from sopkit.databases import hide

    for month in issues["done"].str.extract(r"MONTH (\d{4}-\d\d)")[0].dropna():
        click.echo(
            "The last bucket is partial, or looks so. To plan it whole, take the month before:"
            f" sopkit pack {month} --data {quote(hide(data))} --packs {quote(str(packs))}"
        )


@main.command()
@click.argument("month", required=False)
@DATA
@LEDGER
@PACKS
@click.option(
    "-p",
    "--parameter",
    "parameters",
    nargs=2,
    multiple=True,
    metavar="NAME VALUE",
    help="a parameter of the steps; repeat for more",
)
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    metavar="NAME",
    help="also plan an earlier scenario beside it; those of the month are anyway; repeat for more",
)
@click.option("--revise", is_flag=True, help="build a revision of a released month, MONTH-r2")
@SCHEDULER
def pack(month, data, ledger, packs, parameters, scenarios, revise, scheduler):
    """Build the pack of MONTH (2026-11; by default the month after the facts end): all steps,
    checked.
    """
    warm_up()
    from sopkit.pack import build_pack
    from sopkit.plan import Plan

    given = dict(parameters) | ({"scheduler": scheduler} if scheduler else {})
    built = build_pack(month, data, packs, ledger, given, revise=revise, scenarios=scenarios)
    _propose(Plan(built.folder).read("data_issues"), data, packs)
    held = [row["holds"] for row in built.manifest["identities"]]
    click.echo(
        f"Pack {built.folder}: {len(built.manifest['tables'])} tables, {sum(held)} of {len(held)}"
        f" identities hold, {built.manifest['seconds']['total']:.0f} s. Next: sopkit dashboard"
        f" {built.folder.name} --packs {quote(str(packs))}"
    )
    for row in built.manifest["identities"]:
        if not row["holds"]:
            click.echo(
                f"  broken: {row['identity']}, off by {row['largest_difference']:g} at"
                f" {row['where']}",
                err=True,
            )


@main.command()
@click.argument("month")
@click.option("--by", required=True, help="who releases the plan")
@click.option("--note", default="", show_default=False, help="in words")
@LEDGER
@PACKS
def release(month, by, note, ledger, packs):
    """Check identities and sign-offs of the pack of MONTH, then freeze it."""
    from sopkit.pack import release as freeze
    from sopkit.plan import Plan

    pack = freeze(packs, month, by, note, ledger)
    click.echo(
        f"Released {pack}. It never changes now; a correction is sopkit pack {month} --revise."
    )
    if not Plan(pack).settings["roles"]:
        click.echo("The settings name no [roles]: nobody had to sign, and one name was enough.")


@main.command()
@click.argument("month", required=False)
@PACKS
def export(month, packs):
    """Write the pack of MONTH (by default the newest) as plan.xlsx, deck.pptx and pack.pdf."""
    from sopkit.pack.release import export as carried

    for told in carried(packs, month):
        click.echo(told)


@main.command()
@click.argument("month", required=False)
@click.option("--to", required=True, help="URL of a folder for packs (s3://…)")
@PACKS
def publish(month, to, packs):
    """Copy the pack of MONTH (by default the newest) into a store; nobody there sees half of it."""
    from sopkit.pack.stores import publish as carried

    click.echo(f"{carried(packs, month, to)}: sopkit fetch brings it elsewhere")


@main.command()
@click.argument("url")
@PACKS
def fetch(url, packs):
    """Bring the packs of the store at URL that the folder lacks."""
    from sopkit.pack.stores import fetch as brought

    click.echo(f"{packs}: {', '.join(brought(url, packs)) or 'nothing new'}")


@main.command()
@click.argument("month")
@LEDGER
@PACKS
def verify(month, ledger, packs):
    """Rebuild the pack of MONTH from its own inputs and say whether every table is identical."""
    from sopkit.pack import verify as rebuild

    result = rebuild(packs, month, ledger=ledger)
    for row in result[~result["identical"]].itertuples():
        click.echo(f"  {row.table}: {row.difference}", err=True)
    click.echo(f"{int(result['identical'].sum())} of {len(result)} tables are identical.")
    sys.exit(0 if result["identical"].all() else 1)


@main.command()
@click.argument("month", required=False)
@click.option("--port", default=8866, help="port to listen on")
@click.option("--listen", default="127.0.0.1", help="address to listen on; others ask for a token")
@click.option("--host", "hosts", multiple=True, metavar="NAME", help="a name visitors call it by")
@click.option("--prefix", default="/", help="path of the address that a proxy sends here")
@LEDGER
@PACKS
def dashboard(month, port, listen, hosts, prefix, ledger, packs):
    """Serve the packs with Voilà; the newest first, or that of MONTH."""
    from sopkit.ledger import Ledger
    from sopkit.pack import find_pack
    from sopkit.panels.serve import serve

    find_pack(packs, month)
    serve(packs, Ledger.of(packs, ledger), month, port, listen, hosts, prefix)


@main.command()
@LEDGER
@PACKS
def doctor(ledger, packs):
    """Say what this installation lacks, a line each."""
    from sopkit.doctor import examined

    found = [*examined(packs, ledger)]
    for good, told in found:
        click.echo(f"{'✓' if good else '✗'} {told}")
    sys.exit(0 if all(good for good, _ in found) else 1)


@main.command()
@click.argument("data", callback=_fetch)
@click.option("--from", "start", required=True, metavar="MONTH", help="first month")
@click.option("--to", "end", required=True, metavar="MONTH", help="last month")
@click.option("--ledger", help="path or database URL of the ledger [default: the facts' own]")
@SCHEDULER
@_packs("packs/replay")
def replay(data, start, end, ledger, scheduler, packs):
    """Plan each past month from what was known then, and execute it against what happened after:
    the workbook, the same without each person, and two naive rules; on the page replay.html.
    """
    from sopkit.replay import replay as run
    from sopkit.replay import write_page
    from sopkit.sources import read_facts

    table = run(data, start, end, ledger, scheduler)
    said = write_page(table, read_facts(data), page := packs / "replay.html")
    click.echo(f"{said}\n\nPage: {page}")


@main.command()
@click.argument("source")
@click.option("--to", "folder", required=True, type=PATH, help="new folder of the forecasts")
@click.option("--horizon", default=18, help="buckets to forecast")
@SCHEDULER
@PACKS
def forecast(source, folder, horizon, scheduler, packs):
    """Forecast a catalogue of any size, each series by itself: SOURCE is a folder of parquet files
    with item, [market,] bucket, quantity, or a database whose table sales_history has them.
    """
    from sopkit.catalogue import forecast_catalogue

    number = forecast_catalogue(source, folder, horizon, scheduler)
    click.echo(f"{number:,} series are forecast in the parquet files of {folder}.")


@main.group()
def overrides():
    """Overrides in a spreadsheet: out to Excel, edited there, back as differences to accept."""


@overrides.command("export")
@click.argument("file", type=PATH)
@click.option("--month", help="month of the pack [default: the newest]")
@LEDGER
@PACKS
def overrides_export(file, month, ledger, packs):
    """Write the overrides that the ledger holds now to FILE (xlsx), at every level."""
    from sopkit.exports import export_overrides

    click.echo(
        f"{export_overrides(_standing(packs, ledger, month), file)}: edit the sheet overrides,"
        f" then: sopkit overrides import {quote(str(file))}"
    )


def _standing(packs, ledger, month=None):
    from sopkit.ledger import Ledger
    from sopkit.overrides import Standing
    from sopkit.pack import find_pack
    from sopkit.plan import Plan

    return Standing(Plan(find_pack(packs, month)), Ledger.of(packs, ledger))


@overrides.command("import")
@click.argument("file", type=PATH)
@click.option("--by", help="who enters them; asked for if not given")
@click.option("--accept", is_flag=True, help="enter the differences without asking")
@LEDGER
@PACKS
def overrides_import(file, by, accept, ledger, packs):
    """Show what FILE changes, and enter it into the ledger once accepted."""
    from sopkit.exports import read_overrides

    stands = _standing(packs, ledger)
    rows = read_overrides(file, stands)
    said = rows[rows["kind"] != "remove"]
    if rows.empty:
        return click.echo("Nothing changed.")
    ended = stands.rows.loc[stands.rows["id"].isin(rows["takes_back"]), [*said, "by"]]
    for words, part in (("are ended", ended), ("are entered", said)):
        click.echo(f"{len(part)} rows {words}")
        part = part.assign(bucket=part["bucket"].dt.strftime("%Y-%m")).dropna(axis=1, how="all")
        click.echo(part.fillna("").to_string(index=False) if len(part) else "", nl=len(part) > 0)
    if question := stands.question(stands.with_rows(rows)):
        click.echo(question)
    if not (accept or click.confirm(f"Enter these {len(said)} overrides?")):
        return
    month = stands.plan.entry_month
    stands.enter(rows, by or click.prompt("Entered by"))
    click.echo(f"{len(said)} overrides entered for {month}. Next: sopkit pack {month}")
