#!/bin/sh
# The network that carries edits over to photographs (`assets/faces/transfer.safetensors`, 2.4 MB in fp16).
#
#   LATENTLAB_FACE_MODEL=... PHOTOS=/path/to/portraits/images sh assets/recipes/transfer.sh
#
# Every pair has its truth: a rendered person before and after a change, a photograph and itself bent, a volunteer neutral
# and smiling. What ships saw 6,134 pairs in 5,800 steps of 8 (some twenty minutes of one core), all but the first 1,750
# with the guide and the identity embedding weighed six times as much; its rate began anew twice on the way. People held out are
# left out by name. Stopped at any moment, the same line goes on.
set -eu
OUT="${OUT:-runs/transfer}"
${PYTHON:-python} -m latentlab.studio.learning.train_transfer --network "${NETWORK:-faces}" --out "$OUT" \
    ${PHOTOS:+--photos "$PHOTOS"} --people "${PEOPLE:-1000}" --steps "${STEPS:-6000}"
echo "to ship it: cp $OUT/transfer.safetensors assets/faces/"
