"""`deskside render`: the configurations of nginx and coturn, as Ansible writes them."""

from pathlib import Path

import click

from app.cli.configurations import SERVERS, Configurations, RenderError


@click.command()
@click.argument("servers", nargs=-1, type=click.Choice(SERVERS))
@click.option(
    "--vars",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A YAML file of variables; later ones win.",
)
@click.option("--set", "settings", multiple=True, help="NAME=VALUE, read as YAML.")
@click.option(
    "--into",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write to; it is made.",
)
def render(
    servers: tuple[str, ...],
    files: tuple[Path, ...],
    settings: tuple[str, ...],
    into: Path,
) -> None:
    """Write the configuration of SERVERS (default: all) from the one template of each.

    The variables are those of the roles: ansible/roles/*/defaults/main.yml says what
    they mean and what they are when not given here.
    """
    try:
        configurations = Configurations.load(files, settings)
        for server in servers or SERVERS:
            for path in configurations.write(server, into):
                click.echo(path)
    except RenderError as error:
        raise click.ClickException(str(error)) from None
