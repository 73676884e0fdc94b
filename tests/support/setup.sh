# Distributed under the Boost Software License, Version 1.0. See LICENSE.
#
# Sourced by tests/run and examples/run: installs what a build wants and is not there.

say() { printf '\n== %s\n' "$*" >&2; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# header_version FILE MACRO: the number that a header defines, or 0.
header_version() {
  local number=
  [ -r "$1" ] && number=$(sed -nE "s/^#[[:space:]]*define[[:space:]]+$2[[:space:]]+([0-9]+).*/\1/p" "$1")
  echo "${number:-0}"
}

# cmake_is MAJOR MINOR: whether cmake is there and at least as new.
cmake_is() {
  local version
  version=$(cmake --version 2>/dev/null | sed -nE '1s/.* ([0-9]+\.[0-9]+).*/\1/p')
  [ -n "$version" ] || return 1
  [ "${version%.*}" -gt "$1" ] || { [ "${version%.*}" -eq "$1" ] && [ "${version#*.}" -ge "$2" ]; }
}

# is_there THING: whether a thing that a build wants is installed.
is_there() {
  case "$1" in
    boost) [ "$(header_version /usr/include/boost/version.hpp BOOST_VERSION)" -ge 108100 ] ;;
    json) [ -e /usr/include/nlohmann/json.hpp ] ;;
    catch) [ -e /usr/include/catch2/catch.hpp ] || [ -e /usr/include/catch2/catch_all.hpp ] ;;
    ssl-headers) [ -e /usr/include/openssl/ssl.h ] ;;
    zlib) [ -e /usr/include/zlib.h ] ;;
    brotli) [ -e /usr/include/brotli/encode.h ] ;;
    hiredis) [ -e /usr/include/hiredis/hiredis.h ] ;;
    libpq) [ -e /usr/include/postgresql/libpq-fe.h ] ;;
    postgresql) ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 ;;
    libc) [ -e /usr/include/stdlib.h ] ;;
    certificates) [ -e /etc/ssl/certs/ca-certificates.crt ] ;;
    cmake) cmake_is 3 25 ;;
    clang-runtime) ls /usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.fuzzer-* >/dev/null 2>&1 ;;
    python3-socketio) /usr/bin/python3 -c 'import socketio' 2>/dev/null ;;
    python3-requests) /usr/bin/python3 -c 'import requests' 2>/dev/null ;;
    python3-websocket) /usr/bin/python3 -c 'import websocket' 2>/dev/null ;;
    nginx | haproxy) PATH=$PATH:/usr/sbin command -v "$1" >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
  esac
}

# package_of THING: the Debian package that brings it.
package_of() {
  case "$1" in
    boost)
      if apt-cache show libboost1.81-dev >/dev/null 2>&1; then
        echo libboost1.81-dev
      else
        echo libboost-dev
      fi
      ;;
    json) echo nlohmann-json3-dev ;;
    catch) echo catch2 ;;
    ssl-headers) echo libssl-dev ;;
    zlib) echo zlib1g-dev ;;
    brotli) echo libbrotli-dev ;;
    hiredis) echo libhiredis-dev ;;
    libpq) echo libpq-dev ;;
    libc) echo libc6-dev ;;
    certificates) echo ca-certificates ;;
    ninja) echo ninja-build ;;
    node) echo nodejs ;;
    nginx) echo nginx-light ;;
    clang++-19) echo clang-19 ;;
    clang-runtime) echo libclang-rt-19-dev ;;
    *) echo "$1" ;;
  esac
}

# need THING...: installs those that are missing, or says which they are and ends.
need() {
  local thing as_root=() missing=() packages=()
  for thing in "$@"; do is_there "$thing" || missing+=("$thing"); done
  [ ${#missing[@]} -eq 0 ] && return

  command -v apt-get >/dev/null 2>&1 ||
    die "missing: ${missing[*]}; this is no Debian, so install them by hand"
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 ||
      die "missing: ${missing[*]}; install them as root, or install sudo"
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -qq || die "missing: ${missing[*]}; apt-get update failed"
  for thing in "${missing[@]}"; do packages+=("$(package_of "$thing")"); done
  say "installing ${packages[*]}"
  # the tests start servers of their own: RUNLEVEL keeps those of the machine from being started now
  "${as_root[@]}" env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${packages[@]}" >&2 || die "missing: ${missing[*]}; apt-get install ${packages[*]} failed"
  for thing in "${missing[@]}"; do
    case "$thing" in  # nor later
      nginx | haproxy | redis-server | postgresql)
        "${as_root[@]}" systemctl disable --now "$thing" >/dev/null 2>&1
        ;;
    esac
    is_there "$thing" || die "still missing after the installation: $thing"
  done
}

build_needs=(g++ libc cmake ninja boost json ssl-headers)

if command -v ccache >/dev/null 2>&1; then
  export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER-ccache}
  export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS-pch_defines,time_macros}
fi
