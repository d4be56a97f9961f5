"""What a member of a geographic axis stands for: the United States, a region with them, the world beyond them.

Belongs here: the spelling of members and the names that are understood (docs/methods.md, B7), which are compared whole:
``US`` stands in Austria, Russia and Houston too. Not here: which rows count (``revenue_row``), or sums of members.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal

import polars as pl

Kind = Literal["us", "home", "inclusive", "residual", "non_us", "foreign", "state", "foreign_or_state", "unknown"]
"""``us`` the country itself; ``home`` the filer's own country; ``inclusive`` a region with the United States in it.

``non_us`` all but the United States by its name; ``residual`` the rest, or abroad, without saying of what; ``foreign``
a place abroad. ``state`` a state of the United States; ``foreign_or_state`` a place abroad of which a state has the
name. ``unknown`` anything else, such as a line of business, or a region that may hold the United States.
"""

GEOGRAPHIC_AXES = ("Geographical", "GeographicalAreas", "Countries")
"""Axes of places in the spelling of the data sets: the one of US GAAP, old and new, and the two of IFRS."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_US = frozenset({"US", "USA", "UNITEDSTATES", "UNITEDSTATESOFAMERICA"})
_HOME = "DOMESTIC"
_COUNTRY_CODES = _names(
    """AD AE AF AG AI AL AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET EU FI FJ FK FM
    FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT
    JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN
    MO MP MQ MR MS MT MU MV MW MX MY MZ NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
    PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
    TN TO TR TT TV TW TZ UA UG UK UM UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"""
)
"""ISO 3166 with EU and UK, without AM and NA: filers as often abbreviate Americas and North America so."""
_STATE_CODES = _names(
    """AK AL AR AZ CA CO CT DC DE FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH NJ NM NV NY OH OK OR
    PA RI SC SD TN TX UT VA VT WA WI WV WY"""
)
_STATES = _names(
    """ALABAMA ALASKA ARIZONA ARKANSAS CALIFORNIA COLORADO CONNECTICUT DELAWARE DISTRICTOFCOLUMBIA FLORIDA GEORGIA
    HAWAII IDAHO ILLINOIS INDIANA IOWA KANSAS KENTUCKY LOUISIANA MAINE MARYLAND MASSACHUSETTS MICHIGAN MINNESOTA
    MISSISSIPPI MISSOURI MONTANA NEBRASKA NEVADA NEWHAMPSHIRE NEWJERSEY NEWMEXICO NEWYORK NORTHCAROLINA NORTHDAKOTA OHIO
    OKLAHOMA OREGON PENNSYLVANIA RHODEISLAND SOUTHCAROLINA SOUTHDAKOTA TENNESSEE TEXAS UTAH VERMONT VIRGINIA WASHINGTON
    WASHINGTONDC WESTVIRGINIA WISCONSIN WYOMING"""
)
_ABROAD = _names(
    """AFGHANISTAN ALBANIA ALGERIA ANDORRA ANGOLA ARGENTINA ARMENIA ARUBA AUSTRALIA AUSTRIA AZERBAIJAN BAHAMAS BAHRAIN
    BANGLADESH BARBADOS BELARUS BELGIUM BELIZE BENIN BERMUDA BOLIVIA BOSNIAANDHERZEGOVINA BOTSWANA BRAZIL BRITAIN
    BRUNEI BULGARIA CAMBODIA CAMEROON CANADA CAYMANISLANDS CHAD CHILE CHINA COLOMBIA CONGO COSTARICA COTEDIVOIRE CROATIA
    CUBA CURACAO CYPRUS CZECHIA CZECHREPUBLIC DENMARK DOMINICANREPUBLIC ECUADOR EGYPT ELSALVADOR ENGLAND
    EQUATORIALGUINEA ESTONIA ETHIOPIA FIJI FINLAND FRANCE GABON GEORGIA GERMANY GHANA GIBRALTAR GREATBRITAIN GREECE
    GREENLAND GUAM GUATEMALA GUERNSEY GUINEA GUYANA HAITI HOLLAND HONDURAS HONGKONG HUNGARY ICELAND INDIA INDONESIA IRAN
    IRAQ IRELAND ISLEOFMAN ISRAEL ITALY IVORYCOAST JAMAICA JAPAN JERSEY JORDAN KAZAKHSTAN KENYA KOREA KOSOVO KUWAIT
    KYRGYZSTAN LAOS LATVIA LEBANON LIBERIA LIBYA LIECHTENSTEIN LITHUANIA LUXEMBOURG MACAO MACAU MADAGASCAR MALAWI
    MALAYSIA MALI MALTA MARSHALLISLANDS MAURITANIA MAURITIUS MEXICO MOLDOVA MONACO MONGOLIA MONTENEGRO MOROCCO
    MOZAMBIQUE MYANMAR NAMIBIA NEPAL NETHERLANDS NEWZEALAND NICARAGUA NIGER NIGERIA NORTHERNIRELAND NORTHKOREA
    NORTHMACEDONIA NORWAY OMAN PAKISTAN PANAMA PAPUANEWGUINEA PARAGUAY PEOPLESREPUBLICOFCHINA PERU PHILIPPINES POLAND
    PORTUGAL PRC PUERTORICO QATAR REPUBLICOFIRELAND REPUBLICOFKOREA ROMANIA RUSSIA RUSSIANFEDERATION RWANDA SAUDIARABIA
    SCOTLAND SENEGAL SERBIA SIERRALEONE SINGAPORE SLOVAKIA SLOVENIA SOUTHAFRICA SOUTHKOREA SPAIN SRILANKA SURINAME
    SWEDEN SWITZERLAND SYRIA TAIWAN TANZANIA THAILAND TOGO TRINIDAD TRINIDADANDTOBAGO TUNISIA TURKEY TURKIYE
    TURKMENISTAN UAE UGANDA UK UKRAINE UNITEDARABEMIRATES UNITEDKINGDOM URUGUAY UZBEKISTAN VENEZUELA VIETNAM WALES YEMEN
    ZAMBIA ZIMBABWE

    AFRICA ANZ APAC APJ APLA ARABIA ASEAN ASIA ASIAPAC ASIAPACIFIC AUSTRALASIA BALKANS BALTICS BENELUX BRIC CARIBBEAN
    CEE CENTRALAMERICA CENTRALANDSOUTHAMERICA CIS DACH EASTERNHEMISPHERE EEMEA EMEA EMEIA EURASIA EUROPE EUROPEANUNION
    EUROZONE FAREAST GCC GREATERCHINA IBERIA IMEA INDIANSUBCONTINENT INDOCHINA JAPAC LATAM LATINAMERICA MAINLANDCHINA
    MEA MENA MIDDLEEAST MEDITERRANEAN NEAREAST NORDIC NORDICS NORTHSEA OCEANIA PACIFICRIM SCANDINAVIA SOUTHAMERICA
    SOUTHPACIFIC ALBERTA BRITISHCOLUMBIA ONTARIO QUEBEC"""
)
_REST = "REST(?:OF)?|REMAINDEROF|REMAINING"
_DIRECTION = (
    r"(?:NORTH|SOUTH)(?:EAST|WEST)?(?:ERN)?|(?:CENTRAL(?:AND)?)?(?:EAST|WEST)(?:ERN)?"
    r"|CENTRAL|CONTINENTAL|MAINLAND|EMERGING|SUBSAHARAN"
)
_DIRECTED = "ASIAPACIFIC|ASIA|EUROPE|AFRICA|CHINA|INDIA|CANADA|MEXICO|BRAZIL|AUSTRALIA"
_OF_COUNTRIES = "(?:EUROPEAN|ASIAN|AFRICAN|LATINAMERICAN|SOUTHAMERICAN|CENTRALAMERICAN|MIDDLEEASTERN)COUNTRIES"
_PLACE = "|".join(sorted(_ABROAD, key=lambda name: (-len(name), name)))
# A direction stands right before its place: North and Central America hold the United States. Atomic, so that no text
# takes long.
_ITEM = rf"(?>(?:THE|ALL|OTHER|{_REST})*(?:(?:{_DIRECTION})(?:{_DIRECTED})|{_OF_COUNTRIES}|{_PLACE}))"
_IS_ABROAD = re.compile(rf"{_ITEM}(?:(?:AND|OR|INCLUDING)?{_ITEM})*(?:COUNTRIES)?")
_IS_RESIDUAL = re.compile(
    rf"(?:ALL|OTHER|THE)*(?:FOREIGN|INTERNATIONAL|OVERSEAS|NONDOMESTIC)(?:COUNTRY|COUNTRIES|MARKETS|LOCATIONS)?"
    rf"|(?:ALL)?OTHER(?:COUNTRIES|COUNTRY)|(?:ALL)?(?:{_REST})(?:THE)?(?:WORLD|COUNTRIES)|ROW"
)
_IS_WORLD = re.compile(rf"(?:(?:ALL|OTHER|THE|{_REST})*(?:WORLD|WORLDWIDE|GLOBAL|COUNTRIES|LOCATIONS|AREAS))?")
_EXCLUSION = re.compile(
    r"(?:EXCLUDING|EXCLUDES|EXCLUSIVEOF|EXCL|EXCEPTFOR|EXCEPT|OTHERTHAN|OUTSIDEOF|OUTSIDE|NOTINCLUDING|NON|EX)(?:THE)?"
)
_ADJECTIVES = {
    "NORTHAMERICAN": "NORTHAMERICA",
    "LATINAMERICAN": "LATINAMERICA",
    "CANADIAN": "CANADA",
    "EUROPEAN": "EUROPE",
    "ASIAN": "ASIA",
}


def normalised(member: str) -> str:
    """Return a member as it is compared: capitals and digits, without a trailing word for what kind of thing it is."""
    letters = re.sub(r"[^A-Z0-9]", "", member.upper())
    name = re.sub(r"(?<=.)(?:SEGMENT|MEMBER|REGION)$", "", letters)
    name = re.sub(r"(?<=.)OPERATIONS$", "", name)
    return _ADJECTIVES.get(name, name)


def member_kinds(members: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """Return what each member stands for by its name.

    Args:
        members: ``axis`` and ``member``, any number of times.
        regions: ``core.RegionShare``.

    Returns:
        One row per axis and member, with ``kind`` and, of regions that hold the United States, ``gdp_share``.
    """
    shares = dict(regions.select("region", "domestic_gdp_share").iter_rows())
    rows = []
    for axis, member in members.select("axis", "member").unique().iter_rows():
        name = normalised(member)
        kind = kind_of(name, shares, reads_codes=axis in GEOGRAPHIC_AXES)
        rows.append((axis, member, kind, shares.get(name) if kind == "inclusive" else None))
    schema = {"axis": pl.String, "member": pl.String, "kind": pl.String, "gdp_share": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def kind_of(name: str, regions: Collection[str], reads_codes: bool) -> Kind:
    """Return what a normalised member stands for, whoever files it and whatever stands beside it.

    Args:
        name: The member as ``normalised`` gives it.
        regions: Names of the regions that hold the United States.
        reads_codes: Whether two letters are the code of a country or state: on geographic axes, not among business
            segments, where they abbreviate anything.
    """
    if (exclusion := _kind_of_exclusion(name, regions)) is not None:
        return exclusion
    if name in _US:
        return "us"
    if name == _HOME:
        return "home"
    if name in regions:
        return "inclusive"
    if _IS_RESIDUAL.fullmatch(name):
        return "residual"
    if len(name) == 2 and reads_codes:
        is_abroad, is_state = name in _COUNTRY_CODES, name in _STATE_CODES
    else:
        is_abroad, is_state = _IS_ABROAD.fullmatch(name) is not None, name in _STATES
    if is_state:
        return "foreign_or_state" if is_abroad else "state"
    return "foreign" if is_abroad else "unknown"


def _kind_of_exclusion(name: str, regions: Collection[str]) -> Kind | None:
    """Return what a name stands for that takes the United States, or a place, out of another; None for other names."""
    for word in _EXCLUSION.finditer(name):
        base, taken = name[: word.start()], name[word.end() :]
        if taken in _US:
            return "non_us" if _IS_WORLD.fullmatch(base) or _IS_RESIDUAL.fullmatch(base) else "foreign"
        if taken in regions or (_IS_ABROAD.fullmatch(taken) and _IS_ABROAD.fullmatch(base)):
            return "foreign"
    return None
