"""Tokens that services mark with a prefix of their own.

Their check digits, where there are any, are not asked: a token with a letter lost
still gives the rest of it away.
"""

from persona_cli.secrets.rule import END, START, Rule, rule

_CODE: tuple[Rule, ...] = (
    rule(
        "github-token",
        START + r"(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255})",
        "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_",
    ),
    rule(
        "gitlab-token",
        START + r"(?:gl(?:pat|ptt|dt|rt|ft|cbt|soat|agent|imt|oas|rtr|ffct)"
        r"-[A-Za-z0-9_.-]{20,300}|GR1348941[A-Za-z0-9_-]{20,100})",
        "glpat-", "glptt-", "gldt-", "glrt-", "glft-", "glcbt-", "glsoat-", "glagent-",
        "glimt-", "gloas-", "glrtr-", "glffct-", "gr1348941",
    ),
    rule(
        "atlassian-token",
        START + r"(?:ATATT3|ATCTT3|ATBB|ATOA|BBDC-)"
        r"(?=[A-Za-z]{0,60}[0-9])[A-Za-z0-9_=+/-]{28,300}",
        "atatt3", "atctt3", "bbdc-",
        either=True,
        form="at(?:bb|oa)[a-z0-9_-]{9}",
    ),
    rule(
        "sourcegraph-token",
        START + r"(?:sgp_(?:(?:local|[a-f0-9A-F]{16})_)?[a-fA-F0-9]{40}"
        r"|slk_[a-f0-9]{64})",
        "sgp_", "slk_",
    ),
    rule("npm-token", START + r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])", "npm_"),
    rule("pypi-token", START + r"pypi-AgE[A-Za-z0-9_-]{50,500}", "pypi-age"),
    rule(
        "package-token",
        # RubyGems, crates.io, NuGet, Clojars, Docker
        START + r"(?:rubygems_[a-f0-9]{48}|cio[A-Za-z0-9]{32}|oy2[a-z0-9]{43}"
        r"|CLOJARS_[a-z0-9]{60}|dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,60})" + END,
        "rubygems_", "clojars_", "dckr_pat_", "dckr_oat_",
        either=True,
        form=r"\bcio[a-z0-9]{9}|\boy2[a-z0-9]{9}",
    ),
    rule(
        "artifactory-key",
        START + r"(?:AKC[A-Za-z0-9]{10,100}"
        r"|AP(?=[0-9A-F][A-Z0-9]{0,12}[a-z0-9])[0-9A-F][A-Za-z0-9]{10,100}"
        r"|cmVmd[A-Za-z0-9]{59})" + END,
        "akc",
        either=True,
        form=r"\bap[0-9a-f][a-z0-9]{9}|cmvmd[a-z0-9]{9}",
        check=lambda item: any(c.isdigit() or c == "x" for c in item),
    ),
    rule(
        "ci-token",
        # CircleCI, SonarQube, Buildkite, Octopus
        START + r"(?:CCIP(?:AT|RJ)_[A-Za-z0-9]{20,30}_[a-f0-9]{40}"
        r"|sq[apu]_[a-f0-9]{40}|bkua_[a-f0-9]{40}|API-[A-Z0-9]{26,27})" + END,
        "ccipat_", "cciprj_", "bkua_",
        either=True,
        form=r"\bsq[apu]_[a-f0-9]{9}|\bapi-[a-z0-9]{9}",
        check=lambda item: any(c.isdigit() for c in item),
    ),
)  # fmt: skip

_MODELS: tuple[Rule, ...] = (
    rule("anthropic-key", START + r"sk-ant-[A-Za-z0-9_-]{20,300}", "sk-ant-"),
    rule(
        "openai-key",
        START + r"sk-(?=[a-z-]{0,40}[A-Za-z_-]{0,60}[0-9A-Z])[A-Za-z0-9_-]{20,300}",
        "sk-",
    ),
    rule(
        "huggingface-token",
        START + r"(?:hf|api_org)_(?![a-z]{30,100}(?:[A-Z_]|$))[A-Za-z0-9]{30,100}",
        "hf_", "api_org_",
    ),
    rule(
        "model-key",
        # Groq, xAI, Perplexity, NVIDIA, Replicate, LangSmith, Tavily, Pinecone,
        # Cerebras, Fireworks, Together, Weights & Biases
        START + r"(?:gsk_[A-Za-z0-9]{40,60}|xai-[A-Za-z0-9]{60,90}"
        r"|pplx-[A-Za-z0-9]{40,60}|nvapi-[A-Za-z0-9_-]{50,90}|r8_[A-Za-z0-9]{37}"
        r"|lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}|tvly-[A-Za-z0-9-]{24,60}"
        r"|pcsk_[A-Za-z0-9_]{40,90}|csk-[a-z0-9]{40,60}|fw_[A-Za-z0-9]{22,30}"
        r"|tgp_v1_[A-Za-z0-9_-]{40,50}|wandb_v1_[A-Za-z0-9_]{60,100})" + END,
        "gsk_", "xai-", "pplx-", "nvapi-", "lsv2_", "tvly-", "pcsk_", "csk-",
        "tgp_v1_", "wandb_v1_",
        either=True,
        form=r"\br8_[a-z0-9]{9}|\bfw_[a-z0-9]{9}",
        check=lambda item: any(c.isdigit() for c in item) or "xxxx" in item.lower(),
    ),
)  # fmt: skip

_CHAT: tuple[Rule, ...] = (
    rule(
        "slack-token",
        START + r"(?:xox[abcdeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,300}"
        r"|xapp-[A-Za-z0-9-]{10,300})"
        r"|(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/"
        r"(?P<secret>[A-Za-z0-9/_-]{20,120})",
        "xapp-", "xoxa-", "xoxb-", "xoxc-", "xoxd-", "xoxe", "xoxo-", "xoxp-", "xoxr-",
        "xoxs-", "hooks.slack.com/",

    ),
    rule(
        "discord-token",
        # The lookbehind comes after the first letter, so that the search can skip to
        # the letters it may be.
        r"[MNO=A](?<![A-Za-z0-9_-].)[A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{6,7}\."
        r"[A-Za-z0-9_-]{27,40}"
        r"|(?<=discord\.com/api/webhooks/)[0-9]{15,22}/(?P<secret>[A-Za-z0-9_-]{50,90})"
        r"|(?<=discordapp\.com/api/webhooks/)[0-9]{15,22}/(?P<quoted>[A-Za-z0-9_-]{50,90})",
        "/api/webhooks/",
        either=True,
        form=r"[a-z0-9_-]\.[a-z0-9_-]{6,7}\.[a-z0-9_-]{9}",
    ),
    rule(
        "telegram-token",
        r"[0-9](?<![A-Za-z0-9_.-].)[0-9]{7,9}:[A-Za-z0-9_-]{35}" + END,
        form="[0-9]{8}:[a-z0-9_-]{9}",
        check=lambda item: not item[-35:].isdigit(),
    ),
    rule(
        "webhook",
        # Teams, Google Chat, Zapier
        r"(?:webhook\.office\.com/webhookb2/|outlook\.office\.com/webhook/"
        r"|chat\.googleapis\.com/v1/spaces/|hooks\.zapier\.com/hooks/catch/)"
        r"(?P<secret>[A-Za-z0-9@/_?&=%.-]{16,500})",
        "office.com/webhook", "chat.googleapis.com/v1/spaces/", "hooks.zapier.com/",
    ),
    rule(
        "twilio-key",
        r"\b(?:SK|AC)(?:[0-9a-f]{32}|x{32})\b",
        form=r"\b(?:sk|ac)[0-9a-fx]{9}",
    ),
)  # fmt: skip

TOKENS = (*_CODE, *_MODELS, *_CHAT)
