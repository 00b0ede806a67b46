#!/usr/bin/env python3
"""Make `.venv` and install the locked requirements, only when the lock changed. Nothing but the standard library.

    python3 tools/bootstrap.py          what running needs
    python3 tools/bootstrap.py --dev    what tests and checks need as well

Written for old Pythons too, so that an old Python gets a sentence instead of a syntax error.
"""

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess  # nosec B404
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
OLDEST = (3, 11)
ROOM_MB = 450


def fail(sentence):
    """Leave with one clear sentence."""
    sys.exit("✗ " + sentence)


def right_python():
    """Go on under a Python that is new enough, if there is one."""
    if sys.version_info >= OLDEST:
        return
    for minor in (13, 12, 11):
        other = shutil.which("python3.%d" % minor)
        if other:
            os.execv(other, [other] + sys.argv)  # nosec B606
    fail(
        "Python 3.11 or newer is needed, this is %s: apt-get install -y python3 python3-venv "
        "(or `make PYTHON=/path/to/python3.11 ...`)." % platform.python_version()
    )


def run(command):
    """Run, quietly; (exit code, output)."""
    done = subprocess.run(  # nosec B603
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True
    )
    return done.returncode, done.stdout


def make_venv():
    """Create `.venv`, unless a working one is there."""
    if os.path.exists(PYTHON):
        code, found = run(
            [
                PYTHON,
                "-c",
                "import sys, importlib.util as u; print(sys.version_info >= (3, 11) and bool(u.find_spec('pip')))",
            ]
        )
        if code == 0 and found.strip() == "True":
            return
    version = "%d.%d" % sys.version_info[:2]
    if not importlib.util.find_spec("venv") or not importlib.util.find_spec("ensurepip"):
        fail("Python's venv module is missing: apt-get install -y python3-venv (python%s-venv)." % version)
    say("making .venv")
    code, output = run([sys.executable, "-m", "venv", "--clear", VENV])
    if code:
        shutil.rmtree(VENV, ignore_errors=True)
        explain(output, "the virtual environment could not be made")


def say(text):
    """One line of progress."""
    sys.stdout.write("· %s\n" % text)
    sys.stdout.flush()


def explain(output, what):
    """Turn pip's or venv's complaint into a sentence."""
    if "No space left" in output or "Disk quota" in output:
        fail("The disk is full: free some space below %s, then try again." % ROOT)
    if "ensurepip" in output:
        fail("Python's venv module is incomplete: apt-get install -y python3-venv.")
    if "NameResolutionError" in output or "ConnectionError" in output or "NewConnectionError" in output:
        fail("The package index cannot be reached: check the network or pip's index (PIP_INDEX_URL), then try again.")
    if "No matching distribution" in output or "Could not find a version" in output:
        names = [line for line in output.splitlines() if "No matching distribution" in line] or [output.strip()]
        fail(
            "A package has no wheel for this machine (Python %s on %s): %s"
            % (platform.python_version(), platform.machine(), names[0].replace("ERROR: ", ""))
        )
    if "DO NOT MATCH THE HASHES" in output:
        fail("A downloaded package does not match its locked hash: something between here and the index changes files.")
    fail("%s:\n%s" % (what, "\n".join(output.splitlines()[-8:])))


def digest(names):
    """What is installed: the locks' contents and the Python they went into."""
    total = hashlib.sha256(sys.version.encode())
    for name in names:
        with open(os.path.join(ROOT, name), "rb") as lock:
            total.update(lock.read())
    return total.hexdigest()


def install(locks, stamp):
    """Install the locks with their hashes, wheels only; remember it in the stamp."""
    stamp = os.path.join(VENV, stamp)
    wanted = digest(locks)
    if os.path.exists(stamp):
        with open(stamp) as known:
            if known.read() == wanted:
                return
    free = shutil.disk_usage(ROOT).free // 2**20
    if free < ROOM_MB and not os.path.exists(stamp):
        fail("The disk is full: %d MB left, %d MB needed below %s; free some space." % (free, ROOM_MB, ROOT))
    say("installing " + " and ".join(locks))
    command = [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input"]
    command += ["--require-hashes", "--only-binary", ":all:"]
    for lock in locks:
        command += ["-r", os.path.join(ROOT, lock)]
    code, output = run(command)
    if code:
        explain(output, "the requirements could not be installed")
    with open(stamp, "w") as known:
        known.write(wanted)


def main():
    right_python()
    make_venv()
    if "--dev" in sys.argv[1:]:
        install(["requirements.txt", "requirements-dev.txt"], ".locked-dev")
    elif not os.path.exists(os.path.join(VENV, ".locked-dev")):
        install(["requirements.txt"], ".locked")
    else:  # a developer's environment stays one
        install(["requirements.txt", "requirements-dev.txt"], ".locked-dev")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if error.errno == 28:
            fail("The disk is full: free some space below %s, then try again." % ROOT)
        fail("%s: %s." % (error.filename or ROOT, error.strerror))
