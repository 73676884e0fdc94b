# Distributed under the Boost Software License, Version 1.0. See LICENSE.
#
# Read by the scripts that test with real clients: what is not there is no failure.

# skip WHY: ends the test, as one that did not run.
skip() {
  echo "skipped: $*"
  exit 77
}

# need TOOL...: skips the test unless all of them are there.
need() {
  local tool
  for tool; do command -v "$tool" >/dev/null || skip "no $tool"; done
}

# install_packages HERE FOLDER: installs what package.json in HERE wants in FOLDER, unless it is there.
install_packages() {
  mkdir -p "$2" || exit 1
  exec 9>"$2/lock"
  flock 9
  if ! cmp -s "$1/package.json" "$2/installed.json"; then
    cp "$1/package.json" "$2/"
    (cd "$2" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm install --silent --no-audit --no-fund) >&2 ||
      skip "npm cannot install its packages"
    cp "$1/package.json" "$2/installed.json"
  fi
  flock -u 9
}
