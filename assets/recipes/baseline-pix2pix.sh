# pix2pix, neutral to smile, 64 pixels: assets/baselines/pix2pix.safetensors. One thread of a busy machine, in two legs, the
# second with --resume: 24,320 images in 1,680 seconds, a third of which rendered the thousand pairs (twice, since they live
# in memory).
export OMP_NUM_THREADS=1
latentlab train-baseline pix2pix --preset world --fresh 1000 --images 24320 --out runs/pix2pix
cp runs/pix2pix/pix2pix.safetensors assets/baselines/
