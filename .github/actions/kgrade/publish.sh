#!/usr/bin/env bash
# Tells what grade.sh came to: outputs, the page of the run (step summary), one annotation. Runs nothing of the learner's.
#
# Reads: OUT (the folder that grade.sh filled), LAB.
# Sets the outputs: result (passed, failed, inconclusive, usage, environment), score, max-score, complete. The scores are
# empty when nothing was graded: that is not a zero.
set -euo pipefail

# The runner takes 1 MiB for each step; what is longer, it drops whole.
readonly LONGEST_SUMMARY=$((1000 * 1024))

# For the text of a workflow command, and for one of its properties.
data() { local text=${1//'%'/%25}; text=${text//$'\r'/%0D}; printf '%s' "${text//$'\n'/%0A}"; }
property() { local text; text=$(data "$1"); text=${text//:/%3A}; printf '%s' "${text//,/%2C}"; }

# A number or truth value of the report. Whatever else stands there counts as not there.
field() { jq -r --arg name "$1" --arg type "$2" '.[$name] | select(type == $type)' "$OUT/report.json" 2>/dev/null || true; }

code=$(cat "$OUT/exit-code" 2>/dev/null || echo none)
score=$(field score number) max=$(field max_score number) complete=$(field complete boolean)
graded=no
if [[ $score =~ ^[0-9]{1,9}$ && $max =~ ^[0-9]{1,9}$ && $complete =~ ^(true|false)$ ]]; then graded=yes; fi

case "$code-$graded" in
  0-yes) result=passed ;;
  1-yes) result=failed ;;
  5-yes) result=inconclusive ;;
  2-* | 4-*) result=usage ;;
  *) result=environment ;;
esac
if [ "$result" = usage ] || [ "$result" = environment ]; then score='' max='' complete=false; fi

title="$LAB: $score of $max points"
case "$result" in
  passed) level=notice text="every check passed" ;;
  failed) level=error text="the page of this run says what was seen and what to do next" ;;
  inconclusive) level=error title="$LAB: no grade" text="some checks could not be decided; run the job again" ;;
  usage) level=error title="$LAB: no grade" text="kgrade was called in a wrong way: look at the inputs of the workflow; nothing was graded" ;;
  environment)
    level=error title="$LAB: no grade"
    text="the environment could not be used (exit code $code). This says nothing about the submission: run the job again, and look into its log when it happens twice"
    ;;
esac
if [ "$result" = failed ] && [ "$complete" = false ]; then text="$text; some checks could not be decided, so this is no grade yet"; fi
printf '::%s title=%s::%s\n' "$level" "$(property "$title")" "$(data "$text")"

{
  printf 'result=%s\n' "$result"
  printf 'score=%s\nmax-score=%s\ncomplete=%s\n' "$score" "$max" "$complete"
} >>"$GITHUB_OUTPUT"

{
  if [ -s "$OUT/summary.md" ] && [ "$graded" = yes ]; then
    head -c "$LONGEST_SUMMARY" "$OUT/summary.md"
  else
    printf '## %s\n\n%s\n' "$title" "$text"
  fi
  printf '\n'
} >>"$GITHUB_STEP_SUMMARY"
