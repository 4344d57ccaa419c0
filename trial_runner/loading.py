"""From an entry point to the objective: ``path/to/file.py:name`` or ``package.module:name``.

Done only in the processes that train; what the user's own code does wrong on the way is told in
their words, with their line.
"""

import importlib
import sys
import traceback
from pathlib import Path
from types import ModuleType

import schema.errors
import trial_runner
from schema.errors import UnknownName, WrongInput
from trial_runner.objective import Objective
from trial_runner.optuna_objective import OptunaObjective, is_optuna_objective


def load(entry: str) -> Objective:
    """The objective at an entry point.

    Raises:
        UnknownName: no such file, module or function.
        WrongInput: it is not an objective, or its module fails to import; the message has the
            user's own error and line, the cause the whole traceback.
    """
    place, colon, name = entry.rpartition(":")
    if not colon or not place or not name:
        raise WrongInput(
            f"objective {entry!r}: write it as path/to/file.py:function or package.module:function"
        )
    module = _module_at(place)
    if not hasattr(module, name):
        known = [key for key, value in vars(module).items() if isinstance(value, Objective)]
        raise UnknownName(f"function in {place}", name, known or dir(module))
    found = getattr(module, name)
    if is_optuna_objective(found):
        return OptunaObjective(found)
    if not isinstance(found, Objective):
        raise WrongInput(
            f"{entry} is not an objective: decorate it with "
            '@tq.objective(maximize="…") or (minimize="…"), or give a function of one trial, as '
            "Optuna's objectives are"
        )
    return found


def _module_at(place: str) -> ModuleType:
    """Import a file or a module, and tell the user's own errors from a wrong name."""
    name = _name_of_file(Path(place)) if place.endswith(".py") else place
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            raise WrongInput(
                f"there is no module {error.name!r} to import {place} from; for a file write its "
                "path, as in path/to/file.py:function"
            ) from error
        raise WrongInput(_import_failure(place, error)) from error
    except (Exception, SystemExit) as error:
        raise WrongInput(_import_failure(place, error)) from error


def _name_of_file(path: Path) -> str:
    """The name that a file has as a module of its package, so that its own imports work.

    The folder above the package is put on the path.
    """
    path = path.resolve()
    if not path.is_file():
        near = [p.name for p in path.parent.glob("*.py")] if path.parent.is_dir() else []
        if not near:
            raise WrongInput(f"there is no file {path}")
        raise UnknownName(f"file in {path.parent}:", path.name, near)
    root, parts = path.parent, [path.stem]
    while (root / "__init__.py").exists():
        parts.insert(0, root.name)
        root = root.parent
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return ".".join(parts)


def _import_failure(place: str, error: BaseException) -> str:
    """The user's own error, and the line of theirs on which it happened."""
    what = str(error) if isinstance(error, WrongInput) else type(error).__name__
    if str(error) and not isinstance(error, WrongInput):
        what += f": {error}"
    ours = tuple(str(Path(m.__file__ or "").parent) for m in (schema.errors, trial_runner))
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [f for f in frames if not f.filename.startswith((*ours, "<frozen"))]
    theirs = [f for f in theirs if f.filename != importlib.__file__]
    if isinstance(error, SyntaxError) or not theirs:
        return f"{place} cannot be imported: {what}"
    return f"{place} cannot be imported: {what} ({theirs[-1].filename}, line {theirs[-1].lineno})"
