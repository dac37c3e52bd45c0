"""`python -m torg_classifier`: api, worker, serve, migrate, replay, resume, rules, --check-config."""

from pathlib import Path
from typing import Annotated

import typer
from torg_shared.municipality import ConfigError
from torg_shared.service import command_line

from torg_classifier.app import build
from torg_classifier.domain.reading import rules_that_fail
from torg_classifier.rules import RuleError, load
from torg_classifier.settings import ClassifierSettings

app = command_line("classifier", "torg_classifier", build, ClassifierSettings)
rules = typer.Typer(no_args_is_help=True, help="The rule files")
app.add_typer(rules, name="rules")


@rules.command(name="test")
def check(config_dir: Annotated[Path, typer.Option(help="The municipality as data")] = Path("config/sogne")) -> None:
    """Run every rule's own positive and negative texts."""
    try:
        config, _ = load(config_dir)
    except (RuleError, ConfigError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    failed = rules_that_fail(config)
    for line in failed:
        typer.echo(line, err=True)
    typer.echo(f"{len(config.rules.rules)} regler, {len(failed)} tekster slår feil, versjon {config.rules.version}")
    raise typer.Exit(1 if failed else 0)


if __name__ == "__main__":
    app()
