#!/bin/sh
# `faces`, the network that ships: made on two CPU cores from renders alone. Every file of assets/faces/ comes from here.
#
#   LATENTLAB_FACE_MODEL=... OUT=runs/faces sh assets/recipes/faces-64.sh
#
# Stopped at any moment, the same line goes on. On two cores of an AMD EPYC (Zen 5) it took about two hours with one
# core for the generator and the encoder, the other for renders, scorers and directions; run them side by side for that.
# The generator that ships changed its batch on the way: 54,000 images at 32 a step (30,000 of them the autoencoder's),
# the rest at 16. At 32 there were smears, at 16 faces stood after 16,000 more, so the preset now begins with 16.
set -eu
OUT="${OUT:-runs/faces}"
IMAGES="${IMAGES:-304000}"
PYTHON="${PYTHON:-python}"
LATENTLAB="${LATENTLAB:-latentlab}"
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"

# What the generator sees: 17,000 people of the law `natural`, and their mirror images.
$PYTHON -m latentlab.backbones.renders --out "$OUT/natural" --size 64 --count 17000

$PYTHON -m latentlab.backbones.train --preset faces64-cpu --data "$OUT/natural" --mirror --out "$OUT/generator" \
    --images "$IMAGES" --resume

# What scorers see: people of the law `factorial`; guide, judge and the held-out ones share nobody.
$LATENTLAB train-scorer --role guide --size 64 --faces 30000 --images 400000 --renders "$OUT/renders" --out "$OUT/guide" --resume
$LATENTLAB train-scorer --role judge --size 64 --faces 15000 --images 300000 --renders "$OUT/renders" --out "$OUT/judge" --resume
$LATENTLAB train-scorer --role identity --size 64 --width 24 --faces 8000 --held-out 1000 --images 200000 \
    --renders "$OUT/renders" --out "$OUT/identity" --resume

# Side by side in one folder they find one another.
mkdir -p "$OUT/faces"
cp "$OUT/generator/generator.safetensors" "$OUT/generator/critic.safetensors" "$OUT/faces/"
for role in guide judge identity; do cp "$OUT/$role/$role.safetensors" "$OUT/faces/"; done

# The encoder: renders, photographs (PHOTOS; people held out are left out by name) and the generator's own samples.
$LATENTLAB train-encoder --network "$OUT/faces/generator.safetensors" --preset small64 --data "$OUT/natural" \
    ${PHOTOS:+--photos "$PHOTOS"} --images "${ENCODER_IMAGES:-90000}" --out "$OUT/encoder" --resume
cp "$OUT/encoder/encoder.safetensors" "$OUT/faces/"

# Weights ship in fp16: half the size, at most 1/255 in a picture.
$PYTHON -m latentlab.backbones.halve "$OUT/faces" --out "$OUT/ship"

$LATENTLAB directions build --network "$OUT/ship/generator.safetensors" --out "$OUT/ship/directions"
$LATENTLAB models card "$OUT/ship/generator.safetensors" --measure ${PHOTOS:+--photos "$PHOTOS"} --out "$OUT/ship"
