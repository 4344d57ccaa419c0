"""``trialmq``: reads the command line, runs one command, turns errors into a sentence and a code.

Exit codes: 0 done · 1 the work could not be done (no trial completed) · 2 wrong input ·
130 interrupted. Each command imports what it needs when it runs, so that ``--help`` is quick.
"""

import os
import sys
import traceback
from collections.abc import Callable, Sequence

from cyclopts import App, CycloptsError

from schema.errors import TrialMQError, WrongInput
from trialmq.cli.best import best
from trialmq.cli.broker import broker_application
from trialmq.cli.doctor import doctor
from trialmq.cli.importance import importance
from trialmq.cli.options import Always
from trialmq.cli.optuna import export_application, import_application
from trialmq.cli.profile import profile_application
from trialmq.cli.pruning import pruning_application
from trialmq.cli.queue import queue
from trialmq.cli.run import run
from trialmq.cli.runner import runner
from trialmq.cli.runners import runners_application
from trialmq.cli.serve import serve
from trialmq.cli.session import session_application
from trialmq.cli.show import show
from trialmq.cli.studies import studies
from trialmq.cli.study import study_application
from trialmq.cli.study_file import fill_from_study_file
from trialmq.cli.thresholds import thresholds
from trialmq.cli.train import train
from trialmq.cli.trial import trial_application
from trialmq.cli.trials import trials
from trialmq.cli.verify import verify
from trialmq.cli.web import web
from trialmq.installed import installed_version

DONE, NOT_DONE, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130

Command = Callable[..., int | None]

HELP = """Finds good hyper-parameters for torch training.

trialmq run train.py:train    search; the same command goes on
trialmq best                  the best configuration found so far

trialmq serve                 the same on many machines: the service on one,
trialmq runner --allow …      a runner on each that trains
"""


def application() -> App:
    """The command line with all its commands."""
    app = App(
        name="trialmq",
        help=HELP,
        help_format="plaintext",
        version=installed_version,
        config=fill_from_study_file,
        exit_on_error=False,
        print_error=False,
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    commands: tuple[Command, ...] = (run, best, trials, show, studies, train)
    for place, command in enumerate(commands):
        app.command(command, sort_key=place)
    app.command(export_application(sort_key=len(commands)))
    app.command(import_application(sort_key=len(commands)))
    app.command(web, sort_key=19)
    app.command(serve, sort_key=20)
    app.command(runner, sort_key=21)
    app.command(runners_application(sort_key=22))
    app.command(study_application(sort_key=23))
    app.command(session_application(sort_key=24))
    app.command(profile_application(sort_key=len(commands)))
    app.command(queue, sort_key=len(commands))
    app.command(trial_application(sort_key=len(commands)))
    app.command(thresholds, sort_key=len(commands))
    app.command(importance, sort_key=len(commands))
    app.command(pruning_application(sort_key=len(commands)))
    app.command(broker_application(sort_key=len(commands) + 1))
    app.command(doctor, sort_key=len(commands) + 2)
    app.command(verify, sort_key=len(commands) + 3)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    app = application()
    debug = False
    try:
        command, bound, ignored = app.parse_args(tokens, exit_on_error=False, print_error=False)
        common = bound.arguments.get("common")
        debug = isinstance(common, Always) and common.debug
        injected = {"tokens": tokens} if "tokens" in ignored else {}
        code = command(*bound.args, **bound.kwargs, **injected)
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except CycloptsError as error:
        how = " ".join(["trialmq", *(error.command_chain or ()), "--help"])
        return _refused(f"{str(error).rstrip('.')}; see {how}", WRONG_INPUT, None)
    except TrialMQError as error:
        code = WRONG_INPUT if isinstance(error, WrongInput) else NOT_DONE
        return _refused(str(error), code, error if debug else None)
    except KeyboardInterrupt:
        return _refused("interrupted", INTERRUPTED, None)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        sentence = f"unforeseen, {type(error).__name__}: {error} (--debug shows where)"
        return _refused(sentence, NOT_DONE, error if debug else None)


def _refused(sentence: str, code: int, error: BaseException | None) -> int:
    """Say why it ended; ``error`` is given where its traceback is wanted."""
    if error is not None:
        traceback.print_exception(error)
    print(f"trialmq: {sentence}", file=sys.stderr)
    return code
