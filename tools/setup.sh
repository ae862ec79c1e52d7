#!/bin/sh
# Installs what Hob needs on Debian 12 and is not there yet; does nothing when all is there.
#   --bench    also the libraries that the benchmarks compare with
#   --oracle   also the HTTP servers and clients that tests/http/oracle compares with; none is started
#   --format   also clang-format and clang-tidy
# Uses sudo when not root. llvm-19 holds the sanitizers' symbolizer. libboost-dev (1.74) must never
# stand beside 1.81, hence the exact names.
set -eu

packages="clang-19 libclang-rt-19-dev lld-19 llvm-19 g++ make cmake ninja-build ccache python3
  doctest-dev pkg-config"
# What the components need: io_uring, hob::tls, hob::http.
packages="$packages liburing-dev libssl-dev libboost1.81-dev nlohmann-json3-dev libsimdjson-dev
  zlib1g-dev libbrotli-dev libzstd-dev libpsl-dev libidn2-dev openssl"
for argument in "$@"; do
  case $argument in
    --bench) packages="$packages libuv1-dev libbenchmark-dev libcurl4-openssl-dev wrk nginx-light
      nodejs python3-aiohttp python3-uvloop" ;;
    --oracle) packages="$packages nginx-light libnginx-mod-http-brotli-filter apache2 caddy haproxy
      squid curl python3-aiohttp python3-httpx" ;;
    --format) packages="$packages clang-format-19 clang-tidy-19" ;;
    *) echo "usage: tools/setup.sh [--bench] [--oracle] [--format]" >&2; exit 2 ;;
  esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "setup: not a Debian system; Hob needs what these Debian 12 packages hold:" $packages >&2
  exit 0
fi

# pkg-config is also provided by pkgconf, so ask for what is provided too.
installed=$(dpkg-query --show --showformat '${db:Status-Abbrev} ${Package} ${Provides}\n' |
  sed -n 's/^ii *//p' | sed 's/([^)]*)//g' | tr -s ', ' '\n\n')
missing=$(for package in $packages; do echo "$package"; done |
  { grep -Fvx -e "$installed" || true; } | tr '\n' ' ')
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "setup: neither root nor sudo; as root: apt-get install $missing" >&2
    exit 1
  }
  sudo=sudo
fi
apt() {
  echo "+ $sudo apt-get $*"
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get "$@" </dev/null
}

# The packages of servers start them; where nobody has said otherwise, this keeps them from it.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap '$sudo rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
  $sudo chmod +x "$policy"
fi

echo "setup: installing what is missing: $missing"
apt update -q
# --no-remove: rather fail than take away something the machine has.
# shellcheck disable=SC2086
apt install -q -y --no-install-recommends --no-remove $missing
