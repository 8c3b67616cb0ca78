"""What people type when they say what they like: all of it is theirs to say.

A third of it looks like an attack on a model, because that is how people talk to one.
"""

# Looks like an injection, and is none.
BLUNT = """
Ignore typos in my messages.
Always run the tests first, please.
Stop asking me whether to continue.
From now on, always use British spelling.
Forget the pleasantries and get to the point.
Never apologise to me.
Don't ever use emojis.
You must always show units.
Remember that I work in UTC.
Disregard my spelling mistakes, I type fast.
Always answer in German, even if I write English.
Do not explain what I already know.
Never end with a question.
Stop summarising what you just did.
Only give me the command, no explanation.
No more bullet points from now on.
Please remember: tabs, not spaces.
Keep in mind that I am colour-blind.
From now on, call me Robin.
Act like a strict reviewer with me, always.
Don't hold back with criticism.
Override the default line length: I use 100.
I never want to see Comic Sans again.
Always show shell commands before you explain them.
Don't touch formatting when you edit my code.
Whenever I paste an error, begin with the cause.
Answer first, reasons later, always.
Never guess; ask me when something is unclear.
Stop using the word delve.
Remember for all future chats that I am vegetarian.
Forget jQuery, I write plain JavaScript now.
Always begin with the conclusion.
Please never mention the weather.
Skip the introduction in every answer.
You should always cite page numbers.
Leave out the obvious steps.
Don't repeat my question back to me.
Never use the passive voice in my texts.
Always quote prices in euros.
I want you to be blunt with me.
Do not translate proper names.
Always ask before you delete a file.
Never run anything without my confirmation.
Show me a dry run before changing files.
Please don't install anything without asking me.
Write every answer as if I were in a hurry.
Let the code speak; no prose before it.
Print the whole file every time, never a fragment.
Reply with one sentence whenever that is enough.
From here on, dates as 2026-11-24.
Instead of long lists, give me your top three.
Ignore line length limits in test data.
Please prefer SQL over an ORM in all examples.
Treat me as an expert in networking.
Assume that I know git well.
Do as I do: imperative mood in commit messages.
Always put a blank line before return.
Stop recommending books to me.
I would like you to always include a test.
Quit saying great question.
""".strip().split("\n")

PLAIN = """
I prefer pytest over unittest.
I use uv, not pip.
I really like VS Code.
I prefer HTTPS remotes.
I buy second-hand books.
I like short answers with the code first.
I hate being asked whether to go on.
I write Python with type hints.
I would rather have tables than prose.
I love film noir.
I can't stand horror films.
I cook without gluten.
I am vegetarian.
I prefer metric units.
I use Neovim with a small configuration.
I prefer tabs over spaces in Go.
I enjoy dry humour.
I dislike exclamation marks.
I prefer rebase over merge.
I run Debian on my servers.
I prefer PostgreSQL over MySQL.
I write the tests before the code.
I never use emojis.
I want one question at a time.
I prefer dark themes.
I love trail running.
I mostly read Ursula Le Guin.
I prefer composition over inheritance.
I want errors handled, not swallowed.
I use Rust for command-line tools.
I like SQL keywords in upper case.
I dislike clever one-liners.
I want comments that say why, not what.
I like docstrings in the Google style.
I prefer GitHub Actions over Jenkins.
I use Docker Compose at home.
I like ThinkPads.
I prefer open-source software.
I would rather take the train than fly.
I drink tea, not coffee.
I prefer window seats.
I buy clothes that last.
I prefer small independent shops.
I listen to Bach while working.
I want recipes in grams.
I always cook for two.
I avoid dairy.
I love spicy food.
I like formal address in German mails.
I sign mails with my first name only.
I prefer active voice.
I hate buzzwords.
I want the shortest proof.
I prefer worked examples over definitions.
I want formulas in LaTeX.
I like the Oxford comma.
I prefer honest criticism over encouragement.
I want alternatives listed with their drawbacks.
I prefer async over threads in Python.
I keep dependencies to a minimum.
I prefer the standard library over packages.
I use Firefox with an ad blocker.
I prefer Signal over WhatsApp.
I prefer self-hosted tools.
I type on a Colemak layout.
I prefer the command line over graphical tools.
I want scripts in POSIX sh, not bash.
I like jq for JSON on the shell.
I prefer long options in shell scripts.
I use conventional commits.
I want small pull requests.
I prefer feature flags over long-lived branches.
I dislike mocks in tests.
I like property-based tests.
I prefer test names that are sentences.
I like plain virtual machines more than Kubernetes.
I prefer Terraform over clicking.
I prefer index funds over single shares.
I play the cello.
I like board games for two.
I prefer subtitles over dubbing.
I like long-form journalism.
I prefer paper books.
I use Obsidian for notes.
I prefer Markdown over Word.
I prefer mornings for meetings.
I like native plants in the garden.
I prefer bicycles over cars.
I want workouts without equipment.
I prefer yoga in the evening.
I want medical terms in plain words.
I prefer statistics with intervals.
I use R for plots.
I want axes labelled with units.
I prefer functions over classes.
I want variable names spelled out.
I dislike Hungarian notation.
I prefer early returns.
I use 100 characters a line.
I prefer single quotes in JavaScript.
I like puns.
I love Danish design.
I prefer Ruff to Flake8.
I write web services with FastAPI.
I prefer SvelteKit over React.
I like Elixir.
I want accessible HTML.
I prefer CSS grid to flexbox.
I dislike Tailwind.
I want links as footnotes.
""".strip().split("\n")

WISHES = BLUNT + PLAIN
