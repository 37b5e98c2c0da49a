# The conditional baselines that ship, assets/baselines/*.safetensors: the face world at 64 pixels (deepfakes cuts its 64 pixels
# out of pictures of 128), one thread each, beside other work. Images and seconds as they were are in each file
# (the page of `latentlab compare` shows them); a limit in seconds ended those that have one.
export OMP_NUM_THREADS=1
teach() {
    name=$1; shift
    latentlab train-baseline "$name" --preset world --out "runs/$name" "$@"
    case $name in
    pix2pix) cp "runs/$name/$name.safetensors" assets/baselines/ ;; # 8 bits would show in its pictures
    *) python -m tools.shrink "runs/$name/$name.safetensors" --out assets/baselines ;;
    esac
}
teach pix2pix --fresh 1000 --images 24320
teach caae --fresh 3000 --images 110000 --seconds 1200
teach g2gan --fresh 1200 --images 34452 --set precision=bf16   # the first 26,400 of them still with dropout in the U-Nets
teach ffgan --fresh 2000 --images 50000 --seconds 1200 --set precision=bf16
teach beautygan --fresh 1500 --images 14000 --seconds 1800 --set precision=bf16
teach deepfakes --fresh 1000 --images 200000 --seconds 1500 --set precision=bf16
teach cyclegan --fresh 1500 --images 18000 --seconds 2400 --set precision=bf16 --set constant=9000 --set falling=9000
teach ugatit --fresh 1500 --images 10000 --seconds 2700 --set precision=bf16 --set constant=5000 --set falling=5000
