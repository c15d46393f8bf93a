"""Tables that other packages ship, read without the packages.

To import a module of pydicom is to import all of it, pixel decoders, downloads and HTTP included: two thirds of the
time that a small capture takes. So files that hold nothing but tables are executed on their own.
"""

from importlib.util import find_spec, module_from_spec, spec_from_file_location
from typing import Any


def execute(package: str, path: str) -> Any:
    """Execute the file `path`.py of an installed package, which imports nothing, and return the module that it is.

    Raises ModuleNotFoundError where the package is not installed.
    """
    found = find_spec(package)
    if found is None or found.submodule_search_locations is None:
        raise ModuleNotFoundError(f"{package} is not installed", name=package)
    file = f"{found.submodule_search_locations[0]}/{path}.py"  # pathlib takes a hundredth of the time to start
    spec = spec_from_file_location(f"{package}.{path.replace('/', '.')}", file)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"{package} has no {path}", name=package)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
