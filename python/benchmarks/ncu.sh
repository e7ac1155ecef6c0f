#!/usr/bin/env bash
# Profiles one launch of a row of bench_hopper.py, and prints how busy each unit was.
#
#   ncu.sh ROW OUT [options of bench_hopper.py]
#   ncu.sh prefill/14336x4096x4096 out --contender cublas
#   ncu.sh decode/4096x14336x16 out --pipeline-options "stages=6"
#
# OUT gets the report (for ncu-ui), all its counters as ncu.csv, and summary.txt. Clocks stay
# as they are; caches are flushed before each pass, as ncu does unless told otherwise.

set -euo pipefail
if [ $# -lt 2 ]; then
  sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
row=$1 out=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
if ! command -v ncu >/dev/null; then
  echo "ncu.sh: expected ncu on PATH, but got none" >&2
  exit 1
fi
mkdir -p "$out"
# Names of counters differ between chips; an unknown one would stop the profiler.
metrics=$(ncu --query-metrics --chip "${NCU_CHIP:-gh100}" | python3 "$here/ncu.py" --metrics)
ncu --force-overwrite --export "$out/report" --profile-from-start off --clock-control none \
  --target-processes all --set full --metrics "$metrics" \
  python3 "$here/bench_hopper.py" --profile "$row" "$@"
ncu --import "$out/report.ncu-rep" --csv --page raw >"$out/ncu.csv"
python3 "$here/ncu.py" "$out/ncu.csv" | tee "$out/summary.txt"
