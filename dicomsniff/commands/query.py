"""The command `query`: the tables of a survey, asked in SQL."""

from contextlib import closing

import click

from dicomsniff.commands.reading_options import output_option, terminal_options
from dicomsniff.output import written


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path())
@click.argument("asked", metavar="[SELECT|NAME]", required=False)
@click.option("--list", "is_list", is_flag=True, help="List the queries that have a name.")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True,
              help="What to write.")  # fmt: skip
@terminal_options
@output_option
def query(
    directory: str, asked: str | None, *, is_list: bool, form: str, color: str, pager: bool, output: str | None
) -> None:
    """Ask the tables that `dicomsniff survey` wrote to DIR, in SQL (DuckDB), or by the name of a query.

    The tables are captures, associations, refused_contexts, operations, messages, findings and links;
    `DESCRIBE messages` lists the columns of one. Times are in UTC, durations in seconds. A query can change nothing,
    and read no other file.
    """
    from dicomsniff.commands.pager import on_terminal
    from dicomsniff.surveying.answers import FORMATS
    from dicomsniff.surveying.asking import QueryError, Tables
    from dicomsniff.surveying.queries import QUERIES, find_query

    if is_list:
        width = max(len(each.name) for each in QUERIES)
        click.echo("\n".join(f"{each.name:{width}}  {each.title}" for each in QUERIES))
        return
    if asked is None:
        raise click.UsageError("say what to ask: a SELECT, or the name of a query; --list lists these")
    named = find_query(asked)
    if named is None and len(asked.split()) == 1:
        raise click.UsageError(f"there is no query {asked}; `dicomsniff query DIR --list` lists those that there are")
    try:
        with (
            closing(Tables(directory)) as tables,
            written(output, ()) as file,
            on_terminal(file, color=color, pager=pager and form == "table") as out,
        ):
            FORMATS[form](tables.ask(named.sql if named is not None else asked), out)
    except QueryError as error:
        raise click.UsageError(str(error)) from None
