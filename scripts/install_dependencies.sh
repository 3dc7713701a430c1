#!/usr/bin/env bash
# Installs the Debian 12 or 13 packages that the build needs, as root or with sudo; with --tests also those of the tests
# and of MPI, with --browser those of the web page's tests, with --style those of scripts/check_style.sh. Does nothing
# when all are installed.
set -euo pipefail

packages=(
  build-essential cmake ninja-build ccache pkg-config
  libtorch-dev libdnnl-dev libopenblas0-openmp
  libavcodec-dev libavformat-dev libavfilter-dev libswscale-dev libavutil-dev
  libopencv-dev libjpeg-dev libtbb-dev libsqlite3-dev libssl-dev zlib1g-dev libcurl4-openssl-dev libfasttext-dev libutf8proc-dev
  libcli11-dev nlohmann-json3-dev libfmt-dev libboost-dev libeigen3-dev
)
for wish in "$@"; do
  case "$wish" in
    --tests) packages+=(libgtest-dev libgmock-dev libcpp-httplib-dev ffmpeg sqlite3 libopenmpi-dev openmpi-bin) ;;
    --browser) packages+=(chromium chromium-driver poppler-utils) ;;
    --style) packages+=(clang-tidy libomp-dev)  # clang does not read GCC's <omp.h>
      # clang-format 14 is Debian 12's alone; elsewhere the format is not checked (scripts/check_style.sh).
      if (. /etc/os-release && [ "${VERSION_ID:-}" = 12 ]); then packages+=(clang-format-14); fi ;;
    *) echo "unknown argument $wish" >&2; exit 64 ;;
  esac
done

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "all installed"
  exit 0
fi

echo "installing ${missing[*]}"
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
# A package a line while it is unpacked, since several hundred come along.
"${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}" | sed -un 's/^Unpacking \([^ ]*\).*/  \1/p'
