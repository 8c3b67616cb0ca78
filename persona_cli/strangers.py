"""Profiles of invented people, to find out whether a judge reads profiles at all.

A judge that foresees somebody's choices as well from a stranger's profile has learned
what a good answer looks like, and nothing of the person. Two strangers, of contrary
tastes: whatever the person is like, on the mean the two are as far from them as anybody
is.
"""

STRANGERS: tuple[str, ...] = (
    """\
## communication
- Prefers long, thorough answers that explain every step.
- Likes a warm, chatty tone, with emoji and a joke now and then.
- Wants to be asked what to do next.
## coding
- Writes Java and C#, with large classes and many comments.
- Prefers a finished framework to a few lines of their own.
## writing
- Likes ornate, formal prose with long sentences.
## media
- Watches romantic comedies, musicals and family films.
- Follows celebrity and sports news.
## food
- Likes rich, meaty dishes and sweet desserts.
## learning
- Learns best with other people, by talking and in groups.
## travel
- Travels to resorts and cities, with everything booked in advance.""",
    """\
## communication
- Prefers short answers: the result first, and no explanation unless asked.
- Likes a dry, sober tone, without emoji, praise or jokes.
- Dislikes being asked what to do next.
## coding
- Writes Python and Rust, with small functions and few comments.
- Prefers a few lines of their own to a framework.
## writing
- Likes plain prose with short sentences.
## media
- Watches documentaries, thrillers and science fiction.
- Follows politics, science and business news.
## food
- Likes light, vegetarian dishes and bitter or sour tastes.
## learning
- Learns best alone, by reading and by trying things out.
## travel
- Travels on foot and by train, away from other people, without a plan.""",
)
