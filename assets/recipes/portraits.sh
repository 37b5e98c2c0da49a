#!/bin/sh
# `portraits`: the network `faces` taken to photographs, from nothing to the files that ship: the difference from it, the
# difference of its encoder, its directions, and the card.
#
#   PHOTOS=/path/to/portraits sh assets/recipes/portraits.sh
#
# PHOTOS is a folder of aligned faces (default: $LATENTLAB_TEST_DATA/portraits), MORE a second one whose labels.csv says how much
# of a crop lies inside its photograph (default: portraits_more beside it, where there is one). Sets can be weighed with
# WEIGHTS="--weight volunteers=2 --weight faker=0.5". A quarter of the generator's images are renders, so that pose and makeup
# stay in reach. People that are held out (latentlab/data/holdout.py: volunteers whose number is divisible by 3, and everyone in
# the test photographs) are left out by name. The mapping is frozen: both networks share their latent space, and directions of
# `faces` move photographs. The encoder of the parent learns beside the generator, both to repeat what they are shown (TOGETHER=0:
# the adversaries alone); then it goes on by itself, on the averaged generator: photographs, renders and the child's own samples.
# Credits and what was seen belong into $RUN/portraits/NOTES.md, which the card takes up (NOTES=FILE copies it there).
# Stopped at any moment, the same line goes on. The run, which holds the packed photographs, stays out of the repository.
# It ends with an error, and nothing is to be shipped, where a sample is nearer to a training photograph than strangers come.
#
# On a GPU at 256 pixels: SETTINGS="--set precision=fp16 --set batch=32". A trial: IMAGES=320 ENCODER_IMAGES=320 NEAREST=16
# DIRECTIONS=port PORTED=0.
set -eu
PHOTOS="${PHOTOS:-${LATENTLAB_TEST_DATA:?name the photographs: PHOTOS=FOLDER}/portraits}"
MORE="${MORE-$(dirname "$PHOTOS")/$(basename "$PHOTOS")_more}"
PARENT="${PARENT:-faces}"
RUN="${RUN:-runs/portraits}"
IMAGES="${IMAGES:-300000}"
ENCODER_IMAGES="${ENCODER_IMAGES:-150000}"
NEAREST="${NEAREST:-1000}"
PORTED="${PORTED:-100}"
LATENTLAB="${LATENTLAB:-latentlab}"
PYTHON="${PYTHON:-python}"

set --
if [ -n "$MORE" ] && [ -d "$MORE" ]; then
    set -- "$MORE" --where "$(basename "$MORE"): inside>=${INSIDE:-0.98}"
fi

FILE="$PARENT"
[ -f "$PARENT" ] ||
    FILE="$($PYTHON -c 'import sys; from latentlab.store.home import find_network; print(find_network(sys.argv[1]))' "$PARENT")"
ENCODER="$(dirname "$FILE")/encoder.safetensors"
BESIDE=""
if [ -f "$ENCODER" ] && [ "${TOGETHER:-1}" != 0 ]; then
    BESIDE="--encoder $ENCODER --encoder-preset ${PRESET:-restyle64} --set encoder.identity=0.2 --set encoder.adversary=0.05"
fi

# Adaptive augmentation towards .6 comes with `finetune`; only the two largest resolutions of the discriminator stay as they are.
# shellcheck disable=SC2086
$LATENTLAB finetune --network "$PARENT" --data "$PHOTOS" ${1:+--data "$@"} ${WEIGHTS:-} --render-share "${RENDERS:-0.25}" \
    --drop-broken --out "$RUN" --images "$IMAGES" --resume --set augment_target=0.6 ${SETTINGS:---set precision=bf16 --set ema_images=20000} $BESIDE

# A parent that has no name yet gets one in the run's own lab, its encoder and discriminator beside it.
if [ -f "$PARENT" ]; then
    mkdir -p "$RUN/lab/networks"
    cp "$(dirname "$PARENT")"/*.safetensors "$RUN/lab/networks/"
fi

# A folder that can be shipped as it is. First the network itself, in 8 bits: what follows is found and measured on that one.
SHIP="$RUN/portraits"
CHILD="$SHIP/difference.safetensors"
mkdir -p "$SHIP/directions"
$PYTHON -m tools.shrink "$RUN/difference.safetensors" "$RUN/discriminator.safetensors" --out "$SHIP"

# The encoder, as what it adds to that of the parent. More passes are learnt than `finetune` learns, so that five do not drift.
BEGIN="$ENCODER"
[ -f "$RUN/encoder.safetensors" ] && BEGIN="$RUN/encoder.safetensors"
if [ -f "$ENCODER" ] && [ "$ENCODER_IMAGES" -gt 0 ]; then
    # shellcheck disable=SC2086
    $LATENTLAB train-encoder --network "$CHILD" --home "$RUN/lab" --preset "${PRESET:-restyle64}" --begin "$BEGIN" \
        --data renders --photos "$PHOTOS" ${1:+--photos "$@"} ${WEIGHTS:-} --photo-share "${PHOTO_SHARE:-0.8}" \
        --out "$RUN/encoder" --images "$ENCODER_IMAGES" --resume ${ENCODER_SETTINGS:---set adversary=0.05 --set identity=0.2 --set passes=(.3,.2,.2,.15,.15)}
    $PYTHON -m tools.shrink "$RUN/encoder/encoder.safetensors" --parent "$ENCODER" --out "$SHIP"
fi

# Directions of its own, taught by rendered people as those of the parent were, where the face model is at hand. Without it, or
# with DIRECTIONS=port, those of the parent, measured on the same faces of both networks (PORTED faces; 0 takes them over
# unmeasured).
if [ "${DIRECTIONS:-build}" = build ] && [ -n "${LATENTLAB_FACE_MODEL:-}" ]; then
    $LATENTLAB directions build --network "$CHILD" --home "$RUN/lab" --out "$SHIP/directions" \
        --recipe "$(dirname "$0")/directions-portraits.toml"
    # How far they go, on samples, renders, and the photographs of HELD: a folder of people that nothing was trained on.
    (cd "$SHIP/directions" && ls -- *.direction.safetensors) | sed 's/\.direction\.safetensors$//' |
        xargs $LATENTLAB directions span --network "$CHILD" --home "$RUN/lab" --faces 8 ${HELD:+--photos "$HELD"} --out "$SHIP/directions"
else
    for direction in "$(dirname "$FILE")"/directions/*.direction.safetensors; do
        [ -f "$direction" ] || continue
        name="$(basename "$direction" .direction.safetensors)"
        [ -f "$SHIP/directions/$name.direction.safetensors" ] ||
            $LATENTLAB directions port "$name" --network "$PARENT" --child "$CHILD" --samples "$PORTED" --home "$RUN/lab"
    done
    find "$RUN/lab/directions" -name '*.direction.safetensors' -exec cp {} "$SHIP/directions/" \; 2>/dev/null || true
fi

# The card, with the search for reproduced faces.
[ -z "${NOTES:-}" ] || cp "$NOTES" "$SHIP/NOTES.md"
# shellcheck disable=SC2086
$LATENTLAB models card "$CHILD" --measure --out "$SHIP" --home "$RUN/lab" --training "$PHOTOS" \
    ${1:+--training "$1"} --nearest "$NEAREST" --photos "$PHOTOS" ${CARD:---compared 0}
echo "to ship it: copy $SHIP to assets/portraits and name it in assets/defaults.json; for yourself: latentlab models add portraits $CHILD"
