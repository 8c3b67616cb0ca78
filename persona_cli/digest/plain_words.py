"""Words that tell nothing of anybody's taste."""

# Words that carry a sentence and not its subject, and words that any answer or
# program is made of. What is left can be quoted to a person as what they chose.
_TEXT = """
    a able about above across actually add added adding after again against all
    almost already also although always am amazing an and another answer any
    anything append apply approach are aren't args around as ask asked assert async
    at automatically available await away back be because become becomes been before
    begin being below best better between bool both break but by call called calls
    can can't cannot case cases cause certainly change changes check choice class
    clear cls code come comes common complete completely consider const continue
    could couldn't create creates creating current data day days def default del
    delicious depends dict did didn't different do does doesn't doing don't done
    down during each easily easy either elif else end enjoy enough ensure error
    errors even ever every everything example except exec exit explain explanation
    export false feel few file files final finally find first float follow following
    follows for found from full func function functions further general generally
    get get_ gets getting give given gives glad global go goes going good got great
    had happen happens happy has have haven't having he help helpful helps hence her
    here here's him his hope how however i i'd i'll i'm i've idea if implementation
    import important in include includes including init install instead int into is
    isn't issue it it's item items its itself just keep key keys kind know lambda
    large last later leave left len less let let's life like likely line lines list
    little ll long look looking looks lot love made main make makes making many max
    may maybe me mean means method methods might min module more most much must my
    name names need needed needs never new next no none nor not note nothing now
    null number object of off offer often ok on once one ones only open option
    options or order other others otherwise our out over overall own package part
    particular pass path people perfect perhaps person place please point popular
    possible potentially prefer print probably problem provide provides put python
    question quite raise range rather read really reason recommend related remember
    result results return returns right run running runs said same say says second
    see seen self self.cache set sets several sh shall she should show shows side
    similar simple simply since single small so some someone something sometimes
    soon sorry sort sounds specific start started static step steps still str string
    such suggest super sure take takes tell test tests than thank thanks that that's
    the their them then there there's these they thing things think this those
    though three through time times to together too took top true try trying tuple
    turn two type types typically under unless until up update upon us use used
    useful user uses using usually value values var various very via void want wants
    was wasn't way ways we we're we've well went were weren't what what's when where
    whether which while who whole why will with within without won't word words work
    working works world would wouldn't write writes writing written wrong yes yet
    yield you you'd you'll you're you've your yours yourself
"""

PLAIN: frozenset[str] = frozenset(_TEXT.split())
