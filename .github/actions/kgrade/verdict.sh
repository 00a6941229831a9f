#!/usr/bin/env bash
# Makes the job green or red. Reads: RESULT (as publish.sh set it), FAIL_ON (failed or never).
#
# A run that is no grade is red also with `never`: otherwise nobody would see that there is none.
set -euo pipefail

case "$FAIL_ON" in
  failed | never) ;;
  *) echo "::error title=kgrade::the input fail-on must be failed or never"; exit 1 ;;
esac
case "$RESULT-$FAIL_ON" in
  passed-* | failed-never) echo "result: $RESULT" ;;
  failed-*) echo "some checks failed: the page of this run says which"; exit 1 ;;
  *) echo "there is no grade (result: ${RESULT:-none}): the annotation says why"; exit 1 ;;
esac
