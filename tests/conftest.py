"""The databases of the tests: real SQLite files and one real PostgreSQL per session.

With `pytest -n N` every worker has a server of its own: no worker waits for another, and none can
outlive or pull down a server that another still uses. `TEST_DATABASE_URL` names a PostgreSQL to use
instead; the tests then make and drop databases of their own there and touch no other.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy.engine import URL, make_url

from tests.postgres import as_sqlalchemy_url, running_postgres
from xixi_workflow.store import migrate
from xixi_workflow.store.connect import Store

# A deadline would be an assertion on time taken. In CI the examples are the same on every run, so
# that a red build is red again on the desk.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("house"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "house")

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


def make_schema(url: str) -> None:
    """Bring an empty database to the newest schema; runs once per session and kind of database."""
    store = Store(url)
    migrate.upgrade(store)
    store.close()


@pytest.fixture(scope="session", autouse=True)
def quiet_prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the user's own Prefect profile, and none reports to anybody."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect")))
        patch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
        patch.setenv("DO_NOT_TRACK", "1")
        yield


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The maintenance database of the session's PostgreSQL, as a SQLAlchemy URL."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield shown(as_sqlalchemy_url(given))
        return
    with running_postgres() as url:
        yield shown(url)


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """The name of a PostgreSQL database with the newest schema, to be copied and never written."""
    with fresh_postgres_database(postgres_url) as url:
        make_schema(url)
        name = make_url(url).database
        assert name is not None
        yield name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the newest schema, to be copied and never written."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    make_schema(f"sqlite:///{path}")
    path.touch()
    return path


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of this test alone with the newest schema and no rows, once on each kind."""
    if request.param == "sqlite":
        path = tmp_path / "xixi.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    postgres_url = request.getfixturevalue("postgres_url")
    template = request.getfixturevalue("postgres_template")
    with fresh_postgres_database(postgres_url, template) as url:
        yield url


@pytest.fixture(params=DATABASES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of this test alone with no tables at all, once on each kind: for migrations."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    with fresh_postgres_database(request.getfixturevalue("postgres_url")) as url:
        yield url


@contextmanager
def fresh_postgres_database(server: str, template: str = "template0") -> Iterator[str]:
    """A new database copied from `template` on `server`; dropped afterwards, whoever holds it."""
    name = f"xixi_{uuid4().hex}"
    url = make_url(server)
    with psycopg.connect(driver_uri(url), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE {name} TEMPLATE "{template}"')
    try:
        yield shown(url.set(database=name))
    finally:
        with psycopg.connect(driver_uri(url), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def shown(url: URL) -> str:
    """The whole URL, its password too."""
    return url.render_as_string(hide_password=False)


def driver_uri(url: URL) -> str:
    """The URL as psycopg itself reads it."""
    return shown(url.set(drivername="postgresql"))
