"""A contract for import-linter: a package imports only itself and what is allowed.

The contracts that come with import-linter name what is forbidden, so a new module
would be allowed until somebody thought of it.
"""

from collections.abc import Iterator
import sys
from typing import Any, override

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

STANDARD_LIBRARY = "standard library"
PROJECT = "custom_components"


def is_within(module: str, package: str) -> bool:
    """Tell whether the module is the package or lies in it."""
    return module == package or module.startswith(f"{package}.")


class ImportsOnly(Contract):
    """The package imports itself, what is allowed, and nothing forbidden.

    Without `allowed`, everything outside the project is allowed. A package that is not
    there yet breaks nothing.
    """

    package = fields.StringField()
    allowed = fields.ListField(subfield=fields.StringField(), required=False)
    forbidden = fields.ListField(subfield=fields.StringField(), required=False)

    @override
    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Collect the imports that break the contract."""
        broken = sorted(self._broken(graph))
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    @override
    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each import that breaks the contract."""
        for importer, imported, line in check.metadata["broken"]:
            output.print_error(f"{importer} must not import {imported} (line {line})")

    def _broken(self, graph: ImportGraph) -> Iterator[tuple[str, str, int]]:
        """Yield importer, imported module and line of each import that is not allowed."""
        package: Any = self.package
        for importer in graph.modules:
            if not is_within(importer, package):
                continue
            for imported in graph.find_modules_directly_imported_by(importer):
                if not self._is_allowed(imported):
                    details = graph.get_import_details(
                        importer=importer, imported=imported
                    )
                    yield importer, imported, details[0]["line_number"]

    def _is_allowed(self, imported: str) -> bool:
        """Tell whether the package may import the module."""
        package: Any = self.package
        allowed: Any = self.allowed or ()
        forbidden: Any = self.forbidden or ()
        if is_within(imported, package):
            return True
        if any(is_within(imported, name) for name in forbidden):
            return False
        if not allowed:
            return not is_within(imported, PROJECT)
        if (
            STANDARD_LIBRARY in allowed
            and imported.partition(".")[0] in sys.stdlib_module_names
        ):
            return True
        return any(is_within(imported, name) for name in allowed)
