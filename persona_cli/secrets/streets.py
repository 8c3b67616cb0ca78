"""Where people live, as they write it: with the number first, or last.

Only forms with a name and a number: "on Main Street" finds nobody.
"""

from persona_cli.secrets.rule import Rule, rule

_STREET = (
    "Street|Avenue|Road|Lane|Boulevard|Terrace|Crescent|Highway|Parkway|Turnpike|Mews"
    "|Blvd"
)
# Also words of other things, so only before a town, a flat or a post code.
_STREET_PERHAPS = (
    "Drive|Close|Gardens|Court|Place|Way|Circle|Square|Park|Trail|Hill|St|Ave|Rd|Dr"
    "|Ln|Ct|Pl"
)
_TOWN = (
    r"[.,]?\s{0,2}(?:(?:Apt|Apartment|Unit|Suite|Flat|Ste)\b\.?|#\s?[0-9]"
    r"|[A-Z][\w.' -]{1,30},?\s(?:[A-Z]{2}\b|[A-Z]{1,2}[0-9])|[0-9]{5}\b)"
)
_PREFIX = (
    r"(?:(?:[NSEW]\.?|(?:North|South|East|West))\s)?(?:[A-Z0-9][\w.'’-]{1,24}\s){1,3}"
)
_OF = r"(?:d[eiu]s?\s|del\s|della\s|de\sla\s|de\sl['’]|d['’]|la\s|l['’])?"

# White space and what is none, as Python has it and RE2 does not.
_GAP = r"[\pZ\s\v\x1c-\x1f\x{85}]"
_WORD = r"[^\pZ\s\v\x1c-\x1f\x{85}]+"
_FRENCH = "rue|avenue|boulevard|bd|chemin|allée|impasse|quai|cours"
_WORDS = f"{_STREET}|{_STREET_PERHAPS}".lower() + f"|{_FRENCH}"

STREETS: tuple[Rule, ...] = (
    rule(
        "street-address",
        # The number first: 12 Abbey Road; 5 rue de la Paix
        r"[0-9](?<![\w.,:/+-].)[0-9]{0,4}[A-Za-z]?(?:\s(?:bis|ter))?,?\s"
        rf"(?:{_PREFIX}(?:(?:{_STREET})\b(?!\s?[(=/])"
        rf"|(?:{_STREET_PERHAPS})\b(?={_TOWN}))"
        rf"|(?:{_FRENCH})\s"
        rf"{_OF}[A-ZÀ-Ý]\w{{1,24}})",
        form=rf"\b[0-9]{{1,5}}[a-z]?(?:{_GAP}(?:bis|ter))?,?{_GAP}(?:{_WORD}{_GAP}){{0,4}}"
        rf"(?:{_WORDS})\b",
        personal=True,
    ),
    rule(
        "street-number",
        # The number last: Hauptstraße 5, Kerkstraat 12, Calle Mayor 3, Viale Roma 1
        r"[A-ZÄÖÜ](?<!\w.)[\w-]{1,24}(?:straße|strasse|str\.|weg|gasse|platz|allee|ufer"
        r"|damm|straat|laan|plein|gracht|kade|vägen|gatan|vej|gade)"
        r"\s[0-9]{1,4}\s?[a-z]?\b(?!\s?[%:])"
        r"|[A-ZÄÖÜ](?<!\w.)[\w.]{1,20}(?:[ -][A-ZÄÖÜ][\w.]{1,20}){0,2}"
        r"[ -](?:Straße|Strasse|Str\.|Weg|Allee|Platz)"
        r"\s[0-9]{1,4}\s?[a-z]?\b(?!\s?[%:])"
        rf"|\b(?:Calle|Avenida|Avda\.?|Paseo|Rua|Viale|Corso|Piazza)\s{_OF}"
        r"[A-ZÀ-Ý]\w{1,24}(?:\s[A-ZÀ-Ý]\w{1,24}){0,2},?\s(?:n\.?º?\s?)?[0-9]{1,4}\b"
        # "Via Docker 24" is how, and not where
        rf"|\bVia\s{_OF}[A-ZÀ-Ý]\w{{1,24}}(?:\s[A-ZÀ-Ý]\w{{1,24}}){{0,2}},\s[0-9]{{1,4}}\b"
        r"|\b(?:P\.?\s?O\.?\s?Box|Postfach)\s[0-9]{2,7}\b",
        "straße ", "strasse ", "str. ", "weg ", "gasse ", "platz ", "allee ",
        "ufer ", "damm ", "straat ", "laan ", "plein ", "gracht ", "kade ", "vägen ",
        "gatan ", "vej ", "gade ", "calle ", "avenida ", "avda", "paseo ", "rua ",
        "via ", "viale ", "corso ", "piazza ", "box ", "postfach ",
        form="[^0-9a-z][0-9]",
        personal=True,
    ),
)  # fmt: skip
