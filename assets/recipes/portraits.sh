#!/bin/sh
# `portraits`: the network `faces` taken to photographs, as the difference from it (at most 8 MB).
#
#   PHOTOS=/path/to/portraits sh assets/recipes/portraits.sh
#
# PHOTOS is a folder of aligned faces (default: $LATENTLAB_TEST_DATA/portraits), MORE a second one whose labels.csv says how much
# of a crop lies inside its photograph (default: portraits_more beside it, where there is one). Sets can be weighed with
# WEIGHTS="--weight volunteers=2 --weight faker=0.5". A quarter of the images are renders: 75 % photographs, 25 % renders is
# what the published checkpoint saw. People that are held out (latentlab/data/holdout.py: volunteers whose number is
# divisible by 3, and everyone in the test photographs) are left out by name. The mapping is frozen: both networks share their latent space, and directions of `faces` move photographs.
# Stopped at any moment, the same line goes on. The run, which holds the packed photographs, stays out of the repository.
#
# On a GPU at 256 pixels: IMAGES=400000 SETTINGS="--set precision=fp16 --set batch=32". A trial: IMAGES=320 NEAREST=16.
set -eu
PHOTOS="${PHOTOS:-${LATENTLAB_TEST_DATA:?name the photographs: PHOTOS=FOLDER}/portraits}"
MORE="${MORE-$(dirname "$PHOTOS")/$(basename "$PHOTOS")_more}"
PARENT="${PARENT:-faces}"
RUN="${RUN:-runs/portraits}"
IMAGES="${IMAGES:-100000}"
NEAREST="${NEAREST:-1000}"
LATENTLAB="${LATENTLAB:-latentlab}"

# Adaptive augmentation towards .6 comes with `finetune`; only the two largest resolutions of the discriminator stay as they are.
set --
if [ -n "$MORE" ] && [ -d "$MORE" ]; then
    set -- --data "$MORE" --where "$(basename "$MORE"): inside>=${INSIDE:-0.98}"
fi
# shellcheck disable=SC2086
$LATENTLAB finetune --network "$PARENT" --data "$PHOTOS" "$@" ${WEIGHTS:-} --render-share "${RENDERS:-0.25}" --drop-broken \
    --out "$RUN" --images "$IMAGES" --resume --set augment_target=0.6 ${SETTINGS:---set precision=bf16}

# A parent that has no name yet gets one in the run's own lab, its encoder and discriminator beside it.
if [ -f "$PARENT" ]; then
    mkdir -p "$RUN/lab/networks"
    cp "$(dirname "$PARENT")"/*.safetensors "$RUN/lab/networks/"
fi

# A folder that can be shipped as it is: the difference and its card, with the search for reproduced faces.
set -- --training "$PHOTOS"
if [ -n "$MORE" ] && [ -d "$MORE" ]; then
    set -- "$@" --training "$MORE"
fi
mkdir -p "$RUN/portraits"
cp "$RUN/difference.safetensors" "$RUN/portraits/difference.safetensors"
$LATENTLAB models card "$RUN/portraits/difference.safetensors" --measure --out "$RUN/portraits" --home "$RUN/lab" \
    "$@" --nearest "$NEAREST" --photos "$PHOTOS" ${CARD:---compared 0 --encoded 0}
echo "to use it: latentlab models add portraits $RUN/portraits/difference.safetensors"
