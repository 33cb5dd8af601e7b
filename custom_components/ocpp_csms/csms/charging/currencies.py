"""What stands for money in the units of prices."""

import re

_CODES = """
aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd btn bwp
byn bzd cad cdf chf clp cny cop crc cup cve czk djf dkk dop dzd egp ern etb eur fjd fkp gbp
gel ghs gip gmd gnf gtq gyd hkd hnl hrk htg huf idr ils inr iqd irr isk jmd jod jpy kes kgs
khr kmf kpw krw kwd kyd kzt lak lbp lkr lrd lsl lyd mad mdl mga mkd mmk mnt mop mru mur mvr
mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf
sar sbd scr sdg sek sgd shp sle sos srd ssp stn svc syp szl thb tjs tmt tnd top try ttd twd
tzs uah ugx usd uyu uzs ves vnd vuv wst xaf xcd xof xpf yer zar zmw zwl
"""
_SIGNS = "€ $ £ ¥ ₩ ₹ ₺ ₴ ₽ ₪ ฿ ₫ ₱ ₸ ₾ ₼ ₦ ₡ ₲ a$ au$ c$ ca$ nz$ s$ us$ hk$ mx$ r$"
_NAMES = """
euro euros dollar dollars pound pounds franc francs kr kr. krone kroner krona kronor fr fr.
sfr sfr. zł zl kč kc ft lei leu lv lv. лв rs rs. rm tl r
"""
WHOLE = frozenset((_CODES + _SIGNS + _NAMES).split())
"""Codes of ISO 4217, signs and names of whole units, in lower case."""
_LANDS = "eu us au nz ca hk sg"
_OF = "|".join(map(re.escape, (*_CODES.split(), *_LANDS.split(), "euro", *"€$£")))
_HUNDREDTH = re.compile(
    rf"(({_OF})[\s-]?)?(cts?|cents?|cent\(s\)|¢|c|pence|penny|p)|c[€$£]"
    r"|((swedish|norwegian|danish|sek|nok|dkk)[\s-]?)?(öre|øre|ore)"
    r"|((chf|swiss)[\s-]?)?(rp|rappen|rp\.)"
    r"|grosz|grosze|groszy|gr|haléř|haléře|haléřů|hal|fillér|bani|stotinki"
    r"|kuruş|paise|sen|centavos?|céntimos?|centesimi"
)
"""A hundredth, also with the whole before it: `Euro cents`, `USc`, `EUR ct`."""
_THOUSANDTH = re.compile(r"m[€$£]|mills?|meur|musd")


def part_of_money(name: str) -> float | None:
    """Return which part of a whole currency a name stands for, None where it is no money."""
    if name in WHOLE:
        return 1.0
    if _THOUSANDTH.fullmatch(name):
        return 1e-3
    return 1e-2 if _HUNDREDTH.fullmatch(name) else None
