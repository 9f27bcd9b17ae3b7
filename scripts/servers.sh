#!/usr/bin/env bash
# Installs the real servers that tests use. Debian and Ubuntu: by apt. Elsewhere it prints what to do.
set -euo pipefail

# command : Debian package : what it is for
servers=(
  'influxd:influxdb:InfluxDB 1.x, whose metadata files and responses the tests compare with'
  'influx:influxdb-client:the command line client of InfluxDB 1.x, whose results the tests compare with cflux exec'
  'etcd:etcd-server:etcd, the distributed store of several managers'
  'haproxy:haproxy:HAProxy, with which the recipe of docs/gateway.md is tried'
  'nginx:nginx-light:nginx, for the other recipe there, and beside which the gateway is measured'
  'chromium:chromium:Chromium, in which the tests open the dashboard'
  'go:golang-go:Go, with which a client of InfluxDB 1.x is compiled and tried at a gateway'
)

missing=()
# check NAME PACKAGE PURPOSE TEST…
check() {
  if "${@:4}" >/dev/null 2>&1; then
    echo "found      $1 ($3)"
  else
    echo "missing    $1 ($3)"
    missing+=("$2")
  fi
}
for server in "${servers[@]}"; do
  IFS=: read -r command package purpose <<<"$server"
  check "$command" "$package" "$purpose" command -v "$command"
done
# Modules, not commands.
package=python3-influxdb
check "$package" "$package" 'the Python client of InfluxDB 1.x, which is tried at a gateway' /usr/bin/python3 -c 'import influxdb'
package=golang-github-influxdata-influxdb1-client-dev
check "$package" "$package" 'the Go client of InfluxDB 1.x, which is tried at a gateway' test -d /usr/share/gocode/src/github.com/influxdata/influxdb1-client
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
  echo "Install by hand: InfluxDB 1.6–1.12, etcd 3.4 or later, and Chromium 123 or later, so that influxd, influx, etcd and chromium are on PATH; further haproxy, nginx, Python's influxdb, and Go with the package influxdb1-client." >&2
  echo "Without them their tests are skipped and listed at the end of the run; with CI=true they fail." >&2
  exit 1
fi

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
# The packages would start a service on the default ports; the tests start their own on free ones.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod +x "$policy"
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
