#!/bin/sh
# Called by test.sh beside the services: the whole suite on SQLite, then the contract and integration tests on PostgreSQL.
set -u
cd "$(dirname "$0")/.."
failed=0
if [ $# -gt 0 ]; then exec .venv/bin/python -m pytest "$@"; fi
echo "== embedded profile (SQLite)"
# the longest first, so that neither core waits for the other at the end
.venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder tests/e2e tests/integration tests/agent tests || failed=1
if [ -n "${LODESTONE_TEST_DATABASE_URL:-}" ]; then
    echo "== server profile (PostgreSQL, Redis)"
    # what touches the database; in one process, because a transaction of any database in the server holds back its feeds
    LODESTONE_DATABASE_URL="$LODESTONE_TEST_DATABASE_URL" .venv/bin/python -m pytest tests/contract tests/unit/eln tests/unit/knowledge \
        tests/unit/analysis tests/unit/chat tests/unit/deploy tests/unit/ingest/test_gateway_api.py tests/unit/ingest/test_telemetry.py tests/unit/ingest/test_export.py tests/unit/ingest/test_pyramid.py tests/unit/ingest/test_verification.py \
        tests/unit/ingest/test_stream.py tests/unit/ingest/test_parsing_stage.py \
        --ignore=tests/unit/knowledge/layouts --ignore=tests/unit/knowledge/test_columns.py --ignore=tests/unit/knowledge/test_formula.py \
        --ignore=tests/unit/knowledge/test_formula_forms.py --ignore=tests/unit/knowledge/test_numbers.py --ignore=tests/unit/knowledge/test_crystals.py \
        --ignore=tests/unit/knowledge/test_fetching.py || failed=1
fi
exit $failed
