#!/bin/sh
# All tests: on the embedded stores, then what both profiles must pass on a real PostgreSQL, Redis, Neo4j and Mosquitto.
set -eu
cd "$(dirname "$0")/.."
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    missing=
    for pair in chromium:chromium redis-server:redis-server mosquitto:mosquitto xgettext:gettext mvn:maven javac:openjdk-17-jdk-headless; do
        command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
    done
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
    fc-list :lang=zh 2>/dev/null | grep -q . || missing="$missing fonts-noto-cjk"
    if [ -n "$missing" ]; then
        echo "test: installing$missing"
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } \
            >/tmp/lodestone-apt.log 2>&1 || { echo "test: could not install$missing:"; tail -5 /tmp/lodestone-apt.log; } >&2
    fi
fi
exec .venv/bin/python -m deploy.services -- sh deploy/test_profiles.sh "$@"
