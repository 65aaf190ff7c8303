#!/bin/sh
# Called by test.sh beside the services: the whole suite on SQLite, then the contract and integration tests on PostgreSQL.
set -u
cd "$(dirname "$0")/.."
failed=0
if [ $# -gt 0 ]; then exec .venv/bin/python -m pytest "$@"; fi
echo "== embedded profile (SQLite)"
# the longest first, so that neither core waits for the other at the end
.venv/bin/python -m pytest -n 2 --dist loadfile tests/e2e tests/integration tests/agent tests || failed=1
if [ -n "${LODESTONE_TEST_DATABASE_URL:-}" ]; then
    echo "== server profile (PostgreSQL, Redis)"
    LODESTONE_DATABASE_URL="$LODESTONE_TEST_DATABASE_URL" .venv/bin/python -m pytest -n 2 --dist loadfile tests/contract tests/unit || failed=1
fi
exit $failed
