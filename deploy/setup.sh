#!/bin/sh
# Prepare .venv and the front-end parts; nothing is done twice. TORCH=cuda|cpu|none, PYTHON=python3.11.
set -eu
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3.11}
TORCH=${TORCH:-cuda}
say() { printf '%s\n' "setup: $*"; }
fail() { printf '%s\n' "setup: $*" >&2; exit 2; }

stamp=.setup-stamp
wanted=$(cat pyproject.toml requirements.lock requirements-torch.lock package.json package-lock.json deploy/vendor.py deploy/setup.sh | cksum; echo "$TORCH")
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && [ -x .venv/bin/python ]; then
    [ -z "$(find . -path ./node_modules -prune -o -path ./.venv -prune -o -name '*.po' -newer "$stamp" -print 2>/dev/null)" ] || { .venv/bin/python -m deploy.messages; touch "$stamp"; }
    exit 0
fi

fits() { command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' >/dev/null 2>&1; }
for candidate in "$PYTHON" python3.11 python3.12 python3; do
    if fits "$candidate"; then PYTHON=$candidate; break; fi
done
command -v "$PYTHON" >/dev/null 2>&1 || fail "Python 3.11 is needed: install it, or say where it is with PYTHON=/path/to/python3.11"
"$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' || fail "$PYTHON is not Python 3.11 or 3.12: say where one is with PYTHON=/path/to/python3.11"
command -v npm >/dev/null 2>&1 || fail "Node with npm is needed for the front-end parts: install Node 20 or newer"
case "$TORCH" in cuda|cpu|none) ;; *) fail "TORCH=$TORCH is not known: cuda, cpu or none" ;; esac

say "1/4 Python environment in .venv"
[ -x .venv/bin/python ] || "$PYTHON" -m venv .venv
[ -x .venv/bin/uv ] || .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.8"
say "2/4 Python packages (about 130)"
.venv/bin/uv pip install --quiet --python .venv/bin/python -r requirements.lock
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --editable .
case "$TORCH" in
    cuda) say "    torch, the registry's build (about 3 GB on Linux; TORCH=cpu or TORCH=none is smaller)"
          .venv/bin/uv pip install --quiet --python .venv/bin/python -r requirements-torch.lock ;;
    cpu)  say "    torch, CPU build"
          .venv/bin/uv pip install --quiet --python .venv/bin/python --torch-backend cpu "$(grep '^torch==' requirements-torch.lock)" ;;
esac
say "3/4 front-end parts"
npm ci --silent --no-audit --no-fund
.venv/bin/python -m deploy.vendor
say "4/4 translations"
.venv/bin/python -m deploy.messages
printf '%s\n' "$wanted" > "$stamp"
say "done"
