#!/bin/sh
# Runs once before the rest of deploy/compose.yaml, and again after an upgrade; every step may be repeated.
set -eu
umask 077
cx() { cxwatch --config /etc/cxwatch/cxwatch.toml "$@"; }

cx migrate
for name in ingest read act; do
  [ -s "/shared/tokens/$name" ] || cx token create "compose-$name" --scope "$name" > "/shared/tokens/$name"
done
cp /shared/tokens/read /shared/prometheus/token
cx rules > /shared/prometheus/cxwatch-rules.yml
cx grafana build /shared/grafana --seen-at /etc/grafana/provisioning
chown -R cxwatch /shared/tokens
chmod -R a+rX /shared/prometheus /shared/grafana  # their programs run as users of their own
