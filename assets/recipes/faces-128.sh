#!/bin/sh
# `faces`, the network that ships: made on two CPU cores from renders alone. Every file of assets/faces/ comes from here.
#
#   LATENTLAB_FACE_MODEL=... OUT=runs/faces sh assets/recipes/faces-128.sh
#
# Stopped at any moment, the same line goes on. By its parts it is about seven hours on two cores of an AMD EPYC (Zen 5),
# with one core for the generator and the encoder and the other for renders, scorers and directions, side by side. What
# ships took turns that the recipe leaves out: the first 54,000 images were shown 32 at a step (at 32 there were smears, at
# 16 faces stood after 16,000 more, so the preset begins with 16), the world's ages were drawn more faintly while the
# generator learnt at 64 pixels, rates fell by hand at the end, and the encoder went on from that of the 64-pixel network
# (--begin). What was seen at each size is in assets/faces/NOTES.md.
set -eu
OUT="${OUT:-runs/faces}"
IMAGES="${IMAGES:-304000}"
GROWN="${GROWN:-100000}"
PYTHON="${PYTHON:-python}"
LATENTLAB="${LATENTLAB:-latentlab}"
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"

# What the generator sees: 16,000 people of the law `natural`, and their mirror images; first small, then large.
$PYTHON -m latentlab.data.live_renders --out "$OUT/natural64" --size 64 --count 16000
$PYTHON -m latentlab.backbones.train --preset faces64-cpu --data "$OUT/natural64" --mirror --out "$OUT/small" \
    --images "$IMAGES" --resume

# Grown by a block of 16 channels.
$PYTHON -m latentlab.data.live_renders --out "$OUT/natural128" --size 128 --count 16000
$PYTHON -m latentlab.backbones.train --preset faces128-cpu --data "$OUT/natural128" --mirror --out "$OUT/generator" \
    --transfer "$OUT/small/generator.safetensors" --transfer-discriminator "$OUT/small/discriminator.safetensors" \
    --set channel_base=2048 --set warm_start=0 --set noise_from=0 --set r1=0.2 --images "$GROWN" --resume

# What scorers see: people of the law `factorial`; guide, judge and the held-out ones share nobody.
$LATENTLAB train-scorer --role guide --size 128 --width 16 --faces 66000 --images 950000 --renders "$OUT/renders" \
    --out "$OUT/guide" --resume
$LATENTLAB train-scorer --role judge --size 128 --width 16 --depth 2 --faces 60750 --images 1300000 \
    --renders "$OUT/renders" --out "$OUT/judge" --resume
# The witness: loose faces, half of them cartoons, and photographs with a labels.csv (LABELLED, a folder; held out by name).
$LATENTLAB train-scorer --role witness --width 16 --depth 4 --batch 32 --faces 3000 --held-out 1000 --images 45000 \
    ${LABELLED:+--photographs "$LABELLED"} ${LABELLED_MORE:+--photographs "$LABELLED_MORE"} \
    --renders "$OUT/renders96" --out "$OUT/witness" --resume
$LATENTLAB train-scorer --role identity --size 64 --width 24 --faces 8000 --held-out 1000 --images 200000 \
    --renders "$OUT/renders64" --out "$OUT/identity" --resume

# Side by side in one folder they find one another.
mkdir -p "$OUT/faces"
cp "$OUT/generator/generator.safetensors" "$OUT/generator/discriminator.safetensors" "$OUT/faces/"
for role in guide judge witness identity; do cp "$OUT/$role/$role.safetensors" "$OUT/faces/"; done

# The encoder: renders, photographs (PHOTOS; people held out are left out by name) and the generator's own samples.
$LATENTLAB train-encoder --network "$OUT/faces/generator.safetensors" --preset restyle64 --data "$OUT/natural128" \
    ${PHOTOS:+--photos "$PHOTOS"} --images "${ENCODER_IMAGES:-150000}" --out "$OUT/encoder" --resume
cp "$OUT/encoder/encoder.safetensors" "$OUT/faces/"

# Weights ship in fp16: half the size, at most 1/255 in a picture.
$PYTHON -m tools.halve "$OUT/faces" --out "$OUT/ship"
$PYTHON -m tools.shrink "$OUT/faces/identity.safetensors" "$OUT/faces/witness.safetensors" "$OUT/faces/discriminator.safetensors" --out "$OUT/ship"

$LATENTLAB directions build --network "$OUT/ship/generator.safetensors" --out "$OUT/ship/directions"
$LATENTLAB models card "$OUT/ship/generator.safetensors" --measure ${PHOTOS:+--photos "$PHOTOS"} --out "$OUT/ship"
