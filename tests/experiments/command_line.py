"""Commands as people run them: one that ends by itself, and one that is to fail in a line."""

import pytest
from typer.testing import CliRunner

from experiments.commands import cli


def run(*arguments):
    """Run a command; return its exit code and what it prints on stdout."""
    result = CliRunner().invoke(cli.app, list(map(str, arguments)), catch_exceptions=False)
    return result.exit_code, result.stdout


def fail(capsys, *arguments):
    """Run a command that fails, without a traceback; return its exit code, stdout and stderr."""
    with pytest.raises(SystemExit) as ended:
        cli.main(list(map(str, arguments)))
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    return ended.value.code, said.out, said.err
