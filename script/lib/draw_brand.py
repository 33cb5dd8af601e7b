"""Draw the brand images: a charging plug that carries a bolt.

Shapes are in units of an icon 256 wide and high, drawn large and scaled down.
"""

from dataclasses import dataclass
from pathlib import Path
import sys

from PIL import Image, ImageDraw, ImageFont

OVERSAMPLING = 8
ICON_SIZE = 256
LOGO_SIZE = (960, 200)
LOGO_ICON_SIZE = 200

CABLE_WIDTH = 20
BOLT = [(141, 86), (92, 142), (122, 142), (113, 184), (164, 124), (133, 124)]

type Box = tuple[float, float, float, float]
type Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Theme:
    """Colours for a light or a dark background."""

    prefix: str
    top: Colour
    bottom: Colour
    bolt: Colour
    text: Colour


THEMES = (
    Theme(
        "",
        top=(18, 184, 134),
        bottom=(11, 94, 125),
        bolt=(255, 255, 255),
        text=(16, 60, 78),
    ),
    Theme(
        "dark_",
        top=(99, 230, 190),
        bottom=(34, 160, 207),
        bolt=(9, 37, 48),
        text=(235, 247, 250),
    ),
)


def scaled(box: Box) -> Box:
    """Return a box in pixels of the large drawing."""
    left, top, right, bottom = (value * OVERSAMPLING for value in box)
    return left, top, right, bottom


def plug_mask() -> Image.Image:
    """Draw the silhouette: two pins, a body, and a cable that bends away."""
    side = ICON_SIZE * OVERSAMPLING
    mask = Image.new("L", (side, side))
    draw = ImageDraw.Draw(mask)
    for left in (82, 150):
        draw.rounded_rectangle(
            scaled((left, 4, left + 24, 90)), 12 * OVERSAMPLING, fill=255
        )
    draw.rounded_rectangle(scaled((44, 62, 212, 112)), 16 * OVERSAMPLING, fill=255)
    draw.rounded_rectangle(scaled((52, 70, 204, 202)), 62 * OVERSAMPLING, fill=255)
    draw.rectangle(scaled((52, 90, 204, 140)), fill=255)
    half = CABLE_WIDTH / 2
    draw.rectangle(scaled((128 - half, 190, 128 + half, 212)), fill=255)
    bend = scaled((128 - half, 212 - 30 - half, 128 + 60 + half, 212 + 30 + half))
    draw.arc(bend, 90, 180, fill=255, width=CABLE_WIDTH * OVERSAMPLING)
    draw.rectangle(scaled((157, 232, 190, 252)), fill=255)
    draw.rounded_rectangle(scaled((170, 232, 226, 252)), half * OVERSAMPLING, fill=255)
    return mask


def gradient(size: tuple[int, int], theme: Theme) -> Image.Image:
    """Return the theme's colours, running from top to bottom."""
    ramp = Image.linear_gradient("L").resize(size)
    return Image.composite(
        Image.new("RGB", size, theme.bottom), Image.new("RGB", size, theme.top), ramp
    )


def draw_icon(theme: Theme) -> Image.Image:
    """Draw the large icon."""
    mask = plug_mask()
    icon = gradient(mask.size, theme)
    bolt = [(x * OVERSAMPLING, y * OVERSAMPLING) for x, y in BOLT]
    ImageDraw.Draw(icon).polygon(bolt, fill=theme.bolt)
    icon.putalpha(mask)
    return icon


def draw_logo(theme: Theme) -> Image.Image:
    """Draw the large logo: the icon and the name beside it."""
    width, height = (length * OVERSAMPLING for length in LOGO_SIZE)
    logo = Image.new("RGBA", (width, height), (*theme.text, 0))
    side = LOGO_ICON_SIZE * OVERSAMPLING
    logo.alpha_composite(
        draw_icon(theme).resize((side, side), Image.Resampling.LANCZOS)
    )
    ImageDraw.Draw(logo).text(
        (side, height // 2),
        "OCPP Charging",
        fill=(*theme.text, 255),
        font=ImageFont.load_default(92 * OVERSAMPLING),
        anchor="lm",
        stroke_width=2 * OVERSAMPLING,
    )
    return logo.crop(logo.getbbox())


def save(image: Image.Image, folder: Path, name: str, height: int) -> None:
    """Save an image in the plain and the double size."""
    for suffix, factor in (("", 1), ("@2x", 2)):
        size = (round(image.width / image.height * height * factor), height * factor)
        small = image.resize(size, Image.Resampling.LANCZOS)
        small.save(folder / f"{name}{suffix}.png", optimize=True)


def main() -> None:
    """Draw all images into the folder given."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for theme in THEMES:
        save(draw_icon(theme), folder, f"{theme.prefix}icon", ICON_SIZE)
        save(draw_logo(theme), folder, f"{theme.prefix}logo", LOGO_SIZE[1])


if __name__ == "__main__":
    main()
