#!/usr/bin/env bash
# Man pages and shell completions, from what the program says of itself.
#   scripts/describe_commands.sh PIPELINE FOLDER VERSION
# Man pages need help2man; without it they are left out with a message.
set -euo pipefail
pipeline=$1 folder=$2 version=$3
rm -rf "$folder" && mkdir -p "$folder/man1"

"$pipeline" completion bash > "$folder/pipeline.bash"
"$pipeline" completion zsh > "$folder/_pipeline"
"$pipeline" completion fish > "$folder/pipeline.fish"

if ! command -v help2man > /dev/null; then
  echo "man pages: left out, help2man is not installed"
  exit 0
fi
page() {  # page NAME HELP-COMMAND...
  local name=$1 summary
  shift
  summary=$("$@" --help | sed -n 1p)
  help2man --no-info --no-discard-stderr --version-string="$version" --name="${summary%.}" --output="$folder/man1/$name.1" \
    "$*"
  gzip -9 -n "$folder/man1/$name.1"
}
page pipeline "$pipeline"
# The commands are what bash would offer after the program's name.
source "$folder/pipeline.bash"
COMP_WORDS=(pipeline "") COMP_CWORD=1
_pipeline
for command in "${COMPREPLY[@]}"; do
  page "pipeline-$command" "$pipeline" "$command"
done
