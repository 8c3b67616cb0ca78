"""Values that something calls a secret: a name, a header, an option, an address."""

import re

from persona_cli.secrets.checks import entropy
from persona_cli.secrets.rule import KEPT, Rule, rule

# A value with a digit or a sign in it: words alone are types, names and placeholders
# far more often than passwords.
_VALUE = (
    r"(?=[A-Za-z_.]{0,60}[0-9!@#$%^&*+~/=-])"
    r"[A-Za-z0-9!@#$%^&*+~/=_.-]{6,300}+(?![(\[{])"
)
_VARIABLE = r"(?!\$\{?[A-Z]|\$\(|%[A-Z]+%|https?://|[*x.-]{3,}(?![A-Za-z0-9]))"
_NAME = (
    "password|passwd|passphrase|passcode|passwort|pwd|secret|token|api[_-]?key"
    "|access[_-]?key|private[_-]?key|credentials?+(?![_-]?id)|(?<![a-z])auth(?![a-z])"
)
# The same without what RE2 does not know.
_NAME_ROUGHLY = (
    "password|passwd|passphrase|passcode|passwort|pwd|secret|token|api[_-]?key"
    "|access[_-]?key|private[_-]?key|credentials?|auth"
)
_PLACEHOLDER = re.compile(
    r"(?i)insert|your[_-]|[_-]here\b|example|placeholder|changeme|redacted|dummy"
)


def _is_value(item: str) -> bool:
    """Not a form to be filled in, nor another name: ``X25519.secret_length``."""
    if _PLACEHOLDER.search(item):
        return False
    return not re.fullmatch(r"[A-Za-z_]\w{0,60}(?:\.[a-z_]+){1,6}", item)


def _is_login(item: str) -> bool:
    """Not variables, nor a name alone."""
    user, _, password = item.strip("\"'").partition(":")
    bare = (user or password) if not (user and password) else password
    return not bare.startswith(("$", "<", "{{", "%")) and not re.fullmatch(
        r"[*x.]{3,}|\.\.\.|(?i:pass(?:word)?|secret|token|key)", bare
    )


NAMED: tuple[Rule, ...] = (
    rule(
        "private-key",
        r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:(?:[^-]|-(?!----))*+-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
        r"|(?:(?:\s|\\n)*+[A-Za-z0-9+/=]{16,}+)*+)",
        "private key",
    ),
    rule(
        "bearer-token",
        r"\b(?:bearer|basic|negotiate)[ \t]{1,8}"
        r"(?P<secret>(?=[A-Za-z._~+/=-]{0,100}[0-9])[A-Za-z0-9._~+/=-]{16,2000}"
        r"|[A-Za-z0-9+/]{8,2000}={1,2})",
        "bearer", "basic", "negotiate",
        form=r"(?:bearer|basic|negotiate)[ \t]{1,8}[a-z0-9._~+/=-]{8}",
        ignore_case=True,
    ),
    rule(
        "authorization",
        r"\b(?:proxy-)?authorization[\"']?[ \t]{0,4}[:=][ \t\"']{0,6}"
        r"(?:(?:token|api-?token|apikey|key|ssws|digest|basic|bearer|hmac)[ \t=]{1,4})?"
        rf"(?P<secret>{KEPT}(?![$<{{%]|token\b|bearer\b|basic\b)"
        r"(?=[^\s\"']{0,60}[0-9])[^\s\"'`,;<>]{8,500})",
        "authorization",
        ignore_case=True,
    ),
    rule(
        "secret-header",
        r"\bx-(?:[a-z]{1,20}-){0,3}(?:key|token|secret|api|auth)[\"']?"
        rf"[ \t]{{0,4}}[:=][ \t\"']{{0,4}}(?P<secret>{KEPT}(?![$<{{%])"
        r"[^\s\"'`,;<>]{10,500})",
        "x-",
        form=r"\bx-[a-z-]{0,60}(?:key|token|secret|api|auth)[\"']?[ \t]{0,4}[:=]",
        ignore_case=True,
        check=_is_value,
    ),
    rule(
        "cookie",
        r"\b(?:set-)?cookie[\"']?[ \t]{0,4}:[ \t\"']{0,4}"
        rf"(?P<secret>{KEPT}[\w!#$%&*+.^`|~-]{{1,60}}=(?![<$])[^\s\"'<>]{{8,1000}}"
        r"(?:; [^\s\"'<>]{1,1000}){0,20})",
        "cookie",
        form=r"cookie[\"']?[ \t]{0,4}:",
        ignore_case=True,
    ),
    rule(
        "session-id",
        r"\b(?:php|j|asp\.net_)?(?:session_?id|sessid)[\"']?[ \t]{0,4}[=:][ \t\"']{0,4}"
        rf"(?P<secret>{KEPT}(?=[A-Za-z]{{0,60}}[0-9])[A-Za-z0-9%._-]{{16,300}})",
        "sessionid", "session_id", "sessid",
        ignore_case=True,
    ),
    rule(
        "url-password",
        r"(?<=://)[^\s/:@\"'<>]{0,100}:"
        rf"(?P<secret>{KEPT}[^\s/\"'<>]{{1,200}})(?=@)",
        "://",
    ),
    rule(
        "one-time-secret",
        r"\botpauth://[a-z]{4}/[^\s\"'?]{0,200}\?[^\s\"']{0,200}?"
        r"\bsecret=(?P<secret>[A-Z2-7a-z]{16,200})",
        "otpauth://",
    ),
    rule(
        "url-token",
        r"[?&](?:access_token|token|api_?key|auth|key|secret|password|pwd|client_secret)="
        rf"(?P<secret>{KEPT}(?![$<{{%])(?=[A-Za-z]{{0,60}}[0-9])[^\s&\"'<>#]{{12,500}})",
        "token=", "key=", "auth=", "secret=", "password=", "pwd=",
        form=r"[?&](?:access_token|token|api_?key|auth|key|secret|password|pwd"
        "|client_secret)=",
        ignore_case=True,
        check=_is_value,
    ),
    rule(
        "login",
        # curl -u user:password, and its kin
        r"(?:(?<=\s)-u|--user|--proxy-user)[ \t=]{1,8}"
        rf"(?P<secret>{KEPT}(?:\"[^\"\s$]{{0,100}}\"|'[^'\s$]{{0,100}}'"
        r"|[^\s\"':$]{1,100}):(?:\"[^\"\s]{1,200}\"|'[^'\s]{1,200}'|[^\s\"']{1,200})"
        r"|\"[^\"\s$:]{0,100}:[^\"\s]{0,200}\"|'[^'\s$:]{0,100}:[^'\s]{0,200}')",
        " -u", "--user", "--proxy-user",
        form=r"(?:[\s\v]-u|--user|--proxy-user)[ \t=]",
        check=_is_login,
    ),
    rule(
        "netrc",
        r"\bmachine[ \t\n]{1,4}\S{1,100}[ \t\n]{1,4}login[ \t\n]{1,4}\S{1,100}"
        rf"[ \t\n]{{1,4}}password[ \t\n]{{1,4}}(?P<secret>{KEPT}\S{{3,200}})",
        "machine",
        form=r"machine\s{1,4}\S{1,100}\s{1,4}login",
    ),
    rule(
        "command-password",
        r"\b(?:sshpass[ \t]{1,4}-p[ \t]{0,4}|mysql(?:dump|admin)?\b[^\n|;]{0,100}?"
        r"[ \t]-p(?=\S)"
        r"|docker[ \t]{1,4}login\b[^\n|;]{0,100}?[ \t](?:-p[ \t]{1,4}|--password[ \t=])"
        r"|openssl\b[^\n|;]{0,120}?[ \t]pass:)"
        rf"(?P<secret>{KEPT}(?![$<{{])\S{{4,200}})",
        "sshpass", "mysql", "docker login", "openssl",
    ),
    rule(
        "service-key",
        # Keys without a form of their own, told by whose they are.
        r"(?:algolia|asana|cloudflare|codecov|cohere|coinbase|datadog|dd|fastly|heroku"
        r"|mailgun|meraki|okta|snyk|sourcegraph|spotify|sumo|travis|trello|twitch|twitter"
        r"|wandb|zendesk)[\w .-]{0,24}[\"'`]?[ \t]{0,4}(?:=>|:=|[=:])[ \t\"'`]{0,4}"
        rf"(?P<secret>{KEPT}(?=[A-Za-z_-]{{0,40}}[0-9])[A-Za-z0-9_-]{{20,80}})(?![\w./(-])",
        "algolia", "asana", "cloudflare", "codecov", "cohere", "coinbase", "datadog",
        "dd_", "fastly", "heroku", "mailgun", "meraki", "okta", "snyk", "sourcegraph",
        "spotify", "sumo", "travis", "trello", "twitch", "twitter", "wandb", "zendesk",
        ignore_case=True,
        check=lambda item: _is_value(item) and entropy(item) > 3,
    ),
    rule(
        "password-hash",
        r"(?<![A-Za-z0-9$])\$(?:2[abxy]?\$[0-9]{2}\$[A-Za-z0-9./]{53}"
        r"|(?:1|5|6|y|apr1)\$[A-Za-z0-9./$=,]{20,200}"
        r"|argon2(?:id|i|d)\$[A-Za-z0-9./$=,+]{20,300}"
        r"|scrypt\$[A-Za-z0-9./$=,+]{20,300})",
        "$",
        form=r"\$(?:2[abxy]?|1|5|6|y|apr1|argon2i?d?|scrypt)\$",
    ),
    rule(
        "password",
        r"\b(?:password|passphrase|passwd|passcode|passwort|pwd|pin|kennwort"
        r"|mot de passe|contraseña|wachtwoord|senha)[ \t]{1,8}"
        r"(?:is|was|ist|est|es|war)[ \t:]{1,8}[\"'`]?"
        rf"(?P<secret>{KEPT}{_VARIABLE}{_VALUE})",
        "pass", "pwd", "pin ", "kennwort", "mot de", "contrase", "wachtwoord", "senha",
        form="(?:pass[a-z]{2,7}|pwd|pin|kennwort|contraseña|wachtwoord|senha)[ \t]{1,8}"
        "(?:is|was|ist|est|es|war)[ \t:]",
        ignore_case=True,
        check=_is_value,
    ),
    rule(
        "credential",
        rf"(?:{_NAME})[\w-]{{0,20}}[\"'`]?[ \t]{{0,8}}(?:=>|:=|[=:])[ \t]{{0,8}}"
        rf"(?:[\"'`](?P<quoted>{KEPT}{_VARIABLE}[^\s\"'`<>{{}}]{{6,300}})[\"'`]"
        rf"|(?P<secret>{KEPT}{_VARIABLE}{_VALUE}))",
        "pass", "pwd", "secret", "token", "key", "credential", "auth",
        form=f"(?:{_NAME_ROUGHLY})"
        r"[\w-]{0,20}[\"'`]?[ \t]{0,8}(?:=>|:=|[=:])",
        ignore_case=True,
        check=_is_value,
    ),
)  # fmt: skip
