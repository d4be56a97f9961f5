"""A Superset of one person on one machine: one process on loopback, its state in one folder, no other service.

Run by the Python that Superset is installed in (``make superset``). The first start makes the tables of its
SQLite file, an administrator with a password drawn at random, and imports the dashboard; later ones only start.
"""

import argparse
import os
import secrets
import subprocess
import sys
from pathlib import Path

COMMAND = Path(sys.executable).with_name("superset")
ADMINISTRATOR = "admin"


def main() -> None:
    """Prepare the folder where that is still to be done, then become the server."""
    arguments = _arguments()
    home = arguments.home.resolve()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    environment = os.environ | {
        "SUPERSET_HOME": str(home),
        "SUPERSET_CONFIG_PATH": str(Path(__file__).with_name("superset_config.py")),
        "FLASK_APP": "superset.app",
    }
    if not (home / "ready").exists():
        _prepare(home, environment)
    if arguments.dashboard:
        _superset(environment, home, "import-dashboards", "-p", str(arguments.dashboard), "-u", ADMINISTRATOR)
    print(f"Superset: http://127.0.0.1:{arguments.port}  user {ADMINISTRATOR}, password in {home / 'password'}")
    sys.stdout.flush()
    os.execve(
        COMMAND, [str(COMMAND), "run", "-h", "127.0.0.1", "-p", str(arguments.port), "--with-threads"], environment
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, required=True, help="folder for its state")
    parser.add_argument("--port", type=int, default=8088)
    parser.add_argument("--dashboard", type=Path, help="an export to import at the start, again each time")
    return parser.parse_args()


def _prepare(home: Path, environment: dict[str, str]) -> None:
    print("Preparing Superset (half a minute, once) ...", flush=True)
    password = _drawn(home / "password")
    _drawn(home / "secret_key")
    _superset(environment, home, "db", "upgrade")
    person = ["--username", ADMINISTRATOR, "--firstname", "Local", "--lastname", "User", "--email", "local@localhost"]
    _superset(environment, home, "fab", "create-admin", *person, "--password", password)
    _superset(environment, home, "init")
    (home / "ready").touch()


def _drawn(path: Path) -> str:
    """Return the secret of a file that only its owner reads, drawn anew where there is none."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path.read_text()


def _superset(environment: dict[str, str], home: Path, *arguments: str) -> None:
    """Run one command of Superset, which says a great deal: its words go to a file."""
    log = home / "prepare.log"
    with log.open("a") as file:
        done = subprocess.run(
            [COMMAND, *arguments], env=environment, stdout=file, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode:
        sys.exit(f"superset {arguments[0]}: expected success, was exit code {done.returncode}; see {log}")


if __name__ == "__main__":
    main()
