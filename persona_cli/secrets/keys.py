"""Signed tokens, and the keys of clouds and hosts.

Each form is that of the vendor's own description of its keys.
"""

from persona_cli.secrets.checks import is_random
from persona_cli.secrets.rule import END, START, Rule, rule

_HEX = "[0-9a-f]"

KEYS: tuple[Rule, ...] = (
    rule(
        "age-key",
        START + r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{50,60}",
        "age-secret-key-1",
    ),
    rule(
        "jwt",
        START + r"eyJ[A-Za-z0-9_-]{8,4000}+\.(?:eyJ[A-Za-z0-9_-]{8,4000}+"
        r"(?:\.[A-Za-z0-9_-]{8,4000}+)?"
        # encrypted: header, key, vector, text, tag; or a payload that is no object
        r"|[A-Za-z0-9_-]{0,4000}+(?:\.[A-Za-z0-9_-]{8,4000}+){1,3})",
        "eyj",
    ),
    rule(
        "aws-key-id",
        r"\b(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}\b",
        "akia",
        "asia",
        "abia",
        "acca",
        either=True,
        form="a3t[a-z0-9]{9}",
    ),
    rule(
        "aws-secret",
        # Base64 of 30 bytes, after the id of a key or the name of the cloud.
        r"(?:aws|AWS|Aws|AKIA|ASIA)[^\0]{0,300}?(?<![A-Za-z0-9/+=.-])"
        r"(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=.-])",
        form=r"(?:\A|[^a-z0-9/+.-])[a-z0-9/+]{40}",
        counts=True,
        check=is_random,
    ),
    rule(
        "bedrock-key",
        START + r"(?:ABSK[A-Za-z0-9+/]{60,300}={0,2}"
        r"|bedrock-api-key-[A-Za-z0-9+/=_-]{30,3000})",
        "absk",
        "bedrock-api-key-",
    ),
    rule(
        "google-key",
        START + r"(?:AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{28})" + END +
        r"|(?<![A-Za-z0-9_-])(?:ya29\.[A-Za-z0-9_-]{20,300}"
        r"|1//0[A-Za-z0-9_-]{40,200})",
        "aiza",
        "gocspx-",
        "ya29.",
        "1//0",
    ),
    rule(
        "azure-client-secret",
        r"(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}",
        form=r"[0-9]q~[a-z0-9_~.-]{9}",
    ),
    rule(
        "azure-storage-key",
        r"\b(?:Account|SharedAccess|Access)Key[ \t]{0,4}=[ \t]{0,4}"
        r"(?P<secret>[A-Za-z0-9+/]{40,100}={0,2})",
        "accountkey",
        "accesskey",
        ignore_case=True,
    ),
    rule(
        "signed-url",
        # Shared access signatures of Azure, signed addresses of AWS and Google.
        r"[?&](?:sig|X-Amz-Signature|X-Goog-Signature|Signature)="
        r"(?P<secret>[A-Za-z0-9%+/=_-]{32,1000})",
        "?sig=", "&sig=", "signature=",
        ignore_case=True,
    ),
    rule(
        "digitalocean-token",
        START + r"do[opr]_v1_[a-f0-9]{64}",
        "doo_v1_", "dop_v1_", "dor_v1_",
    ),
    rule(
        "alibaba-key",
        START + r"LTAI[A-Za-z0-9]{12,24}" + END,
        form=r"ltai[a-z0-9]{9}",
    ),
    rule(
        "tencent-key",
        START + r"AKID(?=[A-Za-z]{0,32}[0-9])[A-Za-z0-9]{32}" + END,
        form=r"akid[a-z0-9]{9}",
    ),
    rule(
        "heroku-key",
        START + r"HRKU-[A-Za-z0-9_-]{30,80}",
        "hrku-",
    ),
    rule(
        "cloudflare-key",
        START + rf"v1\.0-{_HEX}{{24}}-{_HEX}{{146}}",
        form=r"v1\.0-[0-9a-f]{24}-",
    ),
    rule(
        "fly-token",
        START + r"(?:fm[12][ar]?_[A-Za-z0-9+/=_,-]{60,2000}|fo1_[A-Za-z0-9_-]{43})",
        "fm1_", "fm2_", "fm1a_", "fm1r_", "fm2a_", "fm2r_", "fo1_",
    ),
    rule("netlify-token", START + r"nfp_[A-Za-z0-9_]{36}", "nfp_"),
    rule(
        "database-token",
        # Supabase, PlanetScale, Neon
        START + r"(?:sbp_[a-f0-9]{40}|sb_secret_[A-Za-z0-9_-]{20,60}"
        r"|pscale_(?:tkn|pw|oauth)_[A-Za-z0-9=._-]{32,64}|napi_[a-z0-9]{60,70})",
        "sbp_", "sb_secret_", "pscale_", "napi_",
    ),
    rule("databricks-token", START + r"dapi[a-f0-9]{32}(?:-[0-9])?" + END,
         form="dapi[0-9a-f]{9}"),
    rule(
        "vault-token",
        START + r"(?:hv[sbr]\.[A-Za-z0-9_-]{24,300}"
        r"|(?<!\.)s\.(?=[A-Za-z]{0,24}[0-9])[A-Za-z0-9]{24}(?![A-Za-z0-9_.-]))",
        form=r"hv[sbr]\.[a-z0-9_-]{9}|\bs\.[a-z0-9]{9}",
    ),
    rule(
        "terraform-token",
        START + r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}",
        ".atlasv1.",
    ),
    rule(
        "doppler-token",
        START + r"dp\.(?:pt|st|sa|ct|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?"
        r"[A-Za-z0-9]{40,44}",
        form=r"\bdp\.[a-z]{2,5}\.",
    ),
    rule(
        "1password-token",
        START + r"(?:ops_eyJ[A-Za-z0-9+/_-]{100,4000}={0,3}"
        r"|A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})"
        r"(?:-[A-Z0-9]{5}){3})",
        "ops_eyj",
        either=True,
        form=r"\ba3-[a-z0-9]{6}-",
    ),
    rule("pulumi-token", START + r"pul-[a-f0-9]{40}" + END, form="pul-[0-9a-f]{9}"),
    rule("openshift-token", START + r"sha256~[A-Za-z0-9_-]{43}", "sha256~"),
    rule("tailscale-key", START + r"tskey-[a-z]{2,12}-[A-Za-z0-9-]{10,100}", "tskey-"),
)  # fmt: skip
