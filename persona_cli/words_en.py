"""English words that the comparison of claims knows by name.

Stems are as ``similar`` cuts them (``us`` is "use"); the other lists hold words as
they are written.
"""


def _listed(names: str) -> frozenset[str]:
    return frozenset(names.split())


STOP_WORDS = _listed(
    """
    a about above across after again all along also always am an and any are around as
    at back be because been before being below between both but by can could did do does
    doing done down during each either else etc even ever every everything for from
    further generally get gets getting go goes going had has have having he her here
    hers herself him himself his how i if in into is it its itself just let lets ll m
    many may me might mine most much must my myself of off often on once one ones only
    onto or other others our ours out over own per please really same shall she should
    since so some something still such than that the their theirs them themselves then
    there these they thing things this those though through thus to too toward towards
    under until up upon us usually very via was we well were what whatever when whenever
    where whether which while who whole whom whose why will with within would yes yet
    you your yours yourself better rather instead person user users persons someone
    anything d re s t ve okay ok
    """
)

# Denials, as written and as stems.
DENIERS = _listed(
    """
    not no never without nor neither none nothing nobody rarely seldom hardly
    avoid dislik hat stop skip refus reject omit loath detest despis disapprov oppos
    dislike hate nowhere exclud forbid unwanted no-longer any-longer
    """
)

# What follows one of these is what was passed over.
CONTRASTS = frozenset(
    {"instead-of", "rather-than", "better-than", "more-than", "vs", "versus"}
)

# Stems of verbs that affirm.
AFFIRMERS = _listed(
    """
    prefer lik want enjoy lov favor favour appreciat valu expect ask us choos pick adopt
    need request insist wish opt
    """
)

# Stems that say that something is liked, and not what.
FORM = AFFIRMERS | {"dislik", "avoid", "hat"}

# Stems that stand in so many claims that they tell little.
GENERIC = _listed("answer writ text giv keep mak show")

# Stems of words for one thing.
SAME = {
    "reply": "answer",
    "respons": "answer",
    "respond": "answer",
    "written": "writ",
    "wrot": "writ",
    "chosen": "choos",
    "using": "us",
    "used": "us",
    "colour": "color",
    "favourit": "favorit",
}

# Words with one thing before them and another after: what they hold apart must not
# change places.
SIDES = frozenset({"to", "than", "before", "after", "then", "first", "into"})

# Adjectives whose -er and -est are endings, as a computer's are not.
ADJECTIVES = _listed(
    """
    big bold brief bright broad calm cheap clean clear close cold cool dark deep dense
    dry easy fast few fine firm flat fresh full great hard harsh high hot kind large
    late lean light long loose loud low mild narrow neat new nice old plain quick quiet
    rare rich rough safe sharp short simple slow small smart smooth soft spicy strict
    strong subtle sweet tall terse thick thin tight tiny vague warm weak wide wild
    """
)

# As written; whatever has two of these on two sides speaks of two things.
OPPOSITES = frozenset(
    tuple(pair.split("/"))
    for pair in _listed(
        """
        short/long short/detailed short/thorough short/verbose brief/long brief/detailed
        brief/verbose concise/detailed concise/verbose concise/long concise/thorough
        terse/verbose light/dark formal/casual formal/informal simple/complex
        simple/elaborate early/late tabs/spaces high/low hot/cold sweet/dry sweet/savory
        spicy/mild big/small large/small old/new fast/slow morning/evening upper/lower
        single/double sync/async static/dynamic plain/fancy deep/shallow strict/loose
        polite/blunt warm/cool warm/cold loud/quiet top/bottom left/right
        metric/imperial public/private local/remote strong/weak thick/thin wide/narrow
        hard/soft american/british serious/playful serious/funny open/closed few/more
        less/more first/last start/end beginning/end ascending/descending more/fewer
        """
    )
)

NUMBERS = _listed(
    """
    two three four five six seven eight nine ten twelve twenty fifty hundred thousand
    """
)
