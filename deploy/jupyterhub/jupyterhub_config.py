"""A JupyterHub for trying the course with several people on one machine: `make hub`.

FOR A TRIAL ALONE. Every learner's server runs as the one account that started the Hub: whoever opens a terminal there can read
the journals and the votes of all others, and the password is shared. For real classes see docs/HUB.md and deploy/kubernetes/.

Read from the environment: HUB_PORT [8000] and the three ports after it, HUB_BIND [127.0.0.1], HUB_PUBLIC_URL, HUB_STATE [.hub],
HUB_LESSON [01] for the class, HUB_LAB for its lab.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from pathlib import Path

c = get_config()  # noqa: F821 - JupyterHub reads this file with it

HERE = Path(__file__).resolve().parent
STATE = Path(os.environ.get("HUB_STATE") or HERE.parents[1] / ".hub").absolute()
PORT = int(os.environ.get("HUB_PORT") or 8000)
BIND = os.environ.get("HUB_BIND") or "127.0.0.1"
PUBLIC = (os.environ.get("HUB_PUBLIC_URL") or f"http://127.0.0.1:{PORT}").rstrip("/") + "/"
LESSON, LAB = os.environ.get("HUB_LESSON") or "01", os.environ.get("HUB_LAB") or ""
#: the group whose members steer a class, the service of the class, and who is of the group in a trial
INSTRUCTORS, CLASS, TEACHER = "instructors", "class", "teacher"
#: of a code that a room types: as in lessonlib.classroom.wire
SIGNS, LENGTH = "23456789ABCDEFGHJKLMNPQRSTUVWXY", 6


def kept(name: str, new: str) -> str:
    """A secret that a restarted Hub finds again, readable for this account alone."""
    path = STATE / name
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(new + "\n", encoding="ascii")
        return new


STATE.mkdir(mode=0o700, parents=True, exist_ok=True)
STATE.chmod(0o700)
(STATE / "learners").mkdir(mode=0o700, exist_ok=True)
(STATE / "class").mkdir(mode=0o700, exist_ok=True)

# --- the Hub ---------------------------------------------------------------------------------------------------------

c.JupyterHub.bind_url = f"http://{BIND}:{PORT}"
c.JupyterHub.public_url = PUBLIC
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{PORT + 2}"
c.JupyterHub.db_url = f"sqlite:///{STATE / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(STATE / "cookie_secret")
c.JupyterHub.concurrent_spawn_limit = 10
c.JupyterHub.log_level = "WARN"

# --- configurable-http-proxy, by Deno ---------------------------------------------------------------------------------

os.environ.setdefault("DENO_DIR", str(Path(sys.prefix) / "deno"))
os.environ.setdefault("DENO_NO_UPDATE_CHECK", "1")
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{PORT + 1}"
c.ConfigurableHTTPProxy.log_level = "warn"
c.ConfigurableHTTPProxy.pid_file = str(STATE / "proxy.pid")
c.ConfigurableHTTPProxy.command = [
    str(Path(sys.executable).with_name("deno")),
    "run",
    "--cached-only",
    "--frozen",
    f"--config={HERE / 'proxy' / 'deno.json'}",
    "--allow-net",
    "--allow-env",
    "--allow-read",
    "--allow-sys",
    "npm:configurable-http-proxy@5.3.0",
    # As long as the class server keeps a connection: with the proxy's own 5 s, votes meet connections that are just being closed.
    "--keep-alive-timeout=75000",
]

# --- who comes in -----------------------------------------------------------------------------------------------------

PASSWORD, TEACHERS = kept("password", secrets.token_urlsafe(9)), kept("teacher-password", secrets.token_urlsafe(24))
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = PASSWORD
c.SharedPasswordAuthenticator.admin_password = TEACHERS
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {TEACHER}  # with a password of their own, so that no learner logs in as the instructor
c.Authenticator.username_pattern = r"^[a-z][a-z0-9_-]{0,31}$"  # a name is the name of a folder here
c.JupyterHub.load_groups = {INSTRUCTORS: {"users": [TEACHER]}}

# --- learners' servers --------------------------------------------------------------------------------------------------

c.JupyterHub.spawner_class = "simple"  # one Unix account for all: a trial alone
c.SimpleLocalProcessSpawner.home_dir_template = str(STATE / "learners" / "{username}")
# The notebooks are put into a folder of the learner's own, where what they change is never written over.
c.Spawner.cmd = [sys.executable, "-m", "lessonlib", "lab", "--hub", "--folder", "~/predict-first"]
c.Spawner.args = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # as in a container
c.Spawner.environment = {
    "LESSON_JOURNAL": lambda spawner: str(STATE / "learners" / spawner.user.name / "journal.jsonl"),
    "LESSONLIB_CLASS_URL": f"http://127.0.0.1:{PORT}/services/{CLASS}/",
}
c.Spawner.group_overrides = {
    INSTRUCTORS: {"groups": [INSTRUCTORS], "spawner_override": {"environment": {"LESSONLIB_CLASS_LEAD": "yes"}}}
}
c.LocalProcessSpawner.interrupt_timeout = 2  # seconds from Ctrl-C to SIGTERM, which ends a server as well
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 120

# --- the class ------------------------------------------------------------------------------------------------------------

# One code for each lesson and lab: the Hub starts a class server that has ended again, and its phones come back.
CODE = kept(
    "class/code-" + "-".join(re.sub(r"[^A-Za-z0-9]+", "_", each) for each in (LESSON, LAB)),
    "".join(secrets.choice(SIGNS) for _ in range(LENGTH)),
)
c.JupyterHub.services = [
    {
        "name": CLASS,
        "url": f"http://127.0.0.1:{PORT + 3}",
        "command": [
            *(sys.executable, "-m", "lessonlib", "class", LESSON, "--code", CODE),
            *(("--lab", LAB) if LAB else ()),
            *("--store", str(STATE / "class" / "classes.sqlite")),
        ],
        "environment": {"LESSON_JOURNAL": str(STATE / "class" / "journal.jsonl")},
        "oauth_no_confirm": True,
        "info": {"lesson": LESSON},
    }
]
c.JupyterHub.load_roles = [
    # Whoever is logged in may log in at the class; what they are there, the class server decides by the group.
    {"name": "user", "scopes": ["self", f"access:services!service={CLASS}"]},
    # The token of a learner's own server may say to the class whose it is: an instructor's notebook steers with it.
    {
        "name": "server",
        "scopes": [
            "users:activity!user",
            "access:servers!user",
            "read:users:name!user",
            f"access:services!service={CLASS}",
        ],
    },
]

print(
    f"""
A TRIAL: every server here runs as one account, so learners can read each other's files. See docs/HUB.md for real classes.

  The Hub:      {PUBLIC}
  Learners:     any name, password {PASSWORD}
  Instructor:   {TEACHER}, password {TEACHERS}
  The class:    lesson {LESSON}, code {CODE}, {PUBLIC}services/{CLASS}/{CODE}
                {PUBLIC}services/{CLASS}/login   logs a learner in without the code, and the instructor too
""",
    flush=True,
)
