# Sourced by the other scripts: sets `root` and `bin`, and makes sure that .venv holds the project.
# The second run only compares a stamp, so it costs nothing.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
bin=$root/.venv/bin
stamp=$root/.venv/.sbrt_qa_installed

is_recent_python() {
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in python3 python3.13 python3.12 python3.11; do
        if is_recent_python "$candidate"; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    echo "sbrt_qa needs Python 3.11 or newer; none was found on PATH" >&2
    return 1
}

create_environment() {
    python=$(find_python) || exit 1
    echo "Creating .venv with $("$python" --version)" >&2
    rm -rf "$root/.venv"
    if ! "$python" -m venv "$root/.venv"; then
        echo "Could not create .venv; on Debian and Ubuntu install the package python3-venv" >&2
        exit 1
    fi
}

wanted=$(cksum <"$root/pyproject.toml")
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
    "$bin/python" -m pip --version >/dev/null 2>&1 || create_environment
    echo "Installing sbrt_qa and its tools into .venv (once; this takes a minute or two)" >&2
    "$bin/python" -m pip install --quiet --disable-pip-version-check --editable "$root[dev]" || exit 1
    printf '%s\n' "$wanted" >"$stamp"
fi
