"""`profilectl identity preview`: the models work out the next build's identities in a scratch warehouse."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from profilectl import facts
from profilectl.dbt_runner import run_dbt
from profilectl.evidence import find_identifier
from profilectl.identity_cases import Preview, compare
from profilectl.project import PROJECT_FILE, DbtProject, Paths
from profilectl.scratch import Relation, copy_into, scratch_home
from profilectl.warehouse import connect, open_file
from profilectl_ml.errors import ProfilectlError

SEEDS = ("blocked_identifiers", "role_mailboxes", "identity_overrides")
DECIDING = (
    "int_identity_overrides", "int_identity_pairs", "int_blocked_identifiers", "int_identity_versions",
)  # fmt: skip
#: They say what a build changed, and never read what they hold: they start empty, and end with news alone.
TELLING = ("int_identity_moves", "int_identity_causes", "identity_changes", "identity_map")
OPS = (Relation("ops", "model_state"), Relation("ops", "builds"))


@dataclass(frozen=True)
class Override:
    """A row to add to the overrides: what to do, and one identifier or two, as a person names them."""

    action: str
    names: tuple[str, ...]


def preview(
    project: DbtProject,
    paths: Paths,
    *,
    overrides: Sequence[Override] = (),
    variables: Mapping[str, Any] | None = None,
    examples: int = 5,
    on_step: Callable[[str], None] = lambda step: None,
) -> Preview:
    """Say what the project's seeds and vars as they are now would do to the users that are known.

    Parameters
    ----------
    project, paths
        The project with the changed rules, and the home whose warehouse they are tried on. Neither the
        warehouse nor the landing folder is written.
    overrides
        Rows as if they stood in the seed ``identity_overrides``.
    variables
        As for dbt's ``--vars``.
    examples
        How many examples to give of each kind of change [count].
    on_step
        Told what is being done now.

    Raises
    ------
    ProfilectlError
        If nothing was built yet, an override names no identifier, or dbt fails.
    """
    rows = _override_rows(paths, overrides)
    given = ["--vars", json.dumps(dict(variables), default=str)] if variables else []
    with scratch_home(paths) as scratch:
        on_step("reading the rules")
        kinds = ("--resource-type", "seed", "--resource-type", "test")
        _dbt(project, scratch, ["build", *kinds, "--select", *SEEDS, *given])
        manifest = json.loads((scratch.dbt_target / "manifest.json").read_text(encoding="utf-8"))
        on_step("copying what is known")
        copy_into(scratch, paths, _relations(paths, manifest))
        _prepare(scratch, rows)
        on_step("deciding anew")
        _dbt(project, scratch, ["run", "--select", *DECIDING, *TELLING, *given])
        on_step("comparing")
        with open_file(scratch, scratch.warehouse, read_only=False) as connection:
            return compare(connection, examples)


def parse_variables(text: str, project: DbtProject) -> dict[str, Any]:
    """Read ``--vars``.

    Raises
    ------
    ProfilectlError
        If it is no mapping in YAML or JSON, or names a var that the project does not have, about which dbt
        would say nothing, or one that is no rule of identities: the models that read it are not part of a
        preview, which would say that nothing changes.
    """
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ProfilectlError(f"--vars is not YAML or JSON: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict):
        raise ProfilectlError(
            f"--vars is not a mapping: {text}", hint="such as --vars '{identity_max_age_days: {cookie: 300}}'"
        )
    settings = yaml.safe_load((project.folder / PROJECT_FILE).read_text(encoding="utf-8"))
    declared = settings.get("vars") or {}
    known = {*declared, *(declared.get(settings.get("name")) or {})}
    rules = sorted(name for name in known if name.startswith("identity_"))
    for name in found:
        if name not in rules:
            why = (
                "a preview cannot tell what this var changes:" if name in known else "the project has no var"
            )
            raise ProfilectlError(f"{why} {name!r}", hint=f"vars of identities: {', '.join(rules)}")
    return found


def _override_rows(paths: Paths, overrides: Sequence[Override]) -> list[list[str | None]]:
    """Return (action, type, value, other type, other value) of each; fails on a name that names nothing."""
    with connect(paths) as connection:
        if not facts.has_table(connection, "intermediate", "int_identity_versions"):
            raise ProfilectlError("the warehouse has no identities yet", hint="run: profilectl build")
        rows: list[list[str | None]] = []
        for override in overrides:
            found = [find_identifier(connection, name) for name in override.names]
            named = [part for identifier in found for part in (identifier.type, identifier.value)]
            rows.append([override.action, *named, *[None] * (4 - len(named))])
        return rows


def _relations(paths: Paths, manifest: Mapping[str, Any]) -> set[Relation]:
    """Return what the models read of others, and what they remember themselves."""
    nodes = {node["name"]: node for node in manifest["nodes"].values()}
    wanted = {
        Relation(parent["schema"], parent["alias"])
        for name in (*DECIDING, *TELLING)
        for parent in map(manifest["nodes"].get, nodes[name]["depends_on"]["nodes"])
        if parent and parent["name"] not in (*DECIDING, *TELLING, *SEEDS)
    }
    with connect(paths) as connection:
        for name in (*DECIDING, *TELLING):
            own = nodes[name]
            # a table's companions stand beside it, under its name with a suffix
            found = facts.rows(
                connection,
                "select table_name as name from information_schema.tables where table_type = 'BASE TABLE' "
                "and table_schema = ? and (table_name = ? or starts_with(table_name, ? || '__'))",
                [own["schema"], own["alias"], own["alias"]],
            )
            wanted |= {Relation(own["schema"], row["name"], name in DECIDING) for row in found}
    return wanted | set(OPS)


def _prepare(scratch: Paths, rows: list[list[str | None]]) -> None:
    """Keep what was blocked before, and add rows to the overrides."""
    with open_file(scratch, scratch.warehouse, read_only=False) as connection:
        connection.execute("create schema before")
        connection.execute("create table before.blocked as from intermediate.int_blocked_identifiers")
        # the copied notes are about the warehouse's seeds; these are others, which the models are to read
        connection.execute("delete from ops.model_state where list_contains(?, model)", [list(SEEDS)])
        columns = "action, identifier_type, identifier_value, other_type, other_value, reason"
        for row in rows:
            connection.execute(
                f"insert into seeds.identity_overrides ({columns}) values (?, ?, ?, ?, ?, 'preview')", row
            )


def _dbt(project: DbtProject, scratch: Paths, command: Sequence[str]) -> None:
    outcome = run_dbt(project, scratch, command)
    if not outcome.success:
        raise ProfilectlError(
            f"the preview failed at {outcome.failures[0]}", hint="profilectl build would fail there too"
        )
