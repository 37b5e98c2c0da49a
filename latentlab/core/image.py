"""Pictures on disk to tensors in [-1, 1] and back: the only place that knows bytes, EXIF and PNG metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from latentlab.core.errors import BadFile, DamagedPicture, MissingFile, MissingPart, NoPicture, TooLarge
from latentlab.core.files import atomic
from latentlab.core.made import MARK
from latentlab.core.reading import check_regular
from latentlab.core.text import check_depth

if TYPE_CHECKING:  # files are looked at without torch, which takes a second to import
    from PIL.Image import Image
    from torch import Tensor

    from latentlab.core.shapes import Images, Pixels

MOST_PIXELS = 120_000_000
STORY_KEY = "latentlab"
LONGEST_STORY = 8 << 20
DEEPEST = 64

_XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    f'xmp:CreatorTool="{MARK}" '
    'Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/{kind}"/></rdf:RDF></x:xmpmeta>'
    '<?xpacket end="w"?>'
)


def xmp_packet(kind: str) -> str:
    """The XMP of a file of ours: an IPTC digital source type, and who made it."""
    return _XMP.format(kind=kind)


def load_picture(path: Path | str) -> Image:
    """Any picture file as upright 8-bit RGB: EXIF turned, CMYK, palette, grey, 16-bit and alpha converted."""
    path = Path(path)
    if path.is_dir():
        raise BadFile(f"{path} is a folder, not a picture; name the pictures in it")
    check_regular(path)
    return _decode(path, str(path))


def decode_picture(content: bytes, name: str) -> Image:
    """The same from the bytes of a picture file, e.g. out of a zip; errors call it `name`."""
    return _decode(BytesIO(content), name)


def picture_size(content: bytes, name: str) -> tuple[int, int]:
    """Width and height of a picture file from its first bytes, nothing decoded; NoPicture where it is none."""
    from PIL import Image as pillow

    try:
        with pillow.open(BytesIO(content)) as opened:
            return opened.size
    except pillow.DecompressionBombError:
        raise TooLarge(f"{name} has more pixels than are read: shrink it first") from None
    except (OSError, SyntaxError, ValueError, EOFError):
        _open_heic(BytesIO(content), name)
        raise NoPicture(f"{name} is no picture; send a PNG, JPEG, WebP or TIFF file") from None


def _decode(source: Path | BytesIO, name: str) -> Image:
    from PIL import Image as pillow
    from PIL import ImageOps, UnidentifiedImageError

    _open_heic(source, name)
    try:
        with pillow.open(source) as opened:
            width, height = opened.size
            if width * height > MOST_PIXELS:
                raise TooLarge(
                    f"{name} has {width}×{height} pixels; at most {MOST_PIXELS:,} are read: shrink it first"
                )
            opened.load()
            return _to_rgb(ImageOps.exif_transpose(opened))
    except FileNotFoundError:
        raise MissingFile(f"there is no file {name}") from None
    except pillow.DecompressionBombError:  # raised before its size can be asked
        raise TooLarge(
            f"{name} has more than {MOST_PIXELS:,} pixels, the most that are read: shrink it first"
        ) from None
    except (
        UnidentifiedImageError,
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
    ) as error:
        foreign = isinstance(error, UnidentifiedImageError)
        kind, reason = (NoPicture, "it is no picture") if foreign else (DamagedPicture, str(error))
        raise kind(f"cannot read {name}: {reason}; is it a whole PNG, JPEG, WebP or TIFF file?") from None


HEIC = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
"""Brands of the container that iPhones write."""


def _open_heic(source: Path | BytesIO, name: str) -> None:
    """Teach Pillow to read HEIC where a file needs it; MissingPart where nothing here can."""
    try:
        with nullcontext(source) if isinstance(source, BytesIO) else open(source, "rb") as file:
            head = file.read(12)
            file.seek(0)
    except OSError:  # told by whoever opens it as a picture
        return
    if head[4:8] != b"ftyp" or head[8:12] not in HEIC:
        return
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise MissingPart(
            f"{name} is a HEIC picture; to read it: pip install pillow-heif, or save it as JPEG"
        ) from None
    register_heif_opener()


def _to_rgb(picture: Image) -> Image:
    from PIL import Image as pillow

    if picture.mode.startswith(("I", "F")):
        values = np.asarray(picture, dtype=np.float64)
        top = 65535.0 if picture.mode.startswith("I") else max(float(values.max(initial=0.0)), 1e-12)
        return pillow.fromarray((values / top * 255).clip(0, 255).astype(np.uint8)).convert("RGB")
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        ground = pillow.new("RGBA", picture.size, (255, 255, 255, 255))
        return pillow.alpha_composite(ground, picture).convert("RGB")
    return picture.convert("RGB")


def load_image(path: Path | str, resolution: int | None = None) -> Images:
    """One picture as [1 3 h w] in [-1, 1]; with `resolution`, cropped to the central square and resized to it."""
    picture = load_picture(path)
    if resolution is not None and picture.size != (resolution, resolution):
        picture = resize_square(picture, resolution)
    return from_pixels(np.asarray(picture)[None])


def resize_square(picture: Image, resolution: int) -> Image:
    """The central square of a picture, resized (Lanczos)."""
    from PIL import Image as pillow

    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    box = (left, top, left + side, top + side)
    return picture.resize((resolution, resolution), pillow.Resampling.LANCZOS, box=box)


def resized(images: Images, size: int) -> Images:
    """Square images at another side length, anti-aliased (bilinear); differentiable."""
    from torch.nn.functional import interpolate

    if images.shape[-1] == size:
        return images
    return interpolate(images, (size, size), mode="bilinear", align_corners=False, antialias=True)


def from_pixels(pixels: Pixels | np.ndarray) -> Images:
    """uint8 [n h w 3] to [n 3 h w] in [-1, 1]."""
    import torch

    values = torch.from_numpy(np.array(pixels)) if isinstance(pixels, np.ndarray) else pixels  # [n h w c]
    return values.permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous()


def to_pixels(images: Images) -> Pixels:
    """[n c h w] in [-1, 1] to uint8 [n h w c]: trunc(clamp(127.5·x + 128)), as the published StyleGAN tools do."""
    bytes_ = (images.detach().float() * 127.5 + 128).clamp(0, 255).byte()
    return bytes_.permute(0, 2, 3, 1).contiguous().cpu()


def to_picture(image: Tensor) -> Image:
    """One image, [c h w] or [1 c h w], as a Pillow picture: grey, RGB, RGBA, of others the first three channels."""
    from PIL import Image as pillow

    pixels = to_pixels(image.reshape(1, *image.shape[-3:]))[0].numpy()
    channels = pixels.shape[-1]
    shown = {1: pixels[..., 0], 2: pixels[..., 0], 3: pixels, 4: pixels}
    return pillow.fromarray(np.ascontiguousarray(shown.get(channels, pixels[..., :3])))


def shows_all(image: Tensor | Image) -> bool:
    """Whether a picture file can hold every channel of an image."""
    from PIL import Image as pillow

    return isinstance(image, pillow.Image) or image.shape[-3] in (1, 3, 4)


def save_channels(image: Tensor, path: Path) -> Path:
    """All channels of an image beside its picture: `.npy`, float32 [c h w] in about [-1, 1]."""
    beside = path.with_suffix(".npy")
    values = image.detach().float().cpu().reshape(image.shape[-3:]).numpy().astype("<f4")
    told = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {values.shape}}}  # {MARK}"
    header = told.encode().ljust(-(-(len(told) + 11) // 64) * 64 - 11) + b"\n"  # ends at a multiple of 64
    with atomic(beside) as temporary:
        temporary.write_bytes(
            b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + values.tobytes()
        )
    return beside


def save_image(
    image: Tensor | Image,
    path: Path | str,
    story: Mapping[str, object] | None = None,
    source: str | None = "trainedAlgorithmicMedia",
) -> Path:
    """Write one picture through the door; a PNG carries its story (JSON), all but photographs an IPTC digital source type.

    An image of 2, or of more than 4, channels is also written whole, as `.npy` beside the picture.
    """
    from PIL import Image as pillow

    path = Path(path)
    kind = picture_format(path)
    with atomic(path) as temporary:
        temporary.write_bytes(encode_picture(image, kind, story, source))
    if not isinstance(image, pillow.Image) and not shows_all(image):
        save_channels(image, path)
    return path


def encode_picture(
    image: Tensor | Image,
    kind: str,
    story: Mapping[str, object] | None = None,
    source: str | None = "trainedAlgorithmicMedia",
    effort: int = 6,
) -> bytes:
    """The file of one picture, PNG, JPEG or WEBP, as `save_image` writes it; `effort` is how hard a PNG is packed, 0 to 9."""
    from PIL import Image as pillow
    from PIL.PngImagePlugin import PngInfo

    picture = image if isinstance(image, pillow.Image) else to_picture(image)
    options: dict[str, object] = {
        name: picture.info[name] for name in ("icc_profile", "exif", "dpi") if name in picture.info
    }
    if kind == "PNG":
        info = PngInfo()
        if source is not None:
            info.add_itxt("XML:com.adobe.xmp", xmp_packet(source))
        if story is not None:
            info.add_itxt(STORY_KEY, json.dumps(story, sort_keys=True, ensure_ascii=False))
        options |= {"pnginfo": info, "compress_level": effort}
    else:
        options |= {"xmp": xmp_packet(source or "digitalCapture").encode(), "quality": 95}
        picture = _to_rgb(picture) if kind == "JPEG" and picture.mode == "RGBA" else picture
    content = BytesIO()
    picture.save(content, format=kind, **options)
    return content.getvalue()


def picture_format(path: Path) -> str:
    """PNG, JPEG or WEBP by the file's ending."""
    kinds = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
    if path.suffix.lower() not in kinds:
        raise BadFile(
            f"cannot write {path}: pictures are written as .png, .jpg or .webp, not '{path.suffix}'"
        )
    return kinds[path.suffix.lower()]


def read_story(path: Path | str) -> dict[str, object]:
    """The story in a PNG that we wrote; it is untrusted text, nothing more."""
    from PIL import Image as pillow

    check_regular(path)
    try:
        with pillow.open(path) as picture:
            picture.load()  # text chunks may stand behind the pixels
            text = getattr(picture, "text", {}).get(STORY_KEY)
        if text is not None:
            check_depth(text[:LONGEST_STORY], DEEPEST)
        story = None if text is None else json.loads(text[:LONGEST_STORY])
    except (OSError, SyntaxError, ValueError, RecursionError) as error:
        raise BadFile(f"cannot read the story of {path}: {error}") from None
    if not isinstance(story, dict):
        raise BadFile(f"{path} carries no story; only PNG files that latentlab wrote do")
    return story


def grid(images: Images, columns: int) -> Tensor:
    """Images side by side, `columns` in a row, missing ones white: [3 height width]."""
    import torch
    from einops import rearrange

    missing = -len(images) % columns
    padded = torch.cat([images, images.new_ones(missing, *images.shape[1:])])
    return rearrange(padded, "(rows cols) c h w -> c (rows h) (cols w)", cols=columns)
