#!/bin/sh
# In place of kgrade: says that it is ready, waits for the word, and gives the result that the test has prepared.
for word in "$@"; do
  case $word in
    --submission=*) submission=${word#*=} ;;
    --learner=*) id=${word#*=} ;;
    --late=*) late=${word#*=} ;;
    --full-evidence=*) evidence=${word#*=} ;;
  esac
done
code=0
echo ready
read -r go || exit 130
echo "$id" >> "$FAKE/begun"
. "$FAKE/$id.do"
echo "{\"evidence of\":\"$id\"}" > "$evidence"
cp "$FAKE/$id.json" "$(dirname "$evidence")/result.json"
exit "$code"
